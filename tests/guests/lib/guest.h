/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a small guest of our own uses: it runs at EL1 of a virtual machine with
 * the board of <mv/guest.h> (QEMU's virt machine has the same addresses), one
 * program for all of its CPUs, with the MMU on. Tests print
 *
 *   guest: NAME ok          or     guest: NAME FAIL what
 *
 * and at the end "guest: done N passed N failed".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmv/print.h>
#include <libmv/string.h>
#include <mv/guest.h>

#define CPUS_MAX 8

/* ---- the machine ---------------------------------------------------------- */

#define READ_REGISTER(name) __extension__({ \
    uint64_t value_; \
    __asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory"); \
    value_; })
#define WRITE_REGISTER(name, value) \
    __asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

static inline void isb(void) { __asm__ volatile("isb" : : : "memory"); }
static inline void dsb(void) { __asm__ volatile("dsb sy" : : : "memory"); }
static inline void wfi(void) { __asm__ volatile("dsb sy\n\twfi" : : : "memory"); }
static inline void pause(void) { __asm__ volatile("yield" : : : "memory"); }
static inline void irq_enable(void) { __asm__ volatile("msr daifclr, #2" : : : "memory"); }
static inline void irq_disable(void) { __asm__ volatile("msr daifset, #2" : : : "memory"); }

static inline uint32_t read32(uint64_t a)
{
    uint32_t v;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
    return v;
}
static inline void write32(uint64_t a, uint32_t v)
{
    __asm__ volatile("str %w0, [%1]" : : "rZ"(v), "r"(a) : "memory");
}
static inline uint8_t read8(uint64_t a)
{
    uint32_t v;

    __asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
    return (uint8_t)v;
}
static inline void write8(uint64_t a, uint8_t v)
{
    __asm__ volatile("strb %w0, [%1]" : : "rZ"((uint32_t)v), "r"(a) : "memory");
}
static inline uint64_t read64(uint64_t a)
{
    uint64_t v;

    __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
    return v;
}
static inline void write64(uint64_t a, uint64_t v)
{
    __asm__ volatile("str %x0, [%1]" : : "rZ"(v), "r"(a) : "memory");
}

/* ---- exceptions ------------------------------------------------------------- */

/* What an exception saves; the handler may change it. */
struct frame {
    uint64_t x[31];
    uint64_t pc, pstate, esr, far;
    uint64_t reserved;
};
#define VECTOR_SYNC 0u         /* of a vector's number, modulo 4 */
#define VECTOR_IRQ  1u
#define ESR_CLASS(esr) ((uint32_t)((esr) >> 26) & 0x3f)

/* Set for all CPUs. Without a handler, an exception is a failure and the end. */
typedef void handler_t(struct frame *f, unsigned vector);
extern handler_t *volatile guest_on_irq, *volatile guest_on_sync;

/* Accesses that may fault: true if it did, and *esr says how (NULL: nobody asks). */
bool try_read32(uint64_t address, uint32_t *value, uint64_t *esr);
bool try_write32(uint64_t address, uint32_t value, uint64_t *esr);

/* ---- CPUs ------------------------------------------------------------------------ */

/* From the device tree. */
struct guest_tree {
    uint32_t cpu_count;
    uint32_t gic_version;      /* 2 or 3 */
    uint64_t ram_base, ram_size;
    const char *options;       /* the command line: NAME=NUMBER ... */
};
extern struct guest_tree guest_tree;
bool tree_read(const void *blob, struct guest_tree *out);
/* Of the command line. */
uint64_t guest_option(const char *name, uint64_t otherwise);

static inline unsigned cpu_here(void) { return (unsigned)READ_REGISTER(tpidr_el1); }

/* Call a function on another CPU, which is off; it goes off again at the end. */
typedef void cpu_function_t(void *argument);
int64_t cpu_start(unsigned cpu, cpu_function_t *f, void *argument);
/* Start it, and wait until all are off again. */
void cpu_wait_off(unsigned cpu);

#define PSCI_VERSION        UINT32_C(0x84000000)
#define PSCI_CPU_SUSPEND    UINT32_C(0xc4000001)
#define PSCI_CPU_OFF        UINT32_C(0x84000002)
#define PSCI_CPU_ON         UINT32_C(0xc4000003)
#define PSCI_AFFINITY_INFO  UINT32_C(0xc4000004)
#define PSCI_SYSTEM_OFF     UINT32_C(0x84000008)
#define PSCI_SYSTEM_RESET   UINT32_C(0x84000009)
#define PSCI_FEATURES       UINT32_C(0x8400000a)
#define PSCI_NOT_SUPPORTED  (-1)
#define PSCI_INVALID        (-2)
#define PSCI_DENIED         (-3)
#define PSCI_ALREADY_ON     (-4)
#define PSCI_BAD_ADDRESS    (-9)
int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c);

/* ---- time ---------------------------------------------------------------------- */

uint64_t now_ticks(void);
uint64_t ticks_of_us(uint64_t us);
static inline void spin_us(uint64_t us)
{
    uint64_t end = now_ticks() + ticks_of_us(us);

    while (now_ticks() < end)
        pause();
}
/* Whether it becomes true in that time; it is not looked at again after that. */
#define WAIT_FOR(condition, us) __extension__({ \
    uint64_t end_ = now_ticks() + ticks_of_us(us); \
    bool is_; \
    while (!(is_ = (condition)) && now_ticks() < end_) \
        pause(); \
    is_; })

/* ---- tests ------------------------------------------------------------------------- */

/* What the guest does, on CPU 0. When it returns, the sums are printed and the
 * machine is switched off. */
void guest_main(void);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Begin a test; the one before is ended. On one CPU at a time. */
void test(const char *name);
void test_end(void);
void test_fail(unsigned line, const char *format, ...) __attribute__((format(printf, 2, 3)));
void test_compare(unsigned line, const char *what, uint64_t got, uint64_t want);
/* Print the sums; and switch off. */
void guest_sums(void);
void guest_end_all(void) __attribute__((noreturn));
uint64_t random_next(uint64_t *state);

#define EXPECT(condition) ((condition) ? (void)0 : test_fail(__LINE__, "not true: %s", #condition))
#define EXPECT_EQ(got, want) test_compare(__LINE__, #got, (uint64_t)(got), (uint64_t)(want))
