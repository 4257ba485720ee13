/* SPDX-License-Identifier: BSD-2-Clause */
#include "smccc.h"

#include <stddef.h>

#include <mv/guest.h>
#include <mv/vm.h>

#include "exit.h"
#include "inject.h"
#include "psci.h"

#define VERSION            0x80000000u
#define ARCH_FEATURES      0x80000001u
#define ARCH_WORKAROUND_1  0x80008000u
#define ARCH_WORKAROUND_2  0x80007fffu
#define ARCH_WORKAROUND_3  0x80003fffu
#define VERSION_1_2        0x10002u

/* Answers about work-arounds; they are for all cores alike. */
#define WORKAROUND_NEEDLESS   UINT64_C(1)     /* of 1 and 3 */
#define WORKAROUND_2_NEEDLESS (~UINT64_C(1))  /* -2 */

/* Cores of Arm without branch prediction to abuse, or that order loads behind
 * stores: Cortex-A35, A53, A55. */
static bool core_is_simple(uint64_t midr)
{
    uint64_t part = bits(midr, 15, 4);

    return bits(midr, 31, 24) == 0x41 && (part == 0xd04 || part == 0xd03 || part == 0xd05);
}

/*
 * The work-arounds lie in firmware, which a cell cannot call: what a core needs
 * is not supported, and says so.
 */
static uint64_t workaround(uint32_t vcpu, uint32_t function)
{
    const struct guest_state *g = guest_read(vcpu);

    if (g == NULL)
        return SMCCC_NOT_SUPPORTED;
    if (core_is_simple(g->vm.midr_el1))
        return function == ARCH_WORKAROUND_2 ? WORKAROUND_2_NEEDLESS : WORKAROUND_NEEDLESS;
    if (function == ARCH_WORKAROUND_1 && bits(g->vm.id_aa64pfr0_el1, 59, 56) != 0)
        return WORKAROUND_NEEDLESS;
    return SMCCC_NOT_SUPPORTED;
}

static uint64_t arch_features(uint32_t vcpu, uint32_t function)
{
    switch (function) {
    case VERSION:
    case ARCH_FEATURES:
        return 0;
    case ARCH_WORKAROUND_1:
    case ARCH_WORKAROUND_2:
    case ARCH_WORKAROUND_3:
        return workaround(vcpu, function);
    default:
        return SMCCC_NOT_SUPPORTED;
    }
}

/* The answer in x0 to x3. */
static void answer_all(struct mv_words *io, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    *io = (struct mv_words){ { MV_EXIT_RESUME | MV_EXIT_SET_CALL, x0, x1, x2, x3 } };
}

/* In x0; what holds no result keeps its value. */
static void answer(struct mv_words *io, uint64_t x0)
{
    answer_all(io, x0, io->w[4], io->w[5], io->w[6]);
}

void smccc_exit(uint32_t vcpu, struct mv_words *io)
{
    uint64_t syndrome = io->w[1];
    uint32_t function = (uint32_t)io->w[3], immediate = (uint32_t)bits(syndrome, 15, 0);
    uint64_t argument = io->w[4];

    if (immediate != 0)
        answer(io, SMCCC_NOT_SUPPORTED);
    else if (psci_call(vcpu, function, io))
        ;
    else if (function == VERSION)
        answer(io, VERSION_1_2);
    else if (function == ARCH_FEATURES)
        answer(io, arch_features(vcpu, (uint32_t)argument));
    else if (function == MV_SMCCC_UID)
        answer_all(io, MV_SMCCC_UID_0, MV_SMCCC_UID_1, MV_SMCCC_UID_2, MV_SMCCC_UID_3);
    else if (function == MV_SMCCC_REVISION)
        answer_all(io, MV_SMCCC_MAJOR, MV_SMCCC_MINOR, io->w[5], io->w[6]);
    else if (function == MV_SMCCC_FEATURES)
        answer(io, MV_SMCCC_FEATURE_CALLS);
    else
        answer(io, SMCCC_NOT_SUPPORTED);
    /* An SMC is trapped before it has been executed. */
    if (ESR_EC(syndrome) == EC_SMC)
        io->w[0] |= MV_EXIT_SKIP;
}
