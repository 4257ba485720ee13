/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim: all tests. sim FIRST [COUNT]: runs random sets of tasks, each in a process of its own,
 * named by the seeds from FIRST on. With COUNT 1 the set is shown, and who runs.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"

#define SETS        1000
#define SECONDS_MOST 20                      /* for one set */
#define SIMULATED   UINT64_C(400000000)      /* ns after the first release */
#define RELEASES    UINT64_C(100000)         /* that must be seen, in SETS sets */

struct tally *tally;

/* Needed by the analysis alone: what it takes is not given back. */
void *mem_alloc(size_t bytes)
{
    void *at = calloc(1, bytes);

    CHECK(at != NULL);
    return at;
}

static void count_promises(const struct set *s)
{
    uint64_t tasks = 0, met = 0;

    for (uint32_t i = 0; i < s->a.task_count; i++) {
        tasks += s->task[i].deadline != 0;
        met += s->task[i].result.verdict == ANALYSIS_MET;
    }
    if (s->rough)
        return;
    tally->tasks += tasks;
    tally->promised += met;
    tally->accepted += tasks != 0 && s->a.problem_count == 0;
}

static void run_set(uint64_t seed, bool show)
{
    static struct set set;

    set_make(&set, seed);
    checks_loud = show;
    if (show)
        set_show(&set);
    count_promises(&set);
    sim_run(&set, SET_START + SIMULATED);
}

/* False: it has failed, and has said how. */
static bool run_apart(uint64_t seed, bool show)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        alarm(SECONDS_MOST);
        run_set(seed, show);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (status != 0)
        fprintf(stderr, "set %lu has failed: again with build/tests/sim/sim %lu 1\n", (unsigned long)seed, (unsigned long)seed);
    return status == 0;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, count = argc > 2 ? strtoull(argv[2], NULL, 10) : SETS, failed = 0;
    int passed = 0, others = 0;

    tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(tally != MAP_FAILED);
    if (argc == 1)
        others = known_run(&passed) + exact_run(&passed);
    for (uint64_t i = 0; i < count && failed < 5; i++)
        failed += !run_apart(first + i, count == 1);
    printf("%lu sets, %lu accepted; %lu of %lu deadlines promised, %lu releases of those, none missed; longest response %lu.%02lu %% of its deadline, "
           "%lu.%02lu %% of what was computed\n", (unsigned long)count, (unsigned long)tally->accepted, (unsigned long)tally->promised,
           (unsigned long)tally->tasks, (unsigned long)tally->releases, (unsigned long)tally->tightest / 100,
           (unsigned long)tally->tightest % 100, (unsigned long)tally->nearest / 100, (unsigned long)tally->nearest % 100);
    printf("%lu other deadlines missed, %lu budgets used up, %lu calls held back, %lu servers recovered, %lu changes of table, %lu steps\n",
           (unsigned long)tally->misses, (unsigned long)tally->exhausted, (unsigned long)tally->held, (unsigned long)tally->recovered,
           (unsigned long)tally->switched, (unsigned long)tally->events);
    if (count == SETS && (tally->accepted < SETS / 3 || tally->releases < RELEASES || tally->misses == 0)) {
        printf("too few were accepted, released, or missed for this to mean something\n");
        failed++;
    }
    printf("%lu passed, %lu failed\n", (unsigned long)(count - failed) + (unsigned long)passed, (unsigned long)failed + (unsigned long)others);
    return failed != 0 || others != 0;
}
