/* SPDX-License-Identifier: BSD-2-Clause */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "board.h"
#include "core.h"
#include "door.h"
#include "fault.h"
#include "message.h"
#include "sched.h"
#include "space.h"
#include "stream.h"
#include "system.h"
#include "trace.h"
#include "vgic.h"
#include "virq.h"
#include "vm.h"

const struct board board = { MV_BOARD_NAME };

bool             host_sgi_has_sender;
uint32_t         host_here;
uint64_t         host_time;
uint64_t         host_frequency;
struct host_core host_cores[MV_CORES_MAX];
struct host_irq  host_irqs[HOST_IRQ_COUNT];
char             host_console[4096];
uint32_t         host_resets;
uint32_t         host_first;
void           (*host_watch)(enum host_event event, uint64_t address);

static struct core cores[MV_CORES_MAX];
static uint8_t     ram[HOST_RAM_BYTES] __attribute__((aligned(65536)));
static size_t      printed;
static jmp_buf     idle;               /* out of the idle loop */
static jmp_buf    *panicking;          /* out of a panic that is expected */
static const char *panic_reason;

#define HANDLER_PLAIN(name)   call_##name
#define HANDLER_MESSAGE(name) call_bad
handler_fn *host_handler(uint64_t number)
{
    static handler_fn *const handler[MV_CALL_COUNT] = {
#define CALL(n, name, kind, type, right, text) [n] = HANDLER_##kind(name),
#include <mv/calls.def>
#undef CALL
    };
    return handler[number];
}

struct core *arch_core(uint32_t index) { return &cores[index]; }

void *host_ram(uint64_t pa)
{
    CHECK(pa >= HOST_RAM_BASE && pa - HOST_RAM_BASE < HOST_RAM_BYTES);
    return ram + (pa - HOST_RAM_BASE);
}

void host_power_on(uint64_t frequency)
{
    memset(ram, 0xa5, HOST_RAM_FILLED);    /* what RAM holds then is anybody's guess */
    memset(cores, 0, sizeof(cores));
    memset(host_cores, 0, sizeof(host_cores));
    memset(host_irqs, 0, sizeof(host_irqs));
    memset(host_console, 0, sizeof(host_console));
    printed = 0;
    host_here = 0;
    host_time = 0;
    host_frequency = frequency;
    host_resets = host_first = 0;
    host_watch = NULL;
    trace_mask = MV_TRACE_FAULT;
    for (uint32_t i = 0; i < MV_CORES_MAX; i++)
        host_cores[i].timer = UINT64_MAX;
}

/* ---- the end of everything ----------------------------------------------------- */

void panic(const char *what)
{
    panic_reason = what;
    if (panicking != NULL)
        longjmp(*panicking, 1);
    fprintf(stderr, "PANIC: %s\n", what);
    abort();
}

const char *host_panic_of(void (*fn)(void *), void *argument)
{
    jmp_buf here;

    panic_reason = NULL;
    panicking = &here;
    if (setjmp(here) == 0)
        fn(argument);
    panicking = NULL;
    return panic_reason;
}

void arch_system_reset(bool power_off)
{
    host_resets++;
    panic(power_off ? "power off" : "reset");
}

void arch_putc(char c)
{
    if (printed < sizeof(host_console) - 1)
        host_console[printed++] = c;
}

/* ---- registers ------------------------------------------------------------------ */

static struct arch_frame *live(void) { return &host_cores[host_here].live; }

void arch_set_result(struct vcpu *v, mv_status_t status, uint64_t source)
{
    v->frame.x[8] = status;
    v->frame.x[9] = source;
    for (int i = 10; i <= 18; i++)
        v->frame.x[i] = 0;
    if (v->vm == NULL)
        v->frame.pstate = 0;
}

void arch_set_plain_result(struct vcpu *v, mv_status_t status, uint64_t value)
{
    v->frame.x[0] = status;
    v->frame.x[1] = value;
    for (int i = 2; i <= 18; i++)
        v->frame.x[i] = 0;
    if (v->vm == NULL)
        v->frame.pstate = 0;
}

void arch_frame_start(struct vcpu *v, uint64_t pc, uint64_t sp, uint64_t argument, uint64_t tls)
{
    memset(&v->frame, 0, sizeof(v->frame));
    v->frame.x[0] = argument;
    v->frame.sp = sp;
    v->frame.pc = pc;
    v->frame.tls = tls;
}

uint64_t arch_frame_pc(const struct vcpu *v) { return v->frame.pc; }
void arch_frame_set_pc(struct vcpu *v, uint64_t pc) { v->frame.pc = pc; }
void arch_set_current_pc(uint64_t pc) { live()->pc = pc; }

void arch_restart_call(struct vcpu *v, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    const uint64_t arg[] = { a0, a1, a2, a3, a4, a5 };

    arch_set_plain_result(v, 0, 0);
    memcpy(&v->frame.x[1], arg, sizeof(arg));
    live()->pc -= 4;
    sched_force_switch(v->core);
}

void arch_call_again(struct vcpu *v)
{
    if (v->core->current == v)
        live()->pc -= 4;
    else
        v->frame.pc -= 4;
}

void arch_frame_read(const struct vcpu *v, struct mv_vcpu_state *out)
{
    memcpy(out->x, v->frame.x, sizeof(out->x));
    out->sp = v->frame.sp;
    out->pc = v->frame.pc;
    out->pstate = v->frame.pstate;
    out->tls = v->frame.tls;
    if (v->vm != NULL)
        host_vm_read(v, (struct mv_vm_state *)(out + 1));
}

void arch_frame_write(struct vcpu *v, const struct mv_vcpu_state *in)
{
    memcpy(v->frame.x, in->x, sizeof(in->x));
    v->frame.sp = in->sp;
    v->frame.pc = in->pc;
    v->frame.pstate = 0;
    v->frame.tls = in->tls;
    if (v->vm != NULL)
        host_vm_write(v, (const struct mv_vm_state *)(in + 1));
}

void arch_upcall_enter(struct vcpu *v, uint64_t line, uint64_t payload)
{
    struct mv_upcall *u = &v->buffer->upcall;

    memcpy(u->x, v->frame.x, sizeof(u->x));
    u->sp = v->frame.sp;
    u->pc = v->frame.pc;
    u->pstate = v->frame.pstate;
    u->masked = 1;
    v->frame.x[0] = line;
    v->frame.x[1] = payload;
    v->frame.pc = v->upcall_entry.va;
    if (v->upcall_stack.va != 0)
        v->frame.sp = v->upcall_stack.va;
}

void arch_upcall_leave(struct vcpu *v)
{
    struct mv_upcall *u = &v->buffer->upcall;

    memcpy(v->frame.x, u->x, sizeof(u->x));
    v->frame.sp = u->sp;
    v->frame.pc = u->pc;
    v->frame.pstate = 0;
    v->frame.tls = live()->tls;
    u->masked = 0;
}

void arch_save(struct vcpu *v)
{
    v->frame.sp = live()->sp;
    v->frame.pc = live()->pc;
    v->frame.pstate = live()->pstate;
    v->frame.tls = live()->tls;
}

void arch_load(struct vcpu *v)
{
    if (v->vm != NULL && v->core->owner != v)
        vm_own(v);
    live()->sp = v->frame.sp;
    live()->pc = v->frame.pc;
    live()->pstate = v->frame.pstate;
    live()->tls = v->frame.tls;
    host_cores[host_here].vttbr = v->hw.vttbr;
}

void arch_set_space(struct vcpu *v)
{
    v->hw.vttbr = v->space->arch.vttbr;
    v->hw.vtcr = v->space->arch.vtcr;
}

void arch_fp_reset(struct vcpu *v)
{
    v->hw.fp_open = 0;
    if (v->core->fp_owner == v)
        v->core->fp_owner = NULL;
    if (v->fp != NULL)
        memset(v->fp, 0, sizeof(*v->fp));
}

bool arch_bus_error_take(void)
{
    bool was = host_cores[host_here].bus_error;

    host_cores[host_here].bus_error = false;
    return was;
}

void arch_copy(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
void arch_zero(void *to, size_t bytes) { memset(to, 0, bytes); }

/* ---- interrupts and time ----------------------------------------------------------- */

static bool irq_waits(const struct host_irq *q, uint32_t core)
{
    return q->enabled && !q->active && q->core == core && (q->edge ? q->pending : q->level);
}

static struct host_irq *irq_of(uint32_t interrupt)
{
    CHECK(interrupt - HOST_IRQ_FIRST < HOST_IRQ_COUNT);
    return &host_irqs[interrupt - HOST_IRQ_FIRST];
}

void arch_irq_init(const struct mv_systab *t, bool first_core) { (void)t; (void)first_core; }

void arch_irq_enable(uint32_t interrupt, const struct core *core, bool edge)
{
    struct host_irq *q = irq_of(interrupt);

    q->enabled = true;
    q->core = core->index;
    q->edge = edge;
}

void arch_irq_disable(uint32_t interrupt) { irq_of(interrupt)->enabled = false; }
void arch_irq_deactivate(uint32_t interrupt) { irq_of(interrupt)->active = false; }
void arch_irq_clear_active(uint32_t interrupt) { irq_of(interrupt)->active = false; }

void host_irq_line(uint32_t interrupt, bool asserted)
{
    struct host_irq *q = irq_of(interrupt);

    if (asserted && !q->level)
        q->pending = true;
    q->level = asserted;
}

static uint32_t device_that_waits(uint32_t core)
{
    for (uint32_t i = 0; i < HOST_IRQ_COUNT; i++) {
        if (irq_waits(&host_irqs[i], core))
            return i;
    }
    return HOST_IRQ_COUNT;
}

static bool source_waits(uint32_t core, enum host_source source)
{
    const struct host_core *h = &host_cores[core];

    switch (source) {
    case HOST_TIMER:       return h->timer <= host_time;
    case HOST_MESSAGE:     return h->message;
    case HOST_GUEST_TIMER: return host_guest_timer(core);
    case HOST_MAINTENANCE: return host_maintenance(core);
    case HOST_DEVICE:      return h->stray || device_that_waits(core) < HOST_IRQ_COUNT;
    default:               return false;
    }
}

bool host_interrupted(uint32_t core)
{
    for (int i = 0; i < HOST_SOURCES; i++) {
        if (source_waits(core, (enum host_source)i))
            return true;
    }
    return false;
}

bool arch_irq_pending(void) { return host_interrupted(host_here); }

static void take_device(struct core *core)
{
    uint32_t i = device_that_waits(core->index);

    if (i == HOST_IRQ_COUNT) {
        host_cores[core->index].stray = false;
        return;
    }
    host_irqs[i].active = true;
    host_irqs[i].pending = false;
    if (irq_handle(core, HOST_IRQ_FIRST + i)) {
        host_irqs[i].taken++;
    } else {
        trace(MV_EVENT_SPURIOUS, NULL, HOST_IRQ_FIRST + i, 0);
        host_irqs[i].enabled = host_irqs[i].active = false;
    }
}

static void take(struct core *core, enum host_source source)
{
    struct host_core *h = &host_cores[core->index];

    switch (source) {
    case HOST_TIMER:
        sched_timer(core);
        break;
    case HOST_MESSAGE:
        h->message = false;
        message_drain(core);
        break;
    case HOST_GUEST_TIMER:
        CHECK(core->owner != NULL);     /* else it would come again for ever */
        h->guest_timer_active = true;
        vgic_timer(core->owner);
        break;
    case HOST_MAINTENANCE:
        CHECK(core->owner != NULL);
        vgic_update(core->owner);
        CHECK(!host_maintenance(core->index));
        break;
    default:
        take_device(core);
        break;
    }
}

void arch_irq_take(struct core *core)
{
    for (uint32_t i = 0; i < HOST_SOURCES; i++) {
        enum host_source source = (enum host_source)((host_first + i) % HOST_SOURCES);

        if (source_waits(core->index, source)) {
            take(core, source);
            return;
        }
    }
}

uint64_t arch_time(void) { return host_time; }
uint64_t arch_time_frequency(void) { return host_frequency; }
void arch_timer_program(uint64_t ticks) { host_cores[host_here].timer = ticks; }
void arch_core_interrupt(const struct core *to) { host_cores[to->index].message = true; }

void arch_wait(void)
{
    fault_log_drain();
    if (!arch_irq_pending())
        longjmp(idle, 1);
}

/* ---- entry and exit, as vectors.S has them ------------------------------------------ */

static void copy_registers(uint64_t *to, const uint64_t *from, int first, int last)
{
    memcpy(to + first, from + first, (size_t)(last - first + 1) * sizeof(*to));
}

/*
 * Leave core->current, for good or not. A core with nothing to do stays in the
 * idle loop, which is entered anew when the driver has something for it.
 */
static void switch_vcpu(struct core *core)
{
    struct vcpu *prev = core->current;
    struct vcpu *next;

    if (prev != NULL)
        copy_registers(prev->frame.x, live()->x, 19, 29);
    memset(live()->x, 0xee, sizeof(live()->x));
    if (setjmp(idle) != 0)
        return;
    next = sched_switch(core);
    copy_registers(live()->x, next->frame.x, 0, 30);
}

/* The kernel is left; the registers that entry saved are loaded again. */
static void leave_saved(struct core *core, int last)
{
    if (core->current != core->run) {
        switch_vcpu(core);
        return;
    }
    copy_registers(live()->x, core->current->frame.x, 0, last);
    live()->x[30] = core->current->frame.x[30];
    if (last < 18)
        memset(&live()->x[last + 1], 0, (size_t)(18 - last) * sizeof(live()->x[0]));
}

static struct core *enter(uint32_t index)
{
    struct core *core = arch_core(index);

    host_here = index;
    core->run = core->current;
    return core;
}

static void plain_call(struct core *core, uint32_t number)
{
    struct vcpu *self = core->current;
    const uint64_t *x = live()->x;
    struct result r;

    self->frame.x[30] = x[30];
    r = door_plain(self, x[1], x[2], x[3], x[4], x[5], x[6], number);
    if (core->current == core->run) {
        memset(live()->x, 0, 19 * sizeof(x[0]));
        live()->x[0] = r.status;
        live()->x[1] = r.value;
    } else {
        door_store(core->current, r.status, r.value);
        switch_vcpu(core);
    }
}

void host_svc(uint32_t index, uint32_t number)
{
    struct core *core = enter(index);

    live()->pc += 4;
    if (number > MV_CALL_upcall_return) {
        plain_call(core, number);
        return;
    }
    copy_registers(core->current->frame.x, live()->x, 0, 10);
    core->current->frame.x[30] = live()->x[30];
    door_message(core->current, number);
    leave_saved(core, 9);
}

void host_guest_hvc(uint32_t index, uint32_t number)
{
    struct core *core = enter(index);

    CHECK(core->current->vm != NULL && number != 0);
    live()->pc += 4;
    plain_call(core, number);
}

static void save_interrupted(struct core *core)
{
    copy_registers(core->current->frame.x, live()->x, 0, 18);
    core->current->frame.x[30] = live()->x[30];
}

void host_fault(uint32_t index, enum mv_fault kind, uint64_t address, uint64_t syndrome)
{
    struct core *core = enter(index);

    save_interrupted(core);
    core->current->frame.pc = live()->pc;
    fault_raise(core->current, kind, address, syndrome);
    leave_saved(core, 18);
}

void host_run(uint32_t index, void (*fn)(void *), void *argument)
{
    struct core *core = enter(index);

    if (core->current != NULL)
        save_interrupted(core);
    fn(argument);
    if (core->current != NULL)
        leave_saved(core, 18);
    else
        switch_vcpu(core);      /* goes on in the idle loop */
}

/* A guest's registers are saved whole. */
static struct core *enter_from_guest(uint32_t index)
{
    struct core *core = enter(index);

    CHECK(core->current->vm != NULL && core->owner == core->current);
    copy_registers(core->current->frame.x, live()->x, 0, 30);
    core->current->frame.pc = live()->pc;
    return core;
}

void host_guest_exit(uint32_t index, enum mv_exit kind, uint64_t address, uint64_t syndrome,
                     const uint64_t x3_to_x6[4])
{
    struct core *core = enter_from_guest(index);
    struct vcpu *v = core->current;

    memcpy(&v->vm->message[3], x3_to_x6, 4 * sizeof(x3_to_x6[0]));
    v->vm->message[0] = kind;
    vm_exit(v, address, syndrome);
    leave_saved(core, 18);
}

void host_guest_store(uint32_t index, uint64_t address, uint64_t value)
{
    struct core *core = enter_from_guest(index);

    if (!vm_bell(core->current, address, value)) {
        host_guest_exit(index, MV_EXIT_MEMORY, address, 0, (const uint64_t[4]){ value });
        return;
    }
    live()->pc += 4;
    leave_saved(core, 18);
}

void host_guest_wfi(uint32_t index)
{
    struct core *core = enter_from_guest(index);

    live()->pc += 4;
    vm_wait(core->current);
    leave_saved(core, 18);
}

void host_guest_sgi(uint32_t index, uint32_t id, uint32_t targets)
{
    struct core *core = enter_from_guest(index);

    live()->pc += 4;
    vgic_sgi(core->current, id, targets);
    leave_saved(core, 18);
}

static void take_if_busy(void *core)
{
    if (((struct core *)core)->current != NULL)
        arch_irq_take(core);    /* the idle loop takes it itself */
}

bool host_interrupt(uint32_t index)
{
    if (!host_interrupted(index))
        return false;
    host_run(index, take_if_busy, arch_core(index));
    return true;
}

struct vcpu *host_current(uint32_t core) { return arch_core(core)->current; }

void host_start_core(uint32_t index)
{
    host_here = index;
    system_start_core(index);
    message_drain(arch_core(index));
    switch_vcpu(arch_core(index));
}

void host_boot(const struct mv_systab *t)
{
    host_here = 0;
    system_boot(t);
    stream_boot(t);
    for (uint32_t i = 0; i < t->core_count; i++)
        host_start_core(i);
}

/* ---- what stage2.c does to the hardware ------------------------------------------------ */

/* Shared with init.h, which stage2.c includes. */
extern bool errata_repeat_tlbi;
bool errata_repeat_tlbi;

void host_note(enum host_event event, uint64_t address)
{
    if (host_watch != NULL)
        host_watch(event, address);
}
