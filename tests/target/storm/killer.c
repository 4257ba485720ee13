/* SPDX-License-Identifier: BSD-2-Clause */
/* Stops and starts the workers, whole or a vCPU of them. */
#include "account.h"

static const struct { uint32_t cell, vcpu; } worker[WORKERS] = {
    { CAP_CELL_W0, CAP_VCPU_W0_0 }, { CAP_CELL_W1, CAP_VCPU_W1_0 }, { CAP_CELL_W2, CAP_VCPU_W2_0 },
    { CAP_CELL_W3, CAP_VCPU_W3_0 }, { CAP_CELL_W4, CAP_VCPU_W4_0 }, { CAP_CELL_W5, CAP_VCPU_W5_0 },
    { CAP_CELL_W6, CAP_VCPU_W6_0 }, { CAP_CELL_W7, CAP_VCPU_W7_0 },
};

int main(void)
{
    uint64_t state = WHO;

    for (;;) {
        uint64_t r = account_random(&state);
        unsigned who = r % WORKERS;
        mv_status_t st;

        mv_sleep(r >> 8 & 0x7ffff);
        if (ACCOUNT->calm != 0)
            continue;
        ACCOUNT->of[WHO].calls++;
        switch (r >> 40 & 7) {
        case 0: case 1: case 2:
            st = mv_cell_stop(worker[who].cell);
            if (st != MV_OK && st != MV_BUSY)      /* the other killer is at it */
                account_wrong(WHO, 1, st);
            st = mv_cell_start(worker[who].cell);
            if (st != MV_OK && st != MV_BUSY)
                account_wrong(WHO, 2, st);
            break;
        case 3: case 4:
            st = mv_vcpu_stop(worker[who].vcpu);
            if (st != MV_OK && st != MV_BUSY)
                account_wrong(WHO, 3, st);
            st = mv_vcpu_read(worker[who].vcpu);
            if (st != MV_OK && st != MV_BUSY)
                account_wrong(WHO, 4, st);
            st = mv_vcpu_start(worker[who].vcpu);
            if (st != MV_OK && st != MV_BUSY)
                account_wrong(WHO, 5, st);
            break;
        case 5:
            st = mv_cell_start(worker[who].cell);
            if (st != MV_OK && st != MV_BUSY)
                account_wrong(WHO, 6, st);
            break;
        default:
            st = mv_vcpu_counters(worker[who].vcpu);
            if (st != MV_OK)
                account_wrong(WHO, 7, st);
            break;
        }
    }
}
