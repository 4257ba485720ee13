/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a cell begins and ends. vCPU 0 runs the constructors and main(); the
 * others wait for the constructors, then run mv_main(). A vCPU whose function
 * returns stops.
 */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

int main(void);

/* What the vCPUs 1 and up run; a cell that has them defines it. */
void mv_main(unsigned vcpu);

/* Stop the calling vCPU for good. */
void mv_exit(void) __attribute__((noreturn));

/* Print the message and where it was found, then stop the vCPU. */
void mv_panic(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void mv_assert_failed(const char *expression, const char *file, unsigned line)
    __attribute__((noreturn));
#define mv_assert(expression) \
    ((expression) ? (void)0 : mv_assert_failed(#expression, __FILE__, __LINE__))

/*
 * What libmv keeps per vCPU. It lies at the end of the message buffer's page,
 * which the kernel does not use; a cell that changes TPIDR_EL0 must restore it
 * before it calls the library.
 */
#define MV_LOCAL_PRINT_BYTES 160

struct mv_local {
    uint32_t vcpu;             /* its index in the cell */
    uint32_t print_length;     /* bytes in print_line */
    uint64_t deferred;         /* lines taken by a closed wait, still to be served */
    char     print_line[MV_LOCAL_PRINT_BYTES];
    uint64_t upcall_stack;     /* as given to mv_upcall_start */
    void   (*upcall)(unsigned line, uint64_t payload);  /* stays last: mv_upcall_entry */
};

struct mv_local *mv_local(void);

/* Index of the calling vCPU in its cell. */
static inline unsigned mv_vcpu_index(void)
{
    return mv_local()->vcpu;
}

#ifdef __cplusplus
}
#endif
