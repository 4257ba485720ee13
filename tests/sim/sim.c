/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs of all vCPUs. A program computes for some time and then makes a
 * kernel call; calls take no time here. Of what happens at the same time, calls
 * come before interrupts, or a task that needs just its budget would need a
 * period more.
 */
#include "sim.h"

#include "budget.h"

#define NONE        ANALYSIS_NONE
#define STEPS_MOST  24
#define TURNS_MOST  20000      /* calls and interrupts at one time */
#define LONGEST     60000      /* ticks: no deadline is later; tables change no more often */

struct step {
    enum { COMPUTE, CALL, WAIT, SERVE, ANSWER, SWITCH_TABLE } kind;
    uint64_t ticks;            /* COMPUTE: how long; CALL: of service; WAIT: until */
    uint32_t call;             /* CALL: its place in the task's calls */
    bool     hurry;            /* CALL: does not wait for its end */
};

/* What a vCPU does. */
struct program {
    struct step step[STEPS_MOST];
    uint32_t    count, at;
    uint64_t    left;          /* ticks of the present COMPUTE */
    bool        in_kernel;     /* its call has not come back   */
    uint64_t    pc;            /* where that was made          */
    uint64_t    release;       /* ticks: of the turn that is planned last   */
    uint64_t    turn;          /* the same of the present one               */
    bool        released;      /* there is one                              */
};

static struct set     *set;
static struct program  programs[SET_TASKS];
static uint64_t        sync_at;        /* ticks: many are released then */
static uint64_t        switch_after;   /* and before that nobody changes to another table */

/* ---- what they are going to do ---------------------------------------------------- */

static void add(struct program *p, struct step s)
{
    CHECK(p->count < STEPS_MOST);
    p->step[p->count++] = s;
}

static void begin_plan(struct program *p)
{
    p->count = p->at = 0;
}

static uint64_t ticks(uint64_t ns) { return ns / SET_TICK; }

/* When many are released together: where the analysis sees the worst phase, if
 * it is known when frames begin. */
static void choose_sync(void)
{
    uint64_t frame = set->a.table_count == 0 ? 0 : ticks(set->table[0].frame);
    const struct analysis_task *t = &set->task[set_below(set, set->a.task_count)];

    sync_at += 20000 + set_below(set, 60000);
    if (frame != 0)
        sync_at = sync_at / frame * frame + (set_chance(set, 80) ? ticks(t->result.phase) : set_below(set, frame));
}

static uint64_t next_release(const struct analysis_task *t, uint64_t last)
{
    uint64_t period = ticks(t->period), next = last + period;

    if (set_chance(set, 15))
        next += set_below(set, period);
    if (next < sync_at && sync_at - next < period)
        next = sync_at;
    return next;
}

/* Calls of one activation: once each at most, all of them together in the time there is. */
static uint64_t plan_calls(struct program *p, uint32_t task, uint64_t room)
{
    const struct analysis_task *t = &set->task[task];

    for (uint32_t i = 0; i < t->call_count; i++) {
        const struct analysis_portal *q = &set->portal[t->calls[i]];
        bool here = set->task[q->server].core == t->core;
        uint64_t most = q->bound == 0 ? 50 : ticks(q->bound), service = set_chance(set, 60) ? most : set_below(set, most + 1);
        uint64_t before = set_below(set, room / 4 + 1);

        if (!set_chance(set, 60) || (here && service + before > room))
            continue;
        add(p, (struct step){ .kind = COMPUTE, .ticks = before });
        add(p, (struct step){ .kind = CALL, .call = i, .ticks = service });
        room -= before + (here ? service : 0);
    }
    return room;
}

static void plan_exact(struct program *p, uint32_t task)
{
    const struct analysis_task *t = &set->task[task];
    uint64_t room = ticks(t->result.own != 0 ? t->result.own : t->budget);

    /* When a service ends it must have some left to come back. */
    room -= t->call_count != 0;
    if (set_chance(set, 25))
        room -= set_below(set, room);
    room = plan_calls(p, task, room);
    add(p, (struct step){ .kind = COMPUTE, .ticks = room });
    p->release = next_release(t, p->release);
    add(p, (struct step){ .kind = WAIT, .ticks = p->release });
}

static void plan_wild(struct program *p, uint32_t task)
{
    const struct analysis_task *t = &set->task[task];
    uint64_t part = ticks(t->budget) / 2 + 1;

    for (uint32_t n = 1 + (uint32_t)set_below(set, 4); n > 0; n--) {
        uint32_t i = t->call_count == 0 ? 0 : (uint32_t)set_below(set, t->call_count);

        add(p, (struct step){ .kind = COMPUTE, .ticks = 1 + set_below(set, set_chance(set, 30) ? 4 * part : part) });
        if (set->switches && host_time >= switch_after) {
            add(p, (struct step){ .kind = SWITCH_TABLE });
            switch_after = host_time + LONGEST + set_below(set, LONGEST);
        }
        if (t->call_count != 0 && set_chance(set, 70)) {
            const struct analysis_portal *q = &set->portal[t->calls[i]];

            add(p, (struct step){ .kind = CALL, .call = i, .hurry = set_chance(set, 10), .ticks = q->bound == 0 ? 50 : ticks(q->bound) });
        }
    }
    p->release = host_time + 1 + set_below(set, ticks(t->period));
    if (sync_at > host_time && sync_at - host_time < ticks(t->period) && set_chance(set, 60))
        p->release = sync_at - set_below(set, 100);
    add(p, (struct step){ .kind = WAIT, .ticks = p->release });
}

static void plan_spin(struct program *p)
{
    add(p, (struct step){ .kind = COMPUTE, .ticks = 100000 });
}

/* A request is how long to work; a server's own call is part of that. */
static void plan_service(struct program *p, uint32_t task, uint64_t request)
{
    const struct analysis_task *t = &set->task[task];

    if (set->rough && set_chance(set, 20))
        request *= 5;
    if (t->call_count != 0 && set_chance(set, 70)) {
        uint64_t inner = ticks(set->portal[t->calls[0]].bound);

        if (inner <= request) {
            add(p, (struct step){ .kind = COMPUTE, .ticks = (request - inner) / 2 });
            add(p, (struct step){ .kind = CALL, .call = 0, .ticks = inner });
            request -= inner + (request - inner) / 2;
        }
    }
    add(p, (struct step){ .kind = COMPUTE, .ticks = request });
    add(p, (struct step){ .kind = ANSWER });
}

/* ---- deadlines ---------------------------------------------------------------------- */

/* The task's turn, which began with its release, is over, or not even that. */
static void turn_ends(uint32_t task)
{
    const struct analysis_task *t = &set->task[task];
    uint64_t release = programs[task].turn, response = host_time - release;

    if (set->role[task] != ROLE_EXACT || !programs[task].released || set->rough)
        return;
    if (t->result.verdict != ANALYSIS_MET) {
        tally->misses += response > ticks(t->deadline);
        return;
    }
    tally->releases++;
    if (response * 10000 / ticks(t->deadline) > tally->tightest)
        tally->tightest = response * 10000 / ticks(t->deadline);
    if (response * 10000 / ticks(t->result.response) > tally->nearest)
        tally->nearest = response * 10000 / ticks(t->result.response);
    if (response > ticks(t->result.response))
        checks_fail("%s, released at %lu, has taken %lu us; the analysis says %lu, its deadline is %lu", t->name,
                    (unsigned long)release, (unsigned long)response, (unsigned long)ticks(t->result.response),
                    (unsigned long)ticks(t->deadline));
}

/* ---- a vCPU's next call --------------------------------------------------------------- */

static void plan(uint32_t task)
{
    struct program *p = &programs[task];

    begin_plan(p);
    switch (set->role[task]) {
    case ROLE_EXACT: plan_exact(p, task); break;
    case ROLE_WILD:  plan_wild(p, task);  break;
    case ROLE_SPIN:  plan_spin(p);        break;
    default:         add(p, (struct step){ .kind = SERVE }); break;
    }
}

/* Its present step, when it comes to it. */
static void enter_step(struct program *p)
{
    if (p->at < p->count && p->step[p->at].kind == COMPUTE)
        p->left = p->step[p->at].ticks;
}

static void next_step(uint32_t task)
{
    struct program *p = &programs[task];

    if (++p->at >= p->count)
        plan(task);
    enter_step(p);
}

static void make_call(uint32_t core, uint32_t task)
{
    struct program *p = &programs[task];
    const struct step *s = &p->step[p->at];

    p->in_kernel = true;
    p->pc = host_cores[core].live.pc;
    switch (s->kind) {
    case CALL:
        message(core, MV_CALL_call, s->ticks, SET_CAP_CALL(s->call), s->hurry ? MV_DEADLINE : 0, (host_time + 3) * SET_TICK);
        break;
    case WAIT:
        message(core, MV_CALL_wait, 0, 0, MV_DEADLINE, s->ticks * SET_TICK);
        break;
    case SERVE:
        message(core, MV_CALL_wait, 0, 0, 0, 0);
        break;
    case ANSWER:
        message(core, MV_CALL_reply_wait, set->role[task] == ROLE_HANDLER ? MV_FAULT_RESUME : 0, 0, 0, 0);
        break;
    default:
        tally->switched++;
        plain(core, MV_CALL_schedule_switch, SET_CAP_SCHEDULE, set_below(set, set->a.table_count), 0, 0, 0, 0);
        break;
    }
}

/* It has come back from the kernel. */
static void returned(uint32_t core, uint32_t task)
{
    struct program *p = &programs[task];
    const struct step *s = &p->step[p->at];
    uint64_t status = regs(core)[8], word = regs(core)[0];

    p->in_kernel = false;
    if (host_cores[core].live.pc == p->pc) {        /* held back: it makes its call again */
        tally->held++;
        return;
    }
    if (s->kind == SERVE || s->kind == ANSWER) {
        begin_plan(p);
        if (status == MV_OK)
            plan_service(p, task, set->role[task] == ROLE_HANDLER ? 10 : word);
        else
            add(p, (struct step){ .kind = SERVE });
        enter_step(p);
        return;
    }
    if (s->kind == WAIT && status != MV_TIMEOUT)
        checks_fail("%s has waited, and status is %lu", set->task[task].name, (unsigned long)status);
    if (s->kind == WAIT) {
        p->turn = s->ticks;
        p->released = true;
    }
    if (s->kind == CALL && status != MV_OK && !s->hurry && !set->rough)
        checks_fail("%s has called, and status is %lu", set->task[task].name, (unsigned long)status);
    next_step(task);
}

/* A server that was too slow begins anew. */
static void recover(uint32_t task)
{
    struct program *p = &programs[task];

    if (!set->rough)
        checks_fail("%s has passed its bound", set->task[task].name);
    tally->recovered++;
    p->in_kernel = false;
    begin_plan(p);
    add(p, (struct step){ .kind = SERVE });
    enter_step(p);
}

/* Whoever is on the core does what it can do now; false: it computes, or nobody is. */
static bool act(uint32_t core)
{
    const struct vcpu *v = host_current(core);
    uint32_t task = v == NULL ? NONE : v->index;
    struct program *p = &programs[v == NULL ? 0 : task];

    if (v == NULL)
        return false;
    if (host_cores[core].live.pc == SET_RECOVERY && p->pc != SET_RECOVERY) {
        recover(task);
        p->pc = SET_RECOVERY;
        return true;
    }
    if (p->in_kernel) {
        returned(core, task);
        return true;
    }
    if (p->step[p->at].kind == COMPUTE) {
        if (p->left != 0)
            return false;
        next_step(task);
        return true;
    }
    if (p->step[p->at].kind == WAIT)
        turn_ends(task);
    make_call(core, task);
    return true;
}

bool sim_calls(uint32_t task)
{
    return programs[task].in_kernel && programs[task].step[programs[task].at].kind == CALL;
}

uint64_t sim_bound_wanted(uint32_t task)
{
    const struct step *s = &programs[task].step[programs[task].at];

    if (!sim_calls(task) || !set->held[task][s->call])
        return 0;
    return ticks(set->portal[set->calls[task][s->call]].bound);
}

/* ---- time ------------------------------------------------------------------------------ */

static void settle_all(void)
{
    for (uint32_t turns = 0;; turns++) {
        bool any = false;

        if (turns == TURNS_MOST)
            checks_fail("nothing ends at time %lu", (unsigned long)host_time);
        for (uint32_t core = 0; core < set->cores; core++)
            any = act(core) || any;
        for (uint32_t core = 0; core < set->cores && !any; core++)
            any = host_interrupt(core);
        tally->events++;
        if (!any)
            return;
    }
}

static uint64_t next_time(uint64_t end)
{
    uint64_t next = end;

    for (uint32_t core = 0; core < set->cores; core++) {
        const struct vcpu *v = host_current(core);

        if (host_cores[core].timer > host_time)
            next = min_u64(next, host_cores[core].timer);
        if (v != NULL)
            next = min_u64(next, host_time + programs[v->index].left);
    }
    return next;
}

static void pass(uint64_t until)
{
    uint64_t since = host_time;

    host_time = until;
    checks_passed(since);
    for (uint32_t core = 0; core < set->cores; core++) {
        const struct vcpu *v = host_current(core);

        if (v != NULL)
            programs[v->index].left -= until - since;
    }
}

static void start(uint32_t task)
{
    struct program *p = &programs[task];

    plan(task);
    if (set->role[task] != ROLE_EXACT && set->role[task] != ROLE_WILD)
        return;
    begin_plan(p);
    p->release = ticks(SET_START);
    add(p, (struct step){ .kind = WAIT, .ticks = p->release });
}

void sim_run(struct set *s, uint64_t end_ns)
{
    set = s;
    sync_at = ticks(SET_START);
    host_boot(host_ram(HOST_RAM_BASE));
    checks_begin(s);
    for (uint32_t i = 0; i < s->a.task_count; i++) {
        start(i);
        enter_step(&programs[i]);
    }
    for (;;) {
        if (sync_at <= host_time)
            choose_sync();
        settle_all();
        checks_settled();
        if (host_time >= end_ns / SET_TICK)
            break;
        pass(next_time(end_ns / SET_TICK));
    }
    for (uint32_t i = 0; i < s->a.task_count; i++)
        if (programs[i].step[programs[i].at].kind != WAIT || !programs[i].in_kernel)
            turn_ends(i);
    checks_end();
}
