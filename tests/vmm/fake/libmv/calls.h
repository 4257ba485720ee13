/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel calls that the VMM makes; world.c stands for the kernel. */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

mv_status_t mv_vcpu_start(uint32_t cap);
mv_status_t mv_vcpu_stop(uint32_t cap);
mv_status_t mv_vcpu_read(uint32_t cap);
mv_status_t mv_vcpu_write(uint32_t cap);
mv_status_t mv_cell_stop(uint32_t cap);
mv_status_t mv_cell_start(uint32_t cap);
mv_status_t mv_vgic_get(uint32_t cap, uint64_t field, uint64_t word, uint64_t *value);
mv_status_t mv_vgic_set(uint32_t cap, uint64_t field, uint64_t word, uint64_t mask, uint64_t value);
