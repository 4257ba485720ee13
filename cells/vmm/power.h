/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual machine as a whole, from power-on to power-off. */
#pragma once

#include <stdint.h>

/*
 * Stop all vCPUs; devices are as at power-on. power_reset() then starts the
 * machine again from its pristine images. `vcpu` is the one whose exit the
 * caller serves; nobody waits for the answer any more. Of several that ask at
 * the same time one gets it.
 */
void power_off(uint32_t vcpu);
void power_reset(uint32_t vcpu);

/* The same, because the machine cannot go on; events tell why. */
void power_fail(uint32_t vcpu);

/* All devices as at power-on; before the machine starts. */
void power_init(void);

/* Around the service of an exit of `vcpu`, which may change devices: power_reset()
 * waits for it. Only reading a register of the distributor goes without. */
void power_enter(uint32_t vcpu);
void power_leave(uint32_t vcpu);
