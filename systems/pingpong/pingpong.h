/* SPDX-License-Identifier: BSD-2-Clause */
/* What ping asks of its servers. */
#pragma once

/* Request: w[0] a number, the rest anything. Reply: w[0] is the number plus
 * one, w[1] the badge that the call came with, and the message buffer comes
 * back with each 64-bit word inverted, if w[2] asked for it. */
#define ECHO_PLAIN   0
#define ECHO_INVERT  1
