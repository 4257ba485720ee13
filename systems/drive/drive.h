/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the controller and the motor share. Each word has one writer; a set of
 * them is taken as it is, for both run on one core and the controller's
 * priority is higher: it sees the motor between two of its steps, or the values
 * of the step before.
 */
#pragma once

#include <stdint.h>

/* Fixed point: millionths of the unit, in 64 bits. */
#define MICRO           INT64_C(1000000)

#define PERIOD_US       1000       /* of the control loop */
#define DEADLINE_US     500        /* the new voltage is out so soon after the beat */

#define SUPPLY_UV       (48 * MICRO)   /* the bridge can give that much, both ways */

/* Written by the motor: what its sensors say. */
struct sensors {
    volatile int64_t  angle_urad;
    volatile int64_t  speed_urad;      /* per second */
    volatile int64_t  current_ua;
    volatile uint64_t samples;         /* how often the above was written */
};

/* Written by the controller. */
struct actuator {
    volatile int64_t  voltage_uv;
    volatile uint64_t updates;
};

/* Written by the controller, for those who look. */
struct state {
    volatile int64_t  target_urad;     /* where it should be now */
    volatile int64_t  error_urad, worst_error_urad;
    volatile uint64_t stale;           /* beats without a new sample */
};

struct signals {
    struct sensors  sensors;
    uint8_t         pad0[64 - sizeof(struct sensors)];
    struct actuator actuator;
    uint8_t         pad1[64 - sizeof(struct actuator)];
    struct state    state;
};
