/* SPDX-License-Identifier: BSD-2-Clause */
/* Random sequences of everything, with all invariants walked after each step. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent.h"
#include "invariants.h"

#define RUNS_PER_CORES  40
#define STEPS_PER_RUN   2500
#define FINISH_STEPS    20000

static struct random source;
static uint64_t      answered;

static uint32_t choose_random(uint32_t n) { return random_below(&source, n); }

/* Those with limits have as many runs again. */
static void run(uint32_t cores, uint64_t seed, bool limits)
{
    source.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    agents_choose = choose_random;
    snprintf(invariants_where, sizeof(invariants_where), "cores %u, seed %lu%s, boot", cores,
             (unsigned long)seed, limits ? ", limits" : "");
    agents_boot(cores, limits);
    for (int i = 0; i < STEPS_PER_RUN; i++) {
        snprintf(invariants_where, sizeof(invariants_where), "cores %u, seed %lu%s, step %d", cores,
                 (unsigned long)seed, limits ? ", limits" : "", i);
        agents_step();
    }
    snprintf(invariants_where, sizeof(invariants_where), "cores %u, seed %lu%s, finishing", cores,
             (unsigned long)seed, limits ? ", limits" : "");
    if (!agents_finish(FINISH_STEPS)) {
        invariants_show();
        fail_msg("somebody waits for ever: %s", invariants_where);
    }
    answered += agents_answered();
}

/* UNIT_SEEDS=first-last in the environment runs others. */
static void runs(uint32_t cores)
{
    unsigned long first = 1, last = RUNS_PER_CORES;
    const char *seeds = getenv("UNIT_SEEDS");

    if (seeds != NULL)
        assert_int_equal(sscanf(seeds, "%lu-%lu", &first, &last), 2);
    answered = 0;
    for (uint64_t seed = first; seed <= last; seed++) {
        run(cores, seed, false);
        run(cores, seed, true);
    }
    print_message("%lu calls answered\n", (unsigned long)answered);
    assert_true(answered > 10 * (last - first + 1));
}

static void one_core(void **state) { (void)state; runs(1); }
static void two_cores(void **state) { (void)state; runs(2); }
static void three_cores(void **state) { (void)state; runs(3); }

GROUP(sequences, cmocka_unit_test(one_core), cmocka_unit_test(two_cores),
      cmocka_unit_test(three_cores));
