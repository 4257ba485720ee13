/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A core of this machine: its stack, its page tables, and what its control
 * registers are set to. Private to arch/aarch64.
 */
#pragma once

#include "base.h"
#include "core.h"
#include "arch/arch.h"
#include "sysreg.h"

#define PAGE_TABLE_WORDS 512

/* What a core has besides struct core, which follows the stack's top. */
struct cpu {
    struct core core;                 /* must stay first: TPIDR_EL2 and the stack's top point here */
    uint32_t    bus_error_expected;
    uint32_t    gic_target;           /* GICv2: this core's bit in GICD_ITARGETSR */
    uint64_t    gic_private;          /* where the registers of its private interrupts are */
    uint64_t    mpidr;
} __attribute__((aligned(16)));

/*
 * The pages of the cores' stacks, and between two of them one of the kernel's own
 * translation tables, which the host tool has filled (tools/mullion/paging.c):
 * only the hardware reads it, so it is not mapped, and guards the stack above.
 * Under the first lies the last page of .rodata, which guards it as well.
 */
struct cpu_page {
    uint8_t    stack[MV_PAGE_SIZE - sizeof(struct cpu)];
    struct cpu cpu;
};
struct cpu_pages {
    struct cpu_page page;
    uint64_t        table[PAGE_TABLE_WORDS];     /* of the last core: not there */
};
static_assert(sizeof(struct cpu_pages) == 2 * MV_PAGE_SIZE, "a stack page and a table");
extern struct cpu_pages cpu_pages[MV_CORES_MAX];

static inline struct cpu *cpu_here(void) { return (struct cpu *)read_tpidr_el2(); }

#define CPTR_RES1        UINT64_C(0x33ff)          /* bit 8 TZ: SVE trapped; bit 12 TSM: SME trapped */
#define CPTR_TTA         (UINT64_C(1) << 20)       /* trace registers trapped */
#define CPTR_TAM         (UINT64_C(1) << 30)       /* activity monitors trapped */
#define CPTR_FP_OPEN     (CPTR_RES1 | CPTR_TTA | CPTR_TAM)
#define CPTR_FP_TRAPPED  (CPTR_FP_OPEN | UINT64_C(1) << 10)
/*
 * HCR_EL2 for native cells: EL0 under TGE, stage 2 alone. E2H is 0 so that
 * cores without VHE run the same code; API is 0 so that pointer
 * authentication traps. TGE implies much of the rest on the architecture;
 * written out, nothing depends on that.
 */
#define HCR_NATIVE (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_DC | HCR_TSC | \
                    HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_TGE | HCR_RW)
/*
 * For a guest. TWI, TWE: a guest that waits gives its time away. TID3: what it
 * is shown of ID registers is the VMM's to say. TLOR, TERR: no LORegions, no
 * error records. Left 0, with the reason:
 *   DC, TGE, E2H           stage 1 is the guest's; it runs at EL1
 *   VF, VI, VSE            virtual interrupts come from the list registers
 *   FB, BSU                a vCPU never leaves its core, so what it does for
 *                          itself alone need not be seen elsewhere; two that
 *                          share a core are kept apart when they change places
 *   TID0-TID2, TID4, TID5  cache types and revisions: the hardware's, and true
 *   TPC, TPU, TTLB, TOCU   maintenance by address is limited by stage 2, TLB
 *                          maintenance by the VMID
 *   TVM, TRVM              stage 1 registers are the guest's own
 *   HCD                    HVC is how it calls
 *   TDZ                    DC ZVA writes memory like a store
 *   CD, ID, MIOCNCE        caches on, coherent
 *   TEA                    an external abort of its own access is the guest's
 *   API, APK, ATA, NV, FIEN, EnSCXT, AMVOFFEN and newer ones: those features
 *                          are withheld, and trap
 */
#define HCR_GUEST  (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TWI | HCR_TWE | \
                    HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR | HCR_TERR)

/*
 * SCTLR_EL1 as EL0 of a native cell sees it: RES1 bits (which include TSCXT:
 * SCXTNUM_EL0 trapped); UCI, UCT, DZE: cache maintenance by address, CTR_EL0
 * and DC ZVA are the cell's, a driver needs them; nTWE, nTWI: WFE and WFI may
 * idle the core on the cell's own time; SA0; I, C: cached. M is 0: stage 1
 * off. The architecture ignores M under TGE, QEMU 7.2 does not. UMA is 0: DAIF
 * traps.
 */
#define SCTLR_RES1    UINT64_C(0x30d00800)
#define SCTLR_NATIVE  (SCTLR_RES1 | 1u << 26 | 1u << 18 | 1u << 16 | 1u << 15 | 1u << 14 | \
                       1u << 12 | 1u << 4 | 1u << 2)
#define CPACR_NATIVE   (UINT64_C(3) << 20)
#define CNTKCTL_NATIVE (UINT64_C(1) << 1)
#define ISR_A            (UINT64_C(1) << 8)

/* The flat table, whose address the host tool has written. */
extern const struct mv_systab *mullion_systab;

/* Errata of this machine's cores, found at boot. */
extern bool errata_repeat_tlbi, errata_speculative_at;

/* Set every control register of this core for native cells. */
void cpu_init_registers(void);

void fp_save(struct arch_fp *fp);
void fp_load(const struct arch_fp *fp);
/* Give v the FP registers; false if it has no FP state. */
bool fp_take(struct vcpu *v);

/* This core's registers for native cells, and for a VM's vCPU, which owns the
 * rest; see vm.c. */
void cpu_enter_native(void);
void cpu_enter_vm(struct vcpu *v);
/* v leaves the core: what cpu_enter_vm() has loaded is saved. */
void cpu_leave_vm(struct vcpu *v);
/* Any PSTATE for v that comes from outside: the mode and what its kind may have. */
uint64_t pstate_for(const struct vcpu *v, uint64_t pstate);

/* What arch_frame_read() and arch_frame_write() do for a VM. */
void vm_state_read(const struct vcpu *v, struct mv_vm_state *out);
void vm_state_write(struct vcpu *v, const struct mv_vm_state *in);

/* Clean and invalidate data caches for [start, end) to the point of coherency. */
void clean_invalidate(uint64_t start, uint64_t end);

/* What a guest does that comes to EL2; vectors.S calls it. */
void trap_vm(struct core *core, struct vcpu *v);

/* A vCPU of the space runs on the core: forget what the core caches of another. */
void stage2_change_vcpu(struct space *s, uint32_t core, uint32_t vcpu);

/* The virtual CPU interface of the vCPU that owns it. */
void gic_virtual_save(struct arch_vm *vm);
void gic_virtual_load(const struct arch_vm *vm);

/* Whether the tables allow the access that has just faulted. */
bool stage2_permits(struct space *s, uint64_t ipa, uint32_t rights);

/* The board is about to be reset: no device reaches memory any more. */
void smmu_shut(void);

uint64_t smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
