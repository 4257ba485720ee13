/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a budget gives to somebody who wants all there is: in each of 10,000
 * periods just the budget, and the rest to who is below.
 */
#include "sim.h"

#include <stdio.h>

#define PERIODS 10000

static uint64_t used(uint32_t vcpu)
{
    const struct vcpu *v = vcpu_at(vcpu);

    return v->own.consumed + (v->core->context == &v->own ? host_time - v->core->since : 0);
}

static void boot(uint64_t budget, uint64_t period, enum mv_exhausted exhausted)
{
    world_begin(1);
    for (uint32_t i = 0; i < 2; i++)
        world_vcpu(world_cell(i == 0 ? "urgent" : "below"), 0, i == 0 ? 50 : 10);
    world.vcpu[0].context.budget_ns = budget * SET_TICK;
    world.vcpu[0].context.period_ns = period * SET_TICK;
    world.vcpu[0].context.exhausted = exhausted;
    world_boot();
}

/* Both compute for ever. */
static bool spins(uint64_t budget, uint64_t period, enum mv_exhausted exhausted)
{
    uint64_t start, before = 0, below = 0;

    boot(budget, period, exhausted);
    start = host_time;
    for (uint64_t n = 1; n <= PERIODS; n++) {
        uint64_t mine, other;

        pass_ns((start + n * period - host_time) * SET_TICK);
        mine = used(0) - before;
        other = used(1) - below;
        if (mine + 1 < budget || mine > budget + 1 || mine + other != period) {
            fprintf(stderr, "budget %lu in %lu: %lu and %lu in period %lu\n", (unsigned long)budget, (unsigned long)period,
                    (unsigned long)mine, (unsigned long)other, (unsigned long)n);
            return false;
        }
        before += mine;
        below += other;
    }
    if (used(0) != PERIODS * budget) {
        fprintf(stderr, "budget %lu in %lu: %lu in all\n", (unsigned long)budget, (unsigned long)period, (unsigned long)used(0));
        return false;
    }
    return true;
}

/* It is interrupted all the time, and gives the core away for a moment, at random:
 * never more than its budget, and when it wants more than there is, never less. */
static bool stutters(uint64_t budget, uint64_t period, uint64_t seed)
{
    struct random random = { seed };
    uint64_t marks[64], at[64], before = 0;
    uint32_t count = 0;

    boot(budget, period, MV_EXHAUSTED_WAIT);
    for (int n = 0; n < 20000; n++) {
        if (running(0) == 0 && random_below(&random, 3) == 0)
            message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, (host_time + 1 + random_below(&random, (uint32_t)(period / 20 + 2))) * SET_TICK);
        else
            pass_ns((1 + random_below(&random, (uint32_t)(budget / 4 + 1))) * SET_TICK);
        for (uint32_t i = 0; i < count && i < ARRAY_SIZE(at); i++) {
            uint64_t periods = (host_time - at[i] + period - 1) / period;

            if (used(0) - marks[i] > periods * budget) {
                fprintf(stderr, "budget %lu in %lu: %lu since %lu, at %lu\n", (unsigned long)budget, (unsigned long)period,
                        (unsigned long)(used(0) - marks[i]), (unsigned long)at[i], (unsigned long)host_time);
                return false;
            }
        }
        if (running(0) != 0) {
            at[count % ARRAY_SIZE(at)] = host_time;
            marks[count++ % ARRAY_SIZE(at)] = used(0);
        }
        before = used(0);
    }
    return before * 10 > host_time / period * budget * 7;    /* merging makes it later, but not by much */
}

int exact_run(int *passed)
{
    static const struct { uint64_t budget, period; } row[] = {
        { 1, 50 }, { 10, 50 }, { 49, 50 }, { 50, 50 }, { 333, 1000 }, { 999, 1000 }, { 7, 7919 }, { 123457, 654321 },
    };
    int failed = 0;

    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        bool ok = spins(row[i].budget, row[i].period, MV_EXHAUSTED_WAIT) && stutters(row[i].budget, row[i].period, i + 1);

        failed += !ok;
        *passed += ok;
    }
    return failed;
}
