/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A motor that is not there: a direct-current motor with a flywheel, at a bridge
 * that gives it the voltage that the controller says. It computes what happened
 * since the last time it was woken, in steps of 20 us of real time: whatever comes
 * late happens late to the motor as well.
 *
 *   resistance 0.5 ohm, inductance 1 mH, 0.05 Vs and 0.05 Nm/A, inertia 5e-5 kg m2
 */
#include <libmv/libmv.h>

#include "cell.h"
#include "drive.h"

#define STEP_NS      (20 * MV_US)
#define STEPS_MOST   500u              /* at once; a motor that was forgotten for longer has stood still */
#define LOAD_UA      (2 * MICRO)       /* what the load needs, as current; on and off in turns */
#define LOAD_NS      (300 * MV_MS)

static struct signals *const signals = (struct signals *)SEGMENT_SIGNALS_ADDRESS;

static struct {
    int64_t  angle_nrad, speed_urad, current_ua;
    uint64_t at_ns;                    /* what is above is true then */
} motor;

static void step(int64_t voltage_uv, int64_t load_ua)
{
    /* dt / L = 1/50; R = 1/2; K = 1/20 */
    motor.current_ua += (voltage_uv - motor.current_ua / 2 - motor.speed_urad / 20) / 50;
    /* K dt / J = 1/50; friction as current */
    motor.speed_urad += (motor.current_ua - motor.speed_urad / 2000 - load_ua) / 50;
    motor.angle_nrad += motor.speed_urad / 50;
}

static void run_until(uint64_t now)
{
    int64_t voltage = signals->actuator.voltage_uv;
    uint64_t steps = (now - motor.at_ns) / STEP_NS;

    if (voltage > SUPPLY_UV)
        voltage = SUPPLY_UV;
    else if (voltage < -SUPPLY_UV)
        voltage = -SUPPLY_UV;
    for (uint64_t i = 0; i < (steps < STEPS_MOST ? steps : STEPS_MOST); i++)
        step(voltage, (motor.at_ns + i * STEP_NS) / LOAD_NS % 2 ? LOAD_UA : 0);
    motor.at_ns += steps * STEP_NS;
}

int main(void)
{
    struct mv_words w;
    uint64_t source;

    motor.at_ns = mv_time_ns();
    for (;;) {
        if (mv_wait(&w, &source) != MV_OK)
            continue;
        run_until(mv_time_ns());
        signals->sensors.angle_urad = motor.angle_nrad / 1000;
        signals->sensors.speed_urad = motor.speed_urad;
        signals->sensors.current_ua = motor.current_ua;
        signals->sensors.samples++;
    }
}
