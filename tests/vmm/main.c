/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's devices on the PC. One line per group; what fails is shown before. */
#include "world.h"

#include "../groups.h"

static const struct group groups[] = {
    { "exits", test_exits, 9 },   { "sysregs", test_sysregs, 8 }, { "psci", test_psci, 9 },
    { "gic", test_gic, 12 },      { "pl", test_pl, 13 },          { "virtio", test_virtio, 15 },
    { "io", test_io, 5 },           { "wild", test_wild, 4 },
};

int main(void)
{
    return groups_run(groups, sizeof(groups) / sizeof(groups[0]));
}
