/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Controls a machine "victim" and its VMM: stops, starts and restarts either, and
 * reads and writes the state of the machine's vCPU. The machine beside it, and the
 * cells, must notice nothing.
 */
#include "native.h"

#include <mv/vm.h>

#include "cell.h"

static bool right;
#define WANT(condition) want((condition), #condition, __LINE__)

static void want(bool is_so, const char *what, unsigned line)
{
    if (!is_so) {
        right = false;
        mv_print("cell: control FAIL line %u: %s\n", line, what);
    }
}

static void begin(void) { right = true; }

static uint64_t state_of(uint32_t vcpu)
{
    const struct mv_vcpu_state *s = mv_message_data();

    return mv_vcpu_read(vcpu) == MV_OK ? s->run_state : UINT64_MAX;
}

/* Its run time goes on, or not, within 100 ms. */
static bool runs(uint32_t vcpu)
{
    struct mv_counters *c = mv_message_data();
    uint64_t before;

    if (mv_vcpu_counters(vcpu) != MV_OK)
        return false;
    before = c->run_ns;
    for (int i = 0; i < 100; i++) {
        mv_sleep(MV_MS);
        if (mv_vcpu_counters(vcpu) != MV_OK)
            return false;
        if (c->run_ns != before)
            return true;
    }
    return false;
}

static void stop_and_start_machine(void)
{
    begin();
    WANT(runs(CAP_VCPU_VICTIM_0));
    for (int i = 0; i < 3; i++) {
        WANT(mv_cell_stop(CAP_CELL_VICTIM) == MV_OK);
        WANT(state_of(CAP_VCPU_VICTIM_0) == MV_STATE_STOPPED);
        WANT(!runs(CAP_VCPU_VICTIM_0));
        WANT(mv_cell_start(CAP_CELL_VICTIM) == MV_OK);
        WANT(runs(CAP_VCPU_VICTIM_0));
        mv_sleep(50 * MV_MS);
    }
    native_result("a machine is stopped and started", right);
}

static void stop_vmm(void)
{
    begin();
    for (int i = 0; i < 3; i++) {
        WANT(mv_cell_stop(CAP_CELL_VICTIM_VMM) == MV_OK);
        mv_sleep(20 * MV_MS);
        /* It prints, so it needs its VMM sooner or later; then it stands still. */
        for (int n = 0; n < 50 && runs(CAP_VCPU_VICTIM_0); n++)
            ;
        WANT(!runs(CAP_VCPU_VICTIM_0));
        WANT(mv_cell_stop(CAP_CELL_VICTIM) == MV_OK);
        WANT(mv_cell_start(CAP_CELL_VICTIM_VMM) == MV_OK);
        mv_sleep(10 * MV_MS);
        WANT(mv_cell_start(CAP_CELL_VICTIM) == MV_OK);
        WANT(runs(CAP_VCPU_VICTIM_0));
        mv_sleep(50 * MV_MS);
        WANT(runs(CAP_VCPU_VICTIM_0));
    }
    native_result("a machine without its VMM stops, with a new one it starts", right);
}

/* The VMM goes on at an address where nothing is: it faults. */
static void vmm_faults(void)
{
    struct mv_vcpu_state *s = mv_message_data();

    begin();
    WANT(mv_vcpu_stop(CAP_VCPU_VICTIM_VMM_0) == MV_OK);
    WANT(mv_vcpu_read(CAP_VCPU_VICTIM_VMM_0) == MV_OK);
    s->pc = 0x10;
    WANT(mv_vcpu_write(CAP_VCPU_VICTIM_VMM_0) == MV_OK);
    WANT(mv_vcpu_start(CAP_VCPU_VICTIM_VMM_0) == MV_OK);
    for (int n = 0; n < 50 && state_of(CAP_VCPU_VICTIM_VMM_0) != MV_STATE_STOPPED; n++)
        mv_sleep(MV_MS);
    WANT(state_of(CAP_VCPU_VICTIM_VMM_0) == MV_STATE_STOPPED || state_of(CAP_VCPU_VICTIM_VMM_0) == MV_STATE_FAULTED);
    for (int n = 0; n < 50 && runs(CAP_VCPU_VICTIM_0); n++)
        ;
    WANT(!runs(CAP_VCPU_VICTIM_0));
    WANT(mv_cell_stop(CAP_CELL_VICTIM_VMM) == MV_OK);
    WANT(mv_cell_stop(CAP_CELL_VICTIM) == MV_OK);
    WANT(mv_cell_start(CAP_CELL_VICTIM_VMM) == MV_OK);
    mv_sleep(10 * MV_MS);
    WANT(mv_cell_start(CAP_CELL_VICTIM) == MV_OK);
    WANT(runs(CAP_VCPU_VICTIM_0));
    native_result("a VMM that faults stops its machine only", right);
}

static struct mv_vm_state *vm_state(void)
{
    return (struct mv_vm_state *)((struct mv_vcpu_state *)mv_message_data() + 1);
}

#define FIELDS(X) \
    X(sp_el1) X(elr_el1) X(far_el1) X(ttbr1_el1) X(contextidr_el1) X(tpidr_el1) X(cntv_cval_el0) X(tpidrro_el0)

static void state(void)
{
    struct mv_vcpu_state *s = mv_message_data();
    struct mv_vm_state *v = vm_state();
    uint64_t pstate, word;

    begin();
    mv_sleep(100 * MV_MS);         /* its timer is running */
    /* While it runs, its state is its own. */
    WANT(mv_vcpu_start(CAP_VCPU_VICTIM_0) != MV_OK || state_of(CAP_VCPU_VICTIM_0) != MV_STATE_STOPPED);
    WANT(mv_vcpu_stop(CAP_VCPU_VICTIM_0) == MV_OK);
    WANT(mv_vcpu_read(CAP_VCPU_VICTIM_0) == MV_OK);
    WANT(s->run_state == MV_STATE_STOPPED);
    WANT(s->pc >= 0x40000000 && s->pc < 0x40800000);
    WANT((s->pstate & 0x1f) == 5 || (s->pstate & 0x1f) == 4);
    WANT((v->sctlr_el1 & 0x1005) == 0x1005);
    WANT(v->vbar_el1 >= 0x40000000 && v->vbar_el1 < 0x40800000);
    WANT((v->cntv_ctl_el0 & 1) == 1);
    WANT((v->midr_el1 & 0xff000000) == 0x41000000 || v->midr_el1 != 0);
    WANT((v->id_aa64pfr0_el1 & 0xf) != 0);

    /* What is written is read back, whatever the modes are. */
    struct mv_vcpu_state old = *s;
    struct mv_vm_state old_vm = *v;
    for (unsigned i = 0; i < 31; i++)
        s->x[i] = 0x1000 + i;
    s->sp = 0x1234567890;
    s->tls = 0xabcdef;
    s->pc = 0x40300000;
    s->pstate = 0x3cd | UINT64_C(0x9) << 28;       /* EL3h */
#define SET(name) v->name = UINT64_C(0x0000123456780000) + __LINE__ % 8 * 0x1000;
    FIELDS(SET)
#undef SET
    v->contextidr_el1 = 0x12345678;
    v->midr_el1 = 0;
    WANT(mv_vcpu_write(CAP_VCPU_VICTIM_0) == MV_OK);
    memset(s, 0, sizeof(*s) + sizeof(*v));
    WANT(mv_vcpu_read(CAP_VCPU_VICTIM_0) == MV_OK);
    for (unsigned i = 0; i < 31; i++)
        WANT(s->x[i] == 0x1000 + i);
    WANT(s->sp == 0x1234567890 && s->tls == 0xabcdef && s->pc == 0x40300000);
    pstate = s->pstate;
    WANT((pstate & 0x1f) == 0 || (pstate & 0x1f) == 4 || (pstate & 0x1f) == 5);
    WANT(pstate >> 28 == 9);
#define CHECK(name) \
    WANT(v->name == ((&v->name == &v->contextidr_el1) ? 0x12345678 : \
                     UINT64_C(0x0000123456780000) + __LINE__ % 8 * 0x1000));
    FIELDS(CHECK)
#undef CHECK
    WANT(v->midr_el1 == old_vm.midr_el1);

    /* As it was: it goes on as if nothing had happened. */
    *s = old;
    *v = old_vm;
    WANT(mv_vcpu_write(CAP_VCPU_VICTIM_0) == MV_OK);
    WANT(mv_vcpu_start(CAP_VCPU_VICTIM_0) == MV_OK);
    WANT(runs(CAP_VCPU_VICTIM_0));
    mv_sleep(50 * MV_MS);
    WANT(runs(CAP_VCPU_VICTIM_0));
    native_result("a machine's state is read and written", right);

    /* Refusals. */
    begin();
    WANT(mv_vcpu_read(CAP_CELL_VICTIM) != MV_OK);
    WANT(mv_vcpu_write(0) != MV_OK);
    WANT(mv_cell_start(CAP_CELL_VICTIM) == MV_BUSY);
    WANT(mv_vgic_get(CAP_CELL_VICTIM, MV_VGIC_ENABLED, 0, &word) != MV_OK);
    WANT(mv_vgic_get(CAP_VCPU_VICTIM_0, MV_VGIC_ENABLED, 0, &word) != MV_OK);
    native_result("what is no machine, or not stopped, is refused", right);
}

int main(void)
{
    mv_sleep(100 * MV_MS);
    stop_and_start_machine();
    stop_vmm();
    vmm_faults();
    state();
    WANT(mv_cell_stop(CAP_CELL_VICTIM) == MV_OK);
    native_done();
    return 0;
}
