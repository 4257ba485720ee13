/* SPDX-License-Identifier: BSD-2-Clause */
/* The io cell and the switch on the PC. One line per group; what fails is shown
 * before. */
#include "world.h"

#include "../groups.h"

static const struct group groups[] = {
    { "addresses", test_addresses, 4 }, { "switch", test_switch, 9 }, { "disk", test_disk, 20 },
    { "network", test_network, 12 },    { "ports", test_ports, 10 },  { "wild", test_wild, 2 },
};

int main(void)
{
    return groups_run(groups, sizeof(groups) / sizeof(groups[0]));
}
