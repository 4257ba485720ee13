/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library's world on the PC: time, vIRQs that are counted, registers of a
 * device; and memory for the two sides of a queue, allocated exactly, so that the
 * sanitizer sees what goes beyond it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libvirtio/libvirtio.h>

#define WORLD_CAPS 4u

/* A function on the PCI bus; NULL: an access to registers fails the test. */
struct world_registers {
    uint32_t (*read)(uint64_t address, uint32_t size);
    void (*write)(uint64_t address, uint32_t size, uint32_t value);
};

struct world {
    uint64_t now_ns;
    uint64_t raises[WORLD_CAPS];           /* how often, by capability */
    uint64_t payload[WORLD_CAPS];          /* all bits together */
    const struct world_registers *registers;
};
extern struct world world;

uint64_t world_random(uint64_t *state);

/* Both sides of a queue: memory that the driver's side calls by other addresses. */
#define PAIR_BASE  UINT64_C(0x80000000)
#define PAIR_RINGS 8192u                   /* of the memory, for the rings */

struct pair {
    struct vio_memory memory;
    struct vio_driver_queue driver;
    struct vio_device_queue device;
    struct vio_driver_slot slot[VIO_NUM_MAX];
};

/* A queue with `num` descriptors in `bytes` of memory, both ends started. */
void pair_make(struct pair *p, uint32_t num, uint32_t bytes, bool event_index);
void pair_free(struct pair *p);

/* The part of a buffer at this offset of the memory. */
struct vio_span pair_span(uint64_t offset, uint32_t length);

/* Each is a group of tests; how many failed. */
int test_device(void);
int test_driver(void);
int test_pair(void);
int test_threads(void);
int test_link(void);
int test_mmio(void);
int test_pci(void);
