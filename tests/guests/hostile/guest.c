/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does all the harm it can think of. It expects to live: what it may
 * not do gives it an exception, and nobody else notices. "scale" is how much.
 */
#include "gic.h"

#include <mv/abi.h>

#define IS_V3        (guest_tree.gic_version == 3)
#define GIB          (UINT64_C(1) << 30)
#define SLOTS        2048u             /* of code that is made at run time */
#define VA_ODD       (UINT64_C(500) * GIB)  /* from here on the table is changed */
#define CODE_ALIAS   (UINT64_C(0xc0000000) - MV_GUEST_RAM)  /* RAM as EL0 sees it */
#define BLOCK_CODE   UINT64_C(0x0000000000000705)  /* normal memory that can be executed */
#define BLOCK_DEVICE UINT64_C(0x0060000000000401)
#define SPSR_EL0     UINT64_C(0x3c0)
#define SPSR_EL1H    UINT64_C(0x3c5)
#define SPSR_A32     UINT64_C(0x1d0)   /* A32 at user mode, all masked */
#define EC_SVC32     0x11u
#define EC_SVC64     0x15u
#define EC_ILLEGAL   0x0eu
#define EC_ABORT     0x25u             /* data abort at EL1 */
#define EC_FETCH     0x21u
#define DFSC_EXTERNAL 0x10u

uint64_t call_with(uintptr_t code, const uint64_t *x);
void enter_el0(uint64_t pc, uint64_t pstate);
extern const char el0_left[], odd_begin[], odd_end[], el0_code[], el0_code_end[];
extern uint64_t guest_table[512];

static uint32_t code[SLOTS * 2] __attribute__((aligned(4096)));
static uint8_t scratch[8192] __attribute__((aligned(4096)));
static uint64_t seed = 11;
static uint64_t scale;
static bool is_bare;
static volatile uint64_t exceptions, last_esr;
static volatile bool left_el0;

#define INSN_RET      UINT32_C(0xd65f03c0)
#define INSN_MRS      UINT32_C(0xd5300000)      /* x0 */
#define INSN_MSR      UINT32_C(0xd5100000)
#define INSN_SYS      UINT32_C(0xd5080000)
#define INSN_HVC      UINT32_C(0xd4000002)
#define INSN_SMC      UINT32_C(0xd4000003)

/* ---- how exceptions are survived ---------------------------------------------------- */

static void survive(struct frame *f, unsigned vector)
{
    uint32_t class = ESR_CLASS(f->esr);

    exceptions++;
    last_esr = f->esr;
    if (class == EC_FETCH) {
        f->pc = f->x[30];
    } else if (vector >= 8 && (class == EC_SVC64 || class == EC_SVC32 || exceptions > 1000000)) {
        left_el0 = true;
        f->pc = (uintptr_t)el0_left;
        f->pstate = SPSR_EL1H;
    } else if (class == EC_ILLEGAL) {
        f->pc = (uintptr_t)el0_left;
        f->pstate = SPSR_EL1H;
    } else {
        f->pc += 4;
    }
}

static void publish(const void *from, size_t size)
{
    for (uintptr_t at = (uintptr_t)from & ~UINT64_C(15); at < (uintptr_t)from + size; at += 16)
        __asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
    dsb();
    for (uintptr_t at = (uintptr_t)from & ~UINT64_C(15); at < (uintptr_t)from + size; at += 16)
        __asm__ volatile("ic ivau, %0" : : "r"(at) : "memory");
    dsb();
    isb();
}

/* ---- memory -------------------------------------------------------------------------- */

static bool is_spared(uint64_t a)
{
    return (a >= MV_GUEST_RAM && a < MV_GUEST_RAM + guest_tree.ram_size) || a / 0x1000 == MV_GUEST_UART / 0x1000;
}

/* Slots 0 to 7: loads of 1 to 8 bytes at x0, then stores of x1. */
static void make_accesses(void)
{
    static const uint32_t insns[] = {
        0x39400002, 0x79400002, 0xb9400002, 0xf9400002,
        0x39000001, 0x79000001, 0xb9000001, 0xf9000001,
    };

    for (unsigned i = 0; i < 8; i++) {
        code[2 * i] = insns[i];
        code[2 * i + 1] = INSN_RET;
    }
    publish(code, 64);
}

/* All sizes. */
static void access(uint64_t a)
{
    uint64_t x[8] = { a };

    for (unsigned i = 0; i < 8; i++)
        (void)call_with((uintptr_t)&code[2 * i], x);
}

static void wild_memory(void)
{
    uint64_t esr;

    test("hostile: all of its address space, with all sizes");
    make_accesses();
    for (uint64_t a = 0; a < GIB; a += 0x80000 / scale)
        if (!is_spared(a))
            access(a);
    for (uint64_t a = GIB; a < 2 * GIB; a += 0x1000000 / scale)
        if (!is_spared(a))
            access(a);
    for (uint64_t n = 4; n < 500; n++) {
        access(n * GIB);
        access(n * GIB + random_next(&seed) % GIB / 8 * 8);
    }
    EXPECT(exceptions > 1000);

    test("hostile: addresses that the processor may not have");
    for (unsigned bit = 39; bit < 48; bit++)
        guest_table[500 + bit - 39] = UINT64_C(1) << bit | BLOCK_DEVICE;
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
    for (unsigned i = 0; i < 9; i++) {
        exceptions = 0;
        access(VA_ODD + i * GIB);
        EXPECT(exceptions == 8 || is_bare);
        access(VA_ODD + i * GIB + 0x3ffffff8);
    }

    test("hostile: code from where there is none");
    guest_table[500] = UINT64_C(0) | BLOCK_CODE;
    guest_table[501] = UINT64_C(2) * GIB | BLOCK_CODE;
    guest_table[502] = UINT64_C(511) * GIB | BLOCK_CODE;
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
    for (unsigned i = 0; i < 3; i++) {
        for (uint64_t at = 0; at < GIB; at += 0x4000000) {
            uint64_t x[8] = { 0 };

            exceptions = 0;
            if (is_bare)
                continue;          /* there is something */
            (void)call_with(VA_ODD + i * GIB + at + 0x100, x);
            EXPECT_EQ(exceptions, 1);
            EXPECT_EQ(ESR_CLASS(last_esr), EC_FETCH);
        }
    }
    EXPECT(try_read32(0x7f000000, NULL, &esr) || guest_tree.ram_size > 0x3f000000);
}

/* Loads that no hypervisor can emulate from the syndrome. */
static void odd_loads(void)
{
    static const uint64_t where[] = {
        MV_GUEST_GICD + GICD_TYPER, MV_GUEST_GICD + GICD_ISENABLER + 8, MV_GUEST_RTC, MV_GUEST_VIRTIO, 0x0f000000,
        0x3ffff000, 2 * GIB, MV_GUEST_GICD + 0xfffc,
    };

    test("hostile: loads and stores without a syndrome");
    for (unsigned w = 0; w < sizeof(where) / sizeof(where[0]); w++) {
        for (const char *insn = odd_begin; insn < odd_end; insn += 16) {
            uint64_t x[8] = { where[w], (uintptr_t)scratch };

            exceptions = 0;
            last_esr = 0;
            (void)call_with((uintptr_t)insn, x);
            /* A pair of registers of the distributor: an external abort, at this instruction. */
            if (insn == odd_begin && w == 0 && !is_bare) {
                EXPECT_EQ(exceptions, 1);
                EXPECT_EQ(ESR_CLASS(last_esr), EC_ABORT);
                EXPECT_EQ(last_esr & 0x3f, DFSC_EXTERNAL);
            }
        }
    }
}

/* ---- system registers ------------------------------------------------------------------ */

static bool writes_break(uint32_t e)
{
    /* Its own translation, vectors, stack and place: the value that is there is written
     * back, but no other. */
    static const uint16_t own[] = {
        0xc080, 0xc081, 0xc082, 0xc100, 0xc101, 0xc102, 0xc200, 0xc201, 0xc210, 0xc212, 0xc213, 0xc510, 0xc600,
        0xc684, 0xda11, 0xc128, 0xc129,
    };

    for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] == e)
            return true;
    return false;
}

static uint64_t execute(uint32_t slot, uint64_t value)
{
    uint64_t x[8] = { value, value, value, value };

    return call_with((uintptr_t)&code[2 * slot], x);
}

/* All encodings of op0 2 and 3: read, what was read written back, anything written. */
static void system_registers(void)
{
    uint32_t readable = 0;

    test("hostile: all system registers");
    for (uint32_t base = 0x8000; base < 0x10000; base += SLOTS / 2) {
        for (uint32_t i = 0; i < SLOTS / 2; i++) {
            uint32_t e = (base + i) & 0x7fff;

            code[4 * i] = INSN_MRS | e << 5;
            code[4 * i + 1] = INSN_RET;
            code[4 * i + 2] = INSN_MSR | e << 5;
            code[4 * i + 3] = INSN_RET;
        }
        publish(code, sizeof(code));
        for (uint32_t i = 0; i < SLOTS / 2; i++) {
            uint64_t kept;

            if (base + i >= 0xc65d && base + i <= 0xc65f)
                continue;          /* SGIs to itself and to others: what it may send */
            exceptions = 0;
            kept = execute(2 * i, 0);
            if (exceptions == 0) {
                readable++;
                (void)execute(2 * i + 1, kept);
                if (!writes_break(base + i)) {
                    (void)execute(2 * i + 1, random_next(&seed));
                    (void)execute(2 * i + 1, kept);
                }
            } else {
                (void)execute(2 * i + 1, random_next(&seed));
            }
        }
    }
    say("guest: %u registers can be read", readable);
    EXPECT(readable > 50);
    gic_init();
}

/* All of op0 1 with an address of its own memory: address translation, cache and TLB
 * maintenance, by set and way too, and what is nothing of that. */
static void system_instructions(void)
{
    test("hostile: all system instructions");
    for (uint32_t base = 0; base < 0x4000; base += SLOTS / 2) {
        for (uint32_t i = 0; i < SLOTS / 2; i++) {
            uint32_t e = base + i;

            code[4 * i] = INSN_SYS | e << 5;
            code[4 * i + 1] = INSN_RET;
            code[4 * i + 2] = code[4 * i] | UINT32_C(1) << 21;
            code[4 * i + 3] = INSN_RET;
        }
        publish(code, sizeof(code));
        for (uint32_t i = 0; i < SLOTS / 2; i++) {
            (void)execute(2 * i, (uintptr_t)scratch + 4096);
            (void)execute(2 * i + 1, (uintptr_t)scratch + 4096);
        }
    }
    test("hostile: caches by set and way");
    for (uint64_t way = 0; way < 4; way++) {
        for (uint64_t set = 0; set < 16 * scale; set++) {
            uint64_t v = way << 30 | set << 6;

            __asm__ volatile("dc isw, %0\n\tdc csw, %0\n\tdc cisw, %0" : : "r"(v) : "memory");
        }
    }
    dsb();
}

/* ---- calls ---------------------------------------------------------------------------------- */

static bool ends_it(uint64_t function)
{
    switch ((uint32_t)function & ~UINT32_C(0x40000000)) {
    case 0x84000002: case 0x84000008: case 0x84000009: case 0x84000012:
        return true;               /* CPU_OFF, SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2: what it may do */
    }
    return false;
}

static void calls(void)
{
    static const uint32_t families[] = {
        0x80000000, 0x82000000, 0x83000000, 0x84000000, 0x85000000, 0x86000000, 0x87000000, 0xb0000000, 0xbf000000,
        0xc0000000, 0xc4000000, 0xc6000000, 0x8600ff00, 0x00000000, 0xffffff00,
    };

    test("hostile: HVC and SMC of all numbers, with wild arguments");
    /* A CPU_SUSPEND ends at once: an interrupt is pending. */
    gic_set_edge(70, true);
    gic_route(70, 0);
    gic_enable(70);
    gic_set_bit(GICD_ISPENDR, 70);
    for (unsigned smc = 0; smc < 2; smc++) {
        code[0] = smc != 0 ? INSN_SMC : INSN_HVC;
        code[1] = INSN_RET;
        publish(code, 8);
        for (unsigned f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
            for (uint32_t n = 0; n < 64 * scale; n++) {
                uint64_t x[8] = { families[f] + n };

                for (unsigned i = 1; i < 8; i++)
                    x[i] = random_next(&seed) >> random_next(&seed) % 64;
                if (!ends_it(x[0]) && (uint32_t)x[0] != 0xc4000003 && (uint32_t)x[0] != 0x84000003)
                    (void)call_with((uintptr_t)code, x);
            }
        }
    }
    for (uint32_t base = 0; base < 0x10000; base += SLOTS) {
        for (uint32_t i = 0; i < SLOTS; i++) {
            code[2 * i] = ((base + i) % 5 == 0 ? INSN_SMC : INSN_HVC) | (base + i) << 5;
            code[2 * i + 1] = INSN_RET;
        }
        publish(code, sizeof(code));
        for (uint32_t i = 0; i < SLOTS; i++) {
            uint64_t x[8];

            for (unsigned n = 0; n < 8; n++)
                x[n] = random_next(&seed) >> random_next(&seed) % 64;
            if (base + i == 0 || (base + i) % 5 == 0)
                x[0] = 0x80000000;
            if (base + i != MV_CALL_exit && (base + i < 256 || random_next(&seed) % 32 < scale))
                (void)call_with((uintptr_t)&code[2 * i], x);
        }
    }
    gic_quiet(70);
}

static void psci_misuse(void)
{
    static const uint64_t entry[] = { 1, 0x40200001, 0x08000000, 0x3ffffffc, UINT64_C(1) << 40, UINT64_MAX, 0 };

    test("hostile: PSCI misused");
    for (uint64_t cpu = 0; cpu < 300; cpu++)
        (void)psci(PSCI_CPU_ON, guest_tree.cpu_count + cpu, 0x40200000, 0);
    for (unsigned e = 0; e < sizeof(entry) / sizeof(entry[0]); e++)
        for (uint32_t bit = 8; bit < 64; bit++)
            EXPECT(psci(PSCI_CPU_ON, UINT64_C(1) << bit, entry[e], 0) < 0);
    EXPECT(psci(PSCI_CPU_ON, 0, 0x40200000, 0) < 0);
    EXPECT_EQ(psci(PSCI_AFFINITY_INFO, 77, 0, 0), PSCI_INVALID);
    EXPECT(psci(PSCI_FEATURES, 0xdeadbeef, 0, 0) == PSCI_NOT_SUPPORTED);
}

/* ---- the interrupt controller ------------------------------------------------------------- */

static void wild_gic(void)
{
    uint64_t base[3] = { MV_GUEST_GICD, MV_GUEST_GICR, MV_GUEST_GICC };
    uint64_t bytes[3] = { MV_GUEST_GICD_BYTES, guest_tree.cpu_count * MV_GUEST_GICR_BYTES, MV_GUEST_GICC_BYTES };
    uint32_t iar;

    test("hostile: the interrupt controller programmed wildly");
    make_accesses();
    for (uint32_t i = 0; i < 20000 * scale; i++) {
        unsigned which = random_next(&seed) % 4 != 0 ? 0 : IS_V3 ? 1 : 2;
        uint64_t a = base[which] + random_next(&seed) % bytes[which] % (random_next(&seed) % 4 == 0 ? ~UINT64_C(0) : 0x1000);
        uint64_t x[8] = { a };
        uint32_t kind = (uint32_t)random_next(&seed) % 12;

        if (kind < 8)
            x[0] &= ~((UINT64_C(1) << kind % 4) - 1);
        x[1] = random_next(&seed);
        (void)call_with((uintptr_t)&code[2 * (kind < 8 ? kind : random_next(&seed) % 8)], x);
        if (kind < 4)
            write32(a & ~UINT64_C(3), (uint32_t)random_next(&seed));
    }
    gic_init();
    for (uint32_t id = 0; id < 96; id++)
        gic_quiet(id);
    for (int i = 0; i < 1000 && GIC_ID(iar = gic_ack()) < 1020; i++)
        gic_eoi(iar);
    gic_split(false);
    for (int i = 0; i < 300; i++)
        gic_eoi(0);
    gic_set_priority(1, 0x10);
    gic_enable(1);
    gic_send(1, 1);
    EXPECT(WAIT_FOR(GIC_ID(iar = gic_ack()) == 1, 10000));
    gic_eoi(iar);
    gic_quiet(1);
}

/* ---- EL0, and code that changes ------------------------------------------------------------ */

static void at_el0(uint32_t size, uint64_t pstate)
{
    publish(code, size);
    exceptions = 0;
    left_el0 = false;
    enter_el0((uintptr_t)code + CODE_ALIAS, pstate);
}

static void user_mode(void)
{
    bool has_a32;

    test("hostile: EL0 does what it may not");
    memcpy(code, el0_code, (size_t)(el0_code_end - el0_code));
    at_el0(sizeof(code), SPSR_EL0);
    EXPECT(left_el0);
    EXPECT(exceptions > 8);

    test("hostile: AArch32 at EL0");
    code[0] = 0xef000000;          /* svc #0 */
    code[1] = 0xef000000;
    at_el0(8, SPSR_A32);
    has_a32 = left_el0;
    say("guest: AArch32 at EL0 %s", has_a32 ? "runs" : "is refused");
    if (!has_a32)
        return;
    for (unsigned turn = 0; turn < 16; turn++) {
        uint32_t n = 0;

        for (; n < SLOTS - 1; n++) {
            uint64_t r = random_next(&seed);

            switch (r % 8) {
            case 0: case 1: case 2:    /* mrc p15/p14, into r0 */
                code[n] = (r >> 40 & 1 ? 0xee100e10 : 0xee100f10) + (uint32_t)(r >> 8 & 0x00ef00ef);
                code[n] &= ~UINT32_C(0xf000);
                break;
            case 3: case 4:            /* mcr */
                code[n] = (0xee000f10 + (uint32_t)(r >> 8 & 0x00ef00ef)) & ~UINT32_C(0xf000);
                break;
            case 5:                    /* mrrc, mcrr */
                code[n] = 0xec410f00 + (uint32_t)(r >> 8 & 0x001000ff);
                break;
            case 6:                    /* mrs, msr, cps, hvc, smc, wfi, wfe */
                code[n] = (const uint32_t[]){ 0xe10f0000, 0xe129f000, 0xf10c0080, 0xe1400070, 0xe1600070,
                                              0xe320f002, 0xe1400071, 0xf57ff06f }[r >> 8 & 7];
                break;
            default:                   /* mov r0, r0 */
                code[n] = 0xe1a00000;
            }
        }
        code[n] = 0xef000000;
        at_el0(sizeof(code), SPSR_A32);
        EXPECT(left_el0);
    }
}

static void changing_code(void)
{
    test("hostile: code that changes is the new one");
    for (uint32_t i = 0; i < 1000 * scale; i++) {
        uint64_t x[8] = { 0 };

        code[0] = 0xd2800000 | (i & 0xffff) << 5;       /* mov x0, #i */
        code[1] = INSN_RET;
        publish(code, 8);
        if (call_with((uintptr_t)code, x) != (i & 0xffff)) {
            test_fail(__LINE__, "turn %u", i);
            return;
        }
    }
}

/* ---- using the processor ---------------------------------------------------------------------- */

static void storms(void)
{
    uint64_t end;

    test("hostile: storms of WFI and WFE, and no pause at all");
    WRITE_REGISTER(cntv_cval_el0, 0);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    isb();
    gic_set_priority(MV_GUEST_PPI_VTIMER, 0x80);
    gic_enable(MV_GUEST_PPI_VTIMER);
    for (uint32_t i = 0; i < 5000 * scale; i++)
        __asm__ volatile("wfi\n\tsev\n\twfe\n\tyield" : : : "memory");
    WRITE_REGISTER(cntv_ctl_el0, 0);
    gic_quiet(MV_GUEST_PPI_VTIMER);
    end = now_ticks() + ticks_of_us(50000);
    while (now_ticks() < end)
        ;
}

static void faults_for_ever(void *argument)
{
    (void)argument;
    /* Vectors where nothing is: each exception gives the next. */
    guest_table[510] = 2 * GIB | BLOCK_CODE;
    __asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish" : : : "memory");
    WRITE_REGISTER(vbar_el1, UINT64_C(510) * GIB);
    isb();
    __asm__ volatile(".inst 0");
}

void guest_main(void)
{
    scale = guest_option("scale", 1);
    is_bare = guest_option("bare", 0) != 0;
    gic_init();
    guest_on_sync = survive;
    if (guest_tree.cpu_count > 1) {
        test("hostile: a processor that faults for ever");
        EXPECT_EQ(cpu_start(guest_tree.cpu_count - 1, faults_for_ever, NULL), 0);
    }
    wild_memory();
    odd_loads();
    system_registers();
    system_instructions();
    calls();
    psci_misuse();
    wild_gic();
    user_mode();
    changing_code();
    storms();
}
