/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ID registers as the guest sees them: what the hardware has, less what is
 * withheld. A field that is not named here reads 0, whatever it may come to
 * mean; so do the registers of AArch32, which a guest does not have.
 */
#include <mv/vm.h>

#include "sysreg.h"
#include "vmm_config.h"

/* How a field is shown: at most `most` of what the hardware says (all fields
 * here are unsigned and grow with what is added), or `most` itself. */
enum shown { AT_MOST, EXACTLY, SIGNED };
struct id_field {
    uint8_t low, shown, most;
};

static uint64_t show(uint64_t hw, const struct id_field *field, unsigned count)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t has = bits(hw, field[i].low + 3u, field[i].low), most = field[i].most;

        /* 0xf in a signed field: there is none. */
        if (field[i].shown == EXACTLY || (field[i].shown == AT_MOST && has > most) ||
            (field[i].shown == SIGNED && has > most && has < 8))
            has = most;
        value |= has << field[i].low;
    }
    return value;
}
#define SHOW(hw, list) show(hw, list, sizeof(list) / sizeof((list)[0]))

static const struct id_field pfr0[] = {
    { 0, EXACTLY, 1 },       /* EL0: AArch64 only            */
    { 4, EXACTLY, 1 },       /* EL1: AArch64 only            */
    { 16, SIGNED, 1 },       /* FP, half precision           */
    { 20, SIGNED, 1 },       /* AdvSIMD                      */
    { 48, AT_MOST, 1 },      /* DIT                          */
    { 56, AT_MOST, 1 },      /* CSV2, without SCXTNUM        */
    { 60, AT_MOST, 1 },      /* CSV3                         */
};
#define PFR0_GIC (UINT64_C(1) << 24)

static const struct id_field pfr1[] = {
    { 0, AT_MOST, 1 },       /* BT                           */
    { 4, AT_MOST, 2 },       /* SSBS                         */
};

/* The smallest set of debug registers; no PMU, trace or statistical profiling. */
static const struct id_field dfr0[] = {
    { 0, EXACTLY, 6 },       /* Armv8 debug                  */
    { 12, EXACTLY, SYSREG_BREAKPOINTS - 1 },
    { 20, EXACTLY, SYSREG_WATCHPOINTS - 1 },
    { 36, EXACTLY, 15 },     /* no OS double lock            */
};

static const struct id_field isar0[] = {
    { 4, AT_MOST, 2 },       /* AES, PMULL                   */
    { 8, AT_MOST, 1 },       /* SHA1                         */
    { 12, AT_MOST, 2 },      /* SHA256, SHA512               */
    { 16, AT_MOST, 1 },      /* CRC32                        */
    { 20, AT_MOST, 2 },      /* LSE                          */
    { 28, AT_MOST, 1 },      /* RDM                          */
    { 32, AT_MOST, 1 },      /* SHA3                         */
    { 36, AT_MOST, 1 },      /* SM3                          */
    { 40, AT_MOST, 1 },      /* SM4                          */
    { 44, AT_MOST, 1 },      /* dot product                  */
    { 48, AT_MOST, 1 },      /* FHM                          */
    { 52, AT_MOST, 2 },      /* flags: FlagM, FlagM2         */
    { 56, AT_MOST, 2 },      /* TLBI by range, outer         */
    { 60, AT_MOST, 1 },      /* RNDR                         */
};

/* Without pointer authentication. */
static const struct id_field isar1[] = {
    { 0, AT_MOST, 2 },       /* DC CVAP, CVADP               */
    { 12, AT_MOST, 1 },      /* JSCVT                        */
    { 16, AT_MOST, 1 },      /* FCMA                         */
    { 20, AT_MOST, 2 },      /* LRCPC                        */
    { 32, AT_MOST, 1 },      /* FRINTTS                      */
    { 36, AT_MOST, 1 },      /* SB                           */
    { 40, AT_MOST, 1 },      /* prediction restriction       */
    { 44, AT_MOST, 1 },      /* BF16                         */
    { 48, AT_MOST, 1 },      /* DGH                          */
    { 52, AT_MOST, 1 },      /* I8MM                         */
};

/* What stage 2 can translate has 39 bits. */
static const struct id_field mmfr0[] = {
    { 0, AT_MOST, 2 },       /* 40 bits of physical address  */
    { 4, AT_MOST, 2 },       /* ASID                         */
    { 8, AT_MOST, 1 },       /* big endian                   */
    { 16, AT_MOST, 1 },      /* big endian at EL0            */
    { 20, AT_MOST, 1 },      /* 16 KiB                       */
    { 24, SIGNED, 0 },       /* 64 KiB                       */
    { 28, SIGNED, 0 },       /* 4 KiB                        */
    { 44, AT_MOST, 1 },      /* ExS                          */
};

static const struct id_field mmfr1[] = {
    { 0, AT_MOST, 2 },       /* access flag, dirty state     */
    { 12, AT_MOST, 2 },      /* hierarchical permissions     */
    { 20, AT_MOST, 3 },      /* PAN                          */
    { 24, AT_MOST, 1 },      /* SpecSEI                      */
    { 36, AT_MOST, 1 },      /* ETS                          */
};

static const struct id_field mmfr2[] = {
    { 0, AT_MOST, 1 },       /* CnP                          */
    { 4, AT_MOST, 1 },       /* UAO                          */
    { 8, AT_MOST, 1 },       /* LSMAOC                       */
    { 16, AT_MOST, 1 },      /* 52 bits of virtual address   */
    { 20, AT_MOST, 1 },      /* format of CCSIDR_EL1         */
    { 28, AT_MOST, 1 },      /* small translation tables     */
    { 32, AT_MOST, 1 },      /* unaligned atomics            */
    { 36, AT_MOST, 1 },      /* EC of ID registers at EL0    */
    { 52, AT_MOST, 2 },      /* break before make            */
    { 60, AT_MOST, 1 },      /* E0PD                         */
};

uint64_t id_register(uint32_t key, const struct mv_vm_state *hw)
{
    switch (key) {
    case SYSREG(3, 0, 0, 4, 0):
        return SHOW(hw->id_aa64pfr0_el1, pfr0) | (vmm_config.gic_version == 3 ? PFR0_GIC : 0);
    case SYSREG(3, 0, 0, 4, 1):
        return SHOW(hw->id_aa64pfr1_el1, pfr1);
    case SYSREG(3, 0, 0, 5, 0):
        return SHOW(hw->id_aa64dfr0_el1, dfr0);
    case SYSREG(3, 0, 0, 6, 0):
        return SHOW(hw->id_aa64isar0_el1, isar0);
    case SYSREG(3, 0, 0, 6, 1):
        return SHOW(hw->id_aa64isar1_el1, isar1);
    case SYSREG(3, 0, 0, 7, 0):
        return SHOW(hw->id_aa64mmfr0_el1, mmfr0);
    case SYSREG(3, 0, 0, 7, 1):
        return SHOW(hw->id_aa64mmfr1_el1, mmfr1);
    case SYSREG(3, 0, 0, 7, 2):
        return SHOW(hw->id_aa64mmfr2_el1, mmfr2);
    default:
        return 0;
    }
}
