/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vGIC against a model: what the architecture says of each interrupt, one
 * state machine for each (IHI 0048B 3.2.4, IHI 0069 4.1.2), without list
 * registers. Guests and a VMM do things at random; after each, what the guests
 * are offered and what the VMM reads must be what the model says.
 *
 * Left out, because a list register cannot tell: an interrupt that software
 * makes inactive while a handler is about to end it, and another priority for
 * one that is active.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"
#include "machines.h"

#define VCPUS       3u
#define SPIS        64u
#define RUNS        120u
#define STEPS       1500
#define IRQS        (VGIC_BANK + SPIS)
#define GROUP_OF(priority)  ((priority) / 8u)
#define NO_GROUP    64u

/* Those that are used; the last three are never enabled, but software makes them active. */
static const uint32_t used[] = { 0, 1, 2, 15, 20, 22, 32, 33, 34, 35, 36, 37, SPI_LEVEL, SPI_SOFT, 64, SPI_EDGE,
                                 SPI_SOFT_2, 21, 80, SPI_MORE };
#define USED        ARRAY_SIZE(used)
#define ENABLED     (USED - 3)

/* Devices of the hardware, and how often each was taken. */
static struct device { uint32_t interrupt, id, taken; } device[] = {
    { IRQ_LEVEL, SPI_LEVEL, 0 }, { IRQ_EDGE, SPI_EDGE, 0 }, { IRQ_MORE, SPI_MORE, 0 },
};

struct irq {
    bool     enabled, latch, level, edge, active;
    bool     handled;               /* active because a guest has acknowledged it */
    uint32_t senders;               /* of an SGI, where that counts: then latch is whether there are any */
    uint32_t priority, target;
};
struct guest {
    uint32_t taken[VGIC_BANK];      /* what it has acknowledged and not ended, and how urgent that is */
    uint32_t group[VGIC_BANK];
    uint32_t depth;
    bool     rises;                 /* takes more than it ends */
    bool     timer_fired;           /* since it was acknowledged last */
};
static struct irq    private[VCPUS][VGIC_BANK], shared[SPIS];
static struct guest  guest[VCPUS];
static bool          forwards;
static struct random source;
static uint64_t      acknowledged, nested, devices_taken;
static char          doing[320];

static uint32_t choose(uint32_t n) { return random_below(&source, n); }

static struct irq *irq_of(uint32_t n, uint32_t id)
{
    return id < VGIC_BANK ? &private[n][id] : &shared[id - VGIC_BANK];
}

static void show(void)
{
    const struct vgic *g = vcpu_at(A0)->vm->vgic;

    for (uint32_t i = 0; i < 2; i++) {
        const struct host_core *h = &host_cores[i];

        fprintf(stderr, "  core %u owner %d registers %lx %lx %lx %lx ended %u asks %x; timer control %lx at %ld "
                "held %d\n", i, arch_core(i)->owner == NULL ? -1 : arch_core(i)->owner->index, h->lr[0], h->lr[1],
                h->lr[2], h->lr[3], h->lr_ended, h->lr_asks, h->guest.cntv_ctl_el0,
                (long)h->guest.cntv_cval_el0, h->guest_timer_active);
    }
    for (uint32_t i = 0; i < VCPUS + SPIS / VGIC_BANK; i++) {
        const struct vgic_bank *b = &g->banks[i];

        fprintf(stderr, "  bank %u enabled %x pending %x active %x level %x edge %x resident %x\n", i, b->enabled,
                b->pending, b->active, b->level, b->edge, b->resident);
    }
}

static void wrong(const char *what, uint32_t n, uint32_t id, int line)
{
    const struct irq *m = irq_of(n, id % 1024 % IRQS);

    fprintf(stderr, "test_vgic_model.c:%d: %s: vCPU %u, interrupt %u\n  after %s\n"
            "  model: enabled %d latch %d level %d edge %d active %d senders %x priority %x target %u\n",
            line, what, n, id, doing, m->enabled, m->latch, m->level, m->edge, m->active, m->senders,
            m->priority, m->target);
    show();
    invariants_show();
    abort();
}
#define EXPECT(x, n, id) ((x) ? (void)0 : wrong(#x, n, id, __LINE__))

/* ---- the model --------------------------------------------------------------------- */

static bool timer_asserted(uint32_t n)
{
    const struct vcpu *v = vcpu_at(A0 + n);
    const struct mv_vm_state *s = v->core->owner == v ? &host_cores[v->core->index].guest : &v->vm->arch.el1;

    return (s->cntv_ctl_el0 & 3) == 1 && s->cntv_cval_el0 <= host_time;
}

static bool is_pending(uint32_t n, uint32_t id)
{
    const struct irq *m = irq_of(n, id);

    return m->latch || (id == ARCH_VM_TIMER ? timer_asserted(n) : m->level && !m->edge);
}

/* Whether vCPU n can take it, but for priority. */
static bool is_candidate(uint32_t n, uint32_t id)
{
    const struct irq *m = irq_of(n, id);

    return forwards && m->enabled && !m->active && is_pending(n, id) &&
           (id < VGIC_BANK || m->target == n);
}

static uint32_t most_urgent(uint32_t n, uint32_t below)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t id = 0; id < IRQS; id++) {
        if (is_candidate(n, id) && irq_of(n, id)->priority < best &&
            GROUP_OF(irq_of(n, id)->priority) < below)
            best = irq_of(n, id)->priority;
    }
    return best;
}

static uint32_t running_group(uint32_t n)
{
    return guest[n].depth == 0 ? NO_GROUP : guest[n].group[guest[n].depth - 1];
}

static void model_reset(void)
{
    memset(private, 0, sizeof(private));
    memset(shared, 0, sizeof(shared));
    memset(guest, 0, sizeof(guest));
    forwards = false;
    for (uint32_t n = 0; n < VCPUS; n++) {
        for (uint32_t id = 0; id < VGIC_SGIS; id++)
            private[n][id].edge = true;
    }
}

static void model_set(uint32_t n, uint32_t id, enum mv_vgic_field field, uint32_t value)
{
    struct irq *m = irq_of(n, id);

    switch (field) {
    case MV_VGIC_ENABLED: m->enabled = value != 0; break;
    case MV_VGIC_EDGE:    m->edge = value != 0;    break;
    case MV_VGIC_ACTIVE:  m->active = value != 0;  break;
    case MV_VGIC_PENDING:
        m->latch = value != 0;
        m->senders = m->latch ? 1u << n : 0;
        break;
    case MV_VGIC_LEVEL:
        m->latch |= m->edge && value != 0 && !m->level;
        m->level = value != 0;
        break;
    case MV_VGIC_PRIORITY: m->priority = value & 0xf8; break;
    case MV_VGIC_TARGET:   m->target = value;   break;
    default: break;
    }
}

/* ---- devices and other cells ------------------------------------------------------------ */

/* Those that have come since. Twice before the guest knows is once, if the first
 * has arrived. */
static void note_devices(void)
{
    bool again;

    do {
        again = false;
        for (size_t i = 0; i < ARRAY_SIZE(device); i++) {
            uint32_t taken = host_irqs[device[i].interrupt - HOST_IRQ_FIRST].taken;
            struct irq *m = irq_of(0, device[i].id);

            if (taken != device[i].taken) {
                again |= m->latch;
                m->latch = true;
                device[i].taken = taken;
                devices_taken++;
            }
        }
        if (again)
            settle();
    } while (again);
}

static bool is_device(uint32_t id) { return id == SPI_LEVEL || id == SPI_EDGE || id == SPI_MORE; }

static void drive_device(void)
{
    uint32_t which = choose(ARRAY_SIZE(device));

    snprintf(doing, sizeof(doing), "%s, time %lu: line of device %u", invariants_where, (unsigned long)host_time,
             which);
    host_irq_line(device[which].interrupt, choose(2) == 0);
}

static void raise(void)
{
    uint32_t which = choose(2);
    struct irq *m = irq_of(0, which == 0 ? SPI_SOFT : SPI_SOFT_2);

    snprintf(doing, sizeof(doing), "%s, time %lu: raise of %u", invariants_where, (unsigned long)host_time, which);
    boss(MV_CALL_virq_raise, CAP_SPI + which, choose(4));
    if (m->latch)
        settle();
    m->latch = true;
}

/* ---- the VMM ------------------------------------------------------------------------- */

static void set_field(uint32_t n, uint32_t id, enum mv_vgic_field field, uint32_t value)
{
    snprintf(doing, sizeof(doing), "%s, time %lu: field %u of interrupt %u of vCPU %u = %x", invariants_where,
             (unsigned long)host_time, field, id, n, value);
    if (id >= VGIC_BANK && (field == MV_VGIC_PENDING || field == MV_VGIC_ACTIVE)) {
        settle();       /* a device's that comes goes before */
        note_devices();
    }
    if (field == MV_VGIC_PRIORITY || field == MV_VGIC_TARGET)
        vgic_byte(field, n, id, value);
    else
        vgic_bit(field, n, id, value != 0);
    model_set(n, id, field, value);
    if (is_device(id))
        settle();           /* one that came while this went from core to core comes again */
    note_devices();
}

/* What is more urgent than all that it handles. */
static void interrupt_handler(uint32_t n)
{
    uint32_t id = used[choose(ENABLED)];
    struct irq *m = irq_of(n, id);

    if (m->active || guest[n].depth == 0 || running_group(n) == 0)
        return;
    set_field(n, id, MV_VGIC_PRIORITY, (running_group(n) - 1) * 8);
    if (id >= VGIC_BANK)
        set_field(n, id, MV_VGIC_TARGET, n);
    set_field(n, id, MV_VGIC_PENDING, 1);
}

static void set_something(void)
{
    uint32_t which = choose(ENABLED), id = used[which], n = choose(VCPUS);
    struct irq *m = irq_of(n, id);

    if (guest[n].rises && choose(2) == 0) {
        interrupt_handler(n);
        return;
    }

    switch (choose(9)) {
    case 0: set_field(n, id, MV_VGIC_ENABLED, choose(4) != 0); break;
    case 1: if (id >= VGIC_SGIS) set_field(n, id, MV_VGIC_EDGE, choose(2)); break;
    case 2: if (!m->active) set_field(n, id, MV_VGIC_PRIORITY, choose(28) * 8 + choose(8)); break;
    case 3: if (id >= VGIC_BANK) set_field(n, id, MV_VGIC_TARGET, choose(8) == 0 ? 0xff : choose(VCPUS)); break;
    case 4:
    case 5:
        /* An edge that comes while its clearing goes from core to core may be cleared too. */
        if (id != SPI_EDGE || !host_irqs[IRQ_EDGE - HOST_IRQ_FIRST].pending)
            set_field(n, id, MV_VGIC_PENDING, choose(3) != 0);
        break;
    case 6:
    case 7: if (id >= VGIC_SGIS && !is_device(id)) set_field(n, id, MV_VGIC_LEVEL, choose(2)); break;
    default:
        id = used[ENABLED + choose(USED - ENABLED)];
        set_field(n, id, id == SPI_MORE && choose(2) == 0 ? MV_VGIC_PENDING : MV_VGIC_ACTIVE, choose(2));
        break;
    }
}

static void set_timer_enabled(void)
{
    set_field(choose(VCPUS), ARCH_VM_TIMER, MV_VGIC_ENABLED, choose(4) != 0);
}

static void read_field(void)
{
    static const enum mv_vgic_field field[] = {
        MV_VGIC_ENABLED, MV_VGIC_PENDING, MV_VGIC_ACTIVE, MV_VGIC_LEVEL, MV_VGIC_EDGE
    };
    enum mv_vgic_field f = field[choose(ARRAY_SIZE(field))];
    uint32_t bank = choose(VCPUS + SPIS / VGIC_BANK), n = bank < VCPUS ? bank : 0, word;

    snprintf(doing, sizeof(doing), "%s, time %lu: reading field %u of bank %u", invariants_where,
             (unsigned long)host_time, f, bank);
    settle();
    note_devices();
    word = vgic_get_word(CAP_VGIC_A, f, bank);
    for (uint32_t i = 0; i < VGIC_BANK; i++) {
        uint32_t id = bank < VCPUS ? i : (bank - VCPUS + 1) * VGIC_BANK + i;
        const struct irq *m = irq_of(n, id);
        bool want = f == MV_VGIC_ENABLED ? m->enabled : f == MV_VGIC_PENDING ? is_pending(n, id) :
                    f == MV_VGIC_ACTIVE ? m->active : f == MV_VGIC_LEVEL ? m->level : m->edge;

        if (id != ARCH_VM_TIMER || f == MV_VGIC_ENABLED || f == MV_VGIC_ACTIVE)
            EXPECT((word >> i & 1) == want, n, id);
    }
}

/* ---- a guest ------------------------------------------------------------------------------ */

static void take(uint32_t core, uint32_t n)
{
    bool settled = !host_interrupted(0) && !host_interrupted(1);
    uint32_t best = most_urgent(n, running_group(n));
    uint32_t a = host_guest_acknowledge(core), id = a & 0x3ff, sender = a >> 10;
    struct guest *g = &guest[n];
    struct irq *m;

    if (a == HOST_NO_IRQ)
        return;
    m = irq_of(n, id);
    snprintf(doing, sizeof(doing), "%s, time %lu: vCPU %u acknowledges %u from %u", invariants_where,
             (unsigned long)host_time, n, id, sender);
    EXPECT(is_candidate(n, id) || (id == ARCH_VM_TIMER && g->timer_fired && m->enabled && !m->active), n, id);
    EXPECT(GROUP_OF(m->priority) < running_group(n), n, id);
    EXPECT(!settled || m->priority <= best, n, id);
    if (id < VGIC_SGIS && host_sgi_has_sender) {
        EXPECT((m->senders >> sender & 1) != 0, n, id);
        m->senders &= ~(1u << sender);
        m->latch = m->senders != 0;
    } else {
        EXPECT(sender == 0, n, id);
        m->latch = false;
    }
    if (id == ARCH_VM_TIMER)
        g->timer_fired = false;
    m->active = m->handled = true;
    g->taken[g->depth] = a;
    g->group[g->depth++] = GROUP_OF(m->priority);
    acknowledged++;
    nested += g->depth > ARCH_LRS;
}

static void end(uint32_t core, uint32_t n)
{
    struct guest *g = &guest[n];

    if (g->depth == 0)
        return;
    uint32_t a = g->taken[--g->depth];

    host_guest_end(core, a);
    irq_of(n, a & 0x3ff)->active = irq_of(n, a & 0x3ff)->handled = false;
}

static void send(uint32_t core, uint32_t n)
{
    uint32_t id = used[choose(4)], targets = choose(8);

    snprintf(doing, sizeof(doing), "%s, time %lu: vCPU %u sends %u to %x", invariants_where,
             (unsigned long)host_time, n, id, targets);
    host_guest_sgi(core, id, targets);
    for (uint32_t to = 0; to < VCPUS; to++) {
        struct irq *m = irq_of(to, id);

        if ((targets >> to & 1) == 0)
            continue;
        /* Twice on its way is once only if the first has arrived before. */
        if (m->latch)
            settle();
        m->latch = true;
        m->senders |= 1u << n;
    }
}

static void wait_for(uint32_t core, uint32_t n)
{
    bool nothing = !host_interrupted(0) && !host_interrupted(1) &&
                   most_urgent(n, NO_GROUP) == UINT32_MAX && !guest[n].timer_fired;

    snprintf(doing, sizeof(doing), "%s, time %lu: vCPU %u waits", invariants_where, (unsigned long)host_time, n);
    host_guest_wfi(core);
    EXPECT(!nothing || vcpu_state(vcpu_at(A0 + n)) == VCPU_IDLE, n, 0);
}

static void set_timer(uint32_t core)
{
    static const uint64_t control[] = { 0, 1, 1, 1, 1, 3 };

    host_cores[core].guest.cntv_ctl_el0 = control[choose(ARRAY_SIZE(control))];
    host_cores[core].guest.cntv_cval_el0 = host_time + choose(400) - choose(2) * choose(400);
}

static void act(uint32_t core)
{
    const struct vcpu *v = host_current(core);
    uint32_t n;

    if (v == NULL || v->vm == NULL) {
        host_interrupt(core);
        return;
    }
    if (v->index == B0) {
        uint32_t a = host_guest_acknowledge(core);

        set_timer(core);
        if (a != HOST_NO_IRQ)
            host_guest_end(core, a);
        if (choose(2) == 0)
            host_guest_wfi(core);
        else
            host_guest_hvc(core, MV_CALL_yield);
        return;
    }
    n = v->index - A0;
    if (choose(30) == 0)
        guest[n].rises = !guest[n].rises;
    switch (choose(16)) {
    default: take(core, n); break;
    case 3: case 4: case 10:
        if (!guest[n].rises)
            end(core, n);
        break;
    case 5: case 8:         send(core, n); break;
    case 6:                 set_timer(core); break;
    case 7:                 wait_for(core, n); break;
    case 9:                host_guest_hvc(core, MV_CALL_yield); break;
    }
}

/* ---- steps ------------------------------------------------------------------------------------ */

static void note_timers(void)
{
    for (uint32_t n = 0; n < VCPUS; n++) {
        const struct vcpu *v = vcpu_at(A0 + n);

        if (v->core->owner == v && timer_asserted(n))
            guest[n].timer_fired = true;
    }
}

/* Where all has arrived: each guest is offered what it should. */
static void compare(void)
{
    settle();
    invariants_check();
    note_timers();
    note_devices();
    for (size_t i = 0; i < ARRAY_SIZE(device); i++) {
        const struct host_irq *h = &host_irqs[device[i].interrupt - HOST_IRQ_FIRST];

        EXPECT(!h->enabled || h->active || !(h->edge ? h->pending : h->level), 0, device[i].id);
    }
    for (uint32_t core = 0; core < 2; core++) {
        const struct vcpu *v = host_current(core);

        if (v == NULL || v->vm == NULL || v->index == B0)
            continue;
        uint32_t n = v->index - A0, best = most_urgent(n, running_group(n)), a = host_guest_offered(core);
        uint32_t id = a & 0x3ff;

        if (best == UINT32_MAX) {
            EXPECT(a == HOST_NO_IRQ || (id == ARCH_VM_TIMER && guest[n].timer_fired), n, id);
        } else {
            EXPECT(a != HOST_NO_IRQ, n, 0);
            EXPECT(irq_of(n, id)->priority == best || (id == ARCH_VM_TIMER && guest[n].timer_fired), n, id);
        }
    }
    for (uint32_t n = 0; n < VCPUS; n++) {
        for (uint32_t id = 0; vcpu_state(vcpu_at(A0 + n)) == VCPU_IDLE && id < IRQS; id++)
            EXPECT(!is_candidate(n, id), n, id);
    }
}

static void switch_on(void)
{
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 1);
    forwards = true;
    for (size_t i = 0; i < USED; i++) {
        for (uint32_t n = 0; n < (used[i] < VGIC_BANK ? VCPUS : 1); n++) {
            set_field(n, used[i], MV_VGIC_PRIORITY, i >= ENABLED ? 0xf8 : choose(28) * 8);
            set_field(n, used[i], MV_VGIC_ENABLED, i < ENABLED && choose(4) != 0);
            if (used[i] >= VGIC_BANK)
                set_field(n, used[i], MV_VGIC_TARGET, choose(VCPUS));
        }
    }
    for (uint32_t n = 0; n < VCPUS; n++) {
        set_field(n, ARCH_VM_TIMER, MV_VGIC_PRIORITY, choose(28) * 8);
        set_field(n, ARCH_VM_TIMER, MV_VGIC_ENABLED, 1);
    }
}

static void control(void)
{
    uint32_t v = A0 + choose(3);

    switch (choose(4)) {
    case 0:
        forwards = !forwards || choose(3) != 0;
        vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, forwards);
        settle();
        break;
    case 1:
        if (choose(10) == 0) {
            boss(MV_CALL_cell_stop, CAP_CELL + CELL_A, 0);
            note_devices();     /* those of the old life are forgotten */
            boss(MV_CALL_cell_start, CAP_CELL + CELL_A, 0);
            model_reset();
            switch_on();
        }
        break;
    case 2:
        if (choose(3) == 0)
            boss(MV_CALL_vcpu_stop, CAP_VCPU + v, 0);
        break;
    default:
        boss(MV_CALL_vcpu_start, CAP_VCPU + v, 0);
        break;
    }
}

static void step(void)
{
    machines_by_vmm = choose(2) == 0;
    host_first = choose(HOST_SOURCES);
    switch (choose(28)) {
    case 0: case 1: case 2: set_something(); break;
    case 9: case 10:        drive_device(); break;
    case 11:                raise(); break;
    case 3:                 read_field();    break;
    case 4:                 host_time += choose(120); note_timers(); break;
    case 5:                 host_interrupt(choose(3)); break;
    case 6:                 if (choose(4) == 0) control(); else set_timer_enabled(); break;
    case 7: case 8:         compare(); break;
    default:                act(choose(2)); break;
    }
    invariants_check();
    note_timers();
    note_devices();
}

static void run(uint64_t seed)
{
    source.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    snprintf(invariants_where, sizeof(invariants_where), "seed %lu, boot", (unsigned long)seed);
    machines_boot(true, false);
    for (size_t i = 0; i < ARRAY_SIZE(device); i++)
        device[i].taken = 0;
    host_sgi_has_sender = seed % 2 != 0;
    model_reset();
    vgic_set_bits(CAP_VGIC_B, MV_VGIC_CONTROL, 0, 1, 1);
    vgic_set_bits(CAP_VGIC_B, MV_VGIC_ENABLED, 0, TIMER_BIT, TIMER_BIT);
    switch_on();
    for (int i = 0; i < STEPS; i++) {
        snprintf(invariants_where, sizeof(invariants_where), "seed %lu, step %d", (unsigned long)seed, i);
        step();
    }
    host_sgi_has_sender = machines_by_vmm = false;
}

/* UNIT_SEEDS=first-last in the environment runs others. */
static void as_the_model_says(void **state)
{
    unsigned long first = 1, last = RUNS;
    const char *seeds = getenv("UNIT_SEEDS");

    (void)state;
    if (seeds != NULL)
        assert_int_equal(sscanf(seeds, "%lu-%lu", &first, &last), 2);
    for (uint64_t seed = first; seed <= last; seed++)
        run(seed);
    print_message("%lu interrupts, %lu of them deep in a nest; %lu of devices\n", (unsigned long)acknowledged,
                  (unsigned long)nested, (unsigned long)devices_taken);
    assert_true(acknowledged > 20 * (last - first + 1));
    assert_true(nested > (last - first + 1) / 10);
    assert_true(devices_taken > 5 * (last - first + 1));
}

GROUP(vgic_model, cmocka_unit_test(as_the_model_says));
