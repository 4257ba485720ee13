/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "cell.h"

/* A free address, beyond what the tool lays out in the first 2 MiB. */
#define FREE  UINT64_C(0x1400000)
#define SPACE_TOP (UINT64_C(1) << 25)

static void bad_numbers(void)
{
    test_start("door: unknown call numbers");
    for (unsigned n = MV_CALL_COUNT; n < 32; n++)
        EXPECT_STATUS(test_plain(n, 1, 2, 3, 4, 5, 6, NULL), MV_BAD_CALL);
    for (unsigned i = 0; i < sizeof(test_svc_numbers) / sizeof(test_svc_numbers[0]); i++)
        EXPECT_STATUS(test_plain(test_svc_numbers[i], 1, 2, 3, 4, 5, 6, NULL), MV_BAD_CALL);
}

/* Each call that takes a capability, with every capability of the cell and
 * some that are none: the right type gets through to the arguments, which are
 * bad where that is possible; any other is refused as such. */
static const struct { uint32_t cap, type; } caps[] = {
    { CAP_OTHER_DOOR, MV_TYPE_PORTAL }, { CAP_OTHER_LINE, MV_TYPE_VIRQ },
    { CAP_DATA, MV_TYPE_SEGMENT }, { CAP_OWN, MV_TYPE_VIRQ }, { CAP_TICK, MV_TYPE_TIMER },
    { CAP_SPACE_MAIN, MV_TYPE_SPACE }, { CAP_CELL_OTHER, MV_TYPE_CELL },
    { CAP_VCPU_OTHER_0, MV_TYPE_VCPU },
};
#define CAPS (sizeof(caps) / sizeof(caps[0]))

static const uint64_t no_caps[] = {
    0, CAP_COUNT, CAP_COUNT + 1, 4095, 4096, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
    UINT64_C(0x7fffffffffffffff), UINT64_C(0x80000000ffffffff), UINT64_MAX
};

static void bad_caps(void)
{
    static const struct { unsigned number; uint32_t type; const char *name; bool message; } row[] = {
#define MESSAGE true
#define PLAIN false
#define CALL(number, name, kind, type, right, text) { number, MV_TYPE_##type, #name, kind },
#include <mv/calls.def>
#undef CALL
#undef MESSAGE
#undef PLAIN
    };

    test_start("door: capabilities that are none, or of another type");
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (row[i].type == MV_TYPE_NONE)
            continue;
        for (unsigned j = 0; j < sizeof(no_caps) / sizeof(no_caps[0]) + CAPS; j++) {
            bool none = j < sizeof(no_caps) / sizeof(no_caps[0]);
            unsigned k = none ? 0 : j - (unsigned)(sizeof(no_caps) / sizeof(no_caps[0]));
            uint64_t cap = none ? no_caps[j] : caps[k].cap;
            struct mv_words w = { { 0 } };
            mv_status_t st;

            if (!none && caps[k].type == row[i].type)
                continue;
            st = row[i].message ? test_message(row[i].number, cap, 0, 0, &w, NULL) :
                 test_plain(row[i].number, cap, 0, 0, 0, 0, 0, NULL);
            if (st != MV_BAD_CAP)
                test_fail(__FILE__, __LINE__, "%s with capability 0x%lx: %s, expected MV_BAD_CAP",
                          row[i].name, cap, test_status_name(st));
        }
    }
}

static void missing_rights(void)
{
    test_start("door: missing rights");
    /* A vIRQ of one's own can be handled, not raised; another's raised only. */
    EXPECT_STATUS(mv_virq_raise(CAP_OWN, 1), MV_NO_RIGHT);
    EXPECT_STATUS(mv_virq_ack(CAP_OTHER_LINE, NULL), MV_NO_RIGHT);
    EXPECT_STATUS(mv_virq_mask(CAP_OTHER_LINE), MV_NO_RIGHT);
    EXPECT_STATUS(mv_virq_unmask(CAP_OTHER_LINE), MV_NO_RIGHT);
    EXPECT_STATUS(mv_virq_raise(CAP_TICK_LINE, 1), MV_NO_RIGHT);
    /* A segment without the right to write or to execute. */
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_RO, FREE, 0, 0x1000,
                               MV_MAP_READ | MV_MAP_WRITE), MV_NO_RIGHT);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_RO, FREE, 0, 0x1000,
                               MV_MAP_READ | MV_MAP_EXECUTE), MV_NO_RIGHT);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_CODE, FREE, 0, 0x1000,
                               MV_MAP_READ | MV_MAP_WRITE), MV_NO_RIGHT);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_DATA, FREE, 0, 0x1000,
                               MV_MAP_READ | MV_MAP_EXECUTE), MV_NO_RIGHT);
}

static void bad_map_arguments(void)
{
    static const struct { uint64_t at, offset, size, rights; } row[] = {
        { FREE + 1, 0, 0x1000, MV_MAP_READ },
        { FREE + 0x800, 0, 0x1000, MV_MAP_READ },
        { FREE, 1, 0x1000, MV_MAP_READ },
        { FREE, 0, 0, MV_MAP_READ },
        { FREE, 0, 1, MV_MAP_READ },
        { FREE, 0, 0x1001, MV_MAP_READ },
        { FREE, 0, 0x5000, MV_MAP_READ },                     /* longer than the segment */
        { FREE, 0x1000, 0x4000, MV_MAP_READ },
        { FREE, 0x4000, 0x1000, MV_MAP_READ },
        { FREE, UINT64_MAX & ~UINT64_C(0xfff), 0x2000, MV_MAP_READ },  /* wraps */
        { FREE, 0x1000, UINT64_MAX & ~UINT64_C(0xfff), MV_MAP_READ },
        { FREE, 0, UINT64_C(1) << 63, MV_MAP_READ },
        { SPACE_TOP, 0, 0x1000, MV_MAP_READ },                /* past the space's end */
        { SPACE_TOP - 0x1000, 0, 0x2000, MV_MAP_READ },
        { UINT64_C(1) << 39, 0, 0x1000, MV_MAP_READ },
        { UINT64_C(1) << 48, 0, 0x1000, MV_MAP_READ },
        { UINT64_MAX & ~UINT64_C(0xfff), 0, 0x1000, MV_MAP_READ },
        { UINT64_MAX & ~UINT64_C(0xfff), 0, 0x2000, MV_MAP_READ },
        { FREE, 0, 0x1000, 0 },
        { FREE, 0, 0x1000, MV_MAP_WRITE },
        { FREE, 0, 0x1000, MV_MAP_EXECUTE },
        { FREE, 0, 0x1000, 8 | MV_MAP_READ },
        { FREE, 0, 0x1000, 0x80 | MV_MAP_READ },
        { FREE, 0, 0x1000, MV_MAP_READ | MV_MAP_WRITE | MV_MAP_EXECUTE },
    };

    test_start("door: bad arguments of map");
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        mv_status_t st = mv_space_map(CAP_SPACE_MAIN, CAP_DATA, row[i].at, row[i].offset,
                                      row[i].size, row[i].rights);

        if (st != MV_BAD_ARG)
            test_fail(__FILE__, __LINE__, "row %u: %s, expected MV_BAD_ARG", i,
                      test_status_name(st));
    }
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, 0, FREE, 0, 0x1000, MV_MAP_READ), MV_BAD_CAP);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_OWN, FREE, 0, 0x1000, MV_MAP_READ), MV_BAD_CAP);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_SPACE_MAIN, FREE, 0, 0x1000, MV_MAP_READ),
                  MV_BAD_CAP);

    test_start("door: bad arguments of unmap and protect");
    static const struct { uint64_t at, size; } range[] = {
        { FREE + 1, 0x1000 }, { FREE, 0 }, { FREE, 0x801 }, { SPACE_TOP, 0x1000 },
        { SPACE_TOP - 0x1000, 0x2000 }, { UINT64_MAX & ~UINT64_C(0xfff), 0x1000 },
        { 0x1000, UINT64_MAX & ~UINT64_C(0xfff) }, { 0, UINT64_C(1) << 63 },
    };
    for (unsigned i = 0; i < sizeof(range) / sizeof(range[0]); i++) {
        EXPECT_STATUS(mv_space_unmap(CAP_SPACE_MAIN, range[i].at, range[i].size), MV_BAD_ARG);
        EXPECT_STATUS(mv_space_protect(CAP_SPACE_MAIN, range[i].at, range[i].size, MV_MAP_READ),
                      MV_BAD_ARG);
    }
    EXPECT_STATUS(mv_space_protect(CAP_SPACE_MAIN, FREE, 0x1000, 0), MV_BAD_ARG);
    EXPECT_STATUS(mv_space_protect(CAP_SPACE_MAIN, FREE, 0x1000, MV_MAP_WRITE), MV_BAD_ARG);
    EXPECT_STATUS(mv_space_protect(CAP_SPACE_MAIN, FREE, 0x1000,
                                   MV_MAP_READ | MV_MAP_WRITE | MV_MAP_EXECUTE), MV_BAD_ARG);
    EXPECT_STATUS(mv_space_unmap(CAP_SPACE_MAIN, FREE, 0x1000), MV_NOT_MAPPED);
    EXPECT_STATUS(mv_space_protect(CAP_SPACE_MAIN, FREE, 0x1000, MV_MAP_READ), MV_NOT_MAPPED);
}

static void bad_flags(void)
{
    struct mv_words w = { { 0 } };

    test_start("door: bad flags of the message calls");
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t flag = UINT64_C(1) << bit;

        if (flag > MV_DEADLINE)
            EXPECT_STATUS(test_message(MV_CALL_call, CAP_OTHER_DOOR, flag, 0, &w, NULL),
                          MV_BAD_ARG);
        if (flag != MV_NOWAIT && flag != MV_DEADLINE && flag != MV_LINES)
            EXPECT_STATUS(test_message(MV_CALL_wait, 0, flag | MV_NOWAIT, 0, &w, NULL),
                          MV_BAD_ARG);
        if (flag > MV_SIZE_MASK && flag != MV_DEADLINE)
            EXPECT_STATUS(test_message(MV_CALL_reply_wait, 0, flag, 0, &w, NULL), MV_BAD_ARG);
        if (flag > MV_SIZE_MASK)
            EXPECT_STATUS(test_message(MV_CALL_reply, 0, flag, 0, &w, NULL), MV_BAD_ARG);
    }
    EXPECT_STATUS(test_message(MV_CALL_call, CAP_OTHER_DOOR, 3, 0, &w, NULL), MV_BAD_ARG);
    EXPECT_STATUS(test_message(MV_CALL_call, CAP_OTHER_DOOR, 3 | MV_NOWAIT, 0, &w, NULL),
                  MV_BAD_ARG);
    EXPECT_STATUS(test_message(MV_CALL_reply_wait, 0, 3, 0, &w, NULL), MV_BAD_ARG);
    EXPECT_STATUS(test_message(MV_CALL_reply, 0, 3, 0, &w, NULL), MV_BAD_ARG);
    EXPECT_STATUS(mv_reply(&w, 0), MV_NO_CALLER);
}

static void bad_others(void)
{
    test_start("door: bad arguments of the other calls");
    EXPECT_STATUS(mv_upcall_set(0x10001, 0), MV_BAD_ARG);
    EXPECT_STATUS(mv_upcall_set(0x10002, 0), MV_BAD_ARG);
    EXPECT_STATUS(mv_upcall_set(0x10000, 8), MV_BAD_ARG);
    EXPECT_STATUS(mv_upcall_set(0, 0), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now(), 1), MV_BAD_ARG);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now(), 9999), MV_BAD_ARG);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, UINT64_MAX, UINT64_MAX), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
    EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_OTHER_0), MV_BUSY);
    EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_OTHER_0), MV_BUSY);
    EXPECT_STATUS(mv_vcpu_write(CAP_VCPU_OTHER_0), MV_BUSY);
    EXPECT_STATUS(mv_cell_start(CAP_CELL_OTHER), MV_BUSY);
    EXPECT_STATUS(test_plain(MV_CALL_null, 1, 2, 3, 4, 5, 6, NULL), MV_OK);
}

/* A PLAIN call with a MESSAGE number's neighbour, and the door afterwards. */
static void still_there(void)
{
    struct mv_words w = { { 1, 2, 3, 4, 5, 6, 7, 8 } };

    test_start("door: and everything still works");
    EXPECT_STATUS(mv_call(CAP_OTHER_DOOR, &w), MV_OK);
    for (unsigned i = 0; i < 7; i++)
        EXPECT_EQ(w.w[i], 8 - i);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_DATA, FREE, 0, 0x4000,
                               MV_MAP_READ | MV_MAP_WRITE), MV_OK);
    *(volatile uint64_t *)FREE = 1;
    EXPECT_EQ(*(volatile uint64_t *)FREE, 1);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_DATA, FREE + 0x3000, 0, 0x1000, MV_MAP_READ),
                  MV_EXISTS);
    EXPECT_STATUS(mv_space_unmap(CAP_SPACE_MAIN, FREE, 0x4000), MV_OK);
    EXPECT_STATUS(mv_virq_raise(CAP_OTHER_LINE, 1), MV_OK);
    EXPECT_STATUS(mv_yield(), MV_OK);
}

int main(void)
{
    bad_numbers();
    bad_caps();
    missing_rights();
    bad_map_arguments();
    bad_flags();
    bad_others();
    still_there();
    test_finish();
}
