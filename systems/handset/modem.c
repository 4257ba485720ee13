/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must never wait: takes a beat of a kernel timer each 10 ms, and notes how
 * late it was. It says so on its console, and to whoever is at the other end of
 * its channel: a Linux program that writes a line to a device node. Nothing that
 * comes from there can hold it up: an answer for which there is no room is lost.
 */
#include <libmv/libmv.h>

#include "cell.h"

#define PERIOD_NS    (10 * MV_MS)
/* What comes from the port may never end: no beat waits for more than this. */
#define PORT_BYTES   64u
#define PORT_EACH_NS MV_MS

static struct mv_watch_record beats;
static struct mv_watch watch;
static struct mv_prompt keyboard;

/* Who types commands, but not at the console. */
static struct {
    char line[32];
    size_t length;
    struct mv_channel channel;
} port;

static void beat(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    if (mv_watch_beat(&watch, mv_time_ns()))
        (void)mv_watch_end(&watch, mv_time_ns());
}

/* Answer a command in `text`, at most `size` bytes with the NUL. */
static void run_command(const char *command, char *text, size_t size)
{
    const struct mv_histogram *late = &beats.jitter;

    if (strcmp(command, "reset") == 0) {
        mv_watch_reset(&watch);
        (void)mv_copy_string(text, "from 0\n", size);
    } else if (command[0] == '\0' || strcmp(command, "status") == 0) {
        (void)mv_format(text, size, "%lu beats, %lu missed, late by %lu us on average, %lu at most\n", late->count,
                        beats.overruns, late->count == 0 ? 0 : late->sum / late->count / MV_US, late->max / MV_US);
    } else {
        (void)mv_copy_string(text, "status (or Enter) says how exact the beats were, reset begins to count anew\n", size);
    }
}

static void from_keyboard(char *line)
{
    char answer[128];

    run_command(line, answer, sizeof(answer));
    mv_print("%s", answer);
}

/* A character of a line; true: it was the last one. A line that is too long is cut. */
static bool port_put(char c)
{
    if (c == '\n') {
        port.line[port.length] = '\0';
        port.length = 0;
    } else if (c != '\r' && port.length < sizeof(port.line) - 1) {
        port.line[port.length++] = c;
    }
    return c == '\n';
}

/* At most PORT_BYTES, and the next ones a moment later. */
static void from_port(void *context)
{
    char bytes[PORT_BYTES], answer[128];
    size_t count = mv_channel_read_try(&port.channel, bytes, sizeof(bytes));

    for (size_t i = 0; i < count; i++) {
        if (!port_put(bytes[i]))
            continue;
        run_command(port.line, answer, sizeof(answer));
        if (mv_channel_space(&port.channel) >= strlen(answer))
            (void)mv_channel_write_try(&port.channel, answer, strlen(answer));
    }
    if (count > 0)
        mv_loop_at(context, mv_time_ns() + PORT_EACH_NS);
}

static void port_line(void *context, uint64_t payload)
{
    (void)payload;
    from_port(context);
}

/* The channel that is not the console's; NULL: the description has none. */
static const struct mv_channel_config *port_config(void)
{
    for (uint32_t i = 0; i < mv_cell.channel_count; i++)
        if (&mv_cell.channels[i] != mv_cell.console && mv_cell.channels[i].kind == MV_CHANNEL_BYTES)
            return &mv_cell.channels[i];
    return NULL;
}

int main(void)
{
    const struct mv_channel_config *config = port_config();
    static struct mv_loop loop;

    mv_watch_start(&watch, &beats, PERIOD_NS, 0);
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, LINE_BEAT, beat, NULL);
    if (config != NULL && mv_channel_open(&port.channel, config) == MV_OK) {
        mv_loop_on_line(&loop, config->line, port_line, &loop);
        mv_loop_on_time(&loop, from_port, &loop);
        mv_loop_at(&loop, mv_time_ns());
    }
    mv_print("a beat each 10 ms; Enter asks how exact they are\n");
    mv_prompt_start(&keyboard, &loop, from_keyboard);
    watch.due = mv_time_ns() + PERIOD_NS;
    mv_assert(mv_timer_set(CAP_BEAT, watch.due, PERIOD_NS) == MV_OK);
    mv_loop_run(&loop);
    return 0;
}
