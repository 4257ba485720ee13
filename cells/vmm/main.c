/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM of one virtual machine: emulates its devices and answers its calls.
 * One vCPU on each core that the machine uses serves the exits there; vCPU 0
 * also takes what comes from the console.
 */
#include <libmv/libmv.h>

#include <mv/vm.h>

#include "console.h"
#include "exit.h"
#include "pl031.h"
#include "power.h"
#include "vmm_config.h"

/* Serve what is not a load or store; true: there is an answer. */
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
    other_exit(vcpu, io);
    power_leave(vcpu);
    return true;
}

/* The same until there is an answer. */
static __attribute__((noinline)) void serve_others(unsigned self, mv_status_t status,
                                                   uint64_t source, struct mv_words *io)
{
    while (!serve(status, source, io)) {
        uint64_t alarm = pl031_alarm(self);

        status = mv_wait_flags(io, &source, alarm != 0 ? MV_DEADLINE : 0, alarm, 0);
    }
}

/*
 * A message stays in registers on the way through here: nothing in this
 * function may take the address of `io`.
 */
static __attribute__((noreturn)) void serve_exits(unsigned self)
{
    struct mv_words io, other;
    uint64_t source, alarm;
    mv_status_t status = mv_wait_flags(&io, &source, MV_NOWAIT, 0, 0);

    for (;;) {
        if (status == MV_OK && (source & MV_SOURCE_VIRQ) == 0 && io.w[0] == MV_EXIT_MEMORY) {
            struct reply reply = memory_exit(MV_SOURCE_BADGE(source), io.w[1], io.w[2], io.w[3],
                                             io.w[4]);

            io = (struct mv_words){ { reply.action, reply.value } };
        } else {
            other = io;
            serve_others(self, status, source, &other);
            io = other;
        }
        alarm = pl031_alarm(self);
        status = mv_reply_wait_flags(&io, &source, alarm != 0 ? MV_DEADLINE : 0, alarm);
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
