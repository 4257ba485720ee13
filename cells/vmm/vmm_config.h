/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool tells a VMM cell of its VM: it writes `vmm_config.c` beside
 * the cell's cell_config.c.
 */
#pragma once

#include <stdint.h>

#include <mv/systab.h>

enum vmm_console { VMM_CONSOLE_NONE, VMM_CONSOLE_PL011, VMM_CONSOLE_VIRTIO };

struct vmm_config {
    const char *name;                    /* of the VM's cell */
    uint32_t    vcpu_count;              /* of the VM, 1-MV_VM_VCPUS_MAX */
    uint32_t    gic_version;             /* the board's: 2 or 3 */
    uint32_t    spi_banks;
    uint32_t    cell_cap;                /* controls the VM's cell */
    uint32_t    vgic_cap;
    uint32_t    vcpu_cap[MV_VM_VCPUS_MAX];    /* controls that vCPU of the VM */
    uint32_t    server[MV_VM_VCPUS_MAX];      /* which of the VMM's vCPUs serves its exits */
    uint64_t    ram_base, ram_size;      /* guest-physical; mapped in the VMM at the same addresses, read-write */
    uint32_t    console;                 /* enum vmm_console; the channel is the cell's console */
    uint32_t    has_rng;                 /* virtio rng */
    uint64_t    time_base;               /* seconds since 1970 at boot, as far as the builder knows */
    uint8_t     seed[64];                /* for the virtio rng */
    uint32_t    io_cap;                  /* portal of the machine's io cell (libvirtio/io.h); 0: it has none */
    uint32_t    io_slots;                /* virtio-mmio slots that are its, a bit each */
    uint32_t   *io_status;               /* page shared with it: InterruptStatus of each slot */
};
extern const struct vmm_config vmm_config;
