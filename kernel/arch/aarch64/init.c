/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing up a core: its control registers for native cells, errata, time,
 * and the other cores.
 */
#include "init.h"

#include "board.h"
#include "fault.h"
#include "sched.h"
#include "stream.h"
#include "system.h"
#include "virq.h"

bool errata_repeat_tlbi, errata_speculative_at;
static uint32_t cores_ready;

/*
 * MDCR_EL2: debug registers, OS lock, PMU to EL2 (TDRA, TDOSA, TDA, TPM,
 * TPMCR), all event counters ours (HPMN as it is), statistical profiling and
 * trace filters trapped (TPMS, TTRF). TDE is 0: a guest's own breakpoint
 * instructions are its own; those of native cells come to EL2 by TGE.
 */
#define MDCR_TRAPS (1u << 11 | 1u << 10 | 1u << 9 | 1u << 6 | 1u << 5 | 1u << 14 | 1u << 19)

void cpu_init_registers(void)
{
    cpu_enter_native();
    /* EL1PCTEN: a guest reads the physical counter, which is the virtual one; a
     * native cell is stopped by CNTKCTL_EL1. The physical timer traps. */
    write_cnthctl_el2(1);
    write_cntvoff_el2(0);
    write_cntv_ctl_el0(0);
    write_mdscr_el1(1u << 12);              /* TDCC: the debug channel traps */
    write_actlr_el2(0);                     /* a guest has none of the core's own control registers */
    write_vpidr_el2(read_midr_el1());       /* a guest sees the core it runs on */
    write_mdcr_el2((read_mdcr_el2() & 0x1f) | MDCR_TRAPS);
    write_hstr_el2(0);                      /* AArch32 only */
    write_cptr_el2(CPTR_FP_TRAPPED);
    write_vttbr_el2(0);
    if ((read_id_aa64dfr0_el1() >> 8 & 0xf) != 0)
        write_pmuserenr_el0(0);             /* there is a PMU: EL0 cannot touch it */
    isb();                                  /* all of it before the first cell */
}

/*
 * Cortex-A76 before r4p0, erratum 1286807: a TLBI must be issued twice.
 * Cortex-A55 up to r2p0 (1530923), A72 (1319367), A76 up to r2p0 (1165522): a
 * speculative AT fills the TLB with what the registers say half-way through a
 * switch; see cpu_enter_vm().
 */
static void find_errata(void)
{
    uint32_t midr = (uint32_t)read_midr_el1();
    uint32_t part = midr >> 24 == 0x41 ? midr >> 4 & 0xfff : 0;    /* Arm's own */
    uint32_t revision = (midr >> 16 & 0xf0) | (midr & 0xf);        /* r2p0 is 0x20 */

    errata_repeat_tlbi = part == 0xd0b && revision < 0x40;
    errata_speculative_at = part == 0xd08 || ((part == 0xd05 || part == 0xd0b) && revision <= 0x20);
}

/* ---- time -------------------------------------------------------------------- */

uint64_t arch_time(void) { return read_cntpct_el0(); }
uint64_t arch_time_frequency(void) { return read_cntfrq_el0(); }
void arch_timer_program(uint64_t ticks) { write_cnthp_cval_el2(ticks); }

/* ---- cores -------------------------------------------------------------------- */

struct core *arch_core(uint32_t index) { return &cpu_pages[index].page.cpu.core; }

#define PSCI_SYSTEM_OFF   UINT64_C(0x84000008)
#define PSCI_SYSTEM_RESET UINT64_C(0x84000009)
#define PSCI_CPU_ON       UINT64_C(0xc4000003)

void secondary_boot(void);

void arch_cores_start(const struct mv_systab *t)
{
    dsb_sy();   /* objects and tables are complete for a core that starts with its caches off */
    for (uint32_t i = 1; i < t->core_count; i++) {
        uint64_t error = smc(PSCI_CPU_ON, t->core_mpidr[i], (uint64_t)&secondary_boot, i);

        if (error != 0)
            panic("PSCI does not start a core");
    }
}

void arch_system_reset(bool power_off)
{
    smmu_shut();
    smc(power_off ? PSCI_SYSTEM_OFF : PSCI_SYSTEM_RESET, 0, 0, 0);
    arch_stop();
}

void arch_stop(void)
{
    for (;;)
        arch_wait();
}

/* Interrupts are masked and wake the core all the same. */
void arch_wait(void)
{
    fault_log_drain();
    dsb_sy();   /* nothing of ours is still on its way when the core sleeps */
    __asm__ volatile("wfi" : : : "memory");
}

void arch_putc(char c)
{
    if (mullion_systab->uart != 0)
        uart_putc(mullion_systab->uart, c);
}

/* Called by start.S on every core, with its stack and the MMU on. */
void arch_start_core(uint32_t index);
void arch_start_core(uint32_t index)
{
    const struct mv_systab *t = mullion_systab;

    cpu_here()->mpidr = read_mpidr_el1() & UINT64_C(0xff00ffffff);
    cpu_init_registers();
    if (index == 0) {
        find_errata();
        system_boot(t);
    }
    arch_irq_init(t, index == 0);
    if (index == 0)
        stream_boot(t);
    write_cnthp_cval_el2(UINT64_MAX);
    write_cnthp_ctl_el2(1);
    isb();      /* the timer is set before its interrupt can be taken */
    if (index == 0)
        arch_cores_start(t);
    system_start_core(index);
    /*
     * No cell runs before all are ready: one could stop or start another whose
     * core has yet to make it runnable. Each addition publishes what its core
     * has made; the loads pair with it.
     */
    __atomic_fetch_add(&cores_ready, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&cores_ready, __ATOMIC_ACQUIRE) != t->core_count)
        __asm__ volatile("yield");
    arch_enter(core_here());
}
