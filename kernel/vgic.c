/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic.h"

#include "core.h"
#include "sched.h"
#include "space.h"
#include "vcpu.h"
#include "virq.h"
#include "vm.h"

#define TIMER_BIT (1u << ARCH_VM_TIMER)
static_assert(ARCH_VM_TIMER >= VGIC_SGIS && ARCH_VM_TIMER < VGIC_BANK, "a private interrupt");

static struct vgic_bank *bank_of(const struct vcpu *v, uint32_t id)
{
    struct vgic *g = v->vm->vgic;

    return &g->banks[id < VGIC_BANK ? v->number : g->sys->vcpu_count + id / VGIC_BANK - 1];
}

/* Interrupts of b that want to be taken, as far as b knows. */
static uint32_t wanted(const struct vgic *g, const struct vgic_bank *b)
{
    return g->control == 0 ? 0 : b->enabled & (b->pending | (b->level & ~b->edge));
}

/* ---- the list registers -------------------------------------------------------- */

#define UNSEEN_AT_ONCE 2u

/* In lr_id: it is pending by its latch, which the guest's acknowledge clears. */
#define LATCHED 0x8000u

/*
 * A device's interrupt is active in the hardware, so that it cannot come again,
 * no longer than it is pending, active or in a list register here: these, of b,
 * are not any more. If it came meanwhile it will once more, or is pending here.
 */
static void release(const struct vgic_bank *b, uint32_t bits)
{
    for (; bits != 0; bits &= bits - 1) {
        uint32_t physical = b->physical[__builtin_ctz(bits)];

        if (physical != 0)
            arch_irq_clear_active(physical);
    }
}

/* v has ended an interrupt of b, the kernel the physical one if that is `ours`; if
 * another vCPU than v is to take it from now on, it looks. */
static void ended(const struct vcpu *v, const struct vgic_bank *b, uint32_t id, bool ours)
{
    struct vgic *g = v->vm->vgic;
    uint32_t target = b->target[id % VGIC_BANK];

    if (id < VGIC_BANK)
        return;
    if (ours)
        release(b, 1u << id % VGIC_BANK);
    if (target != v->number && target < g->sys->vcpu_count)
        virq_kick(&g->vcpus[target]);
}

/* Bit i of these words becomes what `value` says, bit by bit. */
static void spread(uint32_t *words, uint32_t i, uint32_t value)
{
    for (uint32_t *end = words + VGIC_PLANES; words != end; words++, value >>= 1)
        *words = (*words & ~(1u << i)) | (value & 1) << i;
}

/* What list register i held when `state` was read: back to its bank. */
static void put_back(struct vcpu *v, uint32_t i, arch_lr_t lr)
{
    uint32_t latched = v->vm->lr_id[i] & LATCHED;
    uint32_t id = v->vm->lr_id[i] ^ latched, bit = 1u << id % VGIC_BANK;
    struct vgic_bank *b = bank_of(v, id);
    uint32_t state = arch_lr_state(lr);

    b->resident &= ~bit;
    b->active &= ~bit;
    if (state == LR_ACTIVE) {
        b->active |= bit;
        if (id < VGIC_BANK)
            b->holder[id] = (uint8_t)arch_lr_sender(lr);
        else if (b->holder[id % VGIC_BANK] != v->number) {
            b->holder[id % VGIC_BANK] = (uint8_t)v->number;
            spread(b->held, id % VGIC_BANK, v->number);
        }
    } else if (state != 0 && latched != 0) {
        b->pending |= bit;
        if (ARCH_SGI_HAS_SENDER && id < VGIC_SGIS)
            b->target[id] |= (uint8_t)(1u << arch_lr_sender(lr));
    }
    if (state == 0)
        ended(v, b, id, !arch_lr_is_linked(lr));
}

/* Interrupts of v, a bit each: its private ones, then those of each bank of SPIs. */
struct set {
    uint32_t banks;                     /* where there are any */
    uint32_t bits[1 + VGIC_SPI_BANKS];
    uint32_t first[1 + VGIC_SPI_BANKS]; /* the most urgent one: priority and id, smaller is first */
};

/* Those that stand in no list register. */
struct found {
    struct set active, pending;
};

/* Where these words have v's number, which is below 8; NOBODY is not. */
static uint32_t of(const uint32_t *words, const struct vcpu *v)
{
    uint32_t n = v->number;

    return ~((words[0] ^ (0 - (n & 1))) | (words[1] ^ (0 - (n >> 1 & 1))) | (words[2] ^ (0 - (n >> 2))) | words[3]);
}

/* Those of `bits` that are not in `plane`; all if there is none. */
INLINE uint32_t those_without(uint32_t plane, uint32_t bits)
{
    return (bits & ~plane) != 0 ? bits & ~plane : bits;
}

static void set_bits(struct set *s, const struct vgic_bank *b, uint32_t n, uint32_t bits)
{
    uint32_t id;

    s->bits[n] = bits;
    s->banks &= ~(1u << n);
    if (bits == 0)
        return;
    s->banks |= 1u << n;
    /* Whatever has a 0 where others have a 1, from the highest bit down, is more urgent. */
    bits = those_without(b->urgency[4], bits);
    bits = those_without(b->urgency[3], bits);
    bits = those_without(b->urgency[2], bits);
    bits = those_without(b->urgency[1], bits);
    bits = those_without(b->urgency[0], bits);
    id = (uint32_t)__builtin_ctz(bits);
    s->first[n] = (uint32_t)b->priority[id] << 16 | n * VGIC_BANK | id;
}

static void find(const struct vcpu *v, struct found *f)
{
    const struct vgic *g = v->vm->vgic;
    const struct vgic_bank *b = &g->banks[v->number];

    f->active.banks = f->pending.banks = 0;
    for (uint32_t n = 0; n <= g->sys->spi_banks; b = &g->banks[g->sys->vcpu_count + n++]) {
        uint32_t active = b->active & ~b->resident, pending = wanted(g, b) & ~(b->active | b->resident);

        if ((active | pending) == 0)
            continue;
        if (n != 0) {
            active &= of(b->held, v);
            pending &= of(b->aimed, v);
        }
        set_bits(&f->active, b, n, active);
        set_bits(&f->pending, b, n, pending);
    }
}

/* The most urgent interrupt of a set, which is not empty, leaves it; of equals the first. */
static uint32_t take_first(const struct vcpu *v, struct set *s)
{
    uint32_t banks = s->banks, n = (uint32_t)__builtin_ctz(banks), best = s->first[n];

    while ((banks &= banks - 1) != 0) {
        n = (uint32_t)__builtin_ctz(banks);
        best = s->first[n] < best ? s->first[n] : best;
    }
    best &= 0xffff;
    n = best / VGIC_BANK;
    set_bits(s, bank_of(v, best), n, s->bits[n] & ~(1u << best % VGIC_BANK));
    return best;
}

/*
 * The guest has ended interrupts that were active but in no list register: of
 * those, the most urgent ones, for they end in that order. A few at a time; if more are left,
 * the next look goes on with them, before the guest does.
 */
static void end_unseen(struct vcpu *v)
{
    struct found f;

    find(v, &f);
    for (uint32_t turns = UNSEEN_AT_ONCE; f.active.banks != 0 && v->vm->lr_ended != 0; v->vm->lr_ended--) {
        if (turns-- == 0) {
            virq_kick(v);
            return;
        }
        uint32_t id = take_first(v, &f.active);
        struct vgic_bank *b = bank_of(v, id);

        b->active &= ~(1u << id % VGIC_BANK);
        ended(v, b, id, true);
    }
    v->vm->lr_ended = 0;
}

/* v, the owner, has nothing in the list registers afterwards. */
static void empty(struct vcpu *v)
{
    struct vm *vm = v->vm;
    struct vgic_bank *b = bank_of(v, 0);

    for (uint32_t i = 0; i < ARCH_LRS; i++) {
        if ((vm->lrs & 1u << i) != 0) {
            put_back(v, i, arch_lr_read(i));
            arch_lr_write(i, 0);
        }
    }
    vm->lrs = 0;
    vm->lr_ended += arch_lr_ended();
    if (vm->lr_ended != 0)
        end_unseen(v);
    b->level = (b->level & ~TIMER_BIT) | (arch_vm_timer_asserted() ? TIMER_BIT : 0);
}

/* `state` is LR_PENDING or LR_ACTIVE, never both: what becomes pending while it
 * is active waits for its end. */
static void put(struct vcpu *v, uint32_t i, uint32_t id, uint32_t state)
{
    struct vgic_bank *b = bank_of(v, id);
    struct vm *vm = v->vm;
    uint32_t at = id % VGIC_BANK, bit = 1u << at, sender = 0, latched = 0, physical = b->physical[at];

    if (ARCH_SGI_HAS_SENDER && id < VGIC_SGIS && state == LR_ACTIVE)
        sender = b->holder[at];
    if (state == LR_PENDING && (b->pending & bit) != 0) {
        latched = LATCHED;
        b->pending &= ~bit;
        if (ARCH_SGI_HAS_SENDER && id < VGIC_SGIS && b->target[id] != 0) {
            sender = (uint32_t)__builtin_ctz(b->target[id]);
            b->target[id] &= (uint8_t)(b->target[id] - 1);
            if (b->target[id] != 0)
                b->pending |= bit;
        }
    }
    /* Something waits for its end: more of the same, or another vCPU for it. */
    bool notify = (b->pending & bit) != 0 || (id >= VGIC_BANK && b->target[at] != v->number);

    /* One that is linked does not: its hardware fires again by itself. */
    if (physical == 0 || !ARCH_LR_LINKED || notify) {
        notify |= physical != 0 || (b->edge & bit) == 0;
        physical = 0;
    }
    b->active &= ~bit;
    b->resident |= bit;
    vm->lr_id[i] = (uint16_t)(id | latched);
    vm->lrs |= 1u << i;
    vm->lr_asks |= notify ? LR_ASK_END : 0;
    arch_lr_t lr = arch_lr_make(id, b->priority[at], state, physical, notify, sender);

    if (i == 0 && !ARCH_SGI_HAS_SENDER) {
        bool usual = state == LR_PENDING && (latched == 0) == (id == ARCH_VM_TIMER);

        vm->lr_first = lr;
        vm->lr_again = usual ? id : UINT32_MAX;
    }
    arch_lr_write(i, lr);
}

/*
 * The most urgent of v's interrupts go to the list registers if v owns them,
 * which are empty, but one that is pending always. True if one waits to be taken.
 */
static bool fill(struct vcpu *v, bool load)
{
    struct vgic_bank *own = bank_of(v, 0);
    struct found f;
    bool waits;

    find(v, &f);
    if (!load)
        return f.pending.banks != 0 ||
               ((own->enabled & TIMER_BIT) != 0 && arch_vm_deadline(v) <= arch_time());

    waits = f.pending.banks != 0;
    v->vm->lr_asks = 0;
    for (uint32_t i = 0; i < ARCH_LRS && (f.active.banks | f.pending.banks) != 0; i++) {
        if (f.active.banks != 0 && (i < ARCH_LRS - 1 || f.pending.banks == 0))
            put(v, i, take_first(v, &f.active), LR_ACTIVE);
        else
            put(v, i, take_first(v, &f.pending), LR_PENDING);
    }
    v->vm->lr_asks |= (f.pending.banks != 0 ? LR_ASK_PENDING : 0) | (f.active.banks != 0 ? LR_ASK_UNSEEN : 0);
    arch_lr_ask(v->vm->lr_asks);
    /* The hardware's must not fire while v has it to take or to end. */
    arch_vm_timer_hold(((own->active | own->level | own->resident) & TIMER_BIT) != 0);
    return waits;
}

void vgic_load(struct vcpu *v)
{
    struct vgic *g = v->vm->vgic;

    arch_lock(&g->lock);
    if (v->vm->lr_ended != 0)
        end_unseen(v);
    fill(v, true);
    arch_unlock(&g->lock);
}

void vgic_unload(struct vcpu *v)
{
    struct vgic *g = v->vm->vgic;

    arch_lock(&g->lock);
    empty(v);
    arch_unlock(&g->lock);
    arch_lr_ask(0);
    arch_vm_timer_hold(false);  /* the next owner's must be able to fire */
}

void vgic_reset(struct vcpu *v)
{
    struct vgic *g = v->vm->vgic;
    uint32_t first = v->number;

    arch_lock(&g->lock);
    if (first == 0) {
        g->control = 0;
        for (uint32_t i = 0; i < g->sys->spi_banks; i++)
            arch_zero(&g->banks[g->sys->vcpu_count + i], offsetof(struct vgic_bank, physical));
    }
    arch_zero(&g->banks[first], offsetof(struct vgic_bank, physical));
    g->banks[first].edge = (1u << VGIC_SGIS) - 1;
    v->vm->lr_ended = 0;
    arch_unlock(&g->lock);
}

/* ---- interrupts come ---------------------------------------------------------------- */

static bool owns(const struct vcpu *v) { return v->core->owner == v; }

/* v, on this core, has something to take: if it waits for that, it goes on. */
static void wake(struct vcpu *v)
{
    if (vcpu_state(v) == VCPU_IDLE) {
        vcpu_set_state(v, VCPU_RUNNABLE);
        sched_wake(v);
    }
}

/* All of v's interrupts afresh; v is on this core. True if one waits. */
static bool look(struct vcpu *v)
{
    struct vgic *g = v->vm->vgic;
    bool work;

    arch_lock(&g->lock);
    if (owns(v))
        empty(v);
    work = fill(v, owns(v));
    arch_unlock(&g->lock);
    return work;
}

/* Whether v owns the list registers and nothing is in them, nor waits for room. */
INLINE bool is_idle(const struct vcpu *v)
{
    return owns(v) && (v->vm->lrs & ~arch_lr_empty()) == 0 && v->vm->lr_asks == 0;
}

bool vgic_has_work(struct vcpu *v)
{
    /* What other cores bring from now on comes with a kick. */
    return !is_idle(v) && look(v);
}

void vgic_update(struct vcpu *v)
{
    if (look(v))
        wake(v);
}

/* All vCPUs, a bit each. */
static uint32_t every(const struct vgic *g) { return (1u << g->sys->vcpu_count) - 1; }

/* Let v look at its interrupts; it may be on another core. If it is one of several, by message:
 * no more than one look is made at a time. */
static void tell(struct vcpu *v, bool one)
{
    if (one && v->core == core_here())
        vgic_update(v);
    else
        virq_kick(v);
}

/*
 * An interrupt of b has come for v, on this core; the lock is held. The
 * frequent case is that nothing else is in the list registers, and the most
 * frequent that the last one was the same: then nobody has touched it since,
 * and its register is written again as it was.
 */
static void arrive(struct vcpu *v, struct vgic *g, struct vgic_bank *b, uint32_t id)
{
    struct vm *vm = v->vm;
    uint32_t used = vm->lrs, at = id % VGIC_BANK;
    bool work = true;

    if (unlikely(!is_idle(v))) {
        arch_unlock(&g->lock);
        vgic_update(v);
        return;
    }
    if (!ARCH_SGI_HAS_SENDER && used == 1 && vm->lr_again == id) {
        b->pending &= ~(1u << at);
        arch_lr_write(0, vm->lr_first);
    } else {
        for (; used != 0; used &= used - 1)
            put_back(v, (uint32_t)__builtin_ctz(used), arch_lr_read((uint32_t)__builtin_ctz(used)));
        vm->lrs = 0;
        /* A shared one may be another's yet: when that ends it, v is told. */
        work = ((wanted(g, b) & ~(b->active | b->resident)) >> at & 1) != 0;
        if (work)
            put(v, 0, id, LR_PENDING);
    }
    arch_unlock(&g->lock);
    if (work)
        wake(v);
}

void vgic_timer(struct vcpu *v)
{
    struct vgic *g = v->vm->vgic;
    struct vgic_bank *b = &g->banks[v->number];

    arch_lock(&g->lock);
    b->level |= TIMER_BIT;
    arrive(v, g, b, ARCH_VM_TIMER);
}

/* The same, wherever v is. If it is one of several, as tell() does. */
static void come(struct vcpu *v, struct vgic *g, struct vgic_bank *b, uint32_t id, bool one)
{
    if (one && v->core == core_here()) {
        arrive(v, g, b, id);
    } else {
        arch_unlock(&g->lock);
        virq_kick(v);
    }
}

bool vgic_raise(const struct virq *q)
{
    struct vgic *g = q->sink->vm->vgic;
    uint32_t id = q->guest_interrupt, target;
    struct vgic_bank *b = bank_of(q->sink, id);

    bool on;

    arch_lock(&g->lock);
    on = g->running != 0;
    target = b->target[id % VGIC_BANK];
    b->pending |= (uint32_t)on << id % VGIC_BANK;
    if (on && target < g->sys->vcpu_count)
        come(&g->vcpus[target], g, b, id, true);
    else
        arch_unlock(&g->lock);
    return on;
}

void vgic_sgi(struct vcpu *self, uint32_t id, uint32_t targets)
{
    struct vgic *g = self->vm->vgic;

    bool one;

    targets &= every(g);
    one = (targets & (targets - 1)) == 0;
    for (; targets != 0; targets &= targets - 1) {
        struct vcpu *v = &g->vcpus[__builtin_ctz(targets)];
        struct vgic_bank *b = &g->banks[v->number];

        arch_lock(&g->lock);
        b->pending |= 1u << id;
        if (ARCH_SGI_HAS_SENDER)
            b->target[id] |= (uint8_t)(1u << self->number);
        come(v, g, b, id, one);
    }
}

/* ---- what the VMM asks ------------------------------------------------------------------ */

/*
 * An operation, in the words of its caller's frame, which are not in use: it
 * goes from core to core while list registers there hold what it is about. A
 * get is a set of no bits.
 */
enum { OP_FIELD, OP_BANK, OP_WORD, OP_MASK, OP_BITS, OP_RESULT, OP_VISITED };

/* Where a field's words begin in a bank, as words. */
#define WORD_OF(member)  (offsetof(struct vgic_bank, member) / sizeof(uint32_t))
static_assert(WORD_OF(enabled) == MV_VGIC_ENABLED && WORD_OF(pending) == MV_VGIC_PENDING &&
              WORD_OF(active) == MV_VGIC_ACTIVE && WORD_OF(level) == MV_VGIC_LEVEL &&
              WORD_OF(edge) == MV_VGIC_EDGE, "fields of bits are in their own order");

#define PRIORITY_BITS    0xf8f8f8f8u

#define NOBODY           ((1u << VGIC_PLANES) - 1)

/* The four bytes of a word of `priority` or `target`, from `id` on, have changed. */
static void spread_word(struct vgic_bank *b, uint32_t id)
{
    const uint8_t *byte = (const uint8_t *)b + offsetof(struct vgic_bank, priority) + id;

    for (uint32_t i = 4; i > 0; i--, id++, byte++) {
        if (id < VGIC_BANK)
            spread(b->urgency, id, *byte >> (8 - VGIC_PLANES));
        else
            spread(b->aimed, id - VGIC_BANK, *byte < MV_VM_VCPUS_MAX ? *byte : NOBODY);
    }
}
static_assert(offsetof(struct vgic_bank, target) == offsetof(struct vgic_bank, priority) + VGIC_BANK, "in a row");

/* Do it here, where nothing of this VM stands in a list register. */
static uint32_t apply(struct vgic *g, struct vgic_bank *b, const uint64_t *op)
{
    uint32_t field = (uint32_t)op[OP_FIELD], mask = (uint32_t)op[OP_MASK], bits, old;
    uint32_t *w = field == MV_VGIC_CONTROL ? &g->control : (uint32_t *)(void *)b + op[OP_WORD];
    bool private = op[OP_BANK] < g->sys->vcpu_count;

    if (private && field == MV_VGIC_EDGE)
        mask &= ~((1u << VGIC_SGIS) - 1);
    if (private && field == MV_VGIC_LEVEL)
        mask &= ~TIMER_BIT;             /* the hardware drives that one */
    if (field == MV_VGIC_PRIORITY)
        mask &= PRIORITY_BITS;
    old = *w;
    bits = (uint32_t)op[OP_BITS] & mask;
    /* What was set on the first core may be in a register there by now. */
    if (op[OP_VISITED] != 0 && (field == MV_VGIC_PENDING || field == MV_VGIC_ACTIVE))
        bits &= old;
    *w = (old & ~mask) | bits;
    if (mask != 0 && (field == MV_VGIC_PRIORITY || field == MV_VGIC_TARGET))
        spread_word(b, ((uint32_t)op[OP_WORD] - (uint32_t)WORD_OF(priority)) * 4);
    if (field == MV_VGIC_LEVEL)
        b->pending |= bits & ~old & b->edge;
    if (!private && (field == MV_VGIC_PENDING || field == MV_VGIC_ACTIVE))
        release(b, mask & ~(b->pending | b->active | b->resident));
    if (private && ARCH_SGI_HAS_SENDER) {
        for (uint32_t i = 0; i < VGIC_SGIS; i++) {
            if (field == MV_VGIC_PENDING && (mask >> i & 1) != 0)
                b->target[i] = (uint8_t)((bits >> i & 1) << op[OP_BANK]);
            if (field == MV_VGIC_TARGET)
                b->pending = (b->pending & ~(1u << i)) | (uint32_t)(b->target[i] != 0) << i;
        }
    }
    return field == MV_VGIC_PENDING ? old | (b->level & ~b->edge) : old;
}

/* The vCPUs, a bit each, that may have something to take after it. */
static uint32_t concerned(const struct vgic *g, const struct vgic_bank *b, const uint64_t *op)
{
    uint32_t targets = 0, mask = (uint32_t)op[OP_MASK];

    if (op[OP_FIELD] == MV_VGIC_CONTROL)
        return UINT32_MAX;
    if (op[OP_BANK] < g->sys->vcpu_count)
        return 1u << op[OP_BANK];
    if (op[OP_FIELD] != MV_VGIC_LEVEL)
        return UINT32_MAX;
    for (; mask != 0; mask &= mask - 1)
        targets |= 1u << (b->target[__builtin_ctz(mask)] & 31);
    return targets;
}

static struct result visit(HANDLER_ARGS)
{
    struct vgic *g = object;
    uint64_t *op = arch_words(self);
    struct vgic_bank *b = &g->banks[op[OP_BANK]];
    struct core *core = core_here();
    struct vcpu *owner = core->owner != NULL && core->owner->vm->vgic == g ? core->owner : NULL;
    bool work = false;
    uint32_t cores = 0, looked = owner == NULL ? 0 : 1u << owner->number;

    arch_lock(&g->lock);
    if (owner != NULL)
        empty(owner);
    op[OP_RESULT] |= apply(g, b, op);
    if (owner != NULL)
        work = fill(owner, true);
    op[OP_VISITED] |= 1u << core->index;
    if (b->resident != 0)     /* in a register of its vCPU's core; of an SPI anywhere */
        cores = (op[OP_BANK] < g->sys->vcpu_count ? 1u << g->vcpus[op[OP_BANK]].core->index :
                 g->vcpus->space->cores) & ~(uint32_t)op[OP_VISITED];
    arch_unlock(&g->lock);
    if (work)
        wake(owner);
    if (cores != 0)
        return door_forward(self, arch_core((uint32_t)__builtin_ctz(cores)), visit, g);
    if (op[OP_MASK] != 0) {
        uint32_t targets = concerned(g, b, op) & every(g) & ~looked;
        bool one = looked == 0 && (targets & (targets - 1)) == 0;

        for (; targets != 0; targets &= targets - 1)
            tell(&g->vcpus[__builtin_ctz(targets)], one);
    }
    return (struct result){ MV_OK, op[OP_RESULT] };
}

static struct result operate(struct vcpu *self, struct vgic *g, uint64_t field, uint64_t word,
                             uint64_t mask, uint64_t bits)
{
    uint64_t *op = arch_words(self);
    uint64_t banks = g->sys->vcpu_count + g->sys->spi_banks;
    bool bytes = field == MV_VGIC_PRIORITY || field == MV_VGIC_TARGET;
    uint64_t words = field == MV_VGIC_CONTROL ? 1 : bytes ? 8 * banks : banks;

    if (field >= MV_VGIC_FIELDS || word >= words)
        return result_status(MV_BAD_ARG);
    word = arch_index(word, words);
    op[OP_FIELD] = field;
    op[OP_BANK] = bytes ? word / 8 : word;
    op[OP_WORD] = !bytes ? field :
                  word % 8 + (field == MV_VGIC_PRIORITY ? WORD_OF(priority) : WORD_OF(target));
    op[OP_MASK] = (uint32_t)mask;
    op[OP_BITS] = bits;
    op[OP_RESULT] = op[OP_VISITED] = 0;
    return visit(self, g, 0, 0, 0, 0, 0, 0);
}

struct result call_vgic_get(HANDLER_ARGS)
{
    return operate(self, object, a1, a2, 0, 0);
}

struct result call_vgic_set(HANDLER_ARGS)
{
    return operate(self, object, a1, a2, a3, a4);
}
