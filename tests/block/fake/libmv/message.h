/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <mv/abi.h>

#include <libmv/words.h>

mv_status_t mv_call_until(uint32_t portal, struct mv_words *io, uint64_t deadline);
