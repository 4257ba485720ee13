/* SPDX-License-Identifier: BSD-2-Clause */
#include "power.h"

#include <stdbool.h>

#include <libmv/calls.h>

#include "console.h"
#include "gic.h"
#include "io.h"
#include "machine.h"
#include "pl011.h"
#include "pl031.h"
#include "sysreg.h"
#include "virtio.h"
#include "vmm_config.h"

#define LINE 64

/* Whether an exit of this vCPU is being served; written by its server alone. */
static struct {
    _Alignas(LINE) uint32_t yes;
} busy[MV_VM_VCPUS_MAX];

static uint32_t changing;      /* 1: somebody stops or resets the machine */

void power_enter(uint32_t vcpu)
{
    __atomic_store_n(&busy[vcpu].yes, 1, __ATOMIC_SEQ_CST);
}

/* What was done is seen by whoever resets: pairs with power_down(). */
void power_leave(uint32_t vcpu)
{
    __atomic_store_n(&busy[vcpu].yes, 0, __ATOMIC_RELEASE);
}

void power_init(void)
{
    gic_reset();
    sysreg_reset();
    pl011_reset();
    pl031_reset();
    virtio_reset_all();
    io_reset();
}

/* False: another one is at it. */
static bool power_down(uint32_t vcpu)
{
    if (__atomic_exchange_n(&changing, 1, __ATOMIC_ACQUIRE) != 0)
        return false;
    (void)mv_cell_stop(vmm_config.cell_cap);
    /* No new exits come; those that are being served end soon. */
    for (uint32_t i = 0; i < vmm_config.vcpu_count; i++)
        while (i != vcpu && __atomic_load_n(&busy[i].yes, __ATOMIC_ACQUIRE) != 0)
            machine_relax();
    power_init();
    return true;
}

static void power_done(void)
{
    __atomic_store_n(&changing, 0, __ATOMIC_RELEASE);
}

void power_off(uint32_t vcpu)
{
    if (!power_down(vcpu))
        return;
    event("the machine is off");
    power_done();
}

void power_fail(uint32_t vcpu)
{
    if (!power_down(vcpu))
        return;
    event("the machine has been stopped");
    power_done();
}

void power_reset(uint32_t vcpu)
{
    if (!power_down(vcpu))
        return;
    event("the machine starts again");
    /* First: once it runs, it may ask for this again. */
    power_done();
    if (mv_cell_start(vmm_config.cell_cap) != MV_OK)
        event("the machine could not be started");
}
