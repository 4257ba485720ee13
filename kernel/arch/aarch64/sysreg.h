/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System registers and barriers. An accessor hides no barrier: write isb()
 * where it is needed and say why. Field names are those of the Arm
 * Architecture Reference Manual (DDI 0487), chapter D19.
 */
#pragma once

#include <stdint.h>

#define SYSREG_RO(name)                                                          \
    static inline uint64_t read_##name(void)                                     \
    {                                                                            \
        uint64_t value;                                                          \
        __asm__ volatile("mrs %0, " #name : "=r"(value) : : "memory");           \
        return value;                                                            \
    }
#define SYSREG_WO(name)                                                          \
    static inline void write_##name(uint64_t value)                              \
    {                                                                            \
        __asm__ volatile("msr " #name ", %0" : : "r"(value) : "memory");         \
    }
#define SYSREG_RW(name) SYSREG_RO(name) SYSREG_WO(name)
#define SYSREG(name, access) SYSREG_##access(name)
#include "sysreg.def"
#undef SYSREG

#define BARRIER(name, insn)                                                      \
    static inline void name(void) { __asm__ volatile(insn : : : "memory"); }
BARRIER(isb, "isb")
BARRIER(dsb_sy, "dsb sy")
BARRIER(dsb_ish, "dsb ish")
BARRIER(dsb_ishst, "dsb ishst")
BARRIER(dsb_nsh, "dsb nsh")
BARRIER(dsb_nshst, "dsb nshst")

/* Invalidations; an address is a virtual or an intermediate physical one. */
#define TLBI(name, insn)                                                            \
    static inline void name(uint64_t address)                                       \
    {                                                                               \
        __asm__ volatile("tlbi " insn ", %0" : : "r"(address >> 12) : "memory");    \
    }
TLBI(tlbi_ipas2e1, "ipas2e1")
TLBI(tlbi_ipas2e1is, "ipas2e1is")
TLBI(tlbi_vaae1, "vaae1")
TLBI(tlbi_vaae1is, "vaae1is")
BARRIER(tlbi_vmalle1, "tlbi vmalle1")
BARRIER(tlbi_vmalle1is, "tlbi vmalle1is")
BARRIER(tlbi_vmalls12e1is, "tlbi vmalls12e1is")
BARRIER(ic_ialluis, "ic ialluis")
BARRIER(ic_iallu, "ic iallu")

#define FIELD(high, low)  (((UINT64_C(2) << ((high) - (low))) - 1) << (low))
#define field_get(value, field)   (((value) & (field)) / ((field) & -(field)))
#define field_make(field, value)  ((uint64_t)(value) * ((field) & -(field)) & (field))

/* HCR_EL2 */
#define HCR_VM     (UINT64_C(1) << 0)    /* stage 2 on                                  */
#define HCR_SWIO   (UINT64_C(1) << 1)    /* invalidate by set/way also cleans           */
#define HCR_PTW    (UINT64_C(1) << 2)    /* no stage-1 walk through Device memory       */
#define HCR_FMO    (UINT64_C(1) << 3)    /* FIQ, IRQ, SError of lower levels come to us */
#define HCR_IMO    (UINT64_C(1) << 4)
#define HCR_AMO    (UINT64_C(1) << 5)
#define HCR_DC     (UINT64_C(1) << 12)   /* stage 1 off gives Normal write-back         */
#define HCR_TWI    (UINT64_C(1) << 13)   /* WFI and WFE come to us                      */
#define HCR_TWE    (UINT64_C(1) << 14)
#define HCR_TID3   (UINT64_C(1) << 18)   /* so do reads of ID registers                 */
#define HCR_TSC    (UINT64_C(1) << 19)   /* SMC comes to us                             */
#define HCR_TIDCP  (UINT64_C(1) << 20)   /* implementation-defined registers trapped    */
#define HCR_TACR   (UINT64_C(1) << 21)   /* ACTLR_EL1 trapped                           */
#define HCR_TSW    (UINT64_C(1) << 22)   /* set/way cache operations trapped            */
#define HCR_TGE    (UINT64_C(1) << 27)   /* EL0's exceptions come to us                 */
#define HCR_RW     (UINT64_C(1) << 31)   /* EL1 is AArch64                              */
#define HCR_E2H    (UINT64_C(1) << 34)
#define HCR_TLOR   (UINT64_C(1) << 35)   /* LORegions, error records: ignored without them */
#define HCR_TERR   (UINT64_C(1) << 36)
#define HCR_API    (UINT64_C(1) << 41)

/* ESR_EL2 */
#define ESR_EC        FIELD(31, 26)
#define ESR_IL        (UINT64_C(1) << 25)   /* the instruction has 32 bits              */
#define ESR_ISS       FIELD(24, 0)
#define ESR_ISS_ISV   (UINT64_C(1) << 24)   /* data abort: the syndrome describes it    */
#define ESR_ISS_SRT   FIELD(20, 16)         /* data abort: its register                 */
#define ESR_ISS_RT    FIELD(9, 5)           /* MSR, MRS: its register                   */
#define ESR_ISS_SYS   (FIELD(21, 10) | FIELD(4, 0))  /* MSR, MRS: which, and direction   */
#define ESR_ISS_WNR   (UINT64_C(1) << 6)    /* data abort: a write                       */
#define ESR_ISS_S1PTW (UINT64_C(1) << 7)
#define ESR_ISS_CM    (UINT64_C(1) << 8)    /* data abort: cache maintenance             */
#define ESR_ISS_FNV   (UINT64_C(1) << 10)   /* FAR is not valid                          */
#define ESR_ISS_FSC   FIELD(5, 0)
enum esr_ec {
    EC_UNKNOWN = 0x00, EC_WFX = 0x01, EC_FP = 0x07, EC_PAC = 0x09, EC_ILLEGAL = 0x0e,
    EC_SVC64 = 0x15, EC_HVC64 = 0x16, EC_SMC64 = 0x17, EC_SYSREG = 0x18, EC_SVE = 0x19, EC_SME = 0x1d,
    EC_INSN_ABORT = 0x20, EC_PC_ALIGN = 0x22, EC_DATA_ABORT = 0x24, EC_SP_ALIGN = 0x26,
    EC_FP_EXCEPTION = 0x2c, EC_SERROR = 0x2f, EC_BREAKPOINT = 0x30, EC_STEP = 0x32,
    EC_WATCHPOINT = 0x34, EC_BRK = 0x3c,
};
