/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small event loop for one vCPU: functions per vIRQ line and per badge, one
 * wait for all. The caller owns the memory.
 */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

#include <libmv/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A line has become pending with this payload. A device's line stays silent
 * until the handler calls mv_virq_ack. */
typedef void mv_line_handler(void *context, uint64_t payload);

/* A call has arrived; `io` is the message and becomes the reply. Returns the
 * size of the reply (MV_SIZE_*), or MV_LOOP_NO_REPLY if it has replied. */
typedef uint64_t mv_call_handler(void *context, uint32_t badge, uint32_t size, struct mv_words *io);
#define MV_LOOP_NO_REPLY (~UINT64_C(0))

/* The time that mv_loop_at named has come. */
typedef void mv_time_handler(void *context);

/* Calls with this badge go to this function. */
struct mv_loop_badge {
    struct mv_loop_badge *next;
    uint32_t badge;
    mv_call_handler *handler;
    void *context;
};

struct mv_loop {
    struct {
        mv_line_handler *handler;
        void *context;
    } line[MV_LINES_MAX];
    struct mv_loop_badge *badges;
    mv_call_handler *call;     /* of badges that have no function of their own */
    void *call_context;
    mv_time_handler *timer;
    void *timer_context;
    uint64_t deadline;         /* 0: none */
    int stop;
};

void mv_loop_init(struct mv_loop *loop);
void mv_loop_on_line(struct mv_loop *loop, unsigned line, mv_line_handler *handler, void *context);
void mv_loop_on_badge(struct mv_loop *loop, struct mv_loop_badge *entry, uint32_t badge,
                      mv_call_handler *handler, void *context);
void mv_loop_on_call(struct mv_loop *loop, mv_call_handler *handler, void *context);
void mv_loop_on_time(struct mv_loop *loop, mv_time_handler *handler, void *context);

/* Run the time handler once at this time (absolute ns, 0: never). */
void mv_loop_at(struct mv_loop *loop, uint64_t deadline);

/*
 * Serve until mv_loop_stop. Calls that nobody serves are answered with eight
 * zero words, lines that nobody serves are dropped. What is printed without a
 * line end is flushed before each wait.
 */
void mv_loop_run(struct mv_loop *loop);
void mv_loop_stop(struct mv_loop *loop);

/*
 * Without the loop: lines whose vIRQ a closed wait inside the library has
 * taken although it was meant for somebody else. Returns their mask and
 * forgets it; look at it before each mv_wait if you also print or use the
 * waiting channel functions.
 */
uint64_t mv_lines_deferred(void);
void mv_lines_defer(uint64_t lines);

#ifdef __cplusplus
}
#endif
