/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Upcalls: vIRQs that interrupt the running code instead of waiting to be
 * taken, on the vCPU that asks for them.
 */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs with upcalls masked. The kernel has saved every register in the message
 * buffer (struct mv_upcall) and restores them when this returns; the handler
 * may change them there. */
typedef void mv_upcall_handler(unsigned line, uint64_t payload);

/*
 * Deliver this vCPU's vIRQs to `handler` from now on, on the stack that ends at
 * `stack_top` (16-byte aligned; 0: below the interrupted one). handler = NULL
 * stops it.
 */
mv_status_t mv_upcall_start(mv_upcall_handler *handler, void *stack_top);

/* Hold upcalls back, and let them through again. They do not nest. */
void mv_upcall_mask(void);
void mv_upcall_unmask(void);

/* Restore the frame in the message buffer and enable upcalls, in one step. */
void mv_upcall_return(void) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
