/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <libmv/libmv.h>

struct fp_state {
    uint64_t v[64];           /* q0-q31 */
    uint64_t fpcr, fpsr;
};
void fp_load(const struct fp_state *s);
void fp_store(struct fp_state *s);

/* What the cells tell main, by cell index. */
struct fp_board {
    struct {
        volatile uint64_t rounds, wrong, starts, dirty;
        volatile uint64_t where, got, want;   /* of the last wrong one */
    } cell[16];
    volatile uint64_t none_after;
};
#define FP_BOARD ((struct fp_board *)SEGMENT_BOARD__ADDRESS)

/* A state that belongs to one cell and round. */
static inline void fp_pattern(struct fp_state *s, uint64_t cell, uint64_t round)
{
    for (uint64_t i = 0; i < 64; i++)
        s->v[i] = cell << 56 | i << 48 | ((round * 0x9e3779b1u + i) & UINT64_C(0xffffffffffff));
    s->fpcr = (cell % 4) << 22 | (round % 4) << 24;   /* rounding; flush to zero, default NaN */
    s->fpsr = (round & 0x1f) | (cell & 1) << 27;
}
