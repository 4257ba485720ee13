/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to one physical core. Only that core touches it, always with
 * interrupts masked, so nothing in it needs a lock; other cores reach it by
 * posting messages to its inbox (see message.h).
 */
#pragma once

#include "base.h"
#include "heap.h"
#include "message.h"
#include <mv/systab.h>

struct vcpu;
struct context;

#define READY_WORDS (MV_PRIORITIES / 64)

struct core {
    /* Entry stores the interrupted vCPU in both, exit compares them. */
    struct vcpu     *current;       /* whose registers are loaded; NULL: none      */
    struct vcpu     *run;           /* who is to run when the kernel is left; bit 0 set: by the long way */
    uint32_t         preempt_key;   /* a vCPU of a lower rank must not go on: see sched.h */
    uint32_t         ready_top;     /* highest ready priority + 1; 0: nothing is ready */
    uint32_t         index;         /* [I] */
    bool             slice_expired; /* the current context has had its turn among equals */
    struct context  *context;       /* charged since `since`; NULL: idle           */
    uint64_t         since;         /* ticks                                       */
    uint64_t         slice_end;     /* ticks; UINT64_MAX: none                     */
    uint64_t         budget_end;    /* ticks: the context's budget is to be looked at; UINT64_MAX: never */
    uint64_t         programmed;    /* what the hardware timer was last set to     */
    struct heap      timers;        /* by deadline in ticks                        */
    struct vcpu     *fp_owner;      /* whose FP registers are in the hardware      */
    struct vcpu     *owner;         /* and whose registers of a VM; NULL: nobody's */
    /* The inbox: a row from oldest to newest, never empty. */
    struct message  *newest;        /* atomic, any core                            */
    struct message  *oldest;
    struct message   rest;          /* of no vCPU: stands in the row when nothing else does */
    struct mv_trace_ring *trace;    /* NULL: none                                  */
    uint64_t         ready_bits[READY_WORDS];
    uint16_t         ready_head[MV_PRIORITIES];  /* vCPU index + 1 of the first in each ring; 0: empty */
    /* Time windows; see window.h. */
    uint16_t         parked[MV_PARTITIONS_MAX];  /* the same, of those who wait for a window */
    uint32_t         eligible;      /* bit n: partition n may run                  */
    uint32_t         window;        /* number in the table, of this core           */
    uint64_t         frame;         /* ns: when the present frame began            */
    struct heap_node window_end;    /* in timers                                   */
    const struct mv_sys_schedule *schedule;      /* NULL: there are no windows     */
};
