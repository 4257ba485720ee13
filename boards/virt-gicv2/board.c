/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

const struct board board = {
    .name = "virt-gicv2",
};
