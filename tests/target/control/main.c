/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include "box.h"
#include "cell.h"

static struct box *const box = BOX;
static struct guard_slot *victim_guard;

/* Sleep until a word of the box is at least `value`. */
static bool reaches(volatile uint64_t *word, uint64_t value)
{
    for (int i = 0; i < 500; i++) {
        if (*word >= value)
            return true;
        mv_sleep(MV_MS / 2);
    }
    return false;
}

static uint64_t state_of(uint32_t vcpu)
{
    uint64_t value = 99;

    (void)test_plain(MV_CALL_vcpu_read, vcpu, 0, 0, 0, 0, 0, &value);
    return value;
}

static bool becomes(uint32_t vcpu, uint64_t state)
{
    for (int i = 0; i < 500 && state_of(vcpu) != state; i++)
        mv_sleep(MV_MS / 2);
    return state_of(vcpu) == state;
}

static void start_victim(uint64_t mode)
{
    uint64_t before;

    EXPECT_STATUS(mv_cell_stop(CAP_CELL_VICTIM), MV_OK);
    box->mode = mode;
    before = box->starts;
    EXPECT_STATUS(mv_cell_start(CAP_CELL_VICTIM), MV_OK);
    EXPECT(reaches(&box->starts, before + 1));
}

/* ---- cells ------------------------------------------------------------------------ */

static void cells(void)
{
    uint64_t running, before;

    test_start("control: a cell is stopped and started as new");
    for (int i = 0; i < 5; i++) {
        start_victim(BOX_SPIN);
        EXPECT_EQ(box->data, 0xdada);
        EXPECT_EQ(box->bss, 0);
        before = box->spins;
        EXPECT(reaches(&box->spins, before + 1));
        before = box->other;
        EXPECT(reaches(&box->other, before + 2));
        EXPECT_STATUS(mv_cell_inspect(CAP_CELL_VICTIM, &running), MV_OK);
        EXPECT_EQ(running, 2);
        EXPECT_STATUS(mv_cell_start(CAP_CELL_VICTIM), MV_BUSY);
        EXPECT_STATUS(mv_cell_stop(CAP_CELL_VICTIM), MV_OK);
        EXPECT_STATUS(mv_cell_inspect(CAP_CELL_VICTIM, &running), MV_OK);
        EXPECT_EQ(running, 0);
        before = box->spins;
        mv_sleep(3 * MV_MS);
        EXPECT_EQ(box->spins, before);
        EXPECT_STATUS(mv_cell_stop(CAP_CELL_VICTIM), MV_OK);
    }

    test_start("control: one that the kernel did not start");
    mv_sleep(2 * MV_MS);
    EXPECT_EQ(box->sleeper_starts, 0);
    EXPECT_STATUS(mv_cell_inspect(CAP_CELL_SLEEPER, &running), MV_OK);
    EXPECT_EQ(running, 0);
    for (uint64_t i = 1; i <= 5; i++) {
        EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now(), 50 * MV_US), MV_OK);
        EXPECT_STATUS(mv_cell_start(CAP_CELL_SLEEPER), MV_OK);
        EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
        EXPECT(reaches(&box->sleeper_starts, i));
        EXPECT(becomes(CAP_VCPU_SLEEPER_0, MV_STATE_STOPPED));
    }
    EXPECT_EQ(box->sleeper_ok, 5);
    EXPECT_EQ(box->sleeper_bad, 0);

    test_start("control: a cell does not stop or start itself as a whole");
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_MAIN), MV_BAD_ARG);
    EXPECT_STATUS(mv_cell_start(CAP_CELL_MAIN), MV_BAD_ARG);
    EXPECT_STATUS(mv_cell_inspect(CAP_CELL_MAIN, &running), MV_OK);
    EXPECT_EQ(running, 1);
}

/* ---- vCPUs --------------------------------------------------------------------------- */

static void registers(void)
{
    struct mv_vcpu_state *s = (struct mv_vcpu_state *)mv_message_data(), kept;
    uint64_t before;

    test_start("control: the registers of a stopped vCPU");
    start_victim(BOX_FILL);
    before = box->spins;
    EXPECT(reaches(&box->spins, before + 100));
    EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_VICTIM_0), MV_BUSY);
    EXPECT_STATUS(mv_vcpu_write(CAP_VCPU_VICTIM_0), MV_BUSY);
    EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_VICTIM_0), MV_OK);
    kept = *s;
    EXPECT_EQ(kept.run_state, MV_STATE_STOPPED);
    EXPECT_EQ(kept.x[1], 1);
    for (uint64_t i = 3; i < 31; i++)
        EXPECT_EQ(kept.x[i], 0x5a00 + i);
    EXPECT_EQ(kept.pstate, UINT64_C(0xa) << 28);
    EXPECT_RANGE(kept.pc, 0x10000, 0x20000);
    EXPECT_EQ(kept.sp & 15, 0);
    EXPECT(kept.tls != 0 && (kept.tls & 0xfff) == 0);

    test_start("control: it goes on with what was written");
    *s = kept;
    s->x[1] = UINT64_C(1) << 40;
    s->x[17] = 0x1717;
    s->pstate = UINT64_MAX;
    EXPECT_STATUS(mv_vcpu_write(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_VICTIM_0), MV_OK);
    /* Mode EL0t, AArch64, nothing masked, no single step, no illegal state. */
    EXPECT_EQ(s->pstate & ~(UINT64_C(0xf) << 28 | UINT64_C(1) << 24 | UINT64_C(1) << 12), 0);
    EXPECT_EQ(s->x[17], 0x1717);
    EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_VICTIM_0), MV_BUSY);
    EXPECT(reaches(&box->spins, UINT64_C(1) << 40));
    EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_EQ(s->x[17], 0x1717);
    EXPECT_EQ(s->x[18], 0x5a00 + 18);
    /* Every mode and mask that could be asked for. */
    for (uint64_t m = 0; m < 1024; m++) {
        *s = kept;
        s->pstate = m | m << 20;
        EXPECT_STATUS(mv_vcpu_write(CAP_VCPU_VICTIM_0), MV_OK);
        EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_VICTIM_0), MV_OK);
        EXPECT_EQ(s->pstate & 0x3df, 0);
    }
    box->spins = 0;
    EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT(reaches(&box->spins, 1));
}

static void states(void)
{
    struct mv_vcpu_state *s = (struct mv_vcpu_state *)mv_message_data();

    test_start("control: a stopped wait ends as cancelled");
    start_victim(BOX_WAIT);
    EXPECT(becomes(CAP_VCPU_VICTIM_0, MV_STATE_WAITING));
    box->status = 77;
    EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_EQ(state_of(CAP_VCPU_VICTIM_0), MV_STATE_STOPPED);
    EXPECT_EQ(box->status, 77);
    box->spins = 0;
    EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT(reaches(&box->spins, 1));
    EXPECT_STATUS(box->status, MV_CANCELLED);

    test_start("control: a stopped call ends as cancelled");
    for (int i = 0; i < 10; i++) {
        start_victim(BOX_CALL);
        EXPECT(becomes(CAP_VCPU_VICTIM_0, MV_STATE_CALLING));
        EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_VICTIM_0), MV_OK);
        EXPECT_EQ(state_of(CAP_VCPU_VICTIM_0), MV_STATE_STOPPED);
        box->spins = 0;
        EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_VICTIM_0), MV_OK);
        EXPECT(reaches(&box->spins, 1));
        EXPECT_STATUS(box->status, MV_CANCELLED);
        EXPECT_STATUS(mv_virq_raise(CAP_QUIET_LINE, 1), MV_OK);
    }

    test_start("control: a vCPU that exits, and one that stops itself");
    start_victim(BOX_EXIT);
    EXPECT(becomes(CAP_VCPU_VICTIM_0, MV_STATE_STOPPED));
    start_victim(BOX_SPIN);
    EXPECT_EQ(state_of(CAP_VCPU_VICTIM_0), MV_STATE_RUNNABLE);

    test_start("control: a fault that stops");
    victim_guard->action = GUARD_STOP;
    box->fault_kind = MV_FAULT_READ;
    box->fault_address = 0x4440;
    start_victim(BOX_FAULT);
    EXPECT(becomes(CAP_VCPU_VICTIM_0, MV_STATE_FAULTED));
    EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_EQ(s->run_state, MV_STATE_FAULTED);
    EXPECT_EQ(s->fault, MV_FAULT_READ);
    EXPECT_EQ(s->fault_address, 0x4440);
    EXPECT_EQ(s->pc, victim_guard->pc);
    EXPECT_EQ(s->fault_syndrome, victim_guard->syndrome);
    EXPECT_EQ(s->fault_syndrome >> 26, 0x24);
    /* It can go on behind the instruction. */
    s->pc += 4;
    box->spins = 0;
    EXPECT_STATUS(mv_vcpu_write(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_VICTIM_0), MV_OK);
    EXPECT(reaches(&box->spins, 1));
    victim_guard->action = GUARD_SKIP;
}

static void counters(void)
{
    struct mv_counters *now = (struct mv_counters *)mv_message_data(), a, b;
    struct mv_words w = { { 0 } };

    test_start("control: counters");
    start_victim(BOX_SERVE);
    EXPECT(becomes(CAP_VCPU_VICTIM_0, MV_STATE_WAITING));
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_VICTIM_0), MV_OK);
    a = *now;
    for (uint64_t i = 0; i < 10; i++) {
        w.w[0] = i;
        EXPECT_STATUS(mv_call(CAP_VICTIM_DOOR, &w), MV_OK);
        EXPECT_EQ(w.w[0], i + 1);
    }
    EXPECT_STATUS(mv_virq_raise(CAP_VICTIM_LINE, 1), MV_OK);
    for (int i = 0; i < 200; i++) {
        mv_sleep(MV_MS);
        EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_VICTIM_0), MV_OK);
        b = *now;
        if (b.virqs != a.virqs)
            break;
    }
    EXPECT_EQ(b.served - a.served, 10);
    EXPECT_EQ(b.virqs - a.virqs, 1);
    EXPECT_EQ(b.faults, a.faults);
    start_victim(BOX_SPIN);
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_VICTIM_0), MV_OK);
    a = *now;
    mv_sleep(10 * MV_MS);
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_VICTIM_0), MV_OK);
    b = *now;
    EXPECT_RANGE(b.run_ns - a.run_ns, 1 * MV_MS, 2 * MV_S);
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_MAIN_0), MV_OK);
    a = *now;
    EXPECT_STATUS(mv_virq_raise(CAP_QUIET_LINE, 1), MV_OK);
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_MAIN_0), MV_OK);
    b = *now;
    EXPECT_EQ(b.raises - a.raises, 1);
}

/* ---- faults ------------------------------------------------------------------------------ */

static void faults(void)
{
    static const struct { uint64_t kind, address, class, class2; const char *name; } row[] = {
        { MV_FAULT_READ, 0x8, 0x24, 0, "read of page 0" },
        { MV_FAULT_READ, 0xffff0, 0x24, 0, "read between" },
        { MV_FAULT_READ, UINT64_C(0x40200000), 0x24, 0, "read of the kernel" },
        { MV_FAULT_READ, UINT64_C(0x123456789abcdef0), 0x24, 0, "read of no address" },
        { MV_FAULT_WRITE, 0x10000, 0x24, 0, "write to code" },
        { MV_FAULT_WRITE, UINT64_C(0x09000000), 0x24, 0, "write to a device" },
        { MV_FAULT_EXECUTE, 0x4000, 0x20, 0, "execute nothing" },
        { MV_FAULT_EXECUTE, SEGMENT_BOX_ADDRESS, 0x20, 0, "execute data" },
        { MV_FAULT_ALIGNMENT, 0x10002, 0x22, 0, "odd pc" },
        { MV_FAULT_UNDEFINED, 0, 0x00, 0, "undefined" },
        { MV_FAULT_TRAPPED, 0, 0x18, 0, "physical counter" },
        { MV_FAULT_FP, 0, 0x07, 0, "FP" },
        { MV_FAULT_DEBUG, 0, 0x3c, 0, "brk" },
    };

    test_start("faults: every kind reaches its portal");
    victim_guard->action = GUARD_SKIP;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        uint64_t before = victim_guard->count, done = box->faults_done;

        box->fault_kind = row[i].kind;
        box->fault_address = row[i].address;
        start_victim(BOX_FAULT);
        EXPECT(reaches(&box->faults_done, done + 1));
        EXPECT_EQ(victim_guard->count, before + 1);
        if (victim_guard->kind != row[i].kind)
            test_fail(__FILE__, __LINE__, "%s: kind %lu, expected %lu (syndrome 0x%lx)",
                      row[i].name, victim_guard->kind, row[i].kind, victim_guard->syndrome);
        if (victim_guard->address != row[i].address)
            test_fail(__FILE__, __LINE__, "%s: address 0x%lx, expected 0x%lx", row[i].name,
                      victim_guard->address, row[i].address);
        if (victim_guard->syndrome >> 26 != row[i].class)
            test_fail(__FILE__, __LINE__, "%s: class 0x%lx, expected 0x%lx", row[i].name,
                      victim_guard->syndrome >> 26, row[i].class);
        EXPECT_EQ(victim_guard->badge >> 16, 1);
    }

    test_start("faults: a server that faults answers all the same");
    box->fault_kind = MV_FAULT_UNDEFINED;
    start_victim(BOX_SERVE_FAULT);
    for (uint64_t i = 0; i < 20; i++) {
        struct mv_words w = { { i } };

        EXPECT_STATUS(mv_call(CAP_VICTIM_DOOR, &w), MV_OK);
        EXPECT_EQ(w.w[0], i + 1);
    }
    test_start("faults: the caller of a server that its fault stops");
    victim_guard->action = GUARD_STOP;
    struct mv_words w = { { 0 } };
    EXPECT_STATUS(mv_call(CAP_VICTIM_DOOR, &w), MV_CANCELLED);
    EXPECT(becomes(CAP_VCPU_VICTIM_0, MV_STATE_FAULTED));
    EXPECT_STATUS(mv_call(CAP_VICTIM_DOOR, &w), MV_CANCELLED);
    victim_guard->action = GUARD_SKIP;

    test_start("faults: the same instruction again");
    victim_guard->action = GUARD_RETRY;
    box->fault_kind = MV_FAULT_UNDEFINED;
    uint64_t before = victim_guard->count;
    start_victim(BOX_FAULT);
    EXPECT(reaches(&victim_guard->count, before + 50));
    victim_guard->action = GUARD_SKIP;
    box->spins = 0;
    EXPECT(reaches(&box->spins, 1));

    test_start("faults: the handler is stopped, before and while it decides");
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_VICTIM), MV_OK);     /* it spins at a higher priority */
    EXPECT_STATUS(mv_cell_start(CAP_CELL_FRAGILE), MV_OK);
    EXPECT(becomes(CAP_VCPU_FRAGILE_0, MV_STATE_CALLING));
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_HANDLER), MV_OK);
    EXPECT(becomes(CAP_VCPU_FRAGILE_0, MV_STATE_FAULTED));
    EXPECT_STATUS(mv_cell_start(CAP_CELL_FRAGILE), MV_OK);
    EXPECT(becomes(CAP_VCPU_FRAGILE_0, MV_STATE_FAULTED));
    EXPECT_EQ(box->fragile, 2);
    /* The kernel's log is printed while this core is idle. */
    mv_sleep(20 * MV_MS);
}

int main(void)
{
    victim_guard = GUARD_SLOT(CELL_INDEX + 1, 0);
    mv_sleep(2 * MV_MS);
    cells();
    registers();
    states();
    counters();
    faults();
    test_finish();
}
