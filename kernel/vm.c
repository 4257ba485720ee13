/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm.h"

#include "core.h"
#include "fault.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "timer.h"
#include "trace.h"
#include "vcpu.h"
#include "vgic.h"
#include "virq.h"

/* ---- exits ------------------------------------------------------------------- */

void vm_exit(struct vcpu *v, uint64_t address, uint64_t syndrome)
{
    uint64_t *m = v->vm->message;

    m[1] = v->fault_syndrome = syndrome;
    m[2] = v->fault_address = address;
    m[7] = arch_frame_pc(v);
    trace(MV_EVENT_EXIT, v, syndrome, address);
    ipc_fault(v);
}

bool vm_answered(struct vcpu *v)
{
    uint64_t action = v->remote_status;

    if ((action & MV_EXIT_RESUME) == 0 || (action & ~(uint64_t)MV_EXIT_ALL) != 0)
        return false;
    arch_vm_answer(v, v->vm->message);
    if ((action & MV_EXIT_WAIT) != 0 && !vgic_has_work(v))
        vcpu_set_state(v, VCPU_IDLE);
    return true;
}

void vm_wait(struct vcpu *v)
{
    if (vgic_has_work(v))
        return;
    vcpu_set_state(v, VCPU_IDLE);
    sched_block(v->core);
}

bool vm_bell(struct vcpu *v, uint64_t address, uint64_t value)
{
    const struct vm *vm = v->vm;
    uint64_t at = address - vm->bell_address;
    uint64_t i = at / MV_BELL_STEP | at << (64 - __builtin_ctz(MV_BELL_STEP));    /* rotated */

    if (i >= vm->bell_count)
        return false;
    struct virq *q = vm->bells[arch_index(i, vm->bell_count)];

    if (q == NULL)
        return false;
    virq_raise_by(v, q, UINT64_C(1) << (value & 63));
    return true;
}

/* ---- whose the hardware is ------------------------------------------------------- */

static void timer_park(struct vm *vm)
{
    struct core *core = vm->vcpu->core;
    uint64_t deadline = arch_vm_deadline(vm->vcpu);

    if (deadline == UINT64_MAX)
        return;
    vm->timer.key = deadline;
    vm->timer.kind = TIMEOUT_VM;
    heap_insert(&core->timers, &vm->timer);
    sched_timer_update(core);
}

static void timer_unpark(struct vm *vm)
{
    heap_drop(&vm->vcpu->core->timers, &vm->timer);
}

void vm_disown(struct core *core)
{
    struct vcpu *v = core->owner;

    if (v == NULL)
        return;
    arch_vm_save(v);
    vgic_unload(v);
    core->owner = NULL;
    timer_park(v->vm);
}

void vm_own(struct vcpu *v)
{
    vm_disown(v->core);
    timer_unpark(v->vm);
    arch_vm_load(v);
    v->core->owner = v;
    vgic_load(v);
}

/* If v waits, its interrupt comes as soon as it runs. */
void vm_timer_expired(struct vm *vm)
{
    vgic_update(vm->vcpu);
}

void vm_reset(struct vcpu *v)
{
    timer_unpark(v->vm);
    arch_vm_reset(v);
    vgic_reset(v);
}
