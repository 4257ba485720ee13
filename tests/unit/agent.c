/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"
#include "vgic.h"
#include "vm.h"
#include "world.h"

uint32_t (*agents_choose)(uint32_t n);

#define CELLS          6u
#define VCPUS_MAX      12u
#define GUESTS         3u       /* vCPUs of a virtual machine, in one more cell */
#define PC_UPCALL      0x30000u
#define PC_RESUMED     0x50000u     /* where fault handlers send others on */
#define PC_AFTER       0x1000u      /* a fresh start or an upcall goes on behind this */
#define UPCALL_STACK   0x70000u
#define BADGE_CELL     100u
#define BADGE_FAULT    900u
#define WINDOW         UINT64_C(0x400000)   /* where agents map */

/* What an agent waits for, at one of its two levels: program and upcall. */
enum pending {
    PENDING_NONE, PENDING_PLAIN, PENDING_MESSAGE, PENDING_FAULT, PENDING_UPCALL_RETURN,
    PENDING_EXIT, PENDING_SKIP          /* of a guest: its exit, or what goes on behind the instruction */
};
struct level {
    enum pending       pending;
    struct arch_frame  image;       /* registers when it entered the kernel */
    enum mv_call_number number;
    uint64_t           token;       /* of the call it made */
    uint64_t           flags;
    bool               again;       /* the kernel wants the call once more, */
    enum pending       made;        /* which was this */
};
struct agent {
    struct level level[2];
    uint32_t     at;                /* which level runs */
    bool         serves;            /* has a caller that it knows of */
    bool         serves_fault;
    bool         serves_budget;     /* that fault is a budget that is used up */
    uint64_t     service;           /* that caller's token */
    uint64_t     mark;              /* of a guest: in a register of its own */
};

/* Capability indices, the same in every cell. */
static struct {
    uint32_t portal, virq_raise, virq_handle, timer, vcpu, cell, space, segment, trace, vgic, schedule;
} caps;

static struct agent agents[VCPUS_MAX];
static uint64_t     counter, answered;
static bool         finishing;
static bool         timed;          /* there are budgets, bounds and windows */
/* What this system's agents do more than others. */
static enum { MOOD_EVEN, MOOD_CONTROL, MOOD_VIRQ, MOOD_UPCALL, MOODS } mood;

uint64_t agents_answered(void) { return answered; }

static uint32_t choose(uint32_t n) { return agents_choose(n); }

static void wrong(const struct vcpu *v, const char *what, int line)
{
    const struct agent *a = &agents[v->index];
    const struct level *l = &a->level[a->at];
    const struct arch_frame *live = &host_cores[v->core->index].live;

    fprintf(stderr, "agent.c:%d: vCPU %u finds wrong: %s\n  %s\n  level %u, call %u, pc %lx after %lx, "
            "status %lu or %lu\n", line, v->index, what, invariants_where, a->at, l->number,
            (unsigned long)live->pc, (unsigned long)l->image.pc, (unsigned long)live->x[0],
            (unsigned long)live->x[8]);
    abort();
}
#define EXPECT(x) ((x) ? (void)0 : wrong(v, #x, __LINE__))

/* ---- messages with tokens -------------------------------------------------------- */

/* Who calls, what size, which call. */
static uint64_t token_make(const struct vcpu *v, uint64_t size)
{
    return (uint64_t)(v->index + 1) << 48 | size << 40 | (++counter & UINT64_C(0xffffffffff));
}
static uint64_t token_word(uint64_t token, uint64_t i)
{
    return i == 0 ? token : token * UINT64_C(0x9e3779b97f4a7c15) + i * UINT64_C(0xc2b2ae3d27d4eb4f);
}
#define TOKEN_REPLY (UINT64_C(1) << 63)

static uint64_t size_words(uint64_t size)
{
    return size == MV_SIZE_EXTENDED ? MV_EXTENDED_BYTES / 8 : size == MV_SIZE_FULL ? MV_FULL_BYTES / 8 : 0;
}

static void write_message(struct vcpu *v, uint64_t token, uint64_t size)
{
    uint64_t *x = regs(v->core->index);

    for (uint64_t i = 0; i < MV_MESSAGE_WORDS; i++)
        x[i] = token_word(token, i);
    for (uint64_t i = 0; i < size_words(size); i++)
        v->buffer->data[i] = token_word(token, 100 + i);
}

static void expect_message(const struct vcpu *v, uint64_t token, uint64_t size)
{
    const uint64_t *x = regs(v->core->index);

    for (uint64_t i = 0; i < MV_MESSAGE_WORDS; i++)
        EXPECT(x[i] == token_word(token, i));
    for (uint64_t i = 0; i < size_words(size); i++)
        EXPECT(v->buffer->data[i] == token_word(token, 100 + i));
}

/* ---- going on after the kernel ---------------------------------------------------- */

static void expect_preserved(const struct vcpu *v, const struct level *l, int first)
{
    const struct arch_frame *live = &host_cores[v->core->index].live;

    for (int i = first; i < 31; i++)
        EXPECT(live->x[i] == l->image.x[i]);
    EXPECT(live->sp == l->image.sp && live->tls == l->image.tls);
}

static void take_fault_call(struct vcpu *v, struct agent *a, uint32_t badge)
{
    const uint64_t *x = regs(v->core->index);

    EXPECT(badge - BADGE_FAULT < world.head.vcpus.count);
    const struct vcpu *who = vcpu_at(badge - BADGE_FAULT);

    if (who->vm != NULL) {
        EXPECT(x[0] >= MV_EXIT_MEMORY && x[0] <= MV_EXIT_OTHER);
        EXPECT(x[3] == (x[1] ^ x[2]));
        /* Or it was stopped and has exited again before this one ran. */
        EXPECT(v->caller != who || (x[1] == who->fault_syndrome && x[2] == who->fault_address));
    } else {
        EXPECT(x[0] > MV_FAULT_NONE && x[0] <= (timed ? MV_FAULT_BUDGET : MV_FAULT_OTHER));
        EXPECT(x[4] == who->cell->index && x[5] == who->number && x[6] == 0 && x[7] == 0);
    }
    a->serves = a->serves_fault = true;
    a->serves_budget = who->vm == NULL && x[0] == MV_FAULT_BUDGET;
}

/* wait or reply_wait has brought something. */
static void take_event(struct vcpu *v, struct agent *a, uint64_t source)
{
    const uint64_t *x = regs(v->core->index);

    if ((source & MV_SOURCE_VIRQ) != 0) {
        EXPECT(MV_SOURCE_LINE(source) < v->line_count);
        for (int i = 1; i < MV_MESSAGE_WORDS; i++)
            EXPECT(x[i] == 0);
        return;
    }
    if (MV_SOURCE_BADGE(source) >= BADGE_FAULT) {
        EXPECT(MV_SOURCE_SIZE(source) == MV_SIZE_SHORT);
        take_fault_call(v, a, MV_SOURCE_BADGE(source));
        return;
    }
    uint64_t token = x[0], sender = (token >> 48) - 1;

    EXPECT(sender < world.head.vcpus.count);
    EXPECT(MV_SOURCE_BADGE(source) == BADGE_CELL + vcpu_at((uint32_t)sender)->cell->index);
    EXPECT(MV_SOURCE_SIZE(source) == (token >> 40 & 3));
    expect_message(v, token, MV_SOURCE_SIZE(source));
    a->serves = true;
    a->serves_fault = false;
    a->service = token;
}

static void expect_message_result(struct vcpu *v, struct agent *a, const struct level *l)
{
    const uint64_t *x = regs(v->core->index);

    for (int i = 10; i <= 18; i++)
        EXPECT(x[i] == 0);
    switch (x[8]) {
    case MV_OK:
        if (l->number == MV_CALL_call) {
            expect_message(v, l->token | TOKEN_REPLY, MV_SOURCE_SIZE(x[9]));
            answered++;
        } else if (l->number != MV_CALL_reply) {
            take_event(v, a, x[9]);
        }
        break;
    case MV_TIMEOUT:
        EXPECT((l->flags & MV_DEADLINE) != 0 || (timed && l->number == MV_CALL_call));
        break;
    case MV_WOULD_BLOCK:
        EXPECT((l->flags & MV_NOWAIT) != 0);
        break;
    case MV_NO_CALLER:
        EXPECT(l->number == MV_CALL_reply);
        break;
    case MV_DEADLOCK:
        EXPECT(l->number == MV_CALL_call);
        break;
    case MV_BUSY:
        EXPECT(l->number == MV_CALL_wait);
        break;
    case MV_CANCELLED:
        break;
    default:
        wrong(v, "a status that this call does not have", __LINE__);
    }
}

static void start_fresh(struct vcpu *v, struct agent *a)
{
    memset(a, 0, sizeof(*a));
    if (v->vm != NULL) {
        a->mark = host_cores[v->core->index].guest.tpidr_el1 = ++counter << 8 | v->index;
        host_cores[v->core->index].live.pc = WORLD_ENTRY;
    } else {
        v->buffer->upcall.masked = 0;   /* what is held back already stays so until the next */
    }
    host_cores[v->core->index].live.pc += PC_AFTER;
}

static void start_upcall(struct vcpu *v, struct agent *a)
{
    struct arch_frame *live = &host_cores[v->core->index].live;

    EXPECT(a->at == 0 && v->buffer->upcall.masked != 0);
    EXPECT(live->x[0] < v->line_count && live->sp == UPCALL_STACK);
    a->at = 1;
    a->level[1] = (struct level){ .pending = PENDING_NONE };
    v->buffer->upcall.pending = 0;
    live->pc += PC_AFTER;
}

static void go_on(struct vcpu *v, struct agent *a);

static void after_plain(struct vcpu *v, struct level *l)
{
    const struct arch_frame *live = &host_cores[v->core->index].live;

    expect_preserved(v, l, 19);
    EXPECT(live->pc == l->image.pc + 4 || live->pc == l->image.pc);
    l->again = live->pc == l->image.pc;
    for (int i = l->again ? 7 : 2; i <= 18; i++)
        EXPECT(live->x[i] == 0);
    EXPECT(l->again || live->x[0] <= MV_DEADLOCK);
}

/* The present level finds the registers that it may expect. */
static void go_on(struct vcpu *v, struct agent *a)
{
    struct level *l = &a->level[a->at];
    const struct arch_frame *live = &host_cores[v->core->index].live;

    switch (l->pending) {
    case PENDING_NONE:
        EXPECT(live->pc == l->image.pc);
        expect_preserved(v, l, 0);
        break;
    case PENDING_PLAIN:
        after_plain(v, l);
        break;
    case PENDING_MESSAGE:
        expect_preserved(v, l, 19);
        l->again = timed && live->pc == l->image.pc;      /* it was held back */
        if (l->again)
            break;
        EXPECT(live->pc == l->image.pc + 4);
        expect_message_result(v, a, l);
        break;
    case PENDING_FAULT:
        EXPECT(live->pc == l->image.pc || live->pc == PC_RESUMED);
        expect_preserved(v, l, 0);
        break;
    case PENDING_UPCALL_RETURN:
        a->at = 0;
        go_on(v, a);
        break;
    case PENDING_EXIT:
        EXPECT(live->pc == l->image.pc || live->pc == l->image.pc + 4);
        expect_preserved(v, l, 0);
        break;
    case PENDING_SKIP:
        EXPECT(live->pc == l->image.pc + 4);
        expect_preserved(v, l, 0);
        break;
    }
    if (v->vm != NULL)
        EXPECT(host_cores[v->core->index].guest.tpidr_el1 == a->mark);
}

/* The kernel was left on a core: whoever runs there looks around. */
static void after_kernel(uint32_t core)
{
    struct vcpu *v = host_current(core);
    struct arch_frame *live = &host_cores[core].live;

    if (v == NULL)
        return;
    struct agent *a = &agents[v->index];

    if (a->at == 1 && a->level[1].pending == PENDING_UPCALL_RETURN && live->pc != PC_UPCALL &&
        live->pc != WORLD_ENTRY)
        a->at = 0;
    else if (live->pc == PC_UPCALL && a->level[a->at].pending == PENDING_UPCALL_RETURN)
        a->at = 0;      /* the next upcall at once */
    /* A guest that was set to its entry may be told to skip that. */
    if (live->pc == WORLD_ENTRY || (v->vm != NULL && live->pc == WORLD_ENTRY + 4))
        start_fresh(v, a);
    else if (live->pc == PC_UPCALL)
        start_upcall(v, a);
    else
        go_on(v, a);
    if (a->level[a->at].pending != PENDING_NONE)
        a->level[a->at].made = a->level[a->at].pending;
    a->level[a->at].pending = PENDING_NONE;
    a->level[a->at].image = *live;
}

/* ---- what an agent does ------------------------------------------------------------ */

static uint64_t now_ns(void) { return time_to_ns(host_time); }

/* A near time, now and then one that has passed. */
static uint64_t some_time(void)
{
    return choose(16) == 0 ? now_ns() / 2 : now_ns() + choose(1000000);
}

static void enter_kernel(struct vcpu *v, struct agent *a, enum mv_call_number number, enum pending pending)
{
    struct arch_frame *live = &host_cores[v->core->index].live;
    struct level *l = &a->level[a->at];

    for (int i = 11; i < 31; i++)
        live->x[i] = ++counter << 16 | v->index;
    live->tls = a->at == 0 ? counter : live->tls;
    l->pending = pending;
    l->number = number;
    l->image = *live;
    if (v->vm != NULL)
        host_guest_hvc(v->core->index, number);
    else
        host_svc(v->core->index, number);
    after_kernel(v->core->index);
}

static void do_message(struct vcpu *v, struct agent *a, enum mv_call_number number, uint64_t cap,
                       uint64_t flags)
{
    uint64_t *x = regs(v->core->index);

    a->level[a->at].flags = flags;
    x[8] = cap;
    x[9] = flags;
    x[10] = some_time();
    enter_kernel(v, a, number, PENDING_MESSAGE);
}

static uint64_t some_deadline(void) { return choose(4) != 0 ? MV_DEADLINE : 0; }

static void do_call(struct vcpu *v, struct agent *a)
{
    uint32_t portal = choose(world.head.portals.count);
    uint64_t size = choose(3);
    uint64_t flags = size | some_deadline() | (choose(6) == 0 ? MV_NOWAIT : 0);

    /* A circle through several cores ends by a time-out only; a fault, which
     * is a call of vCPU 0 or 1, has none. */
    if (world.vcpu[world.portal[portal].server].core != v->core->index || v->index <= 1)
        flags |= MV_DEADLINE;
    a->level[a->at].token = token_make(v, size);
    write_message(v, a->level[a->at].token, size);
    do_message(v, a, MV_CALL_call, caps.portal + portal, flags);
}

static void write_reply(struct vcpu *v, struct agent *a, uint64_t size)
{
    uint64_t *x = regs(v->core->index);

    if (a->serves_fault && v->caller != NULL && v->caller->vm != NULL) {
        x[0] = choose(8) == 0 ? choose(64) & ~(MV_EXIT_SET | MV_EXIT_SET_CALL) :
               MV_EXIT_RESUME | (choose(2) * MV_EXIT_SKIP) | (choose(4) == 0 ? MV_EXIT_WAIT : 0);
    } else if (a->serves_fault && a->serves_budget) {
        x[0] = choose(8) == 0 ? MV_FAULT_STOP : MV_FAULT_RESUME;
    } else if (a->serves_fault) {
        x[0] = choose(8) == 0 ? choose(4) : 1 + choose(2);
        x[1] = PC_RESUMED;
    } else {
        write_message(v, a->service | TOKEN_REPLY, size);
    }
    a->serves = false;
}

static void do_reply(struct vcpu *v, struct agent *a)
{
    uint64_t size = choose(3);

    write_reply(v, a, size);
    do_message(v, a, MV_CALL_reply, 0, size);
}

static void do_reply_wait(struct vcpu *v, struct agent *a)
{
    uint64_t size = choose(3);

    write_reply(v, a, size);
    do_message(v, a, MV_CALL_reply_wait, 0, size | some_deadline());
}

static void do_wait(struct vcpu *v, struct agent *a)
{
    uint64_t flags = some_deadline() | (choose(6) == 0 ? MV_NOWAIT : 0);

    if (choose(4) == 0)
        do_message(v, a, MV_CALL_wait, choose(256), flags | MV_LINES | MV_DEADLINE);
    else
        do_message(v, a, MV_CALL_wait, 0, flags);
}

static void do_plain(struct vcpu *v, struct agent *a, enum mv_call_number number, uint64_t x1,
                     uint64_t x2, uint64_t x3)
{
    uint64_t *x = regs(v->core->index);

    x[1] = x1;
    x[2] = x2;
    x[3] = x3;
    enter_kernel(v, a, number, PENDING_PLAIN);
}

static void do_virq(struct vcpu *v, struct agent *a)
{
    uint32_t line = choose(world.head.virqs.count);

    if (choose(2) == 0)
        do_plain(v, a, MV_CALL_virq_raise, caps.virq_raise + line, choose(1000), 0);
    else
        do_plain(v, a, (enum mv_call_number)(MV_CALL_virq_ack + choose(3)), caps.virq_handle + line, 0, 0);
}

static void do_timer(struct vcpu *v, struct agent *a)
{
    uint32_t timer = caps.timer + choose(world.head.timers.count);

    switch (choose(4)) {
    case 0:  do_plain(v, a, MV_CALL_timer_set, timer, 0, 0); break;
    case 1:  do_plain(v, a, MV_CALL_timer_set, timer, choose(4) == 0 ? UINT64_MAX : some_time(), 0); break;
    default: do_plain(v, a, MV_CALL_timer_set, timer, some_time(), 200000 + choose(3000000)); break;
    }
}

static void do_space(struct vcpu *v, struct agent *a)
{
    uint64_t *x = regs(v->core->index);
    uint64_t at = WINDOW + choose(64) * MV_PAGE_SIZE, size = (1 + choose(80)) * MV_PAGE_SIZE;
    uint32_t space = caps.space + v->cell->index;

    switch (choose(3)) {
    case 0:
        x[4] = choose(40) * MV_PAGE_SIZE;
        x[5] = size;
        x[6] = MV_MAP_READ | (choose(2) == 0 ? MV_MAP_WRITE : 0);
        do_plain(v, a, MV_CALL_space_map, space, caps.segment, at);
        break;
    case 1:
        x[4] = 0;
        do_plain(v, a, MV_CALL_space_unmap, space, at, size);
        break;
    default:
        x[4] = MV_MAP_READ;
        do_plain(v, a, MV_CALL_space_protect, space, at, size);
        break;
    }
}

static void do_vgic(struct vcpu *v, struct agent *a)
{
    uint64_t *x = regs(v->core->index);

    x[4] = choose(UINT32_MAX);
    x[5] = choose(UINT32_MAX);
    do_plain(v, a, choose(4) == 0 ? MV_CALL_vgic_get : MV_CALL_vgic_set, caps.vgic, choose(MV_VGIC_FIELDS),
             choose(8) == 0 ? choose(40) : choose(5));
}

/* A state that starts from the beginning. */
static void write_state(struct vcpu *v)
{
    struct mv_vcpu_state *s = (struct mv_vcpu_state *)v->buffer->data;

    memset(s, 0, sizeof(*s) + sizeof(struct mv_vm_state));
    s->pc = WORLD_ENTRY;
    s->sp = WORLD_STACK;
}

static void do_control(struct vcpu *v, struct agent *a)
{
    /* The first cell is left alone, so that there is always one to start others. */
    uint32_t vcpu = caps.vcpu + 1 + choose(world.head.vcpus.count - 1);
    uint32_t cell = caps.cell + 1 + choose(world.head.cells.count - 1);

    switch (choose(a->at == 0 && v->vm == NULL ? 10 : 7)) {
    case 0:  do_plain(v, a, choose(2) == 0 ? MV_CALL_vcpu_stop : MV_CALL_null, vcpu, 0, 0); break;
    case 1:
    case 2:  do_plain(v, a, MV_CALL_vcpu_start, vcpu, 0, 0); break;
    case 3:  do_plain(v, a, choose(3) == 0 ? MV_CALL_cell_stop : MV_CALL_cell_inspect, cell, 0, 0); break;
    case 4:
    case 5:  do_plain(v, a, MV_CALL_cell_start, cell, 0, 0); break;
    case 7:  do_plain(v, a, MV_CALL_vcpu_read, vcpu, 0, 0); break;
    case 8:  write_state(v); do_plain(v, a, MV_CALL_vcpu_write, vcpu, 0, 0); break;
    case 9:  do_plain(v, a, MV_CALL_vcpu_counters, vcpu, 0, 0); break;
    default: do_plain(v, a, MV_CALL_cell_start, cell, 0, 0); break;
    }
}

static void do_upcall(struct vcpu *v, struct agent *a)
{
    if (a->at == 1)
        enter_kernel(v, a, MV_CALL_upcall_return, PENDING_UPCALL_RETURN);
    else
        do_plain(v, a, MV_CALL_upcall_set, 0, choose(4) != 0 ? PC_UPCALL : 0, UPCALL_STACK);
}

static void do_fault(struct vcpu *v, struct agent *a)
{
    struct level *l = &a->level[a->at];

    l->pending = PENDING_FAULT;
    l->image = host_cores[v->core->index].live;
    host_fault(v->core->index, (enum mv_fault)(1 + choose(MV_FAULT_OTHER)), choose(1000), choose(1000));
    after_kernel(v->core->index);
}

static void do_rare(struct vcpu *v, struct agent *a)
{
    switch (v->index == 0 ? 1 + choose(5) : choose(7)) {
    case 0:  do_plain(v, a, MV_CALL_exit, 0, 0, 0); break;
    case 1:  do_plain(v, a, MV_CALL_trace_set, caps.trace, choose(64), 0); break;
    case 2:  do_plain(v, a, MV_CALL_space_enter, caps.space + v->cell->index, 0, 0); break;
    case 3:  host_cores[v->core->index].bus_error = v->has_device; break;
    case 4:  do_plain(v, a, MV_CALL_null, 0, 0, 0); break;
    case 5:  do_plain(v, a, MV_CALL_schedule_switch, caps.schedule, choose(3), 0); break;
    default: do_fault(v, a); break;
    }
}

/* ---- a guest ------------------------------------------------------------------------ */

static void do_exit(struct vcpu *v, struct agent *a)
{
    uint64_t address = choose(UINT32_MAX), syndrome = choose(UINT32_MAX);
    const uint64_t words[4] = { address ^ syndrome, counter, 0, 0 };

    a->level[0].pending = PENDING_EXIT;
    a->level[0].image = host_cores[v->core->index].live;
    host_guest_exit(v->core->index, (enum mv_exit)(MV_EXIT_MEMORY + choose(5)), address, syndrome, words);
    after_kernel(v->core->index);
}

static void do_guest_instruction(struct vcpu *v, struct agent *a, bool wait)
{
    a->level[0].pending = PENDING_SKIP;
    a->level[0].image = host_cores[v->core->index].live;
    if (wait)
        host_guest_wfi(v->core->index);
    else
        host_guest_sgi(v->core->index, choose(VGIC_SGIS), choose(256));
    after_kernel(v->core->index);
}

static void handle_interrupts(uint32_t core)
{
    uint32_t n = host_guest_acknowledge(core);

    if (n != HOST_NO_IRQ)
        host_guest_end(core, n);
}

static void do_something_as_guest(struct vcpu *v, struct agent *a)
{
    struct mv_vm_state *el1 = &host_cores[v->core->index].guest;

    switch (choose(12)) {
    case 0:
        a->mark = el1->tpidr_el1 = ++counter << 8 | v->index;
        break;
    case 1:
        el1->cntv_ctl_el0 = choose(4);
        el1->cntv_cval_el0 = host_time + choose(500);
        break;
    case 2: case 3: handle_interrupts(v->core->index);                break;
    case 4:         do_guest_instruction(v, a, true);                 break;
    case 5:         do_guest_instruction(v, a, false);                break;
    case 6:         do_virq(v, a);                                    break;
    case 7:         do_plain(v, a, MV_CALL_yield, 0, 0, 0);           break;
    case 8:         if (choose(8) == 0) do_control(v, a);             break;
    case 9:         if (choose(8) == 0) do_plain(v, a, MV_CALL_exit, 0, 0, 0); break;
    default:        do_exit(v, a);                                    break;
    }
}

/* Nothing is to come any more, and it waits for that. */
static void finish_guest(struct vcpu *v, struct agent *a)
{
    uint64_t *x = regs(v->core->index);

    host_cores[v->core->index].guest.cntv_ctl_el0 = 0;
    handle_interrupts(v->core->index);
    if (choose(2) == 0) {
        x[4] = UINT32_MAX;
        x[5] = 0;
        do_plain(v, a, MV_CALL_vgic_set, caps.vgic, MV_VGIC_CONTROL, 0);
    } else {
        do_guest_instruction(v, a, true);
    }
}

/* The first agent: most urgent, it rests often and starts the others again. */
static void supervise(struct vcpu *v, struct agent *a)
{
    switch (choose(4)) {
    case 0:  do_plain(v, a, MV_CALL_vcpu_start, caps.vcpu + 1 + choose(world.head.vcpus.count - 1), 0, 0); break;
    case 1:  do_plain(v, a, MV_CALL_cell_start, caps.cell + 1 + choose(world.head.cells.count - 1), 0, 0); break;
    case 2:  do_call(v, a); break;
    default: write_reply(v, a, 0); do_message(v, a, MV_CALL_reply_wait, 0, MV_DEADLINE); break;
    }
}

static void do_something(struct vcpu *v, struct agent *a)
{
    if (v->index == 0 && a->at == 0 && choose(4) != 0) {
        supervise(v, a);
        return;
    }
    if (a->at == 0 && choose(a->serves ? 3 : 8) == 0) {
        do_reply_wait(v, a);
        return;
    }
    if (mood != MOOD_EVEN && choose(4) == 0) {
        if (mood == MOOD_CONTROL)
            do_control(v, a);
        else if (mood == MOOD_VIRQ)
            do_virq(v, a);
        else
            do_upcall(v, a);
        return;
    }
    /* An upcall leaves the message buffer alone: the program's may be in it. */
    switch (a->at == 0 ? choose(26) : 13 + choose(11)) {
    case 0: case 1: case 2: case 3: case 4: case 5: do_call(v, a);       break;
    case 6: case 7: case 8: case 9:                 do_reply_wait(v, a); break;
    case 10: case 11:                               do_wait(v, a);       break;
    case 12:                                        do_reply(v, a);      break;
    case 13: case 14: case 15:                      do_virq(v, a);       break;
    case 16:                                        do_timer(v, a);      break;
    case 17:                                        do_space(v, a);      break;
    case 18: case 19:                               do_control(v, a);    break;
    case 20: case 21:                               do_upcall(v, a);     break;
    case 22:                                        do_plain(v, a, MV_CALL_yield, 0, 0, 0); break;
    case 24: case 25:                               do_vgic(v, a);       break;
    default:                                        do_rare(v, a);       break;
    }
}

static void act(uint32_t core)
{
    struct vcpu *v = host_current(core);
    struct agent *a = &agents[v->index];

    struct level *l = &a->level[a->at];

    if (l->again) {
        l->again = false;
        l->pending = l->made;
        if (v->vm != NULL)
            host_guest_hvc(core, l->number);
        else
            host_svc(core, l->number);
        after_kernel(core);
    } else if (v->vm != NULL) {
        if (finishing)
            finish_guest(v, a);
        else
            do_something_as_guest(v, a);
    } else if (!finishing) {
        do_something(v, a);
    } else if (a->at == 1) {
        do_upcall(v, a);
    } else {
        write_reply(v, a, 0);
        do_message(v, a, MV_CALL_reply_wait, 0, 0);
    }
}

/* ---- steps --------------------------------------------------------------------------- */

static void take_interrupt(uint32_t core)
{
    if (host_interrupt(core))
        after_kernel(core);
}

/* Nobody runs and nothing waits: go to where the next timer fires. */
static void skip_idle_time(void)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t i = 0; i < world.head.core_count; i++) {
        if (host_current(i) != NULL || host_interrupted(i))
            return;
        next = min_u64(next, host_cores[i].timer);
        if (host_cores[i].guest.cntv_ctl_el0 == 1 && host_cores[i].guest.cntv_cval_el0 > host_time)
            next = min_u64(next, host_cores[i].guest.cntv_cval_el0);
    }
    if (next == UINT64_MAX)
        return;
    host_time = next;
    for (uint32_t i = 0; i < world.head.core_count; i++)
        take_interrupt(i);
}

void agents_step(void)
{
    uint32_t core = choose(world.head.core_count);

    host_first = choose(HOST_SOURCES);
    skip_idle_time();

    switch (choose(8)) {
    case 0:
        host_time += choose(8) == 0 ? choose(2000) : choose(100);
        break;
    case 1:
        if (!finishing)
            host_irq_line(HOST_IRQ_FIRST + choose(4), choose(2) == 0);
        break;
    case 2:
        host_cores[core].stray = choose(4) == 0;
        /* fall through */
    case 3:
        take_interrupt(core);
        break;
    default:
        if (host_current(core) != NULL)
            act(core);
        else
            take_interrupt(core);
        break;
    }
    invariants_check();
}

static bool all_ended(void)
{
    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        const struct vcpu *v = vcpu_at(i);

        if (vcpu_state(v) == VCPU_SENDING || vcpu_state(v) == VCPU_CALLING || vcpu_state(v) == VCPU_REMOTE ||
            vcpu_state(v) == VCPU_RUNNABLE)
            return false;
    }
    return true;
}

bool agents_finish(uint32_t most_steps)
{
    finishing = true;
    for (uint32_t i = 0; i < 4; i++)
        host_irq_line(HOST_IRQ_FIRST + i, false);
    for (uint32_t i = 0; i < most_steps && !all_ended(); i++)
        agents_step();
    finishing = false;
    return all_ended();
}

/* ---- the system ------------------------------------------------------------------------ */

/* Whose windows are not the server's is held back near their end. */
static uint32_t right_to_call(uint32_t cell, uint32_t portal)
{
    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        uint32_t partition = world.vcpu[i].context.partition;

        if (world.vcpu[i].cell == cell && partition != 0 && partition != world.portal[portal].context.partition)
            return MV_RIGHT_PORTAL_CALL_HELD;
    }
    return MV_RIGHT_PORTAL_CALL;
}

#define LONGEST_BOUND_US 300u
#define PARTITIONS       3u

static uint64_t us(uint32_t least, uint32_t more)
{
    return (least + choose(more)) * UINT64_C(1000);
}

/* Both partitions have windows on each core, longer than any bound. */
static void add_table(uint32_t cores)
{
    uint64_t frame = us(2000, 3000);

    world_schedule(frame);
    for (uint32_t i = 0; i < cores; i++) {
        uint32_t first = 1 + choose(2);

        world_window(i, 0, choose(2) == 0 ? 7 : 1 | 1u << first);
        world_window(i, us(LONGEST_BOUND_US + 100, 400), 1);
        world_window(i, us(LONGEST_BOUND_US + 600, 400), 1 | 2u << (2 - first));
    }
}

/* Limits of many kinds, for two vCPUs of three and a portal of two. */
static void add_limits(uint32_t cores)
{
    bool windows = choose(2) == 0;

    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        struct mv_sys_vcpu *v = &world.vcpu[i];

        v->context.partition = windows && i != 0 ? choose(PARTITIONS) : 0;
        if (i == 0 || choose(3) == 0)
            continue;
        v->context.budget_ns = us(100, 1000);   /* time goes in long steps here */
        v->context.period_ns = v->context.budget_ns + us(0, 3000);
        v->context.exhausted = v->kind == MV_VCPU_VM ? choose(2) : choose(3);
    }
    for (uint32_t i = 0; i < world.head.portals.count; i++) {
        struct mv_sys_portal *p = &world.portal[i];

        p->context.partition = world.vcpu[p->server].context.partition;
        if (windows || choose(2) == 0) {
            p->bound_ns = us(1, LONGEST_BOUND_US);
            p->recovery = choose(4) == 0 ? 0 : WORLD_ENTRY;
        }
        if (choose(3) == 0) {
            p->context.budget_ns = us(100, 300);
            p->context.period_ns = p->context.budget_ns + us(0, 2000);
        }
    }
    for (uint32_t i = 0; windows && i < 2; i++)
        add_table(cores);
}

/* Each capability that any cell could want, at the same index in every cell. */
static void give_caps(uint32_t cell)
{
    const struct mv_systab *h = &world.head;

    for (uint32_t i = 0; i < h->portals.count; i++) {
        uint32_t c = world_cap(cell, MV_TYPE_PORTAL, i, right_to_call(cell, i), BADGE_CELL + cell);
        caps.portal = i == 0 ? c : caps.portal;
    }
    for (uint32_t i = 0; i < h->virqs.count; i++) {
        uint32_t c = world_cap(cell, MV_TYPE_VIRQ, i, MV_RIGHT_VIRQ_RAISE, 0);
        caps.virq_raise = i == 0 ? c : caps.virq_raise;
    }
    for (uint32_t i = 0; i < h->virqs.count; i++) {
        uint32_t c = world_cap(cell, MV_TYPE_VIRQ, i, MV_RIGHT_VIRQ_HANDLE, 0);
        caps.virq_handle = i == 0 ? c : caps.virq_handle;
    }
    for (uint32_t i = 0; i < h->timers.count; i++) {
        uint32_t c = world_cap(cell, MV_TYPE_TIMER, i, MV_RIGHT_TIMER_SET, 0);
        caps.timer = i == 0 ? c : caps.timer;
    }
    for (uint32_t i = 0; i < h->vcpus.count; i++) {
        uint32_t c = world_cap(cell, MV_TYPE_VCPU, i, MV_RIGHT_VCPU_CONTROL, 0);
        caps.vcpu = i == 0 ? c : caps.vcpu;
    }
    for (uint32_t i = 0; i < h->cells.count; i++) {
        uint32_t c = world_cap(cell, MV_TYPE_CELL, i, MV_RIGHT_CELL_CONTROL, 0);
        caps.cell = i == 0 ? c : caps.cell;
    }
    for (uint32_t i = 0; i < h->spaces.count; i++) {
        uint32_t c = world_cap(cell, MV_TYPE_SPACE, i, MV_RIGHT_SPACE_MAP | MV_RIGHT_SPACE_ENTER, 0);
        caps.space = i == 0 ? c : caps.space;
    }
    caps.segment = world_cap(cell, MV_TYPE_SEGMENT, 0, MV_RIGHT_SEGMENT_READ | MV_RIGHT_SEGMENT_WRITE, 0);
    caps.vgic = world_cap(cell, MV_TYPE_VGIC, 0, MV_RIGHT_VGIC_CONTROL, 0);
    caps.schedule = world_cap(cell, MV_TYPE_SCHEDULE, 0, MV_RIGHT_SCHEDULE_SWITCH, 0);
    caps.trace = world_cap(cell, MV_TYPE_TRACE, 0, MV_RIGHT_TRACE_CONTROL, 0);
}

void agents_boot(uint32_t cores, bool limits)
{
    static const uint32_t priority[CELLS] = { 90, 20, 10, 30, 20, 10 };
    uint32_t text;

    world_begin(cores);
    for (uint32_t i = 0; i < CELLS; i++) {
        uint32_t cell = world_cell("agent");

        world_vcpu(cell, i % cores, priority[i]);
        if (i % 2 != 0)
            world_vcpu(cell, (i + 1) % cores, priority[i] + (i == 3 ? 1 : 0));
    }
    world_segment(60, MV_MAP_READ | MV_MAP_WRITE, MV_MEMORY_NORMAL);
    world_extent(70);
    text = world_segment(1, MV_MAP_READ | MV_MAP_EXECUTE, MV_MEMORY_NORMAL);
    for (uint32_t i = 0; i < CELLS; i++) {
        world_mapping(i, text, WORLD_TEXT, 0, MV_PAGE_SIZE, MV_MAP_READ);
        world.load[i] = (struct mv_sys_load){ world_ram(0x3000, 0x1000), world.extent[0].base, 0x1010, 0x2010 };
        world.cell[i].first_load = i;
        world.cell[i].load_count = 1;
    }
    world.head.loads.count = CELLS;
    world_vm("guest", 2);
    for (uint32_t i = 0; i < GUESTS; i++)
        world_guest(CELLS, i % cores, 10 + 10 * (i % 2), 0);
    for (uint32_t i = 0; i < world.head.vcpus.count; i++) {
        if (world.vcpu[i].kind == MV_VCPU_VM) {
            world.vcpu[i].fault_badge = BADGE_FAULT + i;
            world.vcpu[i].fault_portal = i % 3;
            continue;
        }
        world_portal(i);
        world_virq(i);
        world_timer(world_virq(i));
        world_virq(i);
        if (i < 4)
            world_device(i, HOST_IRQ_FIRST + i, i % 2 == 0);
        world.vcpu[i].fault_badge = BADGE_FAULT + i;
        if (i > 1)
            world.vcpu[i].fault_portal = i % 2;
        world.vcpu[i].has_device = i == 3;
    }
    timed = limits;
    if (timed)
        add_limits(cores);
    world.head.caps.count = 0;
    for (uint32_t i = 0; i < world.head.cells.count; i++) {
        world.cell[i].first_cap = world.head.caps.count;
        world.cell[i].cap_count = 0;
        world_cap(i, MV_TYPE_NONE, 0, 0, 0);
        give_caps(i);
    }
    memset(agents, 0, sizeof(agents));
    counter = answered = 0;
    finishing = false;
    mood = choose(MOODS);
    world_boot();
    for (uint32_t i = 0; i < cores; i++)
        after_kernel(i);
}
