#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts the chief figures of build/bench/{results,io}.tsv and build/size.tsv into
README.md, between its marker lines."""
import re

PAGE = "README.md"
CONFIGURATION = "virt-gicv3, cortex-a53"
ROWS = [
    ("call_reply_short", "call to another cell and reply, eight words each way"),
    ("call_reply_extended", "the same with 2,048 bytes more each way"),
    ("syscall_null", "cheapest kernel call"),
    ("raise_to_waiter", "vIRQ raised until the waiting cell runs"),
    ("irq_to_cell", "device interrupt until the driver cell's first instruction"),
    ("map_page", "map one page"),
    ("hvc_null", "null hypercall of a virtual machine"),
    ("mmio_vmm", "a guest's read of a register that its VMM cell emulates"),
    ("sgi_self", "a guest's interrupt to itself until its handler"),
    ("vtimer_irq", "a guest's timer until its handler"),
    ("wfi_wake", "a guest that sleeps until its timer's handler"),
    ("block_read", "a guest's read of 4 KiB from its disk: guest, io cell, driver and kernel together"),
    ("net_small", "a frame from a guest over the switch to a native cell, and back, all of them together"),
    ("kernel_text_bytes", "all privileged text and constants"),
    ("kernel_static_bytes_4_cores", "text, data, stacks and own tables for four cores"),
    ("smallest_cell_bytes", "kernel memory for the smallest cell"),
    ("privileged_lines", "lines of code compiled for one board"),
]


def values():
    for name in ("build/bench/results.tsv", "build/bench/io.tsv", "build/size.tsv"):
        for line in open(name).read().splitlines()[1:]:
            metric, value, unit, *configuration = line.split("\t")
            if not configuration or configuration[0] in (CONFIGURATION, ""):
                yield metric, (int(value), unit)


def main():
    value = dict(values())
    table = "| what | | metric |\n|---|---:|---|\n"
    for metric, text in ROWS:
        number, unit = value[metric]
        table += f"| {text} | {number:,} {unit} | `{metric}` |\n"
    text = open(PAGE).read()
    new = re.sub(r"(<!-- figures -->\n).*?(<!-- end of figures -->)",
                 lambda m: m.group(1) + table + m.group(2), text, flags=re.S)
    with open(PAGE, "w") as f:
        f.write(new)


if __name__ == "__main__":
    main()
