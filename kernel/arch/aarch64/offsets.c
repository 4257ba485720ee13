/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiled to assembly, from which the build takes each "->NAME value" line
 * into offsets.h: what the assembly files need to know of C's structures.
 */
#include "cap.h"
#include "init.h"
#include "ipc.h"
#include "system.h"
#include "vcpu.h"
#include "vgic.h"
#include "virq.h"
#include "vm.h"

#define OFFSET(name, type, member) \
    __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(offsetof(type, member)))
#define VALUE(name, value) __asm__ volatile("\n.ascii \"->" #name " %c0\"" : : "i"(value))

void offsets(void);
void offsets(void)
{
    OFFSET(FRAME_X, struct vcpu, frame.x);
    OFFSET(FRAME_SP, struct vcpu, frame.sp);
    OFFSET(FRAME_TLS, struct vcpu, frame.tls);
    OFFSET(VCPU_VTTBR, struct vcpu, hw.vttbr);
    OFFSET(VCPU_CPTR, struct vcpu, hw.cptr);
    OFFSET(VCPU_CAPS, struct vcpu, caps);
    OFFSET(VCPU_VM, struct vcpu, vm);
    OFFSET(VCPU_FAULT_PORTAL, struct vcpu, fault_portal);
    OFFSET(VCPU_FAULT_ADDRESS, struct vcpu, fault_address);
    OFFSET(VCPU_FAULT_SYNDROME, struct vcpu, fault_syndrome);
    OFFSET(VCPU_IS_FAULT_CALL, struct vcpu, is_fault_call);
    OFFSET(VCPU_REPLY_KEY, struct vcpu, reply_key);
    OFFSET(VCPU_SYS, struct vcpu, sys);
    OFFSET(SYS_FAULT_BADGE, struct mv_sys_vcpu, fault_badge);
    OFFSET(SYS_SGI_REGISTER, struct mv_sys_vgic, sgi_register);
    OFFSET(VM_VGIC, struct vm, vgic);
    OFFSET(VM_BELLS, struct vm, bells);
    OFFSET(VM_BELL_ADDRESS, struct vm, bell_address);
    VALUE(BELL_SHIFT, __builtin_ctz(MV_BELL_STEP));
    OFFSET(VCPU_HAS_DEVICE, struct vcpu, has_device);
    OFFSET(VM_ENTERED, struct vm, arch.el1.sctlr_el1);
    OFFSET(VGIC_SYS, struct vgic, sys);
    OFFSET(CORE_OWNER, struct core, owner);
    VALUE(VCPU_EXIT, VCPU_EXIT);
    VALUE(EXIT_MEMORY, MV_EXIT_MEMORY);
    VALUE(EXIT_RESUME, MV_EXIT_RESUME);
    VALUE(EXIT_SKIP, MV_EXIT_SKIP);
    VALUE(EXIT_SET, MV_EXIT_SET);
    VALUE(EXIT_SET_BIT, __builtin_ctz(MV_EXIT_SET));
    VALUE(NATIVE_SCTLR, SCTLR_NATIVE);
    VALUE(NATIVE_CPACR, CPACR_NATIVE);
    VALUE(NATIVE_CNTKCTL, CNTKCTL_NATIVE);
    VALUE(NATIVE_HCR, HCR_NATIVE);
    VALUE(GUEST_HCR, HCR_GUEST);
    OFFSET(VCPU_CORE, struct vcpu, core);
    OFFSET(VCPU_CALLER, struct vcpu, caller);
    OFFSET(VCPU_CONTEXT, struct vcpu, context);
    OFFSET(VCPU_STATE, struct vcpu, state);
    OFFSET(VCPU_ATTENTION, struct vcpu, attention);
    OFFSET(VCPU_WAIT_KEY, struct vcpu, wait_key);
    OFFSET(VCPU_CALLEE, struct vcpu, callee);
    OFFSET(VCPU_CALLS, struct vcpu, calls);
    OFFSET(VCPU_SERVING, struct vcpu, serving);
    OFFSET(VCPU_SERVED, struct vcpu, served);
    OFFSET(VCPU_RANK, struct vcpu, rank);
    OFFSET(FRAME_PSTATE, struct vcpu, frame.pstate);
    OFFSET(VCPU_PENDING, struct vcpu, virq_pending);
    OFFSET(VCPU_OWN, struct vcpu, own);
    OFFSET(VCPU_NEXT, struct vcpu, next);
    OFFSET(VCPU_INDEX, struct vcpu, index);
    OFFSET(VCPU_QUEUED, struct vcpu, queued);
    OFFSET(VCPU_RAISES, struct vcpu, raises);
    OFFSET(VCPU_VIRQS, struct vcpu, virqs);
    OFFSET(VIRQ_SINK, struct virq, sink);
    OFFSET(VIRQ_LINE, struct virq, line);
    OFFSET(VIRQ_ACTIVE, struct virq, active);
    OFFSET(VCPU_INTERRUPTS, struct vcpu, interrupts);
    OFFSET(CONTEXT_CONSUMED, struct context, consumed);
    OFFSET(CONTEXT_SLICE_LEFT, struct context, slice_left);
    OFFSET(CONTEXT_RANK, struct context, rank);
    OFFSET(CORE_CONTEXT, struct core, context);
    OFFSET(CORE_SINCE, struct core, since);
    OFFSET(CORE_SLICE_END, struct core, slice_end);
    OFFSET(CORE_SLICE_EXPIRED, struct core, slice_expired);
    OFFSET(CORE_READY_BITS, struct core, ready_bits);
    OFFSET(CORE_READY_HEAD, struct core, ready_head);
    OFFSET(PORTAL_SERVER, struct portal, server);
    OFFSET(CORE_CURRENT, struct core, current);
    OFFSET(CORE_PREEMPT_KEY, struct core, preempt_key);
    OFFSET(CPU_BUS_ERROR_EXPECTED, struct cpu, bus_error_expected);
    VALUE(CPU_PAGES_SIZE, sizeof(struct cpu_pages));
    VALUE(CPU_PAGES_TABLE, offsetof(struct cpu_pages, table));
    VALUE(CPU_PAGES_BYTES, MV_CORES_MAX * sizeof(struct cpu_pages) - MV_PAGE_SIZE);
    VALUE(ROOT_TABLE_BYTES, MV_KERNEL_ROOT_BYTES);
    VALUE(KERNEL_BITS, MV_KERNEL_BITS);
    VALUE(CPU_PAGES_CPU, offsetof(struct cpu_pages, page.cpu));
    VALUE(STATE_RUNNABLE, VCPU_RUNNABLE);
    VALUE(STATE_WAITING, VCPU_WAITING);
    VALUE(STATE_CALLING, VCPU_CALLING);
    VALUE(CALL_NULL, MV_CALL_null);
    VALUE(CALL_RAISE, MV_CALL_virq_raise);
    VALUE(SOURCE_VIRQ, MV_SOURCE_VIRQ);
    VALUE(RIGHT_RAISE_BIT, __builtin_ctz(MV_RIGHT_VIRQ_RAISE));
    VALUE(CALL_REPLY_WAIT, MV_CALL_reply_wait);
    VALUE(RIGHT_CALL_BIT, __builtin_ctz(MV_RIGHT_PORTAL_CALL));
}

static_assert(offsetof(struct portal, ceiling) == offsetof(struct portal, server) + 8, "one ldp");
static_assert(offsetof(struct vcpu, cap_count) == offsetof(struct vcpu, caps) + 8, "one ldp");
static_assert(offsetof(struct vcpu, context) == offsetof(struct vcpu, caller) + 8, "one stp");
static_assert(offsetof(struct vcpu, reply_key) == offsetof(struct vcpu, attention) + 4, "one ldp");
static_assert(offsetof(struct vcpu, rank) == offsetof(struct vcpu, state) + 4, "one ldp");
static_assert(offsetof(struct vcpu, calls) == offsetof(struct vcpu, callee) + 8, "one stp");
static_assert(offsetof(struct vcpu, served) == offsetof(struct vcpu, serving) + 8, "one stp");
static_assert(offsetof(struct vcpu, frame.pc) == offsetof(struct vcpu, frame.sp) + 8, "one stp");
static_assert(offsetof(struct vcpu, virq_enabled) == offsetof(struct vcpu, virq_pending) + 8, "one ldp");
static_assert(offsetof(struct vcpu, prev) == offsetof(struct vcpu, next) + 8, "one stp");
static_assert(offsetof(struct vcpu, switches) == offsetof(struct vcpu, virqs) + 8, "one ldp");
static_assert(offsetof(struct context, slice_left) == offsetof(struct context, consumed) + 8, "one stp");
static_assert(offsetof(struct context, limits) == offsetof(struct context, rank) + 4 &&
              offsetof(struct context, rank) % 8 == 0, "one ldr");
static_assert(offsetof(struct core, ready_top) == offsetof(struct core, preempt_key) + 4, "one stp");
static_assert(offsetof(struct core, since) == offsetof(struct core, context) + 8, "one stp");
static_assert(offsetof(struct core, slice_end) == offsetof(struct core, since) + 8, "one ldp");
static_assert(offsetof(struct irq_map, slot) == 0 && offsetof(struct irq_map, first) == 8 &&
              offsetof(struct irq_map, count) == 12, "one ldp");
static_assert(offsetof(struct vcpu, frame.tls) == offsetof(struct vcpu, frame.pstate) + 8, "one stp");
static_assert(offsetof(struct mv_vm_state, tpidrro_el0) == offsetof(struct mv_vm_state, sctlr_el1) + 32 &&
              offsetof(struct mv_vm_state, tcr_el1) == offsetof(struct mv_vm_state, sctlr_el1) + 8 &&
              offsetof(struct mv_vm_state, cpacr_el1) == offsetof(struct mv_vm_state, sctlr_el1) + 16 &&
              offsetof(struct mv_vm_state, cntkctl_el1) == offsetof(struct mv_vm_state, sctlr_el1) + 24,
              "loaded in pairs");
static_assert(VCPU_RUNNABLE == 1, "fast_exit counts on it");
static_assert(offsetof(struct vm, bell_count) == offsetof(struct vm, bell_address) + 8, "one ldp");
static_assert(offsetof(struct core, run) == offsetof(struct core, current) + 8, "one stp");
