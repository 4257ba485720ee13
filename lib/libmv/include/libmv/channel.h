/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channels: two rings in a segment that two cells share, and a vIRQ each way.
 * A byte channel is a stream; a message channel carries messages of one fixed
 * size. Each ring has one writer and one reader, so nothing is locked.
 *
 * The peer is not trusted. What lies in the segment may change at any time and
 * hold anything: an index is read once, checked, and used only if it is in
 * range; the own index is kept privately and only published. A hostile peer can
 * therefore send nonsense, lose what is under way, or keep the ring full or
 * empty, but it cannot make this side touch memory outside the ring.
 *
 * Waking: a side is raised only after it has found the ring empty (as reader)
 * or full (as writer). So drain a channel until it is empty before you wait
 * for its line; a receive that returned something promises no vIRQ.
 *
 * Either side may be reset and started again: it begins where the ring stands,
 * and the peer notices. What was under way may be lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mv/abi.h>

#include <libmv/config.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MV_CACHE_LINE 64

/* A ring as it lies in the segment; all zero is an empty ring. */
struct mv_ring_shared {
    /* Written by the writer only. */
    uint32_t head;             /* where it writes next: [0, 2 * capacity) */
    uint32_t start;            /* where this writer began */
    uint32_t epoch;            /* not 0: a writer is there; differs after each of its starts */
    uint32_t writer_waits;     /* 1: raise it when space becomes free */
    uint8_t  pad0[MV_CACHE_LINE - 16];
    /* Written by the reader only. */
    uint32_t tail;             /* where it reads next: [0, 2 * capacity) */
    uint32_t reader_awake;     /* 1: it will look again by itself, raise is not needed */
    uint8_t  pad1[MV_CACHE_LINE - 8];
    uint8_t  data[];
};

/* One side's own view of a ring. Capacity and indices count elements: bytes
 * or messages. */
struct mv_ring {
    struct mv_ring_shared *shared;
    uint32_t capacity;
    uint32_t element;          /* bytes in one */
    uint32_t own;              /* head or tail, whichever is ours */
    uint32_t epoch;            /* writer: our own; reader: the writer's that we follow */
    uint32_t flag;             /* what we last wrote to writer_waits or reader_awake */
    uint32_t moved;            /* reader: the tail went to a new writer's start; it may wait */
};

struct mv_channel {
    const struct mv_channel_config *config;
    struct mv_ring out, in;
    uint64_t broken;           /* how often the peer's index was out of range */
};

/* Payload bits of a channel's vIRQ. */
#define MV_CHANNEL_DATA  1u    /* there is something to receive */
#define MV_CHANNEL_SPACE 2u    /* there is space to send        */

/*
 * Open an end of a channel, once per start of the cell; raises the peer, which
 * may have waited for this side. MV_BAD_ARG: the segment is too small for one
 * element each way.
 */
mv_status_t mv_channel_open(struct mv_channel *c, const struct mv_channel_config *config);

/* The configuration of this cell's channel `name`, NULL if there is none. */
const struct mv_channel_config *mv_channel_find(const char *name);

/* How many elements (bytes or messages) could be sent, or received, now. */
uint32_t mv_channel_space(struct mv_channel *c);
uint32_t mv_channel_ready(struct mv_channel *c);

/*
 * Byte form. Both take what is possible now, return the number of bytes, and
 * never wait; 0 arms the vIRQ.
 */
size_t mv_channel_write_try(struct mv_channel *c, const void *bytes, size_t size);
size_t mv_channel_read_try(struct mv_channel *c, void *bytes, size_t size);

/*
 * Write all, or read at least one byte, waiting for the channel's line alone
 * (other vIRQs and calls stay pending) until `deadline` (absolute ns; 0: for
 * ever). Returns the bytes done: fewer than asked (or 0) after the deadline.
 * Only the vCPU that takes the channel's line may wait.
 */
size_t mv_channel_write(struct mv_channel *c, const void *bytes, size_t size, uint64_t deadline);
size_t mv_channel_read(struct mv_channel *c, void *bytes, size_t size, uint64_t deadline);

/* Copy what could be read, without taking it. Does not arm the vIRQ. */
size_t mv_channel_peek(struct mv_channel *c, void *bytes, size_t size);

/*
 * Message form: one message of config->message_size bytes. MV_WOULD_BLOCK (and
 * the vIRQ is armed) or, when waiting, MV_TIMEOUT.
 */
mv_status_t mv_channel_send_try(struct mv_channel *c, const void *message);
mv_status_t mv_channel_receive_try(struct mv_channel *c, void *message);
mv_status_t mv_channel_send(struct mv_channel *c, const void *message, uint64_t deadline);
mv_status_t mv_channel_receive(struct mv_channel *c, void *message, uint64_t deadline);

/* The rings alone, for the functions above and for tests on a PC. `epoch` is
 * not 0 and differs at each start. Neither waits nor raises. */
bool mv_ring_open(struct mv_ring *r, void *memory, uint32_t bytes, uint32_t element);
void mv_ring_start_writer(struct mv_ring *r, uint32_t epoch);
void mv_ring_start_reader(struct mv_ring *r);
uint32_t mv_ring_put(struct mv_ring *r, const void *elements, uint32_t count, bool *raise);
uint32_t mv_ring_take(struct mv_ring *r, void *elements, uint32_t count, bool *raise);
uint32_t mv_ring_peek(struct mv_ring *r, void *elements, uint32_t count);
uint32_t mv_ring_space(struct mv_ring *r);
uint32_t mv_ring_ready(struct mv_ring *r);

#ifdef __cplusplus
}
#endif
