/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU of a virtual machine. The guest's own privileged registers, its timer
 * and its list registers stay in the hardware until another such vCPU runs on
 * the core: core->owner says whose they are. Its exits are calls to its VMM's
 * portal, with `message` as their words.
 */
#pragma once

#include "base.h"
#include "heap.h"
#include "arch/arch.h"

struct core;
struct vcpu;
struct vgic;
struct virq;

struct vm {
    struct arch_vm   arch;
    struct vcpu     *vcpu;              /* [I] */
    struct vgic     *vgic;              /* [I] */
    struct virq    **bells;             /* [I] what each of them raises, or NULL */
    uint64_t         bell_address, bell_count;    /* [I] in the guest, MV_BELL_STEP apart */
    struct heap_node timer;             /* its virtual timer's deadline while it owns nothing */
    uint32_t         lrs, lr_asks;      /* owner: list registers in use; what they ask for */
    uint32_t         lr_again;          /* owner: the interrupt for which the first may be written as it was */
    uint16_t         lr_id[ARCH_LRS];   /* owner: which interrupt stands in each */
    uint32_t         lr_ended;          /* ends of interrupts in none that are yet to be noted */
    arch_lr_t        lr_first;          /* owner: as the first of them was written */
    uint64_t         message[MV_MESSAGE_WORDS];   /* of its exit, then of the reply */
};

/* An exit of v, which runs here, with the frame's pc at the guest's; words 0 and
 * 3 to 6 of the message are there already. */
void vm_exit(struct vcpu *v, uint64_t address, uint64_t syndrome);
/* v, which runs here, stores `value` at `address`: if a bell is there, it is rung. */
bool vm_bell(struct vcpu *v, uint64_t address, uint64_t value);
/* The VMM has answered; false: v is to stop. If it is to wait, it does. */
bool vm_answered(struct vcpu *v);
/* v, which runs here, waits for an interrupt. */
void vm_wait(struct vcpu *v);

/* v, which is about to run here, gets the hardware; whoever has it loses it. */
void vm_own(struct vcpu *v);
/* The hardware's owner loses it: what it held is in memory. */
void vm_disown(struct core *core);
/* The deadline of a timer has passed. */
void vm_timer_expired(struct vm *vm);
/* v, which is stopped and owns nothing, as at power-on. */
void vm_reset(struct vcpu *v);
