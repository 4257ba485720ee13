/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM of one virtual machine: emulates its devices and answers its calls.
 * One vCPU on each core that the machine uses serves the exits there; vCPU 0
 * also takes what comes from the console.
 */
#include <libmv/libmv.h>

#include <mv/guest.h>
#include <mv/vm.h>

#include "console.h"
#include "exit.h"
#include "gic.h"
#include "pl031.h"
#include "power.h"
#include "vmm_config.h"

/* Serve what has come; true: there is an answer. */
static bool serve(mv_status_t status, uint64_t source, struct mv_words *io)
{
    uint32_t vcpu = MV_SOURCE_BADGE(source);

    if (status != MV_OK) {
        pl031_event();
        return false;
    }
    if (source & MV_SOURCE_VIRQ) {
        console_event(MV_SOURCE_LINE(source));
        return false;
    }
    power_enter(vcpu);
    exit_serve(vcpu, io);
    power_leave(vcpu);
    return true;
}

/* What mv_wait() and its like return. */
struct arrival {
    mv_status_t     status;
    uint64_t        source;
    struct mv_words io;
};

/* Serve, answer, and wait for the next; while there is an alarm to look after,
 * again and again. */
static __attribute__((noinline)) void serve_all(unsigned self, struct arrival *a)
{
    uint64_t alarm;

    do {
        bool answer = serve(a->status, a->source, &a->io);
        uint64_t flags;

        alarm = pl031_alarm(self);
        flags = alarm != 0 ? MV_DEADLINE : 0;
        a->status = answer ? mv_reply_wait_flags(&a->io, &a->source, flags, alarm)
                           : mv_wait_flags(&a->io, &a->source, flags, alarm, 0);
    } while (alarm != 0);
}

/* Answer a load and wait for the next message: as mv_reply_wait(), but of the
 * answer there are only the words that a load has. */
static inline mv_status_t answer_load(struct mv_words *io, uint64_t *source, uint64_t value)
{
    register uint64_t x0 __asm__("x0") = MV_EXIT_RESUME | MV_EXIT_SKIP | MV_EXIT_SET;
    register uint64_t x1 __asm__("x1") = value;
    register uint64_t x2 __asm__("x2");
    register uint64_t x3 __asm__("x3");
    register uint64_t x4 __asm__("x4");
    register uint64_t x5 __asm__("x5");
    register uint64_t x6 __asm__("x6");
    register uint64_t x7 __asm__("x7");
    register uint64_t x8 __asm__("x8") = 0;
    register uint64_t x9 __asm__("x9") = MV_SIZE_SHORT;

    __asm__ volatile("svc %[call]"
                     : "+r"(x0), "+r"(x1), "=r"(x2), "=r"(x3), "=r"(x4), "=r"(x5), "=r"(x6),
                       "=r"(x7), "+r"(x8), "+r"(x9)
                     : [call] "i"(MV_CALL_reply_wait)
                     : "x10", MV_MESSAGE_LOST);
    MV_MESSAGE_REGISTERS_OUT(io);
    *source = x9;
    return x8;
}

static inline bool is_word_load(uint64_t syndrome)
{
    return (syndrome & (ESR_SAS_MASK | ESR_SSE | ESR_WNR)) == ESR_SAS_WORD;
}

/*
 * The shortest way is that of a word read from the distributor: the message
 * stays in registers, so nothing here may take the address of `io`.
 */
static __attribute__((noreturn)) void serve_exits(unsigned self)
{
    struct arrival a;
    struct mv_words io = { { 0 } };
    uint64_t source = 0;
    mv_status_t status = MV_WOULD_BLOCK;

    for (;;) {
        uint64_t offset = io.w[2] - MV_GUEST_GICD;

        if (status == MV_OK && (source & MV_SOURCE_VIRQ) == 0 && io.w[0] == MV_EXIT_MEMORY &&
            is_word_load(io.w[1]) && offset < MV_GUEST_GICD_BYTES && (offset & 3) == 0) {
            status = answer_load(&io, &source, gicd_read(MV_SOURCE_BADGE(source), offset, 4));
            continue;
        }
        a = (struct arrival){ status, source, io };
        serve_all(self, &a);
        io = a.io;
        source = a.source;
        status = a.status;
    }
}

int main(void)
{
    console_open();
    power_init();
    serve_exits(0);
}

void mv_main(unsigned vcpu)
{
    serve_exits(vcpu);
}
