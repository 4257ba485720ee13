/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#define UART_DR      (MV_GUEST_UART + 0x00)
#define UART_FR      (MV_GUEST_UART + 0x18)
#define UART_FR_TXFF (1u << 5)
#define UART_CR      (MV_GUEST_UART + 0x30)
#define UART_CR_ON   0x301u    /* UARTEN, TXE, RXE */

handler_t *volatile guest_on_irq, *volatile guest_on_sync;
struct guest_tree guest_tree;

void guest_first(const void *tree);
void guest_other(unsigned cpu);
void guest_trap(struct frame *f, unsigned vector);
extern const char guest_start_other[];

/* ---- output --------------------------------------------------------------------- */

static unsigned say_lock;

static void lock(unsigned *l)
{
    while (__atomic_exchange_n(l, 1, __ATOMIC_ACQUIRE) != 0)
        pause();
}

static void unlock(unsigned *l)
{
    __atomic_store_n(l, 0, __ATOMIC_RELEASE);
}

static void put(char c)
{
    while ((read32(UART_FR) & UART_FR_TXFF) != 0)
        pause();
    write32(UART_DR, (uint8_t)c);
}

static void say_list(const char *format, va_list list)
{
    char text[200];

    mv_vformat(text, sizeof(text), format, list);
    lock(&say_lock);
    for (const char *c = text; *c != '\0'; c++)
        put(*c);
    put('\n');
    unlock(&say_lock);
}

void say(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say_list(format, list);
    va_end(list);
}

/* ---- tests ------------------------------------------------------------------------ */

#define FAILURES_SHOWN 8       /* of one test */

static const char *current;
static unsigned failures, passed, failed;

void test_end(void)
{
    if (current == NULL)
        return;
    if (failures == 0) {
        say("guest: %s ok", current);
        passed++;
    } else {
        failed++;
    }
    current = NULL;
}

void test(const char *name)
{
    test_end();
    current = name;
    failures = 0;
}

void test_fail(unsigned line, const char *format, ...)
{
    char text[160];
    va_list list;

    if (failures++ >= FAILURES_SHOWN)
        return;
    va_start(list, format);
    mv_vformat(text, sizeof(text), format, list);
    va_end(list);
    say("guest: %s FAIL line %u: %s", current != NULL ? current : "(no test)", line, text);
}

void test_compare(unsigned line, const char *what, uint64_t got, uint64_t want)
{
    if (got != want)
        test_fail(line, "%s is 0x%lx, expected 0x%lx", what, got, want);
}

void guest_sums(void)
{
    test_end();
    say("guest: done %u passed %u failed", passed, failed);
}

void guest_end_all(void)
{
    guest_sums();
    for (;;)
        (void)psci(PSCI_SYSTEM_OFF, 0, 0, 0);
}

uint64_t random_next(uint64_t *state)
{
    /* splitmix64 */
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* ---- exceptions --------------------------------------------------------------------- */

/* What try_read32() and try_write32() expect, on this CPU. */
static struct {
    volatile bool armed, taken;
    volatile uint64_t esr;
} attempt[CPUS_MAX];

void guest_trap(struct frame *f, unsigned vector)
{
    unsigned cpu = cpu_here();

    if (vector % 4 == VECTOR_SYNC && attempt[cpu].armed) {
        attempt[cpu].taken = true;
        attempt[cpu].esr = f->esr;
        f->pc += 4;
    } else if (vector % 4 == VECTOR_SYNC && guest_on_sync != NULL) {
        guest_on_sync(f, vector);
    } else if (vector % 4 == VECTOR_IRQ && guest_on_irq != NULL) {
        guest_on_irq(f, vector);
    } else {
        test_fail(0, "CPU %u: exception %u at 0x%lx, esr 0x%lx, far 0x%lx", cpu, vector, f->pc, f->esr, f->far);
        guest_end_all();
    }
}

static bool attempted(uint64_t *esr)
{
    unsigned cpu = cpu_here();

    attempt[cpu].armed = false;
    if (esr != NULL)
        *esr = attempt[cpu].esr;
    return attempt[cpu].taken;
}

static void attempt_begin(void)
{
    unsigned cpu = cpu_here();

    attempt[cpu].taken = false;
    attempt[cpu].esr = 0;
    attempt[cpu].armed = true;
}

bool try_read32(uint64_t address, uint32_t *value, uint64_t *esr)
{
    attempt_begin();
    uint32_t v = read32(address);

    dsb();
    if (value != NULL)
        *value = v;
    return attempted(esr);
}

bool try_write32(uint64_t address, uint32_t value, uint64_t *esr)
{
    attempt_begin();
    write32(address, value);
    dsb();
    return attempted(esr);
}

/* ---- CPUs ---------------------------------------------------------------------------- */

static struct {
    cpu_function_t *f;
    void *argument;
} work[CPUS_MAX];

int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                         "x15", "x16", "x17", "memory");
    return (int32_t)x0;
}

int64_t cpu_start(unsigned cpu, cpu_function_t *f, void *argument)
{
    work[cpu].f = f;
    work[cpu].argument = argument;
    dsb();
    return psci(PSCI_CPU_ON, cpu, (uint64_t)guest_start_other, cpu);
}

void cpu_wait_off(unsigned cpu)
{
    while (psci(PSCI_AFFINITY_INFO, cpu, 0, 0) != 1)
        pause();
}

void guest_other(unsigned cpu)
{
    WRITE_REGISTER(tpidr_el1, cpu);
    work[cpu].f(work[cpu].argument);
    for (;;)
        (void)psci(PSCI_CPU_OFF, 0, 0, 0);
}

void guest_first(const void *tree)
{
    WRITE_REGISTER(tpidr_el1, 0);
    write32(UART_CR, UART_CR_ON);
    test("start");
    if (!tree_read(tree, &guest_tree))
        test_fail(__LINE__, "the device tree at %p is not understood", tree);
    else
        guest_main();
    guest_end_all();
}

/* ---- time ---------------------------------------------------------------------------- */

uint64_t now_ticks(void)
{
    isb();
    return READ_REGISTER(cntvct_el0);
}

uint64_t ticks_of_us(uint64_t us)
{
    return us * READ_REGISTER(cntfrq_el0) / 1000000;
}
