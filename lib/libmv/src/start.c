/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs before main() and after it. */

#include <libmv/message.h>
#include <libmv/start.h>

#include "internal.h"

typedef void init_function(void);
extern init_function *const mv_init_begin[], *const mv_init_end[];

/* 1: the constructors have run. Written by vCPU 0 only. */
static uint32_t constructed;

_Static_assert(sizeof(struct mv_message_buffer) + sizeof(struct mv_local) <= MV_PAGE_SIZE,
               "what libmv keeps per vCPU must fit behind the message buffer");

struct mv_local *mv_local(void)
{
    return (struct mv_local *)((char *)mv_message_buffer() + MV_PAGE_SIZE
                               - sizeof(struct mv_local));
}

__attribute__((weak)) void mv_main(unsigned vcpu)
{
    (void)vcpu;
}

static void start_first(void)
{
    if (mv_console_start != NULL)
        mv_console_start();
    for (init_function *const *f = mv_init_begin; f < mv_init_end; f++)
        (*f)();
    /* What the constructors wrote must be seen first: pairs with
     * start_other(). */
    __atomic_store_n(&constructed, 1, __ATOMIC_RELEASE);
    (void)main();
}

static void start_other(unsigned vcpu)
{
    /* Pairs with start_first(). A vCPU that shares its core with vCPU 0 must
     * let it run whatever the priorities are, so it sleeps between looks. */
    while (__atomic_load_n(&constructed, __ATOMIC_ACQUIRE) == 0)
        mv_sleep(100 * MV_US);
    mv_main(vcpu);
}

void mv_start(uint64_t vcpu)
{
    if (mv_message_buffer() != NULL)
        mv_local()->vcpu = (uint32_t)vcpu;
    if (vcpu == 0)
        start_first();
    else
        start_other((unsigned)vcpu);
    if (mv_print_at_exit != NULL)
        mv_print_at_exit();
    mv_exit();
}
