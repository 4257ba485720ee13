/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers and instructions that are withheld from the guest. */
#pragma once

#include <stdint.h>

#include "exit.h"

/* EC 0x18; `value` is that of the register which an MSR names. */
struct reply sysreg_exit(uint32_t vcpu, uint64_t syndrome, uint64_t value);

void sysreg_reset(void);

/* One as the instruction names it; in a syndrome it is spread over the ISS. */
#define SYSREG(op0, op1, crn, crm, op2) \
    ((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 | (op2))
#define SYSREG_OP0(key)  ((key) >> 14)
#define SYSREG_CRM(key)  ((key) >> 3 & 0xf)
#define SYSREG_OP2(key)  ((key) & 7)

static inline uint32_t sysreg_key(uint64_t syndrome)
{
    return SYSREG(bits(syndrome, 21, 20), bits(syndrome, 16, 14), bits(syndrome, 13, 10),
                  bits(syndrome, 4, 1), (uint32_t)bits(syndrome, 19, 17));
}

/* As ID_AA64DFR0_EL1 says. */
#define SYSREG_BREAKPOINTS  2u
#define SYSREG_WATCHPOINTS  2u

/* What the guest is shown of the ID register SYSREG(3, 0, 0, 1-7, n), on
 * hardware that has these values. */
struct mv_vm_state;
uint64_t id_register(uint32_t key, const struct mv_vm_state *hw);
