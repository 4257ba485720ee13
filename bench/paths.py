# SPDX-License-Identifier: BSD-2-Clause
"""What is measured: each path, where it begins and ends, and what it should cost.

A path goes from one place in the execution log to the next one that follows:
marks are symbols in the cells' program, other places are symbols of the kernel.
"""

from collections import namedtuple

# kind "span": from the mark `begin` (or one of several, joined by "|") to the mark `end`.
# kind "interrupt": back from the mark `end`, over the exit from the kernel, to
#   the vector or to the instruction after WFI; only before, or only after, the
#   mark that `begin` names was executed.
# kind "boot": from the first instruction to the first one that is a cell's.
# first_aim: what the first version is to reach; aim: what the design wants.
Path = namedtuple("Path", "metric begin end kind text first_aim aim")

PATHS = [
    Path("syscall_null", "syscall_null_begin", "syscall_null_end", "span",
         "cheapest system call", 30, 20),
    Path("call_reply_short", "call_reply_short_begin", "call_reply_short_end", "span",
         "call + reply, 8 words", 150, 130),
    Path("call_reply_full", "call_reply_full_begin", "call_reply_full_end", "span",
         "call + reply, 256 bytes each way", None, 300),
    Path("call_reply_extended", "call_reply_extended_begin", "call_reply_extended_end", "span",
         "call + reply, 2,048 bytes each way", None, 1100),
    Path("call_reply_other_core", "call_reply_other_core_begin", "call_reply_other_core_end", "span",
         "call + reply, 8 words, server on another core (both cores)", None, None),
    Path("fp_switch", "fp_switch_begin", "fp_switch_end", "span",
         "call + reply, both sides use FP", None, 286),
    Path("raise_no_waiter", "raise_no_waiter_begin", "raise_no_waiter_end", "span",
         "vIRQ raise, nobody waits", None, 55),
    Path("raise_to_waiter", "raise_to_waiter_begin", "waiter_runs", "span",
         "vIRQ raise until the waiter runs", 160, 130),
    Path("raise_other_core", "raise_other_core_begin", "farwaiter_runs", "span",
         "the same, waiter on another core (both cores)", None, None),
    Path("yield_to_equal", "yield_to_equal_begin", "equal_runs", "span",
         "yield until an equal runs", None, None),
    Path("irq_to_cell", "after:interrupts_of_busy", "driver_runs", "interrupt",
         "device interrupt until the driver's first instruction", 170, 135),
    Path("irq_to_cell_idle", "before:interrupts_of_busy", "driver_runs", "interrupt",
         "the same, the core was idle", None, 135),
    Path("virq_ack", "virq_ack_begin", "virq_ack_end", "span",
         "acknowledge of a device interrupt", None, None),
    Path("map_page", "map_page_begin", "map_page_end", "span",
         "map one page", 300, 200),
    Path("protect_page", "protect_page_begin", "protect_page_end", "span",
         "change the rights of one page", None, None),
    Path("unmap_page", "unmap_page_begin", "unmap_page_end", "span",
         "unmap one page", 300, 200),
    Path("boot_to_first_cell", "", "", "boot",
         "first kernel instruction to the first cell's", None, 1000000),
]

# The same in a virtual machine (guest.c), with its VMM's instructions.
GUEST_PATHS = [
    Path("hvc_null", "hvc_null_begin", "hvc_null_end", "span",
         "null hypercall of a guest", 50, 30),
    Path("mmio_vmm", "mmio_vmm_begin", "mmio_vmm_end", "span",
         "guest's read of a register that its VMM cell emulates", 320, 240),
    Path("sgi_self", "sgi_self_begin|sgi_self_begin_v2", "guest_irq", "span",
         "guest's SGI to itself until its handler", 300, 200),
    Path("vtimer_irq", "after:timers_of_busy", "guest_irq", "interrupt",
         "guest's virtual timer until its handler", 200, 150),
    Path("wfi_wake", "wfi_wake_begin", "guest_irq", "span",
         "guest's WFI until its timer's handler", 500, 400),
]

# What QEMU's clock does not count on a path: a load that ends in an abort.
NOT_COUNTED = {"mmio_vmm": 1}
