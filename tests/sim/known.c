/* SPDX-License-Identifier: BSD-2-Clause */
/* The analysis alone: sets whose answers are known, and what windows give counted tick by tick. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "analysis_parts.h"

#define NONE ANALYSIS_NONE

/* ---- sets -------------------------------------------------------------------------- */

struct known {
    const char *title;
    struct analysis_task   task[4];
    struct analysis_portal portal[2];
    uint32_t               calls[4];        /* a mask of portals for each task */
    struct analysis_window window[2][3];
    uint64_t               frame[2];        /* 0: no table */
    struct analysis_costs  costs;
    uint32_t               suspended;       /* in the second table */
    uint32_t               asked;           /* a task */
    enum analysis_verdict  verdict;
    enum analysis_reason   reason;
    uint64_t               response;
    const char            *said;            /* part of the line about it, or NULL */
};
#define TASK(n, c, pr, pa, b, pe, d) \
    { .name = n, .core = c, .priority = pr, .partition = pa, .budget = b, .period = pe, .deadline = d, .fault_portal = NONE }
#define SERVER(n, c, pr) { .name = n, .core = c, .priority = pr, .fault_portal = NONE, .serves_only = true }

static const struct known rows[] = {
    { "one alone", .task = { TASK("a", 0, 10, 0, 3, 10, 10) }, .verdict = ANALYSIS_MET, .response = 3 },
    /* Three by their periods, as every book has them: 3 + 1 * 3 + 2 * 2 */
    { "three", .task = { TASK("a", 0, 30, 0, 1, 4, 4), TASK("b", 0, 20, 0, 2, 6, 6), TASK("c", 0, 10, 0, 3, 13, 13) }, .asked = 2,
      .verdict = ANALYSIS_MET, .response = 10 },
    { "equals count as more urgent", .task = { TASK("a", 0, 10, 0, 4, 20, 20), TASK("b", 0, 10, 0, 5, 20, 20) }, .verdict = ANALYSIS_MET,
      .response = 9 },
    { "those of other cores do not", .task = { TASK("a", 0, 10, 0, 4, 20, 20), TASK("b", 1, 20, 0, 5, 20, 20) }, .verdict = ANALYSIS_MET,
      .response = 4 },
    { "too late", .task = { TASK("a", 0, 30, 0, 4, 10, 0), TASK("b", 0, 20, 0, 4, 20, 7) }, .asked = 1, .verdict = ANALYSIS_MISSED,
      .response = 8, .said = "of b cannot be met: the response can take 0.008 us: own budget 0.004 us, a 0.004 us (1 time); expected at most 0.007 us; " },
    { "too much", .task = { TASK("a", 0, 30, 0, 10, 10, 0), TASK("b", 0, 20, 0, 5, 10, 10) }, .asked = 1, .verdict = ANALYSIS_MISSED,
      .reason = ANALYSIS_OVERLOAD, .said = "too little time, the response is longer than" },
    { "no limit above", .task = { TASK("a", 0, 30, 0, 0, 0, 0), TASK("b", 0, 20, 0, 4, 20, 20) }, .asked = 1,
      .verdict = ANALYSIS_UNKNOWN, .reason = ANALYSIS_UNLIMITED, .said = "a can run before it and has no budget; expected a limit; " },
    { "no limit below", .task = { TASK("a", 0, 10, 0, 0, 0, 0), TASK("b", 0, 20, 0, 4, 20, 20) }, .asked = 1,
      .verdict = ANALYSIS_MET, .response = 4 },
    { "the kernel's cost", .task = { TASK("a", 0, 30, 0, 4, 20, 0), TASK("b", 0, 20, 0, 4, 20, 20) }, .asked = 1,
      .costs = { .masked = 2, .activation = 1 }, .verdict = ANALYSIS_MET, .response = 4 + 1 + 2 + (4 + 1) + 2 },
    { "below the cost", .task = { TASK("a", 0, 30, 0, 4, 20, 4) }, .costs = { .activation = 1 }, .verdict = ANALYSIS_MISSED,
      .reason = ANALYSIS_COST, .said = "are more than that; expected a later one; " },
    { "held up by a service", .task = { TASK("a", 0, 30, 0, 4, 20, 20), TASK("b", 0, 10, 0, 5, 20, 0), SERVER("s", 0, 1) },
      .portal = { { .name = "p", .server = 2, .ceiling = 30, .bound = 3 } }, .calls = { 1, 1 }, .verdict = ANALYSIS_MET, .response = 7 },
    { "a service at a low ceiling is below", .task = { TASK("a", 0, 30, 0, 4, 20, 20), TASK("b", 0, 10, 0, 5, 20, 0), SERVER("s", 0, 1) },
      .portal = { { .name = "p", .server = 2, .ceiling = 10, .bound = 3 } }, .calls = { 0, 1 }, .verdict = ANALYSIS_MET, .response = 4 },
    { "debt of one above", .task = { TASK("a", 0, 30, 0, 4, 20, 0), TASK("b", 0, 10, 0, 5, 20, 20), SERVER("s", 0, 1) },
      .portal = { { .name = "p", .server = 2, .ceiling = 30, .bound = 3 } }, .calls = { 1, 0 }, .asked = 1, .verdict = ANALYSIS_MET,
      .response = 12 },
    { "no bound", .task = { TASK("a", 0, 30, 0, 4, 20, 20), TASK("b", 0, 10, 0, 5, 20, 0), SERVER("s", 0, 1) },
      .portal = { { .name = "p", .server = 2, .ceiling = 30 } }, .calls = { 0, 1 }, .verdict = ANALYSIS_UNKNOWN,
      .reason = ANALYSIS_UNBOUNDED, .said = "portal p has no bound, and serves less urgent callers" },
    { "a server with work of its own", .task = { TASK("a", 0, 30, 0, 4, 20, 20), TASK("s", 0, 10, 0, 5, 20, 0) },
      .portal = { { .name = "p", .server = 1, .ceiling = 30, .bound = 3 } }, .calls = { 1 }, .verdict = ANALYSIS_UNKNOWN,
      .reason = ANALYSIS_OWN_WORK },
    { "a call to another core", .task = { TASK("a", 0, 30, 0, 4, 20, 20), SERVER("s", 1, 1) },
      .portal = { { .name = "p", .server = 1, .ceiling = 30, .bound = 3 } }, .calls = { 1 }, .verdict = ANALYSIS_MET, .response = 2 + 3 },
    { "another caller there", .task = { TASK("a", 0, 30, 0, 4, 20, 20), SERVER("s", 1, 1), TASK("b", 1, 10, 0, 4, 20, 0) },
      .portal = { { .name = "p", .server = 1, .ceiling = 30, .bound = 3 } }, .calls = { 1, 0, 1 }, .verdict = ANALYSIS_MET,
      .response = 2 + 3 + 3 },
    { "more urgent callers there", .task = { TASK("a", 0, 30, 0, 4, 20, 20), SERVER("s", 1, 1), TASK("b", 0, 40, 0, 4, 20, 0) },
      .portal = { { .name = "p", .server = 1, .ceiling = 40, .bound = 3 } }, .calls = { 1, 0, 1 }, .verdict = ANALYSIS_UNKNOWN,
      .reason = ANALYSIS_QUEUE },
    { "a circle of cores", .task = { TASK("a", 0, 30, 0, 4, 20, 20), SERVER("s", 1, 1), SERVER("t", 0, 1) },
      .portal = { { .name = "p", .server = 1, .ceiling = 30, .bound = 3 }, { .name = "q", .server = 2, .ceiling = 30, .bound = 3 } },
      .calls = { 1, 2, 1 }, .verdict = ANALYSIS_UNKNOWN, .reason = ANALYSIS_CIRCLE },
    { "a server that calls another core", .task = { TASK("a", 0, 30, 0, 4, 20, 20), SERVER("s", 0, 1), SERVER("t", 1, 1) },
      .portal = { { .name = "p", .server = 1, .ceiling = 30, .bound = 3 }, { .name = "q", .server = 2, .ceiling = 30, .bound = 3 } },
      .calls = { 1, 2 }, .verdict = ANALYSIS_UNKNOWN, .reason = ANALYSIS_SUSPENDS },
    { "serves other cores without a limit", .task = { TASK("a", 0, 20, 0, 4, 20, 20), SERVER("s", 0, 1), TASK("b", 1, 30, 0, 4, 20, 0) },
      .portal = { { .name = "p", .server = 1, .ceiling = 30, .bound = 3 } }, .calls = { 0, 0, 1 }, .verdict = ANALYSIS_UNKNOWN,
      .reason = ANALYSIS_UNLIMITED_PORTAL },
    { "with a limit", .task = { TASK("a", 0, 20, 0, 4, 20, 20), SERVER("s", 0, 1), TASK("b", 1, 30, 0, 4, 20, 0) },
      .portal = { { .name = "p", .server = 1, .ceiling = 30, .bound = 3, .budget = 5, .period = 20 } }, .calls = { 0, 0, 1 },
      .verdict = ANALYSIS_MET, .response = 9 },
    /* Ready as its window of 4 in 10 ends: 6, then 4, 6, 1. */
    { "a window", .task = { TASK("a", 0, 30, 1, 5, 40, 40) }, .frame = { 10 },
      .window = { { { .core = 0, .start = 2, .length = 4, .partitions = 2 } } }, .verdict = ANALYSIS_MET, .response = 17 },
    { "windows of others do not count", .task = { TASK("a", 0, 30, 1, 3, 40, 40), TASK("b", 0, 40, 2, 2, 10, 0) }, .frame = { 10 },
      .window = { { { .core = 0, .start = 2, .length = 4, .partitions = 2 }, { .core = 0, .start = 6, .length = 4, .partitions = 4 } } },
      .verdict = ANALYSIS_MET, .response = 9 },
    { "a common window does", .task = { TASK("a", 0, 30, 1, 1, 40, 40), TASK("b", 0, 40, 2, 1, 10, 0) }, .frame = { 10 },
      .window = { { { .core = 0, .start = 2, .length = 4, .partitions = 6 }, { .core = 0, .start = 6, .length = 4, .partitions = 4 } } },
      .verdict = ANALYSIS_MET, .response = 6 + 1 + 2 },
    { "the background has all that is left", .task = { TASK("a", 0, 30, 1, 4, 10, 0), TASK("b", 0, 10, 3, 4, 40, 40) }, .frame = { 10 },
      .window = { { { .core = 0, .start = 2, .length = 4, .partitions = 2 } } }, .asked = 1, .verdict = ANALYSIS_MET,
      .response = 4 + 2 * 4 + 4 },
    { "no window", .task = { TASK("a", 0, 30, 1, 4, 40, 40) }, .frame = { 10 },
      .window = { { { .core = 1, .start = 2, .length = 4, .partitions = 2 } } }, .verdict = ANALYSIS_UNKNOWN,
      .reason = ANALYSIS_NO_WINDOW },
    { "a window that the kernel takes", .task = { TASK("a", 0, 30, 1, 4, 40, 40) }, .frame = { 10 }, .costs = { .window = 4 },
      .window = { { { .core = 0, .start = 2, .length = 4, .partitions = 2 } } }, .verdict = ANALYSIS_UNKNOWN,
      .reason = ANALYSIS_NO_WINDOW },
    /* Window at the start of one frame, at the end of the other: 8 and 8 in between. */
    { "a change of tables", .task = { TASK("a", 0, 30, 1, 1, 80, 80) }, .frame = { 10, 10 },
      .window = { { { .core = 0, .start = 0, .length = 2, .partitions = 2 } }, { { .core = 0, .start = 8, .length = 2, .partitions = 2 } } },
      .verdict = ANALYSIS_MET, .response = 17, .said = NULL },
    { "a table that suspends it", .task = { TASK("a", 0, 30, 1, 1, 80, 80) }, .frame = { 10, 10 }, .suspended = 2,
      .window = { { { .core = 0, .start = 0, .length = 2, .partitions = 2 } } }, .verdict = ANALYSIS_MET, .response = 9 },
    { "numbers that are too large", .task = { TASK("a", 0, 30, 0, UINT64_MAX / 8, UINT64_MAX / 8, 0),
                                              TASK("b", 0, 20, 0, 1000, UINT64_MAX / 5, UINT64_MAX / 5) }, .asked = 1,
      .verdict = ANALYSIS_MISSED, .reason = ANALYSIS_OVERLOAD },
    { "periods that are far apart", .task = { TASK("a", 0, 30, 0, 1, 2, 0), TASK("b", 0, 20, 0, UINT64_C(1) << 50, UINT64_C(1) << 52, UINT64_C(1) << 52) },
      .asked = 1, .verdict = ANALYSIS_MET, .response = UINT64_C(1) << 51 },
};

static bool row_holds(const struct known *k)
{
    static const struct analysis_partition partitions[] = { { "none", false }, { "one", false }, { "two", false }, { "rest", true } };
    static char line[1024];
    struct analysis_task task[4];
    struct analysis_portal portal[2];
    struct analysis_table table[2];
    struct analysis_problem problem[64];
    uint32_t calls[4][2];
    struct analysis a = { .costs = k->costs, .tasks = task, .portals = portal, .partitions = partitions, .partition_count = 4,
                          .tables = table, .switches = true, .problems = problem, .problem_room = ARRAY_SIZE(problem) };
    const struct analysis_response *r = &task[k->asked].result;

    memcpy(task, k->task, sizeof(task));
    memcpy(portal, k->portal, sizeof(portal));
    for (; a.task_count < 4 && task[a.task_count].name != NULL; a.task_count++) {
        struct analysis_task *t = &task[a.task_count];

        t->calls = calls[a.task_count];
        for (uint32_t p = 0; p < 2; p++)
            if (k->calls[a.task_count] >> p & 1)
                calls[a.task_count][t->call_count++] = p;
    }
    while (a.portal_count < 2 && portal[a.portal_count].name != NULL)
        a.portal_count++;
    for (; a.table_count < 2 && k->frame[a.table_count] != 0; a.table_count++)
        table[a.table_count] = (struct analysis_table){ a.table_count == 0 ? "first" : "second", k->frame[a.table_count], k->window[a.table_count],
                                                        3, a.table_count == 1 ? k->suspended : 0 };
    analysis_run(&a);
    line[0] = '\0';
    for (size_t i = 0; i < a.problem_count; i++)
        if (problem[i].kind == ANALYSIS_DEADLINE && problem[i].task == k->asked)
            analysis_say(&a, &problem[i], line, sizeof(line));
    if (r->verdict == k->verdict && r->reason == k->reason && (k->response == 0 || r->response == k->response) &&
        (k->said == NULL || strstr(line, k->said) != NULL) && (line[0] == '\0') == (k->verdict == ANALYSIS_MET))
        return true;
    fprintf(stderr, "%s: verdict %u, reason %u, response %lu: %s\n", k->title, r->verdict, r->reason, (unsigned long)r->response, line);
    return false;
}

/* ---- windows, tick by tick ------------------------------------------------------------ */

static bool is_open(const struct course *c, uint64_t at, uint64_t held)
{
    uint64_t first = c->a->tables[c->first].frame * (c->more + 1);
    const struct analysis_table *t = &c->a->tables[at < first ? c->first : c->then];
    uint64_t in = at < first ? at % t->frame : (at - first) % t->frame;

    for (size_t i = 0; i < t->window_count; i++)
        if (t->windows[i].start <= in && in + held < t->windows[i].start + t->windows[i].length)
            return true;
    return false;
}

static bool supply_holds(uint64_t seed)
{
    struct random random = { seed };
    static const struct analysis_partition partitions[] = { { "none", false }, { "one", false } };
    struct analysis_window window[2][4];
    struct analysis_table table[2] = { { .windows = window[0] }, { .windows = window[1] } };
    struct analysis a = { .tables = table, .table_count = 2, .partitions = partitions, .partition_count = 2 };

    for (uint32_t t = 0; t < 2; t++) {
        uint64_t at = 0;

        table[t].window_count = 1 + random_below(&random, 4);
        for (size_t i = 0; i < table[t].window_count; i++) {
            window[t][i] = (struct analysis_window){ .start = at + random_below(&random, 6), .length = 1 + random_below(&random, 9),
                                                     .partitions = 2 };
            at = window[t][i].start + window[t][i].length;
        }
        table[t].frame = at + random_below(&random, 6);
    }
    for (int n = 0; n < 50; n++) {
        struct course c = { &a, 0, 1, random_below(&random, 4) };
        uint64_t held = random_below(&random, 3), phase = random_below(&random, (uint32_t)table[0].frame);
        uint64_t want = 1 + random_below(&random, 120), had = 0, passed = 0, said = supply_wait(&c, 0, 1, held, phase, want);

        while (had < want && passed < 100000)
            had += is_open(&c, phase + passed++, held);
        if (had == want ? said != passed : said != FOR_EVER) {
            fprintf(stderr, "windows %lu: %lu takes %lu, said to be %lu\n", (unsigned long)seed, (unsigned long)want, (unsigned long)passed,
                    (unsigned long)said);
            return false;
        }
    }
    return true;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Whatever room there is, a line is whole or cut, and ends. */
static bool lines_end(void)
{
    struct analysis_task task = TASK("task", 0, 10, 0, 90, 100, 50);
    struct analysis_problem problem[8];
    struct analysis a = { .tasks = &task, .task_count = 1, .problems = problem, .problem_room = ARRAY_SIZE(problem) };
    char whole[512], cut[512];

    analysis_run(&a);
    analysis_say(&a, &problem[0], whole, sizeof(whole));
    for (size_t room = 0; room < sizeof(cut); room++) {
        memset(cut, 'x', sizeof(cut));
        analysis_say(&a, &problem[0], cut, room);
        if (room != 0 && (strlen(cut) >= room || strncmp(cut, whole, strlen(cut)) != 0))
            return false;
        if (cut[room] != 'x')
            return false;
    }
    return a.problem_count == 1;
}

int known_run(int *passed)
{
    int failed = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool ok = row_holds(&rows[i]);

        failed += !ok;
        *passed += ok;
    }
    for (uint64_t seed = 1; seed <= 200; seed++)
        failed += !supply_holds(seed);
    failed += !lines_end();
    *passed += 2;
    return failed;
}
