/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's vGIC, whose words and fields <mv/vm.h> describes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmv/calls.h>
#include <mv/vm.h>

#include "vmm_config.h"

static inline uint32_t vgic_get(enum mv_vgic_field field, uint32_t word)
{
    uint64_t value = 0;

    if (mv_vgic_get(vmm_config.vgic_cap, field, word, &value) != MV_OK)
        return 0;
    return (uint32_t)value;
}

/* The bits `mask` of a word get the values they have in `value`. */
static inline void vgic_set(enum mv_vgic_field field, uint32_t word, uint32_t mask, uint32_t value)
{
    (void)mv_vgic_set(vmm_config.vgic_cap, field, word, mask, value);
}

/* A device drives its line, that of a shared interrupt. */
static inline void vgic_drive(uint32_t id, bool asserted)
{
    uint32_t bit = UINT32_C(1) << id % 32;

    vgic_set(MV_VGIC_LEVEL, vmm_config.vcpu_count + id / 32 - 1, bit, asserted ? bit : 0);
}
