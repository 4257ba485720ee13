/* SPDX-License-Identifier: BSD-2-Clause */
/* What the analysis has found, in words. */
#include "analysis_parts.h"

#include <stdarg.h>
#include <stdio.h>

typedef unsigned long long ull;

/* ---- a line that grows in the room there is ------------------------------------------ */

struct line {
    char  *at;
    size_t length, room;
};

__attribute__((format(printf, 2, 3))) static void say(struct line *l, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = l->length < l->room ? vsnprintf(l->at + l->length, l->room - l->length, format, ap) : 0;
    va_end(ap);
    l->length += n > 0 ? (size_t)n : 0;
}

/* A time in microseconds, as descriptions have them: 1234.5 */
static void say_time(struct line *l, uint64_t ns)
{
    uint64_t us = ns / 1000, rest = ns % 1000;

    if (rest == 0)
        say(l, "%llu us", (ull)us);
    else if (rest % 100 == 0)
        say(l, "%llu.%llu us", (ull)us, (ull)rest / 100);
    else
        say(l, "%llu.%03llu us", (ull)us, (ull)rest);
}

/* A utilisation; rounded up where it must not seem to be less than it is. */
static void say_part(struct line *l, uint64_t part, bool up)
{
    uint64_t tenths = up ? parts(part, ANALYSIS_WHOLE / 1000) : part / (ANALYSIS_WHOLE / 1000);

    say(l, "%llu.%llu %%", (ull)tenths / 10, (ull)tenths % 10);
}

/* ---- deadlines ------------------------------------------------------------------------- */

static const char *portal_name(const struct analysis *a, uint32_t n) { return n < a->portal_count ? a->portals[n].name : "?"; }
static const char *task_name(const struct analysis *a, uint32_t n) { return n < a->task_count ? a->tasks[n].name : "?"; }

static void say_tables(struct line *l, const struct analysis *a, const struct analysis_response *r)
{
    if (r->table == ANALYSIS_NONE || a->table_count < 2)
        return;
    say(l, " in table %s", a->tables[r->table].name);
    if (r->next_table != r->table && r->next_table != ANALYSIS_NONE)
        say(l, " followed by %s", a->tables[r->next_table].name);
}

static void say_parts(struct line *l, const struct analysis *a, const struct analysis_response *r)
{
    say(l, "own budget%s ", r->remote != 0 ? ", half of it," : "");
    say_time(l, r->own);
    for (size_t i = 0; i < r->share_count; i++) {
        const struct analysis_share *s = &r->share[i];

        say(l, s->task != ANALYSIS_NONE ? ", %s " : ", portal %s ",
            s->task != ANALYSIS_NONE ? task_name(a, s->task) : portal_name(a, s->portal));
        say_time(l, s->time);
        say(l, " (%llu time%s)", (ull)s->count, s->count == 1 ? "" : "s");
    }
    if (r->share_rest != 0) {
        say(l, ", others ");
        say_time(l, r->share_rest);
    }
    if (r->blocking != 0) {
        say(l, ", held up ");
        say_time(l, r->blocking);
        if (r->blocking_portal != ANALYSIS_NONE)
            say(l, " by a service of portal %s", portal_name(a, r->blocking_portal));
    }
    if (r->faults != 0) {
        say(l, ", faults and services cut by windows ");
        say_time(l, r->faults);
    }
    if (r->supply != 0) {
        say(l, ", outside of its windows ");
        say_time(l, r->supply);
    }
    if (r->remote != 0) {
        say(l, ", waiting for other cores and budgets of portals ");
        say_time(l, r->remote);
    }
    if (r->kernel != 0) {
        say(l, ", in all that the kernel's ");
        say_time(l, r->kernel);
    }
}

/* In the order of enum analysis_reason: %s is the culprit. */
static void say_reason(struct line *l, const struct analysis *a, const struct analysis_response *r)
{
    const char *portal = portal_name(a, r->culprit), *task = task_name(a, r->culprit);

    switch (r->reason) {
    case ANALYSIS_UNLIMITED:
        say(l, "%s can run before it and has no budget; expected a limit; give it a budget or a lower priority", task);
        break;
    case ANALYSIS_UNLIMITED_PORTAL:
        say(l, "portal %s may serve on a context of its own before it (for other cores, or for callers that may leave), without a "
               "budget; expected a limit; give the portal a budget", portal);
        break;
    case ANALYSIS_UNBOUNDED:
        say(l, "portal %s has no bound, and serves less urgent callers, or faults, before it; expected one; give the portal bound-us",
            portal);
        break;
    case ANALYSIS_NO_BOUND:
        say(l, "it may wait for portal %s, which has no bound; expected one; give the portal bound-us", portal);
        break;
    case ANALYSIS_NO_WINDOW:
        say(l, "table %s has no window for its partition on its core that holds its longest service and the kernel's part; expected "
               "one; lengthen a window", r->table < a->table_count ? a->tables[r->table].name : "?");
        break;
    case ANALYSIS_BACKLOG:
        say(l, "%s may have work left over that is more than its budget, from other windows or from waiting for a server; expected "
               "less than one period's; give it windows of its own, and its servers bounds", task);
        break;
    case ANALYSIS_SUSPENDS:
        say(l, "whoever serves portal %s calls other cores meanwhile; expected services on one core; call these from here", portal);
        break;
    case ANALYSIS_QUEUE:
        say(l, "at portal %s more urgent callers may be served before it, again and again; expected none that nothing limits; give it a "
               "portal of its own, or the highest priority of its callers", portal);
        break;
    case ANALYSIS_OWN_WORK:
        say(l, "whoever serves portal %s has other work to do at a lower priority; expected one that only serves; give that to another "
               "vCPU or raise the priority", portal);
        break;
    case ANALYSIS_CUT:
        say(l, "a service of portal %s for others may have to wait for windows of another partition; expected one that goes on in those "
               "of this task; give the portal this partition or none", portal);
        break;
    case ANALYSIS_CIRCLE:
        say(l, "calls from core to core come back to portal %s; expected none that do; remove one", portal);
        break;
    default:
        say(l, "it takes too many steps to say; expected fewer; choose periods that are less far apart");
        break;
    }
}

void analysis_explain(const struct analysis *a, const struct analysis_task *t, char *out, size_t room)
{
    struct line l = { out, 0, room };
    const struct analysis_response *r = &t->result;

    if (room != 0)
        *out = '\0';
    if (r->response != 0)
        say_parts(&l, a, r);
    else if (t->budget == 0)
        say(&l, "it has no budget");
    else if (r->reason == ANALYSIS_OVERLOAD)
        say(&l, "more urgent work and windows leave it too little time");
    else
        say_reason(&l, a, r);
    if (r->response != 0)
        say_tables(&l, a, r);
}

static void say_remedy(struct line *l, const struct analysis_task *t)
{
    say(l, "; expected at most ");
    say_time(l, t->deadline);
    say(l, "; lower budgets of those before it, lengthen its windows, or give it more time");
}

static void say_deadline(struct line *l, const struct analysis *a, const struct analysis_task *t)
{
    const struct analysis_response *r = &t->result;

    say(l, "deadline ");
    say_time(l, t->deadline);
    if (r->verdict == ANALYSIS_UNKNOWN) {
        say(l, " of %s cannot be promised: ", t->name);
        say_reason(l, a, r);
        return;
    }
    say(l, " of %s cannot be met", t->name);
    if (r->reason == ANALYSIS_COST) {
        say(l, ": its budget ");
        say_time(l, r->own);
        say(l, " and the kernel's part ");
        say_time(l, a->costs.activation);
        say(l, " are more than that; expected a later one; lower the budget or lengthen the deadline");
    } else if (r->response == 0) {
        say(l, ": more urgent work and windows leave it too little time");
        say_tables(l, a, r);
        say(l, ", the response is longer than ");
        say_time(l, times(ANALYSIS_HORIZON, t->deadline));
        say_remedy(l, t);
    } else {
        say(l, ": the response can take ");
        say_time(l, r->response);
        say_tables(l, a, r);
        say(l, ": ");
        say_parts(l, a, r);
        say_remedy(l, t);
    }
}

void analysis_say(const struct analysis *a, const struct analysis_problem *p, char *out, size_t room)
{
    struct line l = { out, 0, room };

    if (room != 0)
        *out = '\0';
    switch (p->kind) {
    case ANALYSIS_CORE_FULL:
        say(&l, "the budgets on core %u are ", p->core);
        say_part(&l, p->used, true);
        say(&l, " of its time; expected at most 100 %%; lower some, lengthen their periods, or move a vCPU to another core");
        break;
    case ANALYSIS_PARTITION_FULL:
        say(&l, "the budgets of partition %s on core %u are ", a->partitions[p->partition].name, p->core);
        say_part(&l, p->used, true);
        say(&l, " of its time, its windows in table %s ", a->tables[p->table].name);
        say_part(&l, p->given, false);
        say(&l, "; expected as much as the budgets; lengthen these or lower budgets");
        break;
    default:
        say_deadline(&l, a, &a->tasks[p->task]);
        break;
    }
}
