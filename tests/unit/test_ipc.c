/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between cells, one situation after another; also faults, which are
 * calls. What random sequences have found once stands here by itself.
 */
#include "unit.h"

#include <string.h>

#include "invariants.h"
#include "world.h"

#define MS UINT64_C(1000000)

/*
 * The stage: a server (vCPU 0) with portal 0, callers 1, 2 and 3 in cells of
 * their own, a boss (4) that controls everybody. In each cell capability 1 is
 * the portal, 2 a vIRQ of the server, 3 + i the control of vCPU i, 8 + i that
 * of cell i, 13 the portal of vCPU 1.
 */
enum { SERVER, A, B, C, BOSS, VCPUS };
#define CAP_PORTAL   1u
#define CAP_VIRQ     2u
#define CAP_VCPU     3u
#define CAP_CELL     8u
#define CAP_PORTAL_A 13u

static const uint32_t priority_of_caller[VCPUS] = { 10, 20, 30, 40, 50 };

static void stage(uint32_t cores, const uint32_t *core, bool faults)
{
    world_begin(cores);
    for (uint32_t i = 0; i < VCPUS; i++)
        world_vcpu(world_cell("cell"), core[i], priority_of_caller[i]);
    world_portal(SERVER);
    world_portal(A);
    world_virq(SERVER);
    world.head.caps.count = 0;
    for (uint32_t i = 0; i < VCPUS; i++) {
        world.cell[i].first_cap = world.head.caps.count;
        world.cell[i].cap_count = 0;
        world_cap(i, MV_TYPE_NONE, 0, 0, 0);
        world_cap(i, MV_TYPE_PORTAL, 0, MV_RIGHT_PORTAL_CALL, 100 + i);
        world_cap(i, MV_TYPE_VIRQ, 0, MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE, 0);
        for (uint32_t k = 0; k < VCPUS; k++)
            world_cap(i, MV_TYPE_VCPU, k, MV_RIGHT_VCPU_CONTROL, 0);
        for (uint32_t k = 0; k < VCPUS; k++)
            world_cap(i, MV_TYPE_CELL, k, MV_RIGHT_CELL_CONTROL, 0);
        world_cap(i, MV_TYPE_PORTAL, 1, MV_RIGHT_PORTAL_CALL, 200 + i);
        if (faults && i != SERVER) {
            world.vcpu[i].fault_portal = 0;
            world.vcpu[i].fault_badge = 900 + i;
        }
    }
    world_boot();
    invariants_check();
}
static const uint32_t one_core[VCPUS] = { 0, 0, 0, 0, 0 };
static const uint32_t server_alone[VCPUS] = { 1, 0, 0, 0, 0 };
static const uint32_t server_and_boss[VCPUS] = { 1, 0, 0, 0, 1 };

static uint32_t core_of(uint32_t vcpu) { return vcpu_at(vcpu)->core->index; }
static enum vcpu_state state_of(uint32_t vcpu) { return vcpu_state(vcpu_at(vcpu)); }

/* Everybody above `vcpu` on its core waits, so that it runs. */
static void let_run(uint32_t vcpu)
{
    uint32_t core = core_of(vcpu);

    while (running(core) != (int)vcpu) {
        assert_true(running(core) >= 0);
        message(core, MV_CALL_wait, 0, 0, 0, 0);
        settle();
    }
    invariants_check();
}

static void do_call(uint32_t vcpu, uint64_t word, uint64_t flags, uint64_t deadline)
{
    assert_int_equal(running(core_of(vcpu)), vcpu);
    message(core_of(vcpu), MV_CALL_call, word, CAP_PORTAL, flags, deadline);
    settle();
    invariants_check();
}
static void do_reply_wait(uint64_t word)
{
    assert_int_equal(running(core_of(SERVER)), SERVER);
    message(core_of(SERVER), MV_CALL_reply_wait, word, 0, 0, 0);
    settle();
    invariants_check();
}
static mv_status_t status_of(uint32_t vcpu)   /* of a MESSAGE call that is over */
{
    return running(core_of(vcpu)) == (int)vcpu ? regs(core_of(vcpu))[8] : vcpu_at(vcpu)->frame.x[8];
}

/* ---- the plain cases, on one core and on two ------------------------------------------- */

static void words_and_badge(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        const uint32_t *core = cores == 1 ? one_core : server_alone;
        uint64_t *x;

        stage(cores, core, false);
        /* The callers are more urgent: A is the last of them to wait. */
        message(core_of(BOSS), MV_CALL_wait, 0, 0, 0, 0);
        message(core_of(C), MV_CALL_wait, 0, 0, 0, 0);
        message(core_of(B), MV_CALL_wait, 0, 0, 0, 0);
        do_call(A, 41, 0, 0);           /* the server does not wait yet */
        assert_int_equal(state_of(A), cores == 1 ? VCPU_SENDING : VCPU_REMOTE);
        x = regs(core_of(SERVER));
        message(core_of(SERVER), MV_CALL_wait, 0, 0, 0, 0);
        assert_int_equal(x[0], 41);
        assert_int_equal(x[8], MV_OK);
        assert_int_equal(x[9], 100 + A);
        assert_int_equal(vcpu_at(SERVER)->rank, 2 * 50 + 1);   /* the ceiling */
        do_reply_wait(42);
        assert_int_equal(running(core_of(A)), A);
        x = regs(core_of(A));
        assert_int_equal(x[0], 42);
        assert_int_equal(x[8], MV_OK);
        assert_int_equal(x[9], 0);
        do_call(A, 43, 0, 0);           /* now it does */
        assert_int_equal(running(core_of(SERVER)), SERVER);
        assert_int_equal(regs(core_of(SERVER))[0], 43);
        assert_int_equal(vcpu_at(SERVER)->served, 2);
    }
}

static void arguments_of_call(void **state)
{
    static const struct { uint64_t cap, flags; mv_status_t want; } row[] = {
        { 0, 0, MV_BAD_CAP },
        { 99, 0, MV_BAD_CAP },
        { UINT64_MAX, 0, MV_BAD_CAP },
        { CAP_VIRQ, 0, MV_BAD_CAP },
        { CAP_PORTAL, 3, MV_BAD_ARG },                  /* no such size */
        { CAP_PORTAL, MV_LINES, MV_BAD_ARG },
        { CAP_PORTAL, 1u << 5, MV_BAD_ARG },
        { CAP_PORTAL, UINT64_C(1) << 32, MV_BAD_ARG },
        { CAP_PORTAL, MV_NOWAIT, MV_WOULD_BLOCK },      /* the server has not come so far */
        { CAP_PORTAL, MV_NOWAIT | MV_SIZE_EXTENDED, MV_WOULD_BLOCK },
    };

    (void)state;
    stage(1, one_core, false);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        message(0, MV_CALL_call, 7, row[i].cap, row[i].flags, 0);
        assert_int_equal(regs(0)[8], row[i].want);
        assert_int_equal(running(0), BOSS);
        invariants_check();
    }
}

static void arguments_of_reply_and_wait(void **state)
{
    static const struct { enum mv_call_number call; uint64_t cap, flags; mv_status_t want; } row[] = {
        { MV_CALL_reply,      0, 3, MV_BAD_ARG },
        { MV_CALL_reply,      0, MV_DEADLINE, MV_BAD_ARG },
        { MV_CALL_reply,      0, 0, MV_NO_CALLER },
        { MV_CALL_reply_wait, 0, 3, MV_BAD_ARG },
        { MV_CALL_reply_wait, 0, MV_NOWAIT, MV_BAD_ARG },
        { MV_CALL_reply_wait, 0, MV_LINES, MV_BAD_ARG },
        { MV_CALL_wait,       0, 1, MV_BAD_ARG },
        { MV_CALL_wait,       0, UINT64_C(1) << 40, MV_BAD_ARG },
        { MV_CALL_wait,       0, MV_NOWAIT, MV_WOULD_BLOCK },
        { MV_CALL_wait,       1, MV_NOWAIT | MV_LINES, MV_WOULD_BLOCK },
    };

    (void)state;
    stage(1, one_core, false);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        message(0, row[i].call, 0, row[i].cap, row[i].flags, 0);
        assert_int_equal(regs(0)[8], row[i].want);
        assert_int_equal(running(0), BOSS);
        invariants_check();
    }
}

static void sizes_are_copied(void **state)
{
    static const uint64_t bytes[] = { 0, MV_FULL_BYTES, MV_EXTENDED_BYTES };

    (void)state;
    for (uint64_t size = 0; size < 3; size++) {
        struct mv_message_buffer *from, *to;

        stage(1, one_core, false);
        from = vcpu_at(BOSS)->buffer;
        to = vcpu_at(SERVER)->buffer;
        memset(from, 0x11, MV_EXTENDED_BYTES);
        memset(to, 0x22, MV_EXTENDED_BYTES);
        do_call(BOSS, 1, size, 0);
        let_run(SERVER);
        message(0, MV_CALL_wait, 0, 0, 0, 0);
        assert_int_equal(MV_SOURCE_SIZE(regs(0)[9]), size);
        for (uint64_t i = 0; i < MV_EXTENDED_BYTES; i++)
            assert_int_equal(((uint8_t *)to)[i], i < bytes[size] ? 0x11 : 0x22);
        /* And back, in another size. */
        memset(to, 0x33, MV_EXTENDED_BYTES);
        message(0, MV_CALL_reply, 0, 0, 2 - size, 0);
        assert_int_equal(running(0), BOSS);
        assert_int_equal(MV_SOURCE_SIZE(regs(0)[9]), 2 - size);
        for (uint64_t i = 0; i < MV_EXTENDED_BYTES; i++)
            assert_int_equal(((uint8_t *)from)[i], i < bytes[2 - size] ? 0x33 : 0x11);
    }
}

/* The most urgent first, equals as they came. */
static void callers_queue_by_priority(void **state)
{
    static const uint32_t order[] = { BOSS, C, B, A };

    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        stage(cores, cores == 1 ? one_core : server_alone, false);
        for (size_t i = 0; i < ARRAY_SIZE(order); i++)
            do_call(order[i], order[i], 0, 0);
        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
            do_reply_wait(0);
            let_run(SERVER);
            assert_int_equal(regs(core_of(SERVER))[0], order[i]);
            assert_int_equal(regs(core_of(SERVER))[9], 100 + order[i]);
        }
    }
}

static void one_reply_per_call(void **state)
{
    (void)state;
    stage(1, one_core, false);
    do_call(BOSS, 1, 0, 0);
    let_run(SERVER);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    message(0, MV_CALL_wait, 0, 0, 0, 0);     /* with a caller: not that way */
    assert_int_equal(regs(0)[8], MV_BUSY);
    message(0, MV_CALL_reply, 5, 0, 0, 0);
    assert_int_equal(running(0), BOSS);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    let_run(SERVER);
    assert_int_equal(regs(0)[8], MV_OK);
    message(0, MV_CALL_reply, 6, 0, 0, 0);
    assert_int_equal(regs(0)[8], MV_NO_CALLER);
    invariants_check();
}

/* ---- time-outs ---------------------------------------------------------------------------- */

static void timeout_while_queued(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        stage(cores, cores == 1 ? one_core : server_alone, false);
        do_call(BOSS, 1, MV_DEADLINE, 2 * MS);
        assert_int_not_equal(running(0), BOSS);
        pass_ns(2 * MS);
        assert_int_equal(running(0), BOSS);
        assert_int_equal(regs(0)[8], MV_TIMEOUT);
        assert_int_equal(vcpu_at(SERVER)->callers.count, 0);
        invariants_check();
    }
}

/* The server goes on at its ceiling until it replies, to nobody. */
static void timeout_while_served(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        stage(cores, cores == 1 ? one_core : server_alone, false);
        do_call(BOSS, 1, MV_DEADLINE, 2 * MS);
        let_run(SERVER);
        message(core_of(SERVER), MV_CALL_wait, 0, 0, 0, 0);
        assert_int_equal(regs(core_of(SERVER))[9], 100 + BOSS);
        pass_ns(2 * MS);
        invariants_check();
        assert_int_equal(state_of(BOSS), VCPU_RUNNABLE);
        assert_int_equal(vcpu_at(SERVER)->rank, 2 * 50 + 1);
        assert_ptr_equal(vcpu_at(SERVER)->context, &vcpu_at(SERVER)->serving->context);
        let_run(SERVER);
        message(core_of(SERVER), MV_CALL_reply, 0, 0, 0, 0);
        assert_int_equal(status_of(SERVER), MV_NO_CALLER);
        assert_int_equal(status_of(BOSS), MV_TIMEOUT);
        assert_int_equal(vcpu_at(SERVER)->rank, 2 * 10 + 1);
        assert_ptr_equal(vcpu_at(SERVER)->context, &vcpu_at(SERVER)->own);
        invariants_check();
    }
}

/* Nor does one that takes a vIRQ instead of replying keep the ceiling. */
static void wait_ends_a_service_without_caller(void **state)
{
    (void)state;
    stage(1, one_core, false);
    do_call(BOSS, 1, MV_DEADLINE, 2 * MS);
    let_run(SERVER);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    pass_ns(2 * MS);
    let_run(SERVER);
    PLAIN2(0, virq_raise, CAP_VIRQ, 3);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(status_of(SERVER), MV_OK);
    assert_int_equal(vcpu_at(SERVER)->rank, 2 * 10 + 1);
    invariants_check();
}

/* The answer is on its way when the deadline passes: it is taken or not, but
 * the call ends once. */
static void reply_and_timeout_cross(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        stage(2, server_alone, false);
        do_call(BOSS, 1, MV_DEADLINE, 2 * MS);
        message(1, MV_CALL_wait, 0, 0, 0, 0);
        host_time = 2000;
        if (first == 0) {
            message(1, MV_CALL_reply_wait, 77, 0, 0, 0);
            host_interrupt(0);                      /* the timer comes first */
        } else {
            host_interrupt(0);
            message(1, MV_CALL_reply_wait, 77, 0, 0, 0);
        }
        invariants_check();
        settle();
        invariants_check();
        assert_int_equal(state_of(BOSS), VCPU_RUNNABLE);
        assert_int_equal(status_of(BOSS), MV_OK);
        assert_int_equal(regs(0)[0], 77);
        /* Nothing is left over for the next call. */
        do_call(BOSS, 2, 0, 0);
        assert_int_equal(regs(1)[0], 2);
        message(1, MV_CALL_reply_wait, 78, 0, 0, 0);
        settle();
        assert_int_equal(regs(0)[0], 78);
    }
}

/* ---- stops ------------------------------------------------------------------------------------ */

static void server_stops(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        stage(cores, cores == 1 ? one_core : server_and_boss, false);
        message(core_of(BOSS), MV_CALL_wait, 0, 0, MV_DEADLINE, MS);
        do_call(C, 1, 0, 0);
        do_call(B, 2, 0, 0);
        let_run(SERVER);
        message(core_of(SERVER), MV_CALL_wait, 0, 0, 0, 0);    /* serves C, B is queued */
        pass_ns(MS);
        assert_int_equal(running(core_of(BOSS)), BOSS);
        assert_int_equal(PLAIN1(core_of(BOSS), vcpu_stop, CAP_VCPU + SERVER), MV_OK);
        invariants_check();
        settle();
        invariants_check();
        assert_int_equal(state_of(SERVER), VCPU_STOPPED);
        assert_int_equal(status_of(C), MV_CANCELLED);
        assert_int_equal(status_of(B), MV_CANCELLED);
        assert_int_equal(state_of(B), VCPU_RUNNABLE);
        message(core_of(BOSS), MV_CALL_wait, 0, 0, 0, 0);
        do_call(C, 3, 0, 0);                                   /* to one that is stopped */
        assert_int_equal(status_of(C), MV_CANCELLED);
    }
}

static void caller_stops(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        for (int served = 0; served < 2; served++) {
            stage(cores, cores == 1 ? one_core : server_and_boss, false);
            message(core_of(BOSS), MV_CALL_wait, 0, 0, MV_DEADLINE, MS);
            do_call(C, 1, 0, 0);
            let_run(SERVER);
            if (served)
                message(core_of(SERVER), MV_CALL_wait, 0, 0, 0, 0);
            pass_ns(MS);
            PLAIN1(core_of(BOSS), vcpu_stop, CAP_VCPU + C);
            invariants_check();
            settle();
            invariants_check();
            assert_int_equal(state_of(C), VCPU_STOPPED);
            assert_int_equal(vcpu_at(SERVER)->callers.count, 0);
            assert_null(vcpu_at(SERVER)->caller);
            /* Started again, it goes on after its call. */
            let_run(BOSS);
            assert_int_equal(PLAIN1(core_of(BOSS), vcpu_start, CAP_VCPU + C) == MV_OK || cores == 2, 1);
            settle();
            invariants_check();
            assert_int_equal(state_of(C), VCPU_RUNNABLE);
            assert_int_equal(status_of(C), MV_CANCELLED);
        }
    }
}

/* A chain: C calls A, which calls the server. C leaves: the others finish on
 * A's portal's time. */
static void caller_of_a_chain_leaves(void **state)
{
    (void)state;
    stage(1, one_core, false);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, 2 * MS);       /* the boss */
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, MS);           /* C */
    message(0, MV_CALL_wait, 0, 0, 0, 0);                      /* B */
    message(0, MV_CALL_wait, 0, 0, 0, 0);                      /* A */
    message(0, MV_CALL_wait, 0, 0, 0, 0);                      /* the server */
    pass_ns(MS);
    message(0, MV_CALL_call, 1, CAP_PORTAL_A, 0, 0);
    assert_int_equal(running(0), A);
    assert_ptr_equal(vcpu_at(A)->context, &vcpu_at(C)->own);
    message(0, MV_CALL_call, 2, CAP_PORTAL, 0, 0);
    assert_int_equal(running(0), SERVER);
    assert_ptr_equal(vcpu_at(SERVER)->context, &vcpu_at(C)->own);
    pass_ns(MS);
    invariants_check();
    let_run(BOSS);
    PLAIN1(0, vcpu_stop, CAP_VCPU + C);
    invariants_check();
    assert_ptr_equal(vcpu_at(SERVER)->context, vcpu_at(A)->context);
    assert_ptr_equal(vcpu_at(A)->context, &vcpu_at(A)->serving->context);
    let_run(SERVER);
    message(0, MV_CALL_reply_wait, 3, 0, 0, 0);
    assert_int_equal(running(0), A);
    assert_int_equal(regs(0)[0], 3);
    invariants_check();
}

static void circles_are_refused(void **state)
{
    (void)state;
    stage(1, one_core, false);
    message(0, MV_CALL_wait, 0, 0, 0, 0);                      /* the boss */
    message(0, MV_CALL_wait, 0, 0, 0, 0);                      /* C */
    message(0, MV_CALL_wait, 0, 0, 0, 0);                      /* B */
    message(0, MV_CALL_call, 1, CAP_PORTAL_A, 0, 0);           /* A calls itself */
    assert_int_equal(running(0), A);
    assert_int_equal(regs(0)[8], MV_DEADLOCK);
    message(0, MV_CALL_call, 1, CAP_PORTAL, 0, 0);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(running(0), SERVER);
    message(0, MV_CALL_call, 1, CAP_PORTAL_A, 0, 0);           /* back to its caller */
    assert_int_equal(running(0), SERVER);
    assert_int_equal(regs(0)[8], MV_DEADLOCK);
    invariants_check();
}

/* A stop that another core's call delays is over when the stopper goes on. */
static void stop_of_a_remote_caller(void **state)
{
    static const uint32_t core[VCPUS] = { 1, 0, 0, 0, 0 };

    (void)state;
    stage(2, core, false);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, MS);           /* the boss */
    do_call(C, 1, 0, 0);
    message(1, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(state_of(C), VCPU_REMOTE);
    pass_ns(MS);
    assert_int_equal(running(0), BOSS);
    PLAIN1(0, vcpu_stop, CAP_VCPU + C);
    invariants_check();
    assert_int_not_equal(running(0), BOSS);
    settle();
    invariants_check();
    assert_int_equal(running(0), BOSS);
    assert_int_equal(regs(0)[0], MV_OK);
    assert_int_equal(state_of(C), VCPU_STOPPED);
}

GROUP(ipc, cmocka_unit_test(words_and_badge), cmocka_unit_test(arguments_of_call),
      cmocka_unit_test(arguments_of_reply_and_wait), cmocka_unit_test(sizes_are_copied),
      cmocka_unit_test(callers_queue_by_priority), cmocka_unit_test(one_reply_per_call),
      cmocka_unit_test(timeout_while_queued), cmocka_unit_test(timeout_while_served),
      cmocka_unit_test(wait_ends_a_service_without_caller), cmocka_unit_test(reply_and_timeout_cross),
      cmocka_unit_test(server_stops), cmocka_unit_test(caller_stops),
      cmocka_unit_test(caller_of_a_chain_leaves), cmocka_unit_test(circles_are_refused),
      cmocka_unit_test(stop_of_a_remote_caller));

/* ---- faults ---------------------------------------------------------------------------------------- */

static void fault(uint32_t vcpu)
{
    assert_int_equal(running(core_of(vcpu)), vcpu);
    host_cores[core_of(vcpu)].live.pc = 0x1234;
    host_fault(core_of(vcpu), MV_FAULT_WRITE, 0xbad, 0x92000047);
    settle();
    invariants_check();
}

static void fault_is_a_call(void **state)
{
    static const struct { uint64_t action, at, want_pc; enum vcpu_state want; } row[] = {
        { MV_FAULT_RESUME, 0, 0x1234, VCPU_RUNNABLE },
        { MV_FAULT_RESUME_AT, 0x5001, 0x5000, VCPU_RUNNABLE },
        { MV_FAULT_STOP, 0, 0x1234, VCPU_FAULTED },
        { 3, 0, 0x1234, VCPU_FAULTED },
        { UINT64_MAX, 0, 0x1234, VCPU_FAULTED },
    };

    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
            uint64_t *x;

            stage(cores, cores == 1 ? one_core : server_alone, true);
            for (int r = 0; r < 31; r++)
                regs(0)[r] = 0x100u + (unsigned)r;
            fault(BOSS);
            let_run(SERVER);
            message(core_of(SERVER), MV_CALL_wait, 0, 0, 0, 0);
            x = regs(core_of(SERVER));
            assert_int_equal(x[0], MV_FAULT_WRITE);
            assert_int_equal(x[1], 0x1234);
            assert_int_equal(x[2], 0xbad);
            assert_int_equal(x[3], 0x92000047);
            assert_int_equal(x[4], BOSS);
            assert_int_equal(x[5], 0);
            assert_int_equal(x[6] | x[7], 0);
            assert_int_equal(x[9], 900 + BOSS);
            x[1] = row[i].at;
            do_reply_wait(row[i].action);
            assert_int_equal(state_of(BOSS), row[i].want);
            assert_false(vcpu_at(BOSS)->is_fault_call);
            /* Nothing of its registers is lost, also for who reads them later. */
            for (int r = 0; r < 31; r++)
                assert_int_equal(row[i].want == VCPU_RUNNABLE ? regs(0)[r] : vcpu_at(BOSS)->frame.x[r],
                                 0x100u + (unsigned)r);
            assert_int_equal(row[i].want == VCPU_RUNNABLE ? host_cores[0].live.pc : vcpu_at(BOSS)->frame.pc,
                             row[i].want_pc);
        }
    }
}

/* The handler lets one stay stopped and has taken the next call already. */
static void next_caller_is_not_lost(void **state)
{
    (void)state;
    stage(1, one_core, true);
    fault(BOSS);
    do_call(C, 7, 0, 0);
    let_run(SERVER);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    do_reply_wait(MV_FAULT_STOP);
    assert_int_equal(state_of(BOSS), VCPU_FAULTED);
    assert_int_equal(running(0), SERVER);
    assert_int_equal(regs(0)[0], 7);
    assert_int_equal(regs(0)[9], 100 + C);
    do_reply_wait(8);
    assert_int_equal(running(0), C);
    assert_int_equal(regs(0)[0], 8);
    assert_int_equal(regs(0)[8], MV_OK);
}

/* The handler stops while faults are queued for it, or while it looks at one. */
static void handler_stops(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        for (int served = 0; served < 2; served++) {
            stage(cores, cores == 1 ? one_core : server_and_boss, true);
            message(core_of(BOSS), MV_CALL_wait, 0, 0, MV_DEADLINE, MS);
            fault(C);
            let_run(SERVER);
            if (served)
                message(core_of(SERVER), MV_CALL_wait, 0, 0, 0, 0);
            pass_ns(MS);
            PLAIN1(core_of(BOSS), vcpu_stop, CAP_VCPU + SERVER);
            settle();
            invariants_check();
            assert_int_equal(state_of(SERVER), VCPU_STOPPED);
            assert_int_equal(state_of(C), VCPU_FAULTED);
        }
    }
}

static void fault_without_handler(void **state)
{
    (void)state;
    stage(1, one_core, false);
    fault(BOSS);
    assert_int_equal(state_of(BOSS), VCPU_FAULTED);
    assert_int_equal(vcpu_at(BOSS)->faults, 1);
    while (running(0) >= 0)
        message(0, MV_CALL_wait, 0, 0, 0, 0);
    assert_non_null(strstr(host_console, "mullion: cell cell stopped: "));
    assert_non_null(strstr(host_console, " at 0xbad, pc 0x1234, syndrome 0x92000047\n"));
}

/* The log of faults takes no more than it can hold, and nobody waits for it. */
static void flood_of_faults(void **state)
{
    (void)state;
    stage(2, server_and_boss, false);
    for (int i = 0; i < 40; i++) {
        if (running(1) == BOSS)
            fault(BOSS);
        let_run(SERVER);
        PLAIN1(1, vcpu_start, CAP_VCPU + BOSS);
        settle();
        invariants_check();
    }
    assert_int_equal(vcpu_at(BOSS)->faults, 40);
    fault(BOSS);
    message(1, MV_CALL_wait, 0, 0, 0, 0);
    assert_true(strlen(host_console) < 1024);
}

/* A handler that itself faults, with nobody above it. */
static void handler_faults(void **state)
{
    (void)state;
    stage(1, one_core, true);
    fault(BOSS);
    let_run(SERVER);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    fault(SERVER);
    assert_int_equal(state_of(SERVER), VCPU_FAULTED);
    assert_int_equal(state_of(BOSS), VCPU_FAULTED);
}

/* A bus error that shows when its cell is left stops that cell, whatever it
 * was doing. */
static void late_bus_error(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        stage(1, one_core, true);
        vcpu_at(BOSS)->has_device = true;
        host_cores[0].bus_error = true;
        switch (how) {
        case 0:  message(0, MV_CALL_wait, 0, 0, 0, 0); break;
        case 1:  message(0, MV_CALL_call, 0, CAP_PORTAL, 0, 0); break;
        default: PLAIN1(0, exit, 0); break;
        }
        invariants_check();
        assert_true(vcpu_is_stopped(vcpu_at(BOSS)));
        assert_int_equal(running(0), C);
        assert_int_equal(vcpu_at(SERVER)->callers.count, 0);
    }
}

GROUP(fault, cmocka_unit_test(fault_is_a_call), cmocka_unit_test(next_caller_is_not_lost),
      cmocka_unit_test(handler_stops), cmocka_unit_test(fault_without_handler),
      cmocka_unit_test(flood_of_faults), cmocka_unit_test(handler_faults),
      cmocka_unit_test(late_bus_error));
