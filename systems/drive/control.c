/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control cell. Its vCPU 1 is the control loop, above everything else on its
 * core; vCPU 0 talks to the keyboard, far below: what it prints, and how long it
 * waits for the console, concerns the loop in nothing.
 */
#include "loop.h"

#include "cell.h"

static const struct signals *const signals = (const struct signals *)SEGMENT_SIGNALS_ADDRESS;

static char line[32];
static struct mv_line_editor editor = { line, sizeof(line), 0, 0 };
static uint64_t report_at;             /* beats; 0: none is wanted */

static void say_status(void)
{
    static struct mv_watch_record b;

    if (!mv_watch_read(&beats, &b))
        return;
    mv_print("%lu beats, %lu missed, %lu passed; begun after %lu/%lu/%lu ns, done after %lu/%lu ns (most: %lu)\n",
             b.jitter.count, b.missed, b.overruns, b.jitter.min, b.jitter.sum / (b.jitter.count + !b.jitter.count), b.jitter.max,
             b.response.sum / (b.response.count + !b.response.count), b.response.max, b.deadline);
    mv_print("motor: at %ld mrad, should be at %ld; %ld mrad/s, %ld mA; error at most %ld mrad, %lu stale samples\n",
             signals->sensors.angle_urad / 1000, signals->state.target_urad / 1000, signals->sensors.speed_urad / 1000,
             signals->sensors.current_ua / 1000, signals->state.worst_error_urad / 1000, signals->state.stale);
}

static void say_histogram(void)
{
    static struct mv_watch_record b;

    if (!mv_watch_read(&beats, &b))
        return;
    for (unsigned i = 0; i < MV_HISTOGRAM_BUCKETS; i++)
        if (b.jitter.bucket[i] != 0)
            mv_print("begun after %6lu ns or more: %8lu\n", mv_histogram_from(i), b.jitter.bucket[i]);
}

static void say_path(void)
{
    static const char *const names[] = {
        "?", "switch", "call", "reply", "raise", "take", "interrupt", "spurious", "fault", "map", "unmap", "overrun",
        "exit", "dma", "exhausted", "bound", "window", "mark",
    };
    const struct mv_trace_ring *ring = (const struct mv_trace_ring *)TRACE_ADDRESS;

    mv_print("the latest beat: due at %lu ns, begun %lu ns later; the kernel's records around it:\n", path.released,
             path.begun - path.released);
    for (uint64_t i = path.count; i-- > 0;) {
        const struct mv_trace_record *r = &path.record[i];
        uint64_t at = r->time / ring->frequency * MV_S + r->time % ring->frequency * MV_S / ring->frequency;

        mv_print("  %+6ld ns  %-9s cell %2d vcpu %2d  0x%lx 0x%lx\n", (int64_t)(at - path.released),
                 r->event < sizeof(names) / sizeof(names[0]) ? names[r->event] : "?",
                 r->cell == UINT16_MAX ? -1 : r->cell, r->vcpu == UINT16_MAX ? -1 : r->vcpu, r->a, r->b);
    }
}

static void say_report(void)
{
    say_status();
    say_histogram();
    say_path();
    mv_print("end of report\n");
}

static void run_command(const char *text)
{
    const char *end;

    if (strcmp(text, "reset") == 0) {
        count_anew = 1;
        mv_print("from 0\n");
    } else if (text[0] == '\0' || strcmp(text, "status") == 0) {
        say_status();
    } else if (strcmp(text, "jitter") == 0) {
        say_histogram();
    } else if (strcmp(text, "worst") == 0) {
        say_path();
    } else if (strcmp(text, "trace") == 0 || strcmp(text, "trace off") == 0) {
        mv_assert(mv_trace_set(CAP_TRACE, text[5] != '\0' ? 0 : MV_TRACE_ALL) == MV_OK);
        mv_print("the kernel notes %s\n", text[5] != '\0' ? "faults" : "everything, and is slower");
    } else if (strncmp(text, "measure ", 8) == 0 && mv_parse_number(text + 8, &end) > 0 && *end == '\0') {
        report_at = mv_parse_number(text + 8, &end);
        count_anew = 1;
        mv_print("a report after %lu beats\n", report_at);
    } else {
        mv_print("status (or Enter), jitter, worst; measure N: all of it after N beats; reset; trace, trace off\n");
    }
}

static void look(void *loop)
{
    if (report_at != 0 && count_anew == 0 && beats.jitter.count + beats.overruns >= report_at) {
        report_at = 0;
        say_report();
    }
    mv_loop_at(loop, mv_time_ns() + 100 * MV_MS);
}

static void keyboard(void *context, uint64_t payload)
{
    int c;

    (void)context;
    (void)payload;
    while ((c = mv_get_char_try()) >= 0) {
        if (mv_line_editor_put(&editor, c)) {
            run_command(line);
            mv_print("> ");
        }
    }
}

void mv_main(unsigned vcpu)
{
    (void)vcpu;
    loop_run();
}

int main(void)
{
    static struct mv_loop loop;

    mv_loop_init(&loop);
    mv_loop_on_line(&loop, mv_cell.console->line, keyboard, NULL);
    mv_loop_on_time(&loop, look, &loop);
    mv_print("a control loop of %u Hz; Enter asks how exact it is, ? what can be asked\n> ", 1000000 / PERIOD_US);
    keyboard(NULL, 0);
    look(&loop);
    mv_loop_run(&loop);
    return 0;
}
