/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a VMM hands accesses to virtio-mmio registers on to the io cell of its
 * machine: a short call to the io cell's portal. Not handed on are QueueNotify,
 * which is a bell, and InterruptStatus and InterruptACK: the VMM answers these from
 * a page that it shares with the io cell, a word for each slot. Both change these
 * words atomically; neither keeps any secret from the other, and neither
 * depends on what the other writes there but in what it tells the guest.
 *
 *     words of the call: enum vio_io_call, slot, offset in the slot, size, value
 *     word 0 of the answer: READ: the value, else 0
 *
 * RESET is about all slots: the machine is reset, its memory begins anew. When
 * the call returns, the io cell touches no memory of the machine until a driver
 * has set up a queue again, and all words of the page are 0.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vio_io_call { VIO_IO_READ, VIO_IO_WRITE, VIO_IO_RESET };

/* Words of the message. */
enum vio_io_word { VIO_IO_CALL, VIO_IO_SLOT, VIO_IO_OFFSET, VIO_IO_SIZE, VIO_IO_VALUE };

#define VIO_IO_SLOTS 16u

/* A guest's read of InterruptStatus, and write to InterruptACK. */
static inline uint32_t vio_io_interrupts(const uint32_t *status)
{
    return __atomic_load_n(status, __ATOMIC_ACQUIRE);
}

static inline void vio_io_acknowledge(uint32_t *status, uint32_t bits)
{
    (void)__atomic_fetch_and(status, ~bits, __ATOMIC_SEQ_CST);
    /* The guest looks at its rings after this: pairs with the fence in
     * vio_device_publish(), after which the bit is set. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#ifdef __cplusplus
}
#endif
