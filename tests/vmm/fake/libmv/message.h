/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <mv/abi.h>

#include <libmv/words.h>

void *mv_message_data(void);
