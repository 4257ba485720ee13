/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/calls.h>
#include <libmv/message.h>
#include <libmv/start.h>
#include <libmv/upcall.h>

void mv_upcall_entry(void);

_Static_assert(sizeof(struct mv_local) - offsetof(struct mv_local, upcall) == 0x1000 - 0xff8,
               "mv_upcall_entry reads the last word of the page");

mv_status_t mv_upcall_start(mv_upcall_handler *handler, void *stack_top)
{
    if (handler != NULL)
        mv_local()->upcall = handler;
    mv_local()->upcall_stack = (uint64_t)stack_top;
    return mv_upcall_set(handler != NULL ? (uint64_t)mv_upcall_entry : 0, (uint64_t)stack_top);
}

void mv_upcall_mask(void)
{
    volatile struct mv_upcall *u = &mv_message_buffer()->upcall;

    u->masked = 1;
    __asm__ volatile("" : : : "memory");
}

void mv_upcall_unmask(void)
{
    volatile struct mv_upcall *u = &mv_message_buffer()->upcall;

    __asm__ volatile("" : : : "memory");
    u->masked = 0;
    /* One that was held back is delivered when the entry is set again. */
    if (u->pending != 0) {
        u->pending = 0;
        (void)mv_upcall_set((uint64_t)mv_upcall_entry, mv_local()->upcall_stack);
    }
}

void mv_upcall_return(void)
{
    for (;;)
        __asm__ volatile("svc %0" : : "i"(MV_CALL_upcall_return) : "memory");
}
