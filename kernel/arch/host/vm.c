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
    struct host_core *h = &host_cores[host_here];

    v->vm->arch.el1 = h->guest;
    v->vm->arch.active = h->active;
    memset(&h->guest, 0xdd, sizeof(h->guest));
    h->guest.cntv_ctl_el0 = 0;
}

void arch_vm_load(struct vcpu *v)
{
    host_cores[host_here].guest = v->vm->arch.el1;
    host_cores[host_here].active = v->vm->arch.active;
}

void host_vm_read(const struct vcpu *v, struct mv_vm_state *out)
{
    if (v->core->owner == v)
        vm_disown(v->core);
    *out = v->vm->arch.el1;
}

void host_vm_write(struct vcpu *v, const struct mv_vm_state *in)
{
    if (v->core->owner == v)
        vm_disown(v->core);
    v->vm->arch.el1 = *in;
}

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

static bool timer_asserted(const struct host_core *h)
{
    return (h->guest.cntv_ctl_el0 & 3) == 1 && h->guest.cntv_cval_el0 <= host_time;
}

bool arch_vm_timer_asserted(void) { return timer_asserted(&host_cores[host_here]); }
void arch_vm_timer_hold(bool hold) { host_cores[host_here].guest_timer_active = hold; }
void arch_clean(void *start, size_t bytes) { (void)start, (void)bytes; }

/* id, priority, state, flags, sender, physical id: a byte each but for the ids. */
arch_lr_t arch_lr_make(uint32_t id, uint32_t priority, uint32_t state, uint32_t physical,
                       bool notify, uint32_t sender)
{
    return id | (uint64_t)priority << 16 | HOST_LR_STATE(state) |
           (physical != 0 ? HOST_LR_PHYSICAL | (uint64_t)physical << 48 : 0) | (notify ? HOST_LR_NOTIFY : 0) | (uint64_t)sender << 40;
}

uint32_t arch_lr_state(arch_lr_t lr) { return lr >> 24 & 3; }
bool arch_lr_is_linked(arch_lr_t lr) { return (lr & HOST_LR_PHYSICAL) != 0; }
uint32_t arch_lr_sender(arch_lr_t lr) { return lr >> 40 & 7; }
static uint32_t id_of(arch_lr_t lr) { return lr & 0xffff; }
static uint32_t priority_of(arch_lr_t lr) { return lr >> 16 & 0xff; }
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

/* ---- what the hardware does ---------------------------------------------------- */

bool host_guest_timer(uint32_t core)
{
    const struct host_core *h = &host_cores[core];

    return timer_asserted(h) && !h->guest_timer_active;
}

bool host_maintenance(uint32_t core)
{
    const struct host_core *h = &host_cores[core];
    bool none_pending = true;

    for (uint32_t i = 0; i < ARCH_LRS; i++) {
        uint32_t state = arch_lr_state(h->lr[i]);

        if (state == 0 && (h->lr[i] & (HOST_LR_NOTIFY | HOST_LR_PHYSICAL)) == HOST_LR_NOTIFY)
            return true;
        if (state == LR_PENDING)
            none_pending = false;
    }
    return ((h->lr_asks & LR_ASK_PENDING) != 0 && none_pending) ||
           ((h->lr_asks & LR_ASK_UNSEEN) != 0 && h->lr_ended != 0);
}

/* The list register of the most urgent interrupt that is pending, or ARCH_LRS. */
static uint32_t most_urgent(const struct host_core *h)
{
    uint32_t best = ARCH_LRS;

    for (uint32_t i = 0; i < ARCH_LRS; i++) {
        if (arch_lr_state(h->lr[i]) == LR_PENDING &&
            (best == ARCH_LRS || priority_of(h->lr[i]) < priority_of(h->lr[best])))
            best = i;
    }
    /* Only one of a more urgent group interrupts what runs. */
    if (best != ARCH_LRS && h->active != 0 &&
        priority_of(h->lr[best]) / 8 >= (uint32_t)__builtin_ctz(h->active))
        best = ARCH_LRS;
    return best;
}

static uint32_t acknowledged_as(arch_lr_t lr) { return id_of(lr) | arch_lr_sender(lr) << 10; }

uint32_t host_guest_offered(uint32_t core)
{
    const struct host_core *h = &host_cores[core];
    uint32_t i = most_urgent(h);

    return i == ARCH_LRS ? HOST_NO_IRQ : acknowledged_as(h->lr[i]);
}

uint32_t host_guest_acknowledge(uint32_t core)
{
    struct host_core *h = &host_cores[core];
    uint32_t i = most_urgent(h);

    if (i == ARCH_LRS)
        return HOST_NO_IRQ;
    h->lr[i] ^= HOST_LR_STATE(LR_PENDING | LR_ACTIVE);
    h->active |= 1u << priority_of(h->lr[i]) / 8;
    return acknowledged_as(h->lr[i]);
}

/* Identifier and sender must be those of a list register; see the descriptions
 * of GICV_EOIR in IHI 0048 and ICV_EOIR1_EL1 in IHI 0069. */
void host_guest_end(uint32_t core, uint32_t acknowledged)
{
    struct host_core *h = &host_cores[core];

    if (h->active == 0)
        return;
    h->active &= h->active - 1;
    for (uint32_t i = 0; i < ARCH_LRS; i++) {
        if ((arch_lr_state(h->lr[i]) & LR_ACTIVE) != 0 && acknowledged_as(h->lr[i]) == acknowledged) {
            h->lr[i] &= ~HOST_LR_STATE(LR_ACTIVE);
            if ((h->lr[i] & HOST_LR_PHYSICAL) == 0)
                return;
            if (h->lr[i] >> 48 == HOST_VIRTUAL_TIMER)
                h->guest_timer_active = false;
            else
                host_irqs[(h->lr[i] >> 48) - HOST_IRQ_FIRST].active = false;
            return;
        }
    }
    h->lr_ended++;
}
