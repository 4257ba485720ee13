/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a message that travels in registers. */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

struct mv_words {
    uint64_t w[MV_MESSAGE_WORDS];
};
