/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between cells. All stubs are inline: a message whose address goes
 * nowhere else stays in x0-x7 and never touches memory.
 *
 * For a full or extended message put the bytes into mv_message_data() first,
 * and find the other side's there afterwards.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <mv/abi.h>

#include <libmv/words.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MV_INLINE static inline __attribute__((always_inline))

/* The calling vCPU's message buffer. */
MV_INLINE struct mv_message_buffer *mv_message_buffer(void)
{
    uint64_t address;

    __asm__("mrs %0, tpidr_el0" : "=r"(address));
    return (struct mv_message_buffer *)address;
}

/* Where the bytes of full and extended messages lie. */
MV_INLINE void *mv_message_data(void)
{
    return mv_message_buffer()->data;
}

#define MV_MESSAGE_REGISTERS_IN(io) \
    register uint64_t x0 __asm__("x0") = (io)->w[0]; \
    register uint64_t x1 __asm__("x1") = (io)->w[1]; \
    register uint64_t x2 __asm__("x2") = (io)->w[2]; \
    register uint64_t x3 __asm__("x3") = (io)->w[3]; \
    register uint64_t x4 __asm__("x4") = (io)->w[4]; \
    register uint64_t x5 __asm__("x5") = (io)->w[5]; \
    register uint64_t x6 __asm__("x6") = (io)->w[6]; \
    register uint64_t x7 __asm__("x7") = (io)->w[7]

#define MV_MESSAGE_REGISTERS_OUT(io) \
    (io)->w[0] = x0; (io)->w[1] = x1; (io)->w[2] = x2; (io)->w[3] = x3; \
    (io)->w[4] = x4; (io)->w[5] = x5; (io)->w[6] = x6; (io)->w[7] = x7

#define MV_MESSAGE_LOST \
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory"

/*
 * Call a portal and wait for its reply: `io` is the message and then the
 * reply. `flags` is the size with MV_NOWAIT and MV_DEADLINE if wanted;
 * `deadline` is absolute, in ns. *size is the size of the reply (MV_SIZE_*).
 * With any status but MV_OK, `io` holds nothing of use.
 */
MV_INLINE mv_status_t mv_call_flags(uint32_t portal, struct mv_words *io, uint64_t flags,
                                    uint64_t deadline, uint32_t *size)
{
    MV_MESSAGE_REGISTERS_IN(io);
    register uint64_t x8 __asm__("x8") = portal;
    register uint64_t x9 __asm__("x9") = flags;
    register uint64_t x10 __asm__("x10") = deadline;

    __asm__ volatile("svc %[call]"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8), "+r"(x9), "+r"(x10)
                     : [call] "i"(MV_CALL_call)
                     : MV_MESSAGE_LOST);
    MV_MESSAGE_REGISTERS_OUT(io);
    *size = MV_SOURCE_SIZE(x9);
    return x8;
}

/* The most frequent form: eight words, no time-out. */
MV_INLINE mv_status_t mv_call(uint32_t portal, struct mv_words *io)
{
    MV_MESSAGE_REGISTERS_IN(io);
    register uint64_t x8 __asm__("x8") = portal;
    register uint64_t x9 __asm__("x9") = MV_SIZE_SHORT;

    __asm__ volatile("svc %[call]"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8), "+r"(x9)
                     : [call] "i"(MV_CALL_call)
                     : "x10", MV_MESSAGE_LOST);
    MV_MESSAGE_REGISTERS_OUT(io);
    return x8;
}

/* 256 and 2048 bytes of the message buffer besides the words, both ways as
 * the server chooses. */
MV_INLINE mv_status_t mv_call_full(uint32_t portal, struct mv_words *io)
{
    uint32_t size;

    return mv_call_flags(portal, io, MV_SIZE_FULL, 0, &size);
}

MV_INLINE mv_status_t mv_call_extended(uint32_t portal, struct mv_words *io)
{
    uint32_t size;

    return mv_call_flags(portal, io, MV_SIZE_EXTENDED, 0, &size);
}

/* A short call that gives up at `deadline`. */
MV_INLINE mv_status_t mv_call_until(uint32_t portal, struct mv_words *io, uint64_t deadline)
{
    uint32_t size;

    return mv_call_flags(portal, io, MV_SIZE_SHORT | MV_DEADLINE, deadline, &size);
}

/*
 * Wait for a call or a vIRQ; *source says which (MV_SOURCE_*). `flags` may
 * hold MV_NOWAIT, MV_DEADLINE (with `deadline`) and MV_LINES (with the mask
 * `lines`; then no call is taken). *source is meaningless unless MV_OK.
 */
MV_INLINE mv_status_t mv_wait_flags(struct mv_words *out, uint64_t *source, uint64_t flags,
                                    uint64_t deadline, uint64_t lines)
{
    register uint64_t x0 __asm__("x0");
    register uint64_t x1 __asm__("x1");
    register uint64_t x2 __asm__("x2");
    register uint64_t x3 __asm__("x3");
    register uint64_t x4 __asm__("x4");
    register uint64_t x5 __asm__("x5");
    register uint64_t x6 __asm__("x6");
    register uint64_t x7 __asm__("x7");
    register uint64_t x8 __asm__("x8") = lines;
    register uint64_t x9 __asm__("x9") = flags;
    register uint64_t x10 __asm__("x10") = deadline;

    __asm__ volatile("svc %[call]"
                     : "=r"(x0), "=r"(x1), "=r"(x2), "=r"(x3), "=r"(x4), "=r"(x5), "=r"(x6),
                       "=r"(x7), "+r"(x8), "+r"(x9), "+r"(x10)
                     : [call] "i"(MV_CALL_wait)
                     : MV_MESSAGE_LOST);
    MV_MESSAGE_REGISTERS_OUT(out);
    *source = x9;
    return x8;
}

MV_INLINE mv_status_t mv_wait(struct mv_words *out, uint64_t *source)
{
    return mv_wait_flags(out, source, 0, 0, 0);
}

/*
 * Answer the present caller with `io`, of the size in `flags`, then wait for
 * the next call or vIRQ. A caller that has left in the meantime is no error.
 */
MV_INLINE mv_status_t mv_reply_wait_flags(struct mv_words *io, uint64_t *source, uint64_t flags,
                                          uint64_t deadline)
{
    MV_MESSAGE_REGISTERS_IN(io);
    register uint64_t x8 __asm__("x8") = 0;
    register uint64_t x9 __asm__("x9") = flags;
    register uint64_t x10 __asm__("x10") = deadline;

    __asm__ volatile("svc %[call]"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8), "+r"(x9), "+r"(x10)
                     : [call] "i"(MV_CALL_reply_wait)
                     : MV_MESSAGE_LOST);
    MV_MESSAGE_REGISTERS_OUT(io);
    *source = x9;
    return x8;
}

MV_INLINE mv_status_t mv_reply_wait(struct mv_words *io, uint64_t *source)
{
    MV_MESSAGE_REGISTERS_IN(io);
    register uint64_t x8 __asm__("x8") = 0;
    register uint64_t x9 __asm__("x9") = MV_SIZE_SHORT;

    __asm__ volatile("svc %[call]"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8), "+r"(x9)
                     : [call] "i"(MV_CALL_reply_wait)
                     : "x10", MV_MESSAGE_LOST);
    MV_MESSAGE_REGISTERS_OUT(io);
    *source = x9;
    return x8;
}

/* Answer the present caller and go on. MV_NO_CALLER: it has left. */
MV_INLINE mv_status_t mv_reply(const struct mv_words *io, uint64_t flags)
{
    MV_MESSAGE_REGISTERS_IN(io);
    register uint64_t x8 __asm__("x8") = 0;
    register uint64_t x9 __asm__("x9") = flags;

    __asm__ volatile("svc %[call]"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x8), "+r"(x9)
                     : [call] "i"(MV_CALL_reply)
                     : "x10", MV_MESSAGE_LOST);
    return x8;
}

#ifdef __cplusplus
}
#endif
