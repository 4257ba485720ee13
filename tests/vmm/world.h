/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's world on the PC: a kernel, a guest's vCPUs and memory, a console and
 * time, all of which a test can look at and change.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mv/guest.h>
#include <mv/vm.h>

#include <libvirtio/io.h>

#include "exit.h"
#include "inject.h"
#include "vmm_config.h"

#define WORLD_RAM_BYTES   (UINT64_C(1) << 20)
#define WORLD_CONSOLE     4096u
#define WORLD_WORDS       (8u * (MV_VM_VCPUS_MAX + MV_VGIC_SPI_BANKS))

/* Capabilities of the VMM. */
enum { CAP_CELL = 5, CAP_VGIC = 6, CAP_IO = 7, CAP_VCPU = 10 };

struct world {
    uint32_t vgic[MV_VGIC_FIELDS][WORLD_WORDS];
    struct guest_state guest[MV_VM_VCPUS_MAX];
    bool     hidden[MV_VM_VCPUS_MAX];       /* vcpu_read, vcpu_write: MV_BUSY */
    unsigned starts[MV_VM_VCPUS_MAX], stops[MV_VM_VCPUS_MAX];
    unsigned cell_starts, cell_stops;
    uint64_t now_ns, counter, flushed;
    uint8_t  out[WORLD_CONSOLE];            /* what has been written to the console */
    size_t   out_length, out_space;
    uint8_t  in[WORLD_CONSOLE];             /* what is still to be read from it */
    size_t   in_length;
    uint8_t *ram;
    mv_status_t io_status;                  /* of calls to the io cell */
    unsigned io_calls;
    struct mv_words io_last, io_answer;
    uint32_t io_page[VIO_IO_SLOTS];         /* shared with it: InterruptStatus */
};
extern struct world world;

/* A machine with this controller and this many vCPUs at power-on. */
void world_make(uint32_t gic_version, uint32_t vcpu_count, enum vmm_console console);

/* An exit of a vCPU; its answer. */
struct mv_words world_exit(uint32_t vcpu, enum mv_exit kind, uint64_t syndrome, uint64_t address,
                           uint64_t w3, uint64_t w4);

/* Loads and stores of 2^log2 bytes; they fail the test unless a device answers. */
uint64_t world_load(uint32_t vcpu, uint64_t address, unsigned log2);
void world_store(uint32_t vcpu, uint64_t address, unsigned log2, uint64_t value);
#define LOAD(address)         ((uint32_t)world_load(0, address, 2))
#define STORE(address, value) world_store(0, address, 2, value)

/* HVC #0 with these registers; x0 of the answer. */
uint64_t world_call(uint32_t vcpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);

/* The virtio devices with a bit here are the io cell's. */
void world_give_io(uint32_t slots);

bool world_line(uint32_t id);               /* of a shared interrupt */
void world_type(const char *text);          /* at the console */
void world_console_event(void);

#define SYNDROME_LOAD(log2)  (UINT64_C(0x24) << 26 | ESR_IL | ESR_ISV | (uint64_t)(log2) << 22 | 7)
#define SYNDROME_STORE(log2) (SYNDROME_LOAD(log2) | ESR_WNR)

/* Each is a group of tests; how many failed. */
int test_exits(void);
int test_sysregs(void);
int test_psci(void);
int test_gic(void);
int test_pl(void);
int test_virtio(void);
int test_io(void);
int test_wild(void);
