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

static struct {
    uint64_t due_ns;           /* when the next beat is due */
    uint64_t beats, missed;    /* taken; passed while it could not run */
    uint64_t late_max, late_sum;
} pulse;

/* One who types commands. */
struct user {
    char line[32];
    struct mv_line_editor editor;
    struct mv_channel channel; /* of the one who is not at the console */
};

static struct user keyboard = { .editor = { keyboard.line, sizeof(keyboard.line), 0, 0 } };
static struct user port = { .editor = { port.line, sizeof(port.line), 0, 0 } };

static void pulse_reset(void)
{
    pulse.beats = pulse.missed = pulse.late_max = pulse.late_sum = 0;
}

static void beat(void *context, uint64_t payload)
{
    uint64_t now = mv_time_ns(), late = now > pulse.due_ns ? now - pulse.due_ns : 0, behind = late / PERIOD_NS;

    (void)context;
    (void)payload;
    /* The kernel merges the beats that nobody took: go on with the last. */
    pulse.missed += behind;
    pulse.due_ns += (behind + 1) * PERIOD_NS;
    pulse.beats++;
    pulse.late_sum += late;
    pulse.late_max = late > pulse.late_max ? late : pulse.late_max;
}

/* Answer a command in `text`, at most `size` bytes with the NUL. */
static void run_command(const char *command, char *text, size_t size)
{
    if (strcmp(command, "reset") == 0) {
        pulse_reset();
        (void)mv_copy_string(text, "from 0\n", size);
    } else if (command[0] == '\0' || strcmp(command, "status") == 0) {
        (void)mv_format(text, size, "%lu beats, %lu missed, late by %lu us on average, %lu at most\n", pulse.beats,
                        pulse.missed, pulse.beats == 0 ? 0 : pulse.late_sum / pulse.beats / MV_US, pulse.late_max / MV_US);
    } else {
        (void)mv_copy_string(text, "status (or Enter) says how exact the beats were, reset begins to count anew\n", size);
    }
}

static void from_keyboard(void *context, uint64_t payload)
{
    char answer[128];
    int c;

    (void)context;
    (void)payload;
    while ((c = mv_get_char_try()) >= 0) {
        if (mv_line_editor_put(&keyboard.editor, c)) {
            run_command(keyboard.line, answer, sizeof(answer));
            mv_print("%s> ", answer);
        }
    }
}

/* A character of a line; true: it was the last one. A line that is too long is cut. */
static bool port_put(char c)
{
    struct mv_line_editor *e = &port.editor;

    if (c == '\n') {
        e->line[e->length] = '\0';
        e->length = 0;
    } else if (c != '\r' && e->length < e->size - 1) {
        e->line[e->length++] = c;
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

    mv_loop_init(&loop);
    mv_loop_on_line(&loop, LINE_BEAT, beat, NULL);
    mv_loop_on_line(&loop, mv_cell.console->line, from_keyboard, NULL);
    if (config != NULL && mv_channel_open(&port.channel, config) == MV_OK) {
        mv_loop_on_line(&loop, config->line, port_line, &loop);
        mv_loop_on_time(&loop, from_port, &loop);
        mv_loop_at(&loop, mv_time_ns());
    }
    mv_print("a beat each 10 ms; Enter asks how exact they are\n> ");
    from_keyboard(NULL, 0);
    pulse.due_ns = mv_time_ns() + PERIOD_NS;
    mv_assert(mv_timer_set(CAP_BEAT, pulse.due_ns, PERIOD_NS) == MV_OK);
    mv_loop_run(&loop);
    return 0;
}
