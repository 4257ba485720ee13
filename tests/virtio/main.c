/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio library on the PC. One line per group; what fails is shown before. */
#include "world.h"

#include "../groups.h"

static const struct group groups[] = {
    { "device", test_device, 14 },  { "driver", test_driver, 10 }, { "pair", test_pair, 2 },
    { "threads", test_threads, 2 }, { "link", test_link, 18 },     { "mmio", test_mmio, 7 },
    { "pci", test_pci, 7 },
};

int main(void)
{
    return groups_run(groups, sizeof(groups) / sizeof(groups[0]));
}
