/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First stage: the driver. Takes a sample on each beat of a kernel timer, and
 * one more whenever its device interrupts, once per second. A sample that the
 * next stage has no room for is dropped; the gap in the sequence shows it.
 */
#include <libmv/libmv.h>

#include "cell.h"
#include "pipeline.h"
#include "ticker.h"

#define RATE_AT_START 10

static const struct mv_device_config *device;
static const struct ticker *ticker;
static struct mv_channel samples;
static uint64_t sequence, interrupts;
static uint64_t due_ns, period_ns;     /* of the next beat */
static uint64_t second_ns;             /* when the ticker is told next */

static void send_sample(uint64_t due)
{
    struct sample s = { ++sequence, due, mv_time_ns(), interrupts };

    (void)mv_channel_send_try(&samples, &s);
}

static void device_interrupt(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    interrupts++;
    ticker->next(device->address);
    (void)mv_virq_ack(device->line_cap, NULL);
    send_sample(0);
}

static void tell_second(uint64_t now)
{
    if (ticker->second == NULL || now < second_ns)
        return;
    second_ns = now - now % MV_S + MV_S;
    ticker->second(device->address);
}

/* The kernel has merged the beats that nobody took: go on with the last. */
static void beat(void *context, uint64_t payload)
{
    uint64_t now = mv_time_ns();

    (void)context;
    (void)payload;
    if (now > due_ns)
        due_ns += (now - due_ns) / period_ns * period_ns;
    send_sample(due_ns);
    tell_second(now);
    due_ns += period_ns;
}

static bool set_rate(uint64_t rate)
{
    if (rate < 1 || rate > RATE_MAX)
        return false;
    period_ns = MV_S / rate;
    due_ns = mv_time_ns() + period_ns;
    return mv_timer_set(CAP_BEAT, due_ns, period_ns) == MV_OK;
}

static uint64_t command(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    bool done = false;

    (void)context;
    (void)badge;
    (void)size;
    if (io->w[0] == COMMAND_RATE) {
        done = set_rate(io->w[1]);
    } else if (io->w[0] == COMMAND_CRASH) {
        struct mv_words answer = { { 1 } };

        (void)mv_reply(&answer, MV_SIZE_SHORT);
        mv_write32(WILD_ADDRESS, 1);
        return MV_LOOP_NO_REPLY;
    }
    *io = (struct mv_words){ { done } };
    return MV_SIZE_SHORT;
}

int main(void)
{
    struct mv_loop loop;

    device = &mv_cell.devices[0];
    ticker = mv_device_is(device, ticker_loopback.model) ? &ticker_loopback : &ticker_pl031;
    mv_assert(mv_channel_open(&samples, mv_channel_find("samples")) == MV_OK);
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, device->line, device_interrupt, NULL);
    mv_loop_on_line(&loop, LINE_BEAT, beat, NULL);
    mv_loop_on_call(&loop, command, NULL);
    mv_print("driving the %s\n", ticker->text);
    ticker->start(device->address);
    mv_assert(set_rate(RATE_AT_START));
    mv_loop_run(&loop);
    return 0;
}
