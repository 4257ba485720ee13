/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network card: a virtio network device on the PCI bus, without offloads. It is
 * not trusted: what it answers is checked. Buffers are known here by where they
 * are in this cell, and come back as that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/driver.h>
#include <libvirtio/memory.h>

struct nic {
    bool     works;            /* false: it is absent, or has failed */
    bool     cable;            /* it has a link; may change at any time */
    uint8_t  mac[6];           /* all 0: it does not say */
};
extern struct nic nic;         /* written by nic.c only */

/* Attach the card and set it up; false and a line that says why. */
bool nic_start(void);

/* Take the card away from its memory. False: it may still write to what it was
 * given. It does not work afterwards, whatever the answer. */
bool nic_stop(void);

/*
 * Give it a buffer to receive into, or a frame to send, in `memory` as the card sees
 * it; nic_publish() hands over what was given. A buffer holds a header of virtio
 * and a frame; a frame to be sent has none. VIO_FULL: not now.
 */
enum vio_status nic_receive(const struct vio_memory *memory, void *buffer, uint32_t bytes);
enum vio_status nic_send(const struct vio_memory *memory, void *frame, uint32_t bytes);
void nic_publish(void);

/* False: nic_send() would say VIO_FULL of a card that works. */
bool nic_can_send(void);

/* Buffers that have been filled with this many bytes, and frames that are sent. */
enum vio_status nic_take_received(void **buffer, uint32_t *bytes);
enum vio_status nic_take_sent(void **frame);

/* It is to interrupt when it has done more. True: it has already. */
bool nic_listen_received(void);
bool nic_listen_sent(void);

/* Its interrupt has come, and may come again. False: it says that it has given up. */
bool nic_interrupt(void);
