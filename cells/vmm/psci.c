/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci.h"

#include <libmv/calls.h>
#include <libmv/message.h>
#include <libmv/string.h>
#include <mv/vm.h>

#include "exit.h"
#include "inject.h"
#include "lock.h"
#include "power.h"
#include "smccc.h"
#include "vmm_config.h"

#define PSCI_32(n)            (0x84000000u + (n))
#define PSCI_64(n)            (0xc4000000u + (n))
#define PSCI_VERSION          PSCI_32(0)
#define CPU_SUSPEND           PSCI_32(1)
#define CPU_SUSPEND_64        PSCI_64(1)
#define CPU_OFF               PSCI_32(2)
#define CPU_ON                PSCI_32(3)
#define CPU_ON_64             PSCI_64(3)
#define AFFINITY_INFO         PSCI_32(4)
#define AFFINITY_INFO_64      PSCI_64(4)
#define MIGRATE_INFO_TYPE     PSCI_32(6)
#define SYSTEM_OFF            PSCI_32(8)
#define SYSTEM_RESET          PSCI_32(9)
#define PSCI_FEATURES         PSCI_32(10)
#define SYSTEM_RESET2         PSCI_32(18)
#define SYSTEM_RESET2_64      PSCI_64(18)
#define SMCCC_VERSION         0x80000000u

#define VERSION_1_1           0x10001u
#define MIGRATE_NOT_NEEDED    2u          /* there is no trusted operating system */
#define AFFINITY_ON           0u
#define AFFINITY_OFF          1u
#define SUSPEND_RESERVED      0xfcfe0000u /* of power_state */
#define RESET_WARM            0u

#define SUCCESS               UINT64_C(0)
#define ERROR(n)              (~UINT64_C(0) - (n) + 1)
#define NOT_SUPPORTED         ERROR(1)
#define INVALID_PARAMETERS    ERROR(2)
#define ALREADY_ON            ERROR(4)
#define INTERNAL_FAILURE      ERROR(6)
#define INVALID_ADDRESS       ERROR(9)

#define SCTLR_RESET           UINT64_C(0x30d00800)   /* RES1 bits; MMU and caches off */
#define NO_VCPU               UINT32_MAX
#define PSTATE_START          UINT64_C(0x3c5)        /* EL1h, all masked */

static struct lock starting;   /* the state of a stopped vCPU, until it runs */

/* The vCPU with this affinity. */
static uint32_t vcpu_of(uint64_t affinity)
{
    return affinity < vmm_config.vcpu_count ? (uint32_t)affinity : NO_VCPU;
}

static bool is_entry(uint64_t address)
{
    return address % 4 == 0 && address >= vmm_config.ram_base &&
           address - vmm_config.ram_base < vmm_config.ram_size;
}

static uint64_t start(uint32_t target, uint64_t entry, uint64_t context)
{
    struct guest_state *g = (struct guest_state *)mv_message_data();

    memset(g, 0, sizeof(*g));
    g->cpu.x[0] = context;
    g->cpu.pc = entry;
    g->cpu.pstate = PSTATE_START;
    g->vm.sctlr_el1 = SCTLR_RESET;
    /* It refuses a vCPU that has not been stopped. */
    if (mv_vcpu_write(vmm_config.vcpu_cap[target]) != MV_OK)
        return ALREADY_ON;
    return mv_vcpu_start(vmm_config.vcpu_cap[target]) == MV_OK ? SUCCESS : INTERNAL_FAILURE;
}

static uint64_t cpu_on(uint32_t vcpu, uint64_t affinity, uint64_t entry, uint64_t context)
{
    uint32_t target = vcpu_of(affinity);
    uint64_t result;

    if (target == NO_VCPU)
        return INVALID_PARAMETERS;
    if (!is_entry(entry))
        return INVALID_ADDRESS;
    if (target == vcpu)
        return ALREADY_ON;
    lock_take(&starting);
    result = start(target, entry, context);
    lock_release(&starting);
    return result;
}

static uint64_t affinity_info(uint32_t vcpu, uint64_t affinity, uint64_t level)
{
    uint32_t target = vcpu_of(affinity);
    const struct guest_state *g;

    if (target == NO_VCPU || level != 0)
        return INVALID_PARAMETERS;
    if (target == vcpu)
        return AFFINITY_ON;
    /* The state of one that runs cannot be read. */
    g = guest_read(target);
    return g != NULL && g->cpu.run_state == MV_STATE_STOPPED ? AFFINITY_OFF : AFFINITY_ON;
}

uint64_t psci_features(uint32_t function)
{
    switch (function) {
    case PSCI_VERSION: case CPU_SUSPEND: case CPU_SUSPEND_64: case CPU_OFF: case CPU_ON:
    case CPU_ON_64: case AFFINITY_INFO: case AFFINITY_INFO_64: case MIGRATE_INFO_TYPE:
    case SYSTEM_OFF: case SYSTEM_RESET: case PSCI_FEATURES: case SYSTEM_RESET2:
    case SYSTEM_RESET2_64: case SMCCC_VERSION:
        return SUCCESS;
    default:
        return NOT_SUPPORTED;
    }
}

/* The guest goes on, with this in x0; `io` is its call. */
static void answer(struct mv_words *io, uint64_t action, uint64_t x0)
{
    *io = (struct mv_words){ { MV_EXIT_RESUME | MV_EXIT_SET_CALL | action, x0, io->w[4], io->w[5], io->w[6] } };
}

static void answer_nobody(struct mv_words *io)
{
    *io = (struct mv_words){ { 0 } };
}

/* As PSCI allows, what could be powered down only waits. */
static void suspend(struct mv_words *io, uint64_t power_state)
{
    if (power_state & SUSPEND_RESERVED)
        answer(io, 0, INVALID_PARAMETERS);
    else
        answer(io, MV_EXIT_WAIT, SUCCESS);
}

/* The caller is stopped before anybody can see that it is off. */
static void cpu_off(uint32_t vcpu, struct mv_words *io)
{
    if (mv_vcpu_stop(vmm_config.vcpu_cap[vcpu]) == MV_OK)
        answer_nobody(io);
    else
        answer(io, 0, INTERNAL_FAILURE);
}

static void reset2(uint32_t vcpu, struct mv_words *io, uint64_t type)
{
    if ((uint32_t)type != RESET_WARM) {
        answer(io, 0, INVALID_PARAMETERS);
        return;
    }
    power_reset(vcpu);
    answer_nobody(io);
}

bool psci_call(uint32_t vcpu, uint32_t function, struct mv_words *io)
{
    uint64_t mask = SMCCC_IS_64(function) ? UINT64_MAX : UINT32_MAX;
    uint64_t a1 = io->w[4] & mask, a2 = io->w[5] & mask, a3 = io->w[6] & mask;

    switch (function) {
    case PSCI_VERSION:
        answer(io, 0, VERSION_1_1);
        return true;
    case PSCI_FEATURES:
        answer(io, 0, psci_features((uint32_t)a1));
        return true;
    case CPU_SUSPEND:
    case CPU_SUSPEND_64:
        suspend(io, a1);
        return true;
    case CPU_OFF:
        cpu_off(vcpu, io);
        return true;
    case CPU_ON:
    case CPU_ON_64:
        answer(io, 0, cpu_on(vcpu, a1, a2, a3));
        return true;
    case AFFINITY_INFO:
    case AFFINITY_INFO_64:
        answer(io, 0, affinity_info(vcpu, a1, a2));
        return true;
    case MIGRATE_INFO_TYPE:
        answer(io, 0, MIGRATE_NOT_NEEDED);
        return true;
    case SYSTEM_OFF:
        power_off(vcpu);
        answer_nobody(io);
        return true;
    case SYSTEM_RESET:
        power_reset(vcpu);
        answer_nobody(io);
        return true;
    case SYSTEM_RESET2:
    case SYSTEM_RESET2_64:
        reset2(vcpu, io, a1);
        return true;
    default:
        return false;
    }
}
