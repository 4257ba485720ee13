/* SPDX-License-Identifier: BSD-2-Clause */
#include "invariants.h"

#include <stdio.h>
#include <stdlib.h>

#include "budget.h"
#include "vgic.h"
#include "vm.h"
#include "world.h"

char invariants_where[160];

/* Of which vCPU or core the truth is. */
static const char *subject;
static uint32_t    subject_index;

void invariants_show(void)
{
    fprintf(stderr, "  %s, time %lu\n", invariants_where, (unsigned long)host_time);
    for (uint32_t i = 0; i < world.head.core_count; i++) {
        const struct core *c = arch_core(i);

        fprintf(stderr, "  core %u key %u top %u expired %d slice end %ld programmed %ld current %d\n", i,
                c->preempt_key, c->ready_top, c->slice_expired, (long)c->slice_end, (long)c->programmed,
                running(i));
    }
    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        const struct vcpu *v = vcpu_at(i);

        fprintf(stderr, "  vCPU %u core %u state %u rank %u callee %d caller %d queued %d attention %x "
                "pending %lx stopping %d cancelling %d request %u\n", i, v->core->index, vcpu_state(v), v->rank,
                v->callee == NULL ? -1 : v->callee->index, v->caller == NULL ? -1 : v->caller->index,
                v->queued, v->attention, (unsigned long)v->virq_pending, v->stopping, v->cancelling,
                v->request.kind);
    }
}

static void broken(const char *what, int line)
{
    fprintf(stderr, "invariants.c:%d: broken for %s %u: %s\n", line, subject, subject_index, what);
    invariants_show();
    abort();
}
#define TRUE(x) ((x) ? (void)0 : broken(#x, __LINE__))

static bool is_waiting(const struct vcpu *v)
{
    return vcpu_state(v) == VCPU_WAITING || vcpu_state(v) == VCPU_LISTENING;
}

/* ---- cores ------------------------------------------------------------------- */

static uint32_t highest_in_rings(const struct core *c)
{
    uint32_t highest = 0;

    for (uint32_t p = 0; p < MV_PRIORITIES; p++) {
        bool bit = (c->ready_bits[p / 64] >> (p % 64) & 1) != 0;

        TRUE(bit == (c->ready_head[p] != 0));
        if (bit)
            highest = p + 1;
    }
    return highest;
}

/* Which of a kind's rings v belongs in. */
static uint32_t ring_of(const struct vcpu *v, enum queued where)
{
    return where == QUEUED_READY ? v->rank / 2 : v->context->limits % MV_PARTITIONS_MAX;
}

/* Whoever is to stand in one of these rings does so once, in its own, and nobody else does. */
static void check_rings(const struct core *c, const uint16_t *head, uint32_t count, enum queued where)
{
    uint32_t queued = 0, in_rings = 0;

    for (uint32_t n = 0; n < count; n++) {
        if (head[n] == 0)
            continue;
        const struct vcpu *first = vcpu_at(head[n] - 1u), *v = first;

        do {
            TRUE(v->core == c && v->queued == where && ring_of(v, where) == n);
            TRUE(vcpu_state(v) == VCPU_RUNNABLE && v != c->current);
            TRUE(v->next->prev == v && v->prev->next == v);
            v = v->next;
            in_rings++;
            TRUE(in_rings <= world.head.vcpus.count);
        } while (v != first);
    }
    for (uint32_t i = 0; i < world.head.vcpus.count; i++)
        queued += vcpu_at(i)->core == c && vcpu_at(i)->queued == where;
    TRUE(queued == in_rings);
}

/* Ready ones by rank; those who wait for a window by their context's partition. */
static void check_places(const struct core *c)
{
    check_rings(c, c->ready_head, MV_PRIORITIES, QUEUED_READY);
    check_rings(c, c->parked, MV_PARTITIONS_MAX, QUEUED_WINDOW);
    TRUE((c->eligible & 1) != 0 && heap_holds(&c->window_end) == (world.head.schedules.count != 0));
}

/* Nothing of it is ever lost or made, whoever waits for it will be told, and no
 * time goes by that is nobody's. */
static void check_budget(const struct context *c)
{
    const struct budget *b = c->budget;
    uint64_t sum = 0;

    if (b == NULL)
        return;
    TRUE(b->count >= 1 && b->count <= BUDGET_PIECES);
    for (uint32_t i = 0; i < b->count; i++) {
        const struct budget_piece *p = &b->piece[(b->first + i) % BUDGET_PIECES];

        TRUE(p->amount != 0);
        TRUE(i == 0 || p->at > b->piece[(b->first + i - 1) % BUDGET_PIECES].at);
        sum += p->amount;
    }
    TRUE(sum == b->amount && b->settled <= c->consumed);
    if (b->holder != NULL) {
        TRUE(b->holder->queued == QUEUED_BUDGET && b->holder->context == c);
        TRUE(heap_holds(&b->node) && vcpu_state(b->holder) == VCPU_RUNNABLE);
    }
    if (b->background != NULL) {
        TRUE(&b->background->own == c && heap_holds(&b->node) && !vcpu_is_stopped(b->background));
        TRUE(b->sys->exhausted == MV_EXHAUSTED_BACKGROUND);
    }
}

/* The most urgent runs, and the key that the fast path trusts says so. */
static void check_urgency(const struct core *c)
{
    uint32_t top = highest_in_rings(c);
    uint32_t key = top == 0 ? 0 : 2 * (top - 1) + (c->slice_expired ? 2 : 0);

    TRUE(c->run == c->current);
    TRUE(c->ready_top == top);
    TRUE(c->preempt_key == key);
    TRUE(c->current != NULL || top == 0);
    if (c->current != NULL) {
        TRUE(vcpu_state(c->current) == VCPU_RUNNABLE && c->current->queued == QUEUED_NOT);
        TRUE((c->eligible >> c->current->context->limits % MV_PARTITIONS_MAX & 1) != 0);
        /* A server at its ceiling may have used up its caller's turn; equals
         * of the ceiling that come then wait for the end of the service. */
        TRUE(c->preempt_key <= c->current->rank + (c->current->rank > c->context->rank ? 1 : 0));
        TRUE(c->context == c->current->context);
    }
}

/* The hardware's timer is set, at the latest, to the first thing due. */
static void check_timer(const struct core *c)
{
    const struct heap_node *first = heap_first(&c->timers);

    for (uint32_t i = 0; i < c->timers.count; i++) {
        TRUE(c->timers.slot[i]->place == i + 1);
        TRUE(i == 0 || c->timers.slot[(i - 1) / 2]->key <= c->timers.slot[i]->key);
    }
    TRUE(host_cores[c->index].timer == c->programmed);
    TRUE(first == NULL || c->programmed <= first->key);
    TRUE(c->programmed <= c->budget_end);
    /* Whoever runs on a budget has so much of it, or runs without. */
    if (c->current != NULL && c->context->budget != NULL && c->context->budget->background != c->current)
        TRUE(c->budget_end != UINT64_MAX);
    /* An equal of the context is ready: its turn must end some time. */
    if (c->current != NULL && !c->slice_expired && c->preempt_key != 0 &&
        c->preempt_key + 1 == c->context->rank && c->context->rank == c->current->rank)
        TRUE(c->programmed <= c->slice_end);
}

/* ---- messages -------------------------------------------------------------------- */

/* Nothing is on its way to this core. */
static bool inbox_is_empty(const struct core *c)
{
    return c->oldest == &c->rest && c->rest.next == NULL;
}

/* How often a message lies in an inbox, and in whose. */
static uint32_t find_message(const struct message *wanted, const struct core **where)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < world.head.core_count; i++) {
        const struct message *last = NULL;

        for (const struct message *m = arch_core(i)->oldest; m != NULL; m = m->next) {
            last = m;
            if (m == wanted) {
                found++;
                *where = arch_core(i);
            }
        }
        TRUE(last == arch_core(i)->newest);
        TRUE(inbox_is_empty(arch_core(i)) || host_cores[i].message);
    }
    return found;
}

/* How many vCPUs wait for the end of a stop that v asked for. */
static uint32_t stops_awaited_by(const struct vcpu *v)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        if (vcpu_at(i)->stopper == v) {
            TRUE(vcpu_at(i)->stopping);
            found++;
        }
    }
    return found;
}

/* A request is somewhere, in exactly one place, while its vCPU is REMOTE. */
static void check_messages(const struct vcpu *v)
{
    const struct core *at = NULL;
    uint32_t in_inbox = find_message(&v->request, &at);
    const struct vcpu *server = v->callee;

    if (vcpu_state(v) != VCPU_REMOTE) {
        TRUE(in_inbox == 0 && !v->cancelling && !v->stopping && stops_awaited_by(v) == 0);
    } else if (stops_awaited_by(v) != 0) {
        TRUE(stops_awaited_by(v) == 1 && in_inbox == 0 && v->request.kind == MESSAGE_OPERATION);
    } else if (in_inbox != 0) {
        TRUE(in_inbox == 1);
        TRUE(at == v->core || v->request.kind == MESSAGE_OPERATION || at == server->core);
    } else if (v->cancelling && (v->request.kind == MESSAGE_CALL_DONE ||
                                 v->cancel.kind == MESSAGE_CANCEL_DONE)) {
        /* It came back already, or let go: the cancel alone is awaited. */
    } else {
        TRUE(v->request.kind == MESSAGE_CALL);
        TRUE(server->core != v->core);
        TRUE((heap_holds(&v->sending) ? 1 : 0) + (server->caller == v ? 1 : 0) == 1);
    }
    TRUE(find_message(&v->cancel, &at) == (v->cancelling ? 1u : 0u));
    TRUE(find_message(&v->kick, &at) == v->kicked);
}

/* ---- vCPUs ------------------------------------------------------------------------ */

static void check_place(const struct vcpu *v)
{
    const struct core *c = v->core;

    TRUE((v->state & ~(VCPU_POISON | VCPU_EXIT)) >> VCPU_CORE_SHIFT == c->index + 1 ||
         vcpu_state(v) == VCPU_RUNNABLE);
    if (vcpu_state(v) == VCPU_RUNNABLE)
        TRUE((v->queued != QUEUED_NOT) != (c->current == v));
    else
        TRUE(v->queued == QUEUED_NOT && c->current != v);
    if (v->queued == QUEUED_BUDGET)
        TRUE(v->context->budget->holder == v);
}

/* Caller and callee agree about each other. */
static void check_call(const struct vcpu *v)
{
    const struct vcpu *callee = v->callee;

    if (vcpu_state(v) == VCPU_SENDING)
        TRUE(callee->core == v->core && heap_holds(&v->sending));
    if (vcpu_state(v) == VCPU_CALLING)
        TRUE(callee->core == v->core && callee->caller == v && !heap_holds(&v->sending));
    if (heap_holds(&v->sending)) {
        TRUE(vcpu_state(v) == VCPU_SENDING || vcpu_state(v) == VCPU_REMOTE);
        TRUE(v->sending.place <= callee->callers.count);
        TRUE(callee->callers.slot[v->sending.place - 1] == &v->sending);
    }
    if (v->caller != NULL) {
        TRUE(v->caller->callee == v);
        TRUE(vcpu_state(v->caller) ==
             (v->caller->core == v->core ? VCPU_CALLING : VCPU_REMOTE));
        TRUE(vcpu_state(v) != VCPU_WAITING && !vcpu_is_stopped(v));
    }
    for (uint32_t i = 0; i < v->callers.count; i++) {
        const struct vcpu *caller = container_of(v->callers.slot[i], struct vcpu, sending);

        TRUE(caller->callee == v && caller->sending.place == i + 1);
        TRUE(i == 0 || v->callers.slot[(i - 1) / 2]->key <= v->callers.slot[i]->key);
    }
}

/* Whose time it runs on, and how urgent that makes it. */
static void check_lending(const struct vcpu *v)
{
    if (v->caller != NULL) {
        TRUE(v->rank == v->serving->ceiling);
        /* With limits, a service may go on, or begin, on the portal's account. */
        TRUE(v->context == &v->serving->context || (v->caller->core == v->core && v->context == v->caller->context));
    } else if (v->context != &v->own) {
        /* Its caller left before the reply. */
        TRUE(v->serving != NULL && v->context == &v->serving->context);
        TRUE(v->rank == v->serving->ceiling);
        TRUE(!vcpu_is_stopped(v) && vcpu_state(v) != VCPU_WAITING);
    } else {
        TRUE(v->rank == v->own.rank || v->stopping ||
             (v->own.budget != NULL && v->own.budget->background == v && v->rank == MV_RANK(0)));
    }
}

/* Nobody waits while something is there for it. */
static void check_attention(const struct vcpu *v)
{
    uint64_t ready = v->virq_pending & v->virq_enabled;

    TRUE(((v->attention & ATTENTION_CALLERS) != 0) == (v->callers.count != 0));
    if (v->kicked == 0 && !vcpu_is_stopped(v))
        TRUE(((v->attention & ATTENTION_VIRQ) != 0) == (ready != 0));
    if (vcpu_state(v) == VCPU_WAITING)
        TRUE(v->callers.count == 0 && (ready == 0 || v->kicked != 0));
    if (vcpu_state(v) == VCPU_LISTENING)
        TRUE((ready & arch_call_cap(v)) == 0 || v->kicked != 0);
    if (v->core->current == v && v->upcall_entry.va != 0 && v->kicked == 0 && ready != 0)
        TRUE(v->buffer->upcall.masked != 0 || v->buffer->upcall.pending != 0);
}

static void check_stopped(const struct vcpu *v)
{
    if (heap_holds(&v->timeout))
        TRUE(is_waiting(v) || vcpu_state(v) == VCPU_SENDING || vcpu_state(v) == VCPU_CALLING ||
             vcpu_state(v) == VCPU_REMOTE);
    if (!vcpu_is_stopped(v))
        return;
    TRUE(v->caller == NULL && v->callers.count == 0 && !heap_holds(&v->sending));
    TRUE(!v->stopping && !v->cancelling && !v->is_fault_call);
    for (uint32_t i = 0; i < v->line_count; i++)
        TRUE(!v->lines[i].active);
}

/* Whether a list register holds an interrupt of this machine that will end, or
 * be looked at because it has. */
static bool will_end(const struct vgic *g, uint32_t id)
{
    for (uint32_t i = 0; i < world.head.core_count; i++) {
        const struct vcpu *v = arch_core(i)->owner;

        for (uint32_t n = 0; v != NULL && v->vm->vgic == g && n < ARCH_LRS; n++) {
            if ((v->vm->lrs >> n & 1) != 0 && (v->vm->lr_id[n] & 0x3ff) == id)
                return arch_lr_state(host_cores[i].lr[n]) != 0 || host_maintenance(i);
        }
    }
    return false;
}

/* A guest's device is on while a vCPU of the machine runs, and counts as being
 * handled only while the guest has its interrupt to take or to end. */
static void check_guest_device(const struct virq *q)
{
    const struct host_irq *h = &host_irqs[q->interrupt - HOST_IRQ_FIRST];
    const struct vgic *g = q->sink->vm->vgic;
    const struct vgic_bank *b = &g->banks[g->sys->vcpu_count + q->guest_interrupt / VGIC_BANK - 1];
    uint32_t bit = 1u << q->guest_interrupt % VGIC_BANK;
    bool off = true;

    for (uint32_t i = 0; i < g->sys->vcpu_count; i++)
        off &= vcpu_is_stopped(&g->vcpus[i]);
    TRUE(h->enabled == !off);
    TRUE(!h->active || (!off && (((b->pending | b->active) & bit) != 0 || will_end(g, q->guest_interrupt))));
}

/* A device whose line is active waits for its sink; the hardware agrees. */
static void check_devices(const struct vcpu *v)
{
    for (uint32_t i = 0; i < v->line_count; i++) {
        const struct virq *q = &v->lines[i];

        TRUE(q->sink == v && q->line == i);
        if (q->source == MV_VIRQ_DEVICE && v->vm != NULL) {
            check_guest_device(q);
        } else if (q->source == MV_VIRQ_DEVICE) {
            const struct host_irq *h = &host_irqs[q->interrupt - HOST_IRQ_FIRST];

            TRUE(h->active == q->active);
            TRUE(h->enabled == !vcpu_is_stopped(v));
        }
    }
}

/* ---- virtual machines --------------------------------------------------------------- */

#define TIMER (1u << ARCH_VM_TIMER)

static struct vgic_bank *bank_of(const struct vcpu *v, uint32_t id)
{
    const struct vgic *g = v->vm->vgic;

    return &g->banks[id < VGIC_BANK ? v->number : g->sys->vcpu_count + id / VGIC_BANK - 1];
}

static uint32_t lrs_used(const struct host_core *h)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < ARCH_LRS; i++)
        used |= (uint32_t)(arch_lr_state(h->lr[i]) != 0) << i;
    return used;
}

static bool nothing_on_its_way(void)
{
    for (uint32_t i = 0; i < world.head.core_count; i++) {
        if (!inbox_is_empty(arch_core(i)))
            return false;
    }
    return true;
}

/* The list registers are the owner's, and the hardware's say the same. */
static void check_owner(const struct core *c)
{
    const struct vcpu *v = c->owner;
    const struct host_core *h = &host_cores[c->index];

    TRUE(c->current == NULL || c->current->vm == NULL || v == c->current);
    if (v == NULL) {
        TRUE(lrs_used(h) == 0 && h->guest.cntv_ctl_el0 == 0);
        TRUE(!host_maintenance(c->index) && !h->guest_timer_active);
        return;
    }
    TRUE(v->vm != NULL && v->core == c && !vcpu_is_stopped(v));
    TRUE((lrs_used(h) & ~v->vm->lrs) == 0);
    for (uint32_t i = 0; i < ARCH_LRS; i++) {
        if ((v->vm->lrs >> i & 1) != 0)
            TRUE((bank_of(v, (v->vm->lr_id[i] & 0x3ff))->resident >> (v->vm->lr_id[i] & 0x3ff) % VGIC_BANK & 1) != 0);
    }
    /* Another core may have made it inactive; then word of that is on its way. */
    if (h->guest_timer_active && nothing_on_its_way())
        TRUE(((bank_of(v, 0)->active | bank_of(v, 0)->level | bank_of(v, 0)->resident) & TIMER) != 0);
}

/* How many list registers hold an interrupt; v is of its machine. */
static uint32_t residences(const struct vgic *g, uint32_t bank, uint32_t bit)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < world.head.core_count; i++) {
        const struct vcpu *v = arch_core(i)->owner;

        for (uint32_t n = 0; v != NULL && v->vm->vgic == g && n < ARCH_LRS; n++)
            found += (v->vm->lrs >> n & 1) != 0 && (v->vm->lr_id[n] & 0x3ff) % VGIC_BANK == bit &&
                     bank_of(v, (v->vm->lr_id[n] & 0x3ff)) == &g->banks[bank];
    }
    return found;
}

static void check_vm(const struct vcpu *v)
{
    const struct vgic *g = v->vm->vgic;

    TRUE(g->lock == 0);
    TRUE(!heap_holds(&v->vm->timer) || v->core->owner != v);
    /* Whoever waits is woken by its timer. */
    if (v->core->owner != v && !vcpu_is_stopped(v) && arch_vm_deadline(v) != UINT64_MAX &&
        arch_vm_deadline(v) > host_time)
        TRUE(heap_holds(&v->vm->timer) && v->vm->timer.key == arch_vm_deadline(v));
    for (uint32_t bank = 0; v->number == 0 && bank < g->sys->vcpu_count + g->sys->spi_banks; bank++) {
        for (uint32_t bit = 0; bit < VGIC_BANK; bit++)
            TRUE(residences(g, bank, bit) == (g->banks[bank].resident >> bit & 1));
    }
}

static void check_locks(void)
{
    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        const struct cell *c = vcpu_at(i)->cell;

        TRUE(c->lock == 0 && c->pool_lock == 0);
        for (uint32_t j = 0; j < c->sys->space_count; j++)
            TRUE(c->spaces[j].lock == 0);
    }
}

void invariants_check(void)
{
    subject = "core";
    for (uint32_t i = 0; i < world.head.core_count; i++) {
        subject_index = i;
        check_places(arch_core(i));
        check_urgency(arch_core(i));
        check_timer(arch_core(i));
        check_owner(arch_core(i));
    }
    subject = "vCPU";
    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        subject_index = i;
        check_place(vcpu_at(i));
        check_budget(&vcpu_at(i)->own);
        if (vcpu_at(i)->serving != NULL)
            check_budget(&vcpu_at(i)->serving->context);
        check_call(vcpu_at(i));
        check_lending(vcpu_at(i));
        check_attention(vcpu_at(i));
        check_stopped(vcpu_at(i));
        check_devices(vcpu_at(i));
        check_messages(vcpu_at(i));
        if (vcpu_at(i)->vm != NULL)
            check_vm(vcpu_at(i));
    }
    check_locks();
}
