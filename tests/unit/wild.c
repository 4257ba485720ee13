/* SPDX-License-Identifier: BSD-2-Clause */
#include "wild.h"

#include "agent.h"
#include "invariants.h"
#include "world.h"

static uint64_t any_word(void)
{
    return (uint64_t)agents_choose(UINT32_MAX) << 32 | agents_choose(UINT32_MAX);
}

/* Mostly what may mean something: small, near a limit, an address, a time. */
static uint64_t some_word(void)
{
    switch (agents_choose(10)) {
    case 0:  return any_word();
    case 1:  return UINT64_MAX - agents_choose(4);
    case 2:  return UINT64_C(1) << agents_choose(64);
    case 3:  return (uint64_t)agents_choose(0x2200) * MV_PAGE_SIZE;
    case 4:  return time_to_ns(host_time) + agents_choose(1000000);
    case 5:  return 0;
    default: return agents_choose(200);
    }
}

static void wild_guest(uint32_t core)
{
    const uint64_t words[4] = { any_word(), some_word(), 0, 0 };
    struct mv_vm_state *el1 = &host_cores[core].guest;

    switch (agents_choose(6)) {
    case 0: host_guest_wfi(core); break;
    case 1: host_guest_sgi(core, agents_choose(16), agents_choose(UINT32_MAX)); break;
    case 2: host_guest_exit(core, (enum mv_exit)agents_choose(8), any_word(), any_word(), words); break;
    case 3:
        el1->cntv_ctl_el0 = agents_choose(4);
        el1->cntv_cval_el0 = agents_choose(8) == 0 ? any_word() : host_time + agents_choose(100);
        break;
    case 4: host_guest_acknowledge(core); host_guest_end(core, agents_choose(1024)); break;
    default: host_guest_hvc(core, 1 + agents_choose(agents_choose(16) == 0 ? 0xffff : MV_CALL_COUNT)); break;
    }
}

static void wild_call(uint32_t core)
{
    uint64_t *x = regs(core);
    struct vcpu *v = host_current(core);

    for (int i = 0; i < 11; i++)
        x[i] = some_word();
    if (v->vm != NULL) {
        wild_guest(core);
        return;
    }
    if (agents_choose(2) == 0)
        x[9] = agents_choose(32);       /* flags that there are */
    if (agents_choose(4) == 0)
        v->buffer->data[agents_choose(MV_EXTENDED_BYTES / 8)] = some_word();
    if (agents_choose(4) == 0)
        v->buffer->upcall.masked = v->buffer->upcall.pending = 0;
    host_svc(core, agents_choose(16) == 0 ? agents_choose(0x10000) : agents_choose(MV_CALL_COUNT + 1));
    /* A cell may unmask while something is due: then it is its own to ask. */
    if (host_current(core) != NULL && host_current(core)->buffer != NULL)
        host_current(core)->buffer->upcall.pending = 1;
}

static void restart(void *v)
{
    if (!vcpu_is_stopped(v))
        return;
    vcpu_reset(v);
    vcpu_release(v);
}

/* Cells without sense are soon stopped: start one again, as a watchdog would. */
static void start_again(void)
{
    struct vcpu *v = vcpu_at(agents_choose(world.head.vcpus.count));

    host_run(v->core->index, restart, v);
}

void wild_step(void)
{
    uint32_t core = agents_choose(world.head.core_count);

    switch (agents_choose(8)) {
    case 0:
        host_time += agents_choose(2000);
        break;
    case 1:
        host_irq_line(HOST_IRQ_FIRST + agents_choose(4), agents_choose(2) == 0);
        break;
    case 2:
        host_interrupt(core);
        break;
    case 3:
        if (host_current(core) != NULL && host_current(core)->vm == NULL && agents_choose(4) == 0)
            host_fault(core, (enum mv_fault)(1 + agents_choose(MV_FAULT_OTHER)), any_word(), any_word());
        else
            start_again();
        break;
    default:
        if (host_current(core) != NULL)
            wild_call(core);
        else
            host_interrupt(core);
        break;
    }
    invariants_check();
}
