/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest's exit asks for, and the answer. The fields of a syndrome are
 * those of ESR_EL2 (DDI 0487, D17.2.37).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <mv/vm.h>

#include <libmv/words.h>

/* Bits `high` to `low` of a value. */
static inline uint64_t bits(uint64_t value, unsigned high, unsigned low)
{
    return value >> low & ((UINT64_C(2) << (high - low)) - 1);
}

#define ESR_EC(esr)          ((uint32_t)bits(esr, 31, 26))
#define ESR_IL               (UINT64_C(1) << 25)
#define ESR_ISV              (UINT64_C(1) << 24)
#define ESR_SAS(esr)         ((unsigned)bits(esr, 23, 22))
#define ESR_SAS_MASK         (UINT64_C(3) << 22)
#define ESR_SAS_WORD         (UINT64_C(2) << 22)
#define ESR_SSE              (UINT64_C(1) << 21)
#define ESR_SF               (UINT64_C(1) << 15)
#define ESR_WNR              (UINT64_C(1) << 6)

enum exception_class {
    EC_UNKNOWN = 0x00, EC_INSTRUCTION_LOWER = 0x20, EC_INSTRUCTION_SAME = 0x21,
    EC_DATA_LOWER = 0x24, EC_DATA_SAME = 0x25, EC_BRK = 0x3c,
    EC_SYSTEM_REGISTER = 0x18, EC_HVC = 0x16, EC_SMC = 0x17,
};

/* The first two words of the answer, for all that need no more. */
struct reply {
    uint64_t action, value;
};
#define REPLY_RETRY          ((struct reply){ MV_EXIT_RESUME, 0 })
#define REPLY_SKIP           ((struct reply){ MV_EXIT_RESUME | MV_EXIT_SKIP, 0 })
#define REPLY_STOP           ((struct reply){ 0, 0 })

static inline struct reply reply_value(uint64_t value)
{
    return (struct reply){ MV_EXIT_RESUME | MV_EXIT_SKIP | MV_EXIT_SET, value };
}

/* Serve an exit; the message is replaced by the answer. */
void exit_serve(uint32_t vcpu, struct mv_words *io);
