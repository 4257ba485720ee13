/* SPDX-License-Identifier: BSD-2-Clause */
/* Control of cells and vCPUs, and changing spaces, through the door. */
#include "unit.h"

#include <string.h>

#include "invariants.h"
#include "world.h"

#define MS UINT64_C(1000000)

/*
 * The boss (vCPU 0, core 0, priority 50) controls a cell of two vCPUs: 1 on
 * core 0 and 2 on the last core. A third cell (vCPU 3 on core 0) also does.
 * Capabilities of boss and third: 1 the cell, 2 and 3 its vCPUs, 4 its space.
 */
#define LOAD_BYTES  0x2345u
#define FILE_BYTES  0x1100u
static uint64_t image, memory;
static uint32_t own_segment;

static void boot(uint32_t cores, bool autostart)
{
    uint32_t boss, cell, third;

    world_begin(cores);
    boss = world_cell("boss");
    world_vcpu(boss, 0, 50);
    cell = world_cell("cell");
    world_vcpu(cell, 0, 10);
    world_vcpu(cell, cores - 1, 20);
    third = world_cell("third");
    world_vcpu(third, 0, 40);
    own_segment = world_segment(5, MV_MAP_READ | MV_MAP_WRITE, MV_MEMORY_NORMAL);
    image = world_ram(FILE_BYTES, MV_PAGE_SIZE);
    memory = world.extent[0].base;
    for (uint64_t i = 0; i < FILE_BYTES; i++)
        ((uint8_t *)host_ram(image))[i] = (uint8_t)(i * 7 + 1);
    world.load[0] = (struct mv_sys_load){ memory, image, FILE_BYTES, LOAD_BYTES };
    world.head.loads.count = 1;
    world.cell[cell].first_load = 0;
    world.cell[cell].load_count = 1;
    world.cell[boss].load_count = world.cell[third].load_count = 0;
    world.head.mappings.count = 0;
    for (uint32_t c = 0; c < 3; c++) {
        world.space[c].first_mapping = world.head.mappings.count;
        if (c == cell)
            world_mapping(c, own_segment, WORLD_TEXT, 0, 5 * MV_PAGE_SIZE, MV_MAP_READ);
    }
    world_virq(1);
    world_timer(world_virq(1));
    world.cell[cell].autostart = autostart;
    world.head.caps.count = 0;
    for (uint32_t c = 0; c < 3; c++) {
        world.cell[c].first_cap = world.head.caps.count;
        world.cell[c].cap_count = 0;
        world_cap(c, MV_TYPE_NONE, 0, 0, 0);
        world_cap(c, MV_TYPE_CELL, cell, MV_RIGHT_CELL_CONTROL, 0);
        world_cap(c, MV_TYPE_VCPU, 1, MV_RIGHT_VCPU_CONTROL, 0);
        world_cap(c, MV_TYPE_VCPU, 2, MV_RIGHT_VCPU_CONTROL, 0);
        world_cap(c, MV_TYPE_SPACE, cell, MV_RIGHT_SPACE_MAP | MV_RIGHT_SPACE_ENTER, 0);
        world_cap(c, MV_TYPE_SEGMENT, own_segment, MV_RIGHT_SEGMENT_READ | MV_RIGHT_SEGMENT_WRITE, 0);
        world_cap(c, MV_TYPE_VIRQ, 0, MV_RIGHT_VIRQ_RAISE, 0);
    }
    world_boot();
    invariants_check();
}
enum { CAP_CELL = 1, CAP_LOCAL, CAP_FAR, CAP_SPACE, CAP_SEGMENT, CAP_VIRQ };

/* A call of the boss, to its end. */
static mv_status_t boss(enum mv_call_number number, uint64_t cap)
{
    mv_status_t st = plain(0, number, cap, 0, 0, 0, 0, 0);

    invariants_check();
    settle();
    invariants_check();
    assert_int_equal(running(0), 0);
    return running(0) == 0 ? regs(0)[0] : st;
}

static void expect_pristine(void)
{
    const uint8_t *m = host_ram(memory);

    for (uint64_t i = 0; i < LOAD_BYTES; i++)
        assert_int_equal(m[i], i < FILE_BYTES ? (uint8_t)(i * 7 + 1) : 0);
}

static void cell_life(void **state)
{
    (void)state;
    for (uint32_t cores = 1; cores <= 2; cores++) {
        boot(cores, false);
        assert_int_equal(boss(MV_CALL_cell_inspect, CAP_CELL), MV_OK);
        assert_int_equal(regs(0)[1], 0);
        assert_int_equal(boss(MV_CALL_cell_start, CAP_CELL), MV_OK);
        expect_pristine();
        assert_int_equal(boss(MV_CALL_cell_inspect, CAP_CELL), MV_OK);
        assert_int_equal(regs(0)[1], 2);
        assert_int_equal(boss(MV_CALL_cell_start, CAP_CELL), MV_BUSY);
        memset(host_ram(memory), 0x77, LOAD_BYTES);
        assert_int_equal(boss(MV_CALL_cell_stop, CAP_CELL), MV_OK);
        assert_int_equal(boss(MV_CALL_cell_stop, CAP_CELL), MV_OK);
        assert_int_equal(boss(MV_CALL_cell_inspect, CAP_CELL), MV_OK);
        assert_int_equal(regs(0)[1], 0);
        assert_int_equal(vcpu_state(vcpu_at(2)), VCPU_STOPPED);
        assert_int_equal(boss(MV_CALL_cell_start, CAP_CELL), MV_OK);
        expect_pristine();
        assert_int_equal(vcpu_at(2)->core->current == vcpu_at(2) ? host_cores[cores - 1].live.pc :
                         vcpu_at(2)->frame.pc, WORLD_ENTRY);
    }
}

/* A long start gives way to interrupts and still comes to its end. */
static void start_in_small_steps(void **state)
{
    int entries = 0;

    (void)state;
    boot(2, false);
    regs(0)[1] = CAP_CELL;
    for (;;) {
        uint64_t pc = host_cores[0].live.pc;

        host_cores[0].stray = true;
        host_svc(0, MV_CALL_cell_start);
        invariants_check();
        entries++;
        settle();
        assert_int_equal(running(0), 0);
        if (host_cores[0].live.pc != pc)
            break;
        assert_int_equal(regs(0)[1], CAP_CELL);
    }
    assert_int_equal(regs(0)[0], MV_OK);
    assert_true(entries > 5);
    expect_pristine();
}

/* A vCPU of a cell that is half made does not start: its spaces are not there
 * yet. The start that was interrupted goes on to its end. */
static void vcpu_start_in_the_middle_of_cell_start(void **state)
{
    (void)state;
    for (int steps = 1; steps < 12; steps++) {
        boot(1, false);
        for (int i = 0; i < steps; i++) {
            host_cores[0].stray = true;
            PLAIN1(0, cell_start, CAP_CELL);
            settle();
        }
        if (vcpu_state(vcpu_at(1)) != VCPU_STOPPED)
            break;
        assert_int_equal(boss(MV_CALL_vcpu_start, CAP_LOCAL), MV_BUSY);
        assert_int_equal(vcpu_state(vcpu_at(1)), VCPU_STOPPED);
        assert_int_equal(boss(MV_CALL_cell_start, CAP_CELL), MV_OK);
        assert_int_equal(vcpu_state(vcpu_at(1)), VCPU_RUNNABLE);
        expect_pristine();
    }
}

/* Two controllers at once: each is told what is so, nothing is half made. */
static void two_starters(void **state)
{
    (void)state;
    for (int steps = 0; steps < 12; steps++) {
        boot(2, false);
        for (int i = 0; i < steps; i++) {
            host_cores[0].stray = true;
            PLAIN1(0, cell_start, CAP_CELL);
            invariants_check();
        }
        message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, MS);
        settle();
        if (running(0) == 3)
            PLAIN1(0, cell_start, CAP_CELL);
        pass_ns(MS);
        invariants_check();
        assert_true(vcpu_state(vcpu_at(1)) != VCPU_STOPPED || steps == 0);
    }
}

/* While one start is on its way to the other core, another one has to wait,
 * also when all that has been started has stopped again. */
static void start_while_starting(void **state)
{
    (void)state;
    boot(2, false);
    PLAIN1(0, cell_start, CAP_CELL);
    assert_int_equal(running(0), 3);        /* the boss waits for core 1 */
    assert_int_equal(vcpu_state(vcpu_at(1)), VCPU_RUNNABLE);
    assert_int_equal(PLAIN1(0, vcpu_stop, CAP_LOCAL), MV_OK);
    assert_int_equal(PLAIN1(0, cell_start, CAP_CELL), MV_BUSY);
    settle();
    invariants_check();
    assert_int_equal(running(0), 0);
    assert_int_equal(regs(0)[0], MV_OK);
    assert_int_equal(vcpu_state(vcpu_at(1)), VCPU_STOPPED);
    assert_int_equal(vcpu_state(vcpu_at(2)), VCPU_RUNNABLE);
}

static void vcpu_life(void **state)
{
    (void)state;
    for (uint32_t cap = CAP_LOCAL; cap <= CAP_FAR; cap++) {
        struct mv_vcpu_state *s;

        boot(2, true);
        s = (struct mv_vcpu_state *)vcpu_at(0)->buffer->data;
        assert_int_equal(boss(MV_CALL_vcpu_start, cap), MV_BUSY);
        assert_int_equal(boss(MV_CALL_vcpu_read, cap), MV_BUSY);
        assert_int_equal(boss(MV_CALL_vcpu_write, cap), MV_BUSY);
        assert_int_equal(boss(MV_CALL_vcpu_stop, cap), MV_OK);
        assert_int_equal(boss(MV_CALL_vcpu_stop, cap), MV_OK);
        assert_int_equal(boss(MV_CALL_vcpu_read, cap), MV_OK);
        assert_int_equal(s->pc, WORLD_ENTRY);
        assert_int_equal(s->run_state, MV_STATE_STOPPED);
        memset(s, 0x5a, sizeof(*s));
        s->pc = 0x4444;
        assert_int_equal(boss(MV_CALL_vcpu_write, cap), MV_OK);
        memset(s, 0, sizeof(*s));
        assert_int_equal(boss(MV_CALL_vcpu_read, cap), MV_OK);
        assert_int_equal(s->pc, 0x4444);
        assert_int_equal(s->x[30], UINT64_C(0x5a5a5a5a5a5a5a5a));
        assert_int_equal(s->pstate, 0);
        assert_int_equal(boss(MV_CALL_vcpu_start, cap), MV_OK);
        assert_int_equal(boss(MV_CALL_vcpu_counters, cap), MV_OK);
    }
}

/* Written right after it was stopped, in the same entry of its core. */
static void written_while_still_current(void **state)
{
    struct mv_vcpu_state *s;

    (void)state;
    boot(2, true);
    assert_int_equal(running(1), 2);
    host_cores[1].live.pc = 0x7000;
    s = (struct mv_vcpu_state *)vcpu_at(0)->buffer->data;
    memset(s, 0, sizeof(*s));
    s->pc = 0x4444;
    PLAIN1(0, vcpu_stop, CAP_FAR);                /* both are on their way ... */
    assert_int_equal(running(0), 3);
    memcpy(vcpu_at(3)->buffer->data, s, sizeof(*s));
    PLAIN1(0, vcpu_write, CAP_FAR);
    host_interrupt(1);                            /* ... and arrive together */
    invariants_check();
    settle();
    assert_int_equal(running(0), 0);
    assert_int_equal(boss(MV_CALL_vcpu_read, CAP_FAR), MV_OK);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(running(0), 3);
    assert_int_equal(s->pc, regs(0)[0] == MV_OK ? 0x4444 : 0x7000);
}

static void nobody_stops_or_starts_itself_away(void **state)
{
    (void)state;
    boot(1, true);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, MS);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, 2 * MS);   /* the third */
    assert_int_equal(running(0), 2);
    assert_int_equal(PLAIN1(0, cell_stop, CAP_CELL), MV_BAD_ARG);
    assert_int_equal(PLAIN1(0, cell_start, CAP_CELL), MV_BAD_ARG);
    PLAIN1(0, vcpu_stop, CAP_FAR);                         /* itself */
    invariants_check();
    assert_int_equal(running(0), 1);
    assert_int_equal(vcpu_state(vcpu_at(2)), VCPU_STOPPED);
    /* Started again it finds that its call has succeeded. */
    assert_int_equal(PLAIN1(0, vcpu_start, CAP_FAR), MV_OK);
    assert_int_equal(running(0), 2);
    assert_int_equal(regs(0)[0], MV_OK);
}

/* Core 0 may run its cells before the others have begun: what it raises, and
 * whom it calls, is not lost. */
static void raise_before_the_other_core_starts(void **state)
{
    uint32_t first, second;

    (void)state;
    world_begin(2);
    first = world_cell("first");
    world_vcpu(first, 0, 10);
    second = world_cell("second");
    world_vcpu(second, 1, 10);
    world_portal(1);
    world_virq(1);
    world.cell[second].first_cap = 1;
    world.head.caps.count = 0;
    world.cell[first].cap_count = 0;
    world_cap(first, MV_TYPE_NONE, 0, 0, 0);
    world_cap(first, MV_TYPE_VIRQ, 0, MV_RIGHT_VIRQ_RAISE, 0);
    world_cap(first, MV_TYPE_PORTAL, 0, MV_RIGHT_PORTAL_CALL, 7);
    world.cell[second].first_cap = 0;
    world.cell[second].cap_count = 1;
    system_boot(world_end());
    host_start_core(0);
    assert_int_equal(PLAIN2(0, virq_raise, 1, 5), MV_OK);
    message(0, MV_CALL_call, 6, 2, 0, 0);
    host_start_core(1);
    invariants_check();
    message(1, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(regs(1)[9], MV_SOURCE_VIRQ);
    assert_int_equal(regs(1)[0], 5);
    message(1, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(regs(1)[9], 7);
    assert_int_equal(regs(1)[0], 6);
}

static void counters_count(void **state)
{
    const struct mv_counters *c;

    (void)state;
    boot(1, true);
    c = (const struct mv_counters *)vcpu_at(0)->buffer->data;
    pass_ns(MS);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, 2 * MS);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, 3 * MS);
    PLAIN2(0, virq_raise, CAP_VIRQ, 1);
    pass_ns(MS);
    assert_int_equal(boss(MV_CALL_vcpu_counters, CAP_FAR), MV_OK);
    assert_int_equal(c->run_ns, MS);
    assert_int_equal(c->raises, 1);
    assert_int_equal(c->switches, 1);
    assert_int_equal(c->calls | c->served | c->virqs | c->interrupts | c->faults | c->overruns, 0);
}

GROUP(control, cmocka_unit_test(cell_life), cmocka_unit_test(start_in_small_steps),
      cmocka_unit_test(vcpu_start_in_the_middle_of_cell_start), cmocka_unit_test(two_starters), cmocka_unit_test(start_while_starting),
      cmocka_unit_test(vcpu_life), cmocka_unit_test(written_while_still_current),
      cmocka_unit_test(nobody_stops_or_starts_itself_away),
      cmocka_unit_test(raise_before_the_other_core_starts), cmocka_unit_test(counters_count));

/* ---- spaces ---------------------------------------------------------------------------- */

/* A cell with its space (capability 1), segments: 2 read-write of two extents
 * of 3 and 40 pages, 3 the same but read-only to this cell, 4 a device. */
static void boot_space(uint32_t table_pages)
{
    uint32_t cell, seg, other;

    world_begin(2);
    cell = world_cell("maps");
    world_vcpu(cell, 0, 10);
    world.cell[cell].table_pages = table_pages;
    world_cap(cell, MV_TYPE_SPACE, 0, MV_RIGHT_SPACE_MAP | MV_RIGHT_SPACE_ENTER, 0);
    seg = world_segment(3, MV_MAP_READ | MV_MAP_WRITE, MV_MEMORY_NORMAL);
    world_ram(MV_PAGE_SIZE, MV_PAGE_SIZE);
    world_extent(40);
    world_cap(cell, MV_TYPE_SEGMENT, seg, MV_RIGHT_SEGMENT_READ | MV_RIGHT_SEGMENT_WRITE, 0);
    world_cap(cell, MV_TYPE_SEGMENT, seg, MV_RIGHT_SEGMENT_READ, 0);
    seg = world_segment(1, MV_MAP_READ | MV_MAP_WRITE | MV_MAP_EXECUTE, MV_MEMORY_DEVICE);
    world_cap(cell, MV_TYPE_SEGMENT, seg,
              MV_RIGHT_SEGMENT_READ | MV_RIGHT_SEGMENT_WRITE | MV_RIGHT_SEGMENT_EXECUTE, 0);
    other = world_cell("other");
    world_vcpu(other, 1, 10);
    world_boot();
}

#define LIMIT (UINT64_C(1) << 25)

static void map_arguments(void **state)
{
    static const struct { uint64_t seg, at, offset, size, rights; mv_status_t want; } row[] = {
        { 2, 0x400000, 0, 0x1000, MV_MAP_READ, MV_OK },
        { 2, 0x400000, 0, 0x1000, MV_MAP_READ, MV_EXISTS },
        { 0, 0x500000, 0, 0x1000, MV_MAP_READ, MV_BAD_CAP },
        { 1, 0x500000, 0, 0x1000, MV_MAP_READ, MV_BAD_CAP },
        { 2, 0x500001, 0, 0x1000, MV_MAP_READ, MV_BAD_ARG },
        { 2, 0x500000, 1, 0x1000, MV_MAP_READ, MV_BAD_ARG },
        { 2, 0x500000, 0, 0x1001, MV_MAP_READ, MV_BAD_ARG },
        { 2, 0x500000, 0, 0, MV_MAP_READ, MV_BAD_ARG },
        { 2, 0x500000, 0, 44 * 0x1000, MV_MAP_READ, MV_BAD_ARG },              /* larger than it is */
        { 2, 0x500000, 43 * 0x1000, 0x1000, MV_MAP_READ, MV_BAD_ARG },
        { 2, 0x500000, UINT64_MAX - 0xfff, 0x2000, MV_MAP_READ, MV_BAD_ARG },  /* wraps */
        { 2, LIMIT, 0, 0x1000, MV_MAP_READ, MV_BAD_ARG },
        { 2, LIMIT - 0x1000, 0, 0x2000, MV_MAP_READ, MV_BAD_ARG },
        { 2, UINT64_MAX - 0xfff, 0, 0x2000, MV_MAP_READ, MV_BAD_ARG },
        { 2, 0x500000, 0, 0x1000, 0, MV_BAD_ARG },
        { 2, 0x500000, 0, 0x1000, MV_MAP_WRITE, MV_BAD_ARG },
        { 2, 0x500000, 0, 0x1000, 8 | MV_MAP_READ, MV_BAD_ARG },
        { 2, 0x500000, 0, 0x1000, 7, MV_BAD_ARG },                             /* writable and executable */
        { 2, 0x500000, 0, 0x1000, MV_MAP_READ | MV_MAP_EXECUTE, MV_NO_RIGHT },
        { 3, 0x500000, 0, 0x1000, MV_MAP_READ | MV_MAP_WRITE, MV_NO_RIGHT },
        { 4, 0x500000, 0, 0x1000, MV_MAP_READ | MV_MAP_EXECUTE, MV_NO_RIGHT }, /* devices are never executed */
        { 4, 0x500000, 0, 0x1000, MV_MAP_READ | MV_MAP_WRITE, MV_OK },
        { 2, LIMIT - 0x1000, 42 * 0x1000, 0x1000, MV_MAP_READ, MV_OK },
    };

    (void)state;
    boot_space(4);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        assert_int_equal(plain(0, MV_CALL_space_map, 1, row[i].seg, row[i].at, row[i].offset, row[i].size,
                               row[i].rights), row[i].want);
        invariants_check();
    }
}

/* Repeat a call that gives way to interrupts until it is over. */
static mv_status_t repeat(enum mv_call_number number, int *entries)
{
    for (*entries = 1;; ++*entries) {
        uint64_t pc = host_cores[0].live.pc;

        host_cores[0].stray = true;
        host_svc(0, number);
        settle();
        invariants_check();
        if (host_cores[0].live.pc != pc)
            return regs(0)[0];
    }
}

static void set_arguments(uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4, uint64_t x5, uint64_t x6)
{
    const uint64_t x[] = { x1, x2, x3, x4, x5, x6 };

    memcpy(&regs(0)[1], x, sizeof(x));
}

/* Through both extents, in steps, with interrupts between all of them. */
static void map_protect_unmap_in_steps(void **state)
{
    int entries;

    (void)state;
    boot_space(4);
    set_arguments(1, 2, 0x3fe000, 0, 43 * 0x1000, MV_MAP_READ | MV_MAP_WRITE);
    assert_int_equal(repeat(MV_CALL_space_map, &entries), MV_OK);
    assert_int_equal(regs(0)[1], 43 * 0x1000);
    assert_true(entries >= 3);
    set_arguments(1, 0x3fe000, 43 * 0x1000, MV_MAP_READ, 0, 0);
    assert_int_equal(repeat(MV_CALL_space_protect, &entries), MV_OK);
    assert_int_equal(regs(0)[1], 43 * 0x1000);
    assert_true(entries >= 2);
    set_arguments(1, 0x3fe000, 44 * 0x1000, 0, 0, 0);
    assert_int_equal(repeat(MV_CALL_space_unmap, &entries), MV_NOT_MAPPED);
    set_arguments(1, 0x3fe000, 1 * 0x1000, 0, 0, 0);
    assert_int_equal(repeat(MV_CALL_space_unmap, &entries), MV_NOT_MAPPED);
}

/* A refusal in the middle says how far it came. */
static void partial_results(void **state)
{
    (void)state;
    boot_space(1);      /* one table: 2 MiB */
    assert_int_equal(plain(0, MV_CALL_space_map, 1, 2, 0x3ff000, 0, 0x1000, MV_MAP_READ), MV_OK);
    assert_int_equal(plain(0, MV_CALL_space_map, 1, 2, 0x400000, 0, 0x1000, MV_MAP_READ), MV_NO_MEMORY);
    assert_int_equal(regs(0)[1], 0);
    assert_int_equal(plain(0, MV_CALL_space_map, 1, 2, 0x3f8000, 0, 0x8000, MV_MAP_READ), MV_EXISTS);
    assert_int_equal(regs(0)[1], 0x3000);       /* the first extent went in */
    assert_int_equal(PLAIN3(0, space_unmap, 1, 0x3f8000, 0x4000), MV_NOT_MAPPED);
    assert_int_equal(PLAIN3(0, space_unmap, 1, 0x3f8000, 0x3000), MV_OK);
    assert_int_equal(regs(0)[1], 0x3000);
    assert_int_equal(PLAIN3(0, space_unmap, 1, 0x3f8001, 0x3000), MV_BAD_ARG);
    assert_int_equal(plain(0, MV_CALL_space_protect, 1, 0x3ff000, 0x1000, MV_MAP_READ | MV_MAP_WRITE, 0, 0), MV_OK);
    assert_int_equal(plain(0, MV_CALL_space_protect, 1, 0x3ff000, 0x1000, MV_MAP_READ | MV_MAP_EXECUTE, 0, 0),
                     MV_NO_RIGHT);
}

static void enter_arguments(void **state)
{
    (void)state;
    boot_space(1);
    assert_int_equal(PLAIN2(0, space_enter, 1, 2), MV_BAD_ARG);
    uint64_t pc = host_cores[0].live.pc;
    assert_int_equal(PLAIN2(0, space_enter, 1, 0), MV_OK);
    assert_int_equal(host_cores[0].live.pc, pc + 4);
    assert_int_equal(PLAIN2(0, space_enter, 1, 0x9000), MV_OK);
    assert_int_equal(host_cores[0].live.pc, 0x9000);
    assert_int_equal(host_cores[0].vttbr, vcpu_at(0)->cell->spaces[0].arch.vttbr);
    invariants_check();
}

GROUP(space, cmocka_unit_test(map_arguments), cmocka_unit_test(map_protect_unmap_in_steps),
      cmocka_unit_test(partial_results), cmocka_unit_test(enter_arguments));
