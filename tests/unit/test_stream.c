/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams: when they pass, what is told of an access that was refused, who may do what. */
#include "unit.h"

#include "invariants.h"
#include "stream.h"
#include "world.h"

/*
 * The boss (vCPU 0, core 0, priority 50) holds the streams, and sink 0 of their
 * vIRQ is its; driver (vCPU 1 on the last core) has streams 0 and 1, other
 * (vCPU 2, core 0) has stream 2, whose faults raise nothing.
 */
enum { CAP_CELL = 1, CAP_FIRST, CAP_SECOND, CAP_THIRD, CAP_BARE };
enum { ID_FIRST = 8, ID_SECOND = 16, ID_THIRD = 33 };
#define PASSES(id) (UINT64_C(1) << (id))

static void boot(uint32_t cores, bool autostart)
{
    uint32_t boss, driver, other, virq;

    world_begin(cores);
    boss = world_cell("boss");
    world_vcpu(boss, 0, 50);
    driver = 1;
    world_cap(boss, MV_TYPE_CELL, driver, MV_RIGHT_CELL_CONTROL, 0);
    for (uint32_t i = 0; i < 3; i++)
        world_cap(boss, MV_TYPE_STREAM, i, MV_RIGHT_STREAM_CONTROL, 0);
    world_cap(boss, MV_TYPE_STREAM, 0, 0, 0);
    world_cell("driver");
    world_vcpu(driver, cores - 1, 10);
    other = world_cell("other");
    world_vcpu(other, 0, 5);
    virq = world_virq(0);
    world_stream(driver, ID_FIRST, virq);
    world_stream(driver, ID_SECOND, virq);
    world_stream(other, ID_THIRD, MV_NONE);
    world.cell[driver].autostart = autostart;
    world_boot();
    invariants_check();
}

static const struct mv_stream_state *state_in_buffer(void)
{
    return (const void *)vcpu_at(0)->buffer->data;
}

static mv_status_t control(uint32_t cap, uint64_t action)
{
    mv_status_t st = PLAIN2(0, stream_control, cap, action);

    invariants_check();
    return st;
}

static mv_status_t boss_call(enum mv_call_number number)
{
    plain(0, number, CAP_CELL, 0, 0, 0, 0, 0);
    settle();
    invariants_check();
    assert_int_equal(running(0), 0);
    return regs(0)[0];
}

static void passes_while_its_cell_runs(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        uint32_t changes;

        boot(cores, false);
        assert_int_equal(host_dma_passes, PASSES(ID_THIRD));
        assert_int_equal(control(CAP_FIRST, MV_STREAM_LOOK), MV_OK);
        assert_int_equal(state_in_buffer()->status, MV_STREAM_STOPPED);
        assert_int_equal(state_in_buffer()->id, ID_FIRST);
        assert_int_equal(state_in_buffer()->cell, 1);
        assert_int_equal(boss_call(MV_CALL_cell_start), MV_OK);
        assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_SECOND) | PASSES(ID_THIRD));
        assert_int_equal(boss_call(MV_CALL_cell_start), MV_BUSY);
        assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_SECOND) | PASSES(ID_THIRD));
        assert_int_equal(boss_call(MV_CALL_cell_stop), MV_OK);
        assert_int_equal(host_dma_passes, PASSES(ID_THIRD));
        changes = host_dma_changes;
        assert_int_equal(boss_call(MV_CALL_cell_stop), MV_OK);
        assert_int_equal(host_dma_changes, changes);
        boot(cores, true);
        assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_SECOND) | PASSES(ID_THIRD));
    }
}

/* While a start is under way nothing passes, whatever is asked in the middle. */
static void not_before_all_is_pristine(void **state)
{
    uint64_t memory;
    int entries = 0;

    (void)state;
    world_begin(1);
    world_cell("boss");
    world_vcpu(0, 0, 50);
    world_cap(0, MV_TYPE_CELL, 1, MV_RIGHT_CELL_CONTROL, 0);
    world_cap(0, MV_TYPE_STREAM, 0, MV_RIGHT_STREAM_CONTROL, 0);
    world_cell("driver");
    world_vcpu(1, 0, 10);
    world_stream(1, ID_FIRST, MV_NONE);
    memory = world_ram(0x8000, MV_PAGE_SIZE);
    world.load[0] = (struct mv_sys_load){ memory, memory, 0, 0x8000 };
    world.head.loads.count = 1;
    world.cell[1].load_count = 1;
    world.cell[1].autostart = 0;
    world_boot();
    for (uint64_t pc = host_cores[0].live.pc; host_cores[0].live.pc == pc; entries++) {
        assert_int_equal(host_dma_passes, 0);
        assert_true(entries < 100);
        host_cores[0].stray = true;    /* an interrupt waits whenever the kernel looks */
        PLAIN1(0, cell_start, CAP_CELL);
        settle();
    }
    assert_int_equal(regs(0)[0], MV_OK);
    assert_true(entries > 1);
    assert_int_equal(host_dma_passes, PASSES(ID_FIRST));
}

static void a_refused_access_is_told_once(void **state)
{
    (void)state;
    for (uint32_t core = 0; core < 2; core++) {
        const struct mv_stream_state *s;

        boot(2, true);
        message(0, MV_CALL_wait, 0, 0, 0, 0);
        assert_int_equal(running(0), 2);
        host_dma_refuse(core, ID_SECOND, MV_STREAM_NOT_MAPPED, 0x123450, true);
        host_dma_refuse(core, ID_SECOND, MV_STREAM_NO_RIGHT, 0x99990, false);
        settle();
        invariants_check();
        assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_THIRD));
        assert_int_equal(running(0), 0);
        assert_int_equal(regs(0)[8], MV_OK);
        assert_int_equal(regs(0)[9], MV_SOURCE_VIRQ);
        assert_int_equal(regs(0)[0], 1u << 1);
        assert_int_equal(control(CAP_SECOND, MV_STREAM_LOOK), MV_OK);
        s = state_in_buffer();
        assert_int_equal(s->status, MV_STREAM_ABORTED);
        assert_int_equal(s->faults, 2);
        assert_int_equal(s->fault, MV_STREAM_NOT_MAPPED);
        assert_int_equal(s->address, 0x123450);
        assert_int_equal(s->is_write, 1);
        assert_int_equal(s->code, 0x11);
        assert_int_equal(control(CAP_FIRST, MV_STREAM_LOOK), MV_OK);
        assert_int_equal(s->status, MV_STREAM_PASSES);
        assert_int_equal(s->faults, 0);
        assert_int_equal(vcpu_at(0)->virq_pending, 0);

        /* It works again, and tells again. */
        assert_int_equal(control(CAP_SECOND, MV_STREAM_RESTORE), MV_OK);
        assert_int_equal(s->status, MV_STREAM_PASSES);
        assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_SECOND) | PASSES(ID_THIRD));
        host_dma_refuse(core, ID_SECOND, MV_STREAM_OTHER, 0, false);
        settle();
        assert_int_equal(vcpu_at(0)->virq_pending, 1);
        assert_int_equal(control(CAP_SECOND, MV_STREAM_LOOK), MV_OK);
        assert_int_equal(s->faults, 3);
        assert_int_equal(s->fault, MV_STREAM_OTHER);
        assert_int_equal(s->is_write, 0);
    }
}

static void nobody_listens(void **state)
{
    (void)state;
    boot(1, true);
    host_dma_refuse(0, ID_THIRD, MV_STREAM_NO_RIGHT, 0x5000, true);    /* no vIRQ */
    host_dma_refuse(0, 40, MV_STREAM_OTHER, 0x5000, true);             /* no such stream */
    host_dma_refuse(0, UINT32_MAX, MV_STREAM_OTHER, 0x5000, true);
    settle();
    invariants_check();
    assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_SECOND));
    assert_int_equal(vcpu_at(0)->virq_pending, 0);
    assert_int_equal(control(CAP_THIRD, MV_STREAM_LOOK), MV_OK);
    assert_int_equal(state_in_buffer()->status, MV_STREAM_ABORTED);
    assert_int_equal(state_in_buffer()->fault, MV_STREAM_NO_RIGHT);
}

/* An access of before the stop is told late: the stream stays stopped, and nobody is woken. */
static void late_event_of_a_stopped_cell(void **state)
{
    (void)state;
    boot(1, true);
    assert_int_equal(boss_call(MV_CALL_cell_stop), MV_OK);
    host_dma_refuse(0, ID_FIRST, MV_STREAM_NOT_MAPPED, 0x1000, true);
    settle();
    assert_int_equal(vcpu_at(0)->virq_pending, 0);
    assert_int_equal(control(CAP_FIRST, MV_STREAM_LOOK), MV_OK);
    assert_int_equal(state_in_buffer()->status, MV_STREAM_STOPPED);
    assert_int_equal(state_in_buffer()->faults, 1);
    assert_int_equal(state_in_buffer()->fault, MV_STREAM_NO_FAULT);
    assert_int_equal(boss_call(MV_CALL_cell_start), MV_OK);
    assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_SECOND) | PASSES(ID_THIRD));
}

static void what_control_may_do(void **state)
{
    static const struct { uint32_t cap; uint64_t action; mv_status_t want; bool passes; } row[] = {
        { 0,          MV_STREAM_LOOK,    MV_BAD_CAP,  true },
        { CAP_CELL,   MV_STREAM_ABORT,   MV_BAD_CAP,  true },
        { CAP_BARE,   MV_STREAM_ABORT,   MV_BAD_CAP,  true },
        { 99,         MV_STREAM_ABORT,   MV_BAD_CAP,  true },
        { CAP_FIRST,  3,                 MV_BAD_ARG,  true },
        { CAP_FIRST,  UINT64_MAX,        MV_BAD_ARG,  true },
        { CAP_FIRST,  MV_STREAM_LOOK,    MV_OK,       true },
        { CAP_FIRST,  MV_STREAM_RESTORE, MV_OK,       true },
        { CAP_FIRST,  MV_STREAM_ABORT,   MV_OK,       false },
        { CAP_FIRST,  MV_STREAM_ABORT,   MV_OK,       false },
        { CAP_FIRST,  MV_STREAM_LOOK,    MV_OK,       false },
        { CAP_FIRST,  MV_STREAM_RESTORE, MV_OK,       true },
    };

    (void)state;
    boot(1, true);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        assert_int_equal(control(row[i].cap, row[i].action), row[i].want);
        assert_int_equal((host_dma_passes & PASSES(ID_FIRST)) != 0, row[i].passes);
    }
    assert_int_equal(host_dma_changes, 2);

    /* What stops with its cell comes back with it, not before. */
    assert_int_equal(boss_call(MV_CALL_cell_stop), MV_OK);
    assert_int_equal(control(CAP_FIRST, MV_STREAM_RESTORE), MV_BUSY);
    assert_int_equal(control(CAP_FIRST, MV_STREAM_ABORT), MV_OK);
    assert_int_equal(host_dma_passes, PASSES(ID_THIRD));
    assert_int_equal(boss_call(MV_CALL_cell_start), MV_OK);
    assert_int_equal(host_dma_passes, PASSES(ID_FIRST) | PASSES(ID_SECOND) | PASSES(ID_THIRD));
}

GROUP(stream,
      cmocka_unit_test(passes_while_its_cell_runs),
      cmocka_unit_test(not_before_all_is_pristine),
      cmocka_unit_test(a_refused_access_is_told_once),
      cmocka_unit_test(nobody_listens),
      cmocka_unit_test(late_event_of_a_stopped_cell),
      cmocka_unit_test(what_control_may_do));
