/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest whose exits and interrupts are measured. As in bench.c, a mark costs
 * nothing; what begins and ends here is also measured with the counter.
 */
#include "gic.h"

#include <mv/abi.h>

#define MARK(name) __asm__ volatile(".global mark_" #name "\nmark_" #name ":" : : : "memory")
#define NOINLINE   __attribute__((noinline))
/* It is in a register here, and the compiler does not know it. */
#define OPAQUE(value) __asm__ volatile("" : "+r"(value))
#define REPEAT     4
#define SGI        3u
#define TIMER      MV_GUEST_PPI_VTIMER
#define ENABLE     1u
#define CAPS       64u     /* more than this machine has */

extern const char bench_vectors[];
static volatile uint32_t taken;

static void take(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack();

    (void)f;
    (void)vector;
    WRITE_REGISTER(cntv_ctl_el0, 0);
    isb();
    gic_eoi(iar);
    taken++;
}

static inline uint64_t ticks(void) { return READ_REGISTER(cntvct_el0); }

/* A kernel call, as a native cell's. */
#define KERNEL_CALL(number, cap, argument) \
    __asm__ volatile("mov x1, %0\n\tmov x2, %1\n\thvc %2" \
                     : : "r"((uint64_t)(cap)), "r"((uint64_t)(argument)), "i"(number) \
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", \
                       "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory")

static NOINLINE uint64_t hvc_null(void)
{
    uint64_t begin = ticks();

    MARK(hvc_null_begin);
    __asm__ volatile("hvc %0"
                     : : "i"(MV_CALL_null)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                       "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory");
    MARK(hvc_null_end);
    return ticks() - begin;
}

static NOINLINE uint64_t mmio_vmm(void)
{
    uint64_t at = MV_GUEST_GICD + GICD_TYPER;

    OPAQUE(at);
    uint64_t begin = ticks();

    MARK(mmio_vmm_begin);
    (void)read32(at);
    MARK(mmio_vmm_end);
    return ticks() - begin;
}

static NOINLINE uint64_t sgi_self(void)
{
    uint32_t before = taken;

    if (guest_tree.gic_version == 3) {
        uint64_t value = (uint64_t)SGI << 24 | 1;

        OPAQUE(value);
        MARK(sgi_self_begin);
        WRITE_REGISTER(s3_0_c12_c11_5, value);
        isb();
    } else {
        uint64_t at = MV_GUEST_GICD + GICD_SGIR;
        uint32_t value = 1u << 16 | SGI;

        OPAQUE(at);
        OPAQUE(value);
        MARK(sgi_self_begin_v2);
        write32(at, value);
    }
    while (taken == before)
        ;
    return 0;
}

static void arm(uint64_t us)
{
    WRITE_REGISTER(cntv_cval_el0, ticks() + ticks_of_us(us));
    WRITE_REGISTER(cntv_ctl_el0, ENABLE);
    isb();
}

static NOINLINE uint64_t wfi_wake(void)
{
    uint32_t before = taken;

    arm(100);
    MARK(wfi_wake_begin);
    __asm__ volatile("wfi");
    while (taken == before)
        ;
    return 0;
}

static NOINLINE uint64_t vtimer_irq(void)
{
    uint32_t before = taken;

    arm(100);
    while (taken == before)
        ;
    return 0;
}

static void measure(const char *name, uint64_t (*what)(void))
{
    uint64_t result = 0;

    for (int i = 0; i < REPEAT; i++)
        result = what();
    if (result != 0)
        say("%s %lu", name, result);
}

static void rest(uint64_t us)
{
    arm(us);
    __asm__ volatile("wfi" : : : "memory");
}

void guest_main(void)
{
    gic_init();
    gic_enable(SGI);
    gic_enable(TIMER);
    guest_on_irq = take;
    WRITE_REGISTER(vbar_el1, (uintptr_t)bench_vectors);
    isb();
    irq_enable();
    measure("hvc_null", hvc_null);
    measure("mmio_vmm", mmio_vmm);
    rest(2000);                /* what was printed is out */
    measure("sgi_self", sgi_self);
    measure("wfi_wake", wfi_wake);
    MARK(timers_of_busy);
    measure("vtimer_irq", vtimer_irq);
    irq_disable();
    /* The one capability that can power the machine off. */
    for (uint32_t cap = 1; cap < CAPS; cap++)
        KERNEL_CALL(MV_CALL_system_reset, cap, 1);
}
