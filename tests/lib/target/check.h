/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cells of the library's test ask of each other: w[0] of a call. */
#pragma once

#define FRAME_BYTES  48
#define FRAME_COUNT  500
#define STREAM_BYTES 20000

enum request {
    REQUEST_NONE,
    REQUEST_ECHO,              /* reply w[1] + 1 */
    REQUEST_SEND_FRAMES,       /* peer: send FRAME_COUNT frames, after the reply */
    REQUEST_SEND_STREAM,       /* peer: send STREAM_BYTES bytes, after the reply */
    REQUEST_RAISE,             /* peer: raise the vIRQ "own" with w[1], at time w[2] */
    REQUEST_CALL_BACK,         /* peer: call check_service at time w[2] */
    REQUEST_SLOW,              /* peer: reply at time w[2] */
};
