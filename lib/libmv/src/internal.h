/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of libmv share among themselves. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmv/channel.h>
#include <libmv/start.h>
#include <libmv/time.h>

/* Entry in C, from crt0.S. */
void mv_start(uint64_t vcpu) __attribute__((noreturn));

/* Part of the printing code; absent in a cell that does not print. */
void mv_console_start(void) __attribute__((weak));
void mv_print_at_exit(void) __attribute__((weak));

/* The console's channel, NULL if the cell has none. */
struct mv_channel *mv_console(void);

/*
 * Wait for the channel's line alone, until `deadline` (0: for ever). Returns
 * false when it passed. Payload bits that are not in `wanted` are deferred, so
 * that the one they were meant for looks at the channel again.
 */
bool mv_channel_wait(struct mv_channel *c, uint64_t wanted, uint64_t deadline);

/* A watch says that a deadline was missed (value: ns) or releases passed (how
 * many): MV_MARK_*, to the trace and to who wants to be raised. */
struct mv_watch;
void watch_tell(const struct mv_watch *w, uint64_t mark, uint64_t value);

/* Whether the calling vCPU takes the channel's line. */
static inline bool mv_channel_is_mine(const struct mv_channel *c)
{
    return c->config->vcpu == mv_vcpu_index();
}
