/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake machine's virtual machines: registers in memory, list registers in an array. */
#include "vm.h"

#include <string.h>

#include "core.h"
#include "host.h"
#include "vcpu.h"

void arch_vm_reset(struct vcpu *v) { memset(&v->vm->arch, 0, sizeof(v->vm->arch)); }

void arch_vm_save(struct vcpu *v)
{
    v->vm->arch.el1 = host_cores[host_here].guest;
    host_cores[host_here].guest.cntv_ctl_el0 = 0;
}

void arch_vm_load(struct vcpu *v) { host_cores[host_here].guest = v->vm->arch.el1; }

uint64_t arch_vm_deadline(const struct vcpu *v)
{
    return (v->vm->arch.el1.cntv_ctl_el0 & 3) == 1 ? v->vm->arch.el1.cntv_cval_el0 : UINT64_MAX;
}

/* The syndrome is the number of the register that the reply's x1 goes to. */
void arch_vm_answer(struct vcpu *v, const uint64_t *reply)
{
    if ((reply[0] & MV_EXIT_SKIP) != 0)
        v->frame.pc += 4;
    if ((reply[0] & MV_EXIT_SET) != 0 && v->fault_syndrome < 31)
        v->frame.x[v->fault_syndrome] = reply[1];
    if ((reply[0] & MV_EXIT_SET_CALL) != 0)
        memcpy(v->frame.x, &reply[1], 4 * sizeof(reply[1]));
}

bool arch_vm_timer_asserted(void)
{
    const struct mv_vm_state *guest = &host_cores[host_here].guest;

    return (guest->cntv_ctl_el0 & 3) == 1 && guest->cntv_cval_el0 <= host_time;
}

void arch_vm_timer_hold(void) { host_cores[host_here].guest_timer_active = true; }
void arch_vm_timer_release(void) { host_cores[host_here].guest_timer_active = false; }
void arch_clean(void *start, size_t bytes) { (void)start, (void)bytes; }

/* id, priority, state, flags, sender: a byte each but the id. */
arch_lr_t arch_lr_make(uint32_t id, uint32_t priority, uint32_t state, bool physical, bool notify,
                       uint32_t sender)
{
    return id | (uint64_t)priority << 16 | (uint64_t)state << 24 |
           (physical ? HOST_LR_PHYSICAL : 0) | (notify ? HOST_LR_NOTIFY : 0) | (uint64_t)sender << 40;
}

uint32_t arch_lr_state(arch_lr_t lr) { return lr >> 24 & 3; }
uint32_t arch_lr_sender(arch_lr_t lr) { return lr >> 40 & 7; }
arch_lr_t arch_lr_read(uint32_t i) { return host_cores[host_here].lr[i]; }
void arch_lr_write(uint32_t i, arch_lr_t lr) { host_cores[host_here].lr[i] = lr; }

uint32_t arch_lr_empty(void)
{
    uint32_t empty = 0;

    for (uint32_t i = 0; i < ARCH_LRS; i++)
        empty |= (uint32_t)(arch_lr_state(host_cores[host_here].lr[i]) == 0) << i;
    return empty;
}

uint32_t arch_lr_ended(void) { return host_cores[host_here].lr_ended; }

void arch_lr_ask(uint32_t what)
{
    host_cores[host_here].lr_asks = what;
    host_cores[host_here].lr_ended = 0;
}
