/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control loop: each millisecond it reads where the motor is, compares that
 * with where it should be, and says a new voltage. It prints nothing and waits for
 * nothing but its beat.
 */
#include "loop.h"

#include "cell.h"

#define PERIOD_NS   (PERIOD_US * MV_US)
#define DEADLINE_NS (DEADLINE_US * MV_US)
#define PATH_NS     (30 * MV_US)       /* what happened so long before a beat may have held it up */

/* The target turns to and fro: TRAVEL, in so many beats, with a rest between. */
#define TRAVEL_URAD (20 * MICRO)
#define MOVE_BEATS  400
#define REST_BEATS  100

#define SPEED_GAIN  25                 /* rad/s for each rad behind */
#define SPEED_MOST  (400 * MICRO)

static struct signals *const signals = (struct signals *)SEGMENT_SIGNALS_ADDRESS;

struct mv_watch_record beats;
struct path path;
uint32_t count_anew;

static struct mv_watch watch;

/* ---- the controller ----------------------------------------------------------- */

/* Where it should be at this beat, and how fast it gets there: a smooth step,
 * 3 s^2 - 2 s^3, to and fro. */
static int64_t target_at(uint64_t beat, int64_t *speed_urad)
{
    uint64_t phase = beat % (2 * (MOVE_BEATS + REST_BEATS));
    bool back = phase >= MOVE_BEATS + REST_BEATS;
    int64_t n = (int64_t)(back ? phase - (MOVE_BEATS + REST_BEATS) : phase), at = TRAVEL_URAD;

    *speed_urad = 0;
    if (n < MOVE_BEATS) {
        at = TRAVEL_URAD / (MOVE_BEATS * MOVE_BEATS) * n * n / MOVE_BEATS * (3 * MOVE_BEATS - 2 * n);
        *speed_urad = TRAVEL_URAD / (MOVE_BEATS * MOVE_BEATS) * 6 * n * (MOVE_BEATS - n) / MOVE_BEATS
                      * (int64_t)(MICRO / PERIOD_US);
    }
    if (back) {
        at = TRAVEL_URAD - at;
        *speed_urad = -*speed_urad;
    }
    return at;
}

static int64_t limit(int64_t value, int64_t most)
{
    return value > most ? most : value < -most ? -most : value;
}

/* Angle by a speed, speed by a voltage; what is lacking in the long run is
 * summed up. */
static void control(uint64_t beat)
{
    static int64_t sum_uv;
    static uint64_t samples_seen;
    int64_t feed, target = target_at(beat, &feed), error = target - signals->sensors.angle_urad;
    int64_t wanted = limit(feed + error * SPEED_GAIN, SPEED_MOST), lack = wanted - signals->sensors.speed_urad;
    int64_t voltage = wanted / 20 + lack / 20 + sum_uv;

    sum_uv = limit(sum_uv + lack / 1000, SUPPLY_UV / 4);
    signals->actuator.voltage_uv = limit(voltage, SUPPLY_UV);
    signals->actuator.updates = beat;
    (void)mv_virq_raise(CAP_VOLTAGE, 1);

    signals->state.target_urad = target;
    signals->state.error_urad = error;
    if (error < 0)
        error = -error;
    if (error > signals->state.worst_error_urad)
        signals->state.worst_error_urad = error;
    signals->state.stale += signals->sensors.samples == samples_seen;
    samples_seen = signals->sensors.samples;
}

/* ---- how exact it is ---------------------------------------------------------- */

static uint64_t record_ns(const struct mv_trace_ring *ring, const struct mv_trace_record *r)
{
    return r->time / ring->frequency * MV_S + r->time % ring->frequency * MV_S / ring->frequency;
}

/* Keep what the kernel has noted around a beat that came later than any before. The
 * ring's writer is this core, which is busy here: nothing changes meanwhile. */
static void keep_path(uint64_t released, uint64_t begun)
{
    const struct mv_trace_ring *ring = (const struct mv_trace_ring *)TRACE_ADDRESS;
    uint64_t head = ring->head, count = 0;

    while (count < PATH_RECORDS && count < head && count < ring->count) {
        const struct mv_trace_record *r = &ring->record[(head - 1 - count) % ring->count];

        if (record_ns(ring, r) + PATH_NS < released)
            break;
        path.record[count++] = *r;
    }
    path.released = released;
    path.begun = begun;
    path.count = count;
}

static void reset(void)
{
    mv_watch_reset(&watch);
    path = (struct path){ 0 };
    signals->state.worst_error_urad = 0;
    signals->state.stale = 0;
    count_anew = 0;
}

void loop_run(void)
{
    uint64_t first = mv_time_ns() / PERIOD_NS * PERIOD_NS + 2 * PERIOD_NS, source;
    struct mv_words w;

    mv_watch_start(&watch, &beats, PERIOD_NS, DEADLINE_NS);
    watch.due = first;
    mv_assert(mv_timer_set(CAP_BEAT, first, PERIOD_NS) == MV_OK);
    for (;;) {
        if (mv_wait(&w, &source) != MV_OK)
            continue;

        uint64_t now = mv_time_ns();

        if (count_anew != 0)
            reset();
        if (!mv_watch_beat(&watch, now))
            continue;
        control(watch.released / PERIOD_NS);
        (void)mv_watch_end(&watch, mv_time_ns());
        if (watch.released == beats.worst_released && now - watch.released > path.begun - path.released)
            keep_path(watch.released, now);
    }
}
