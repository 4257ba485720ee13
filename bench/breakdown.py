# SPDX-License-Identifier: BSD-2-Clause
"""What a path consists of: instructions per part, and what counts do not show:
system registers, barriers, TLB and cache maintenance."""

import bisect
import re
import subprocess
from collections import Counter, OrderedDict

# Parts of the assembly paths are named in the source (the macro "phase" in
# vectors.S). C code is told by its function, inlined ones included, else its file.
PART_OF_FUNCTION = {
    "arch_save": "save", "arch_load": "switch", "arch_set_space": "switch",
    "fp_save": "FP", "fp_load": "FP", "fp_take": "FP",
    "arch_copy": "copy", "copy_words": "copy", "copy_buffer": "copy", "arch_zero": "clear",
    "arch_set_result": "clear", "arch_set_plain_result": "clear", "door_store": "clear",
    "arch_bus_error_take": "bus errors", "invalidate": "TLB", "enter_vmid": "TLB",
    "leave_vmid": "TLB", "trace": "trace", "arch_lock": "lock", "arch_unlock": "lock",
}
PART_OF_FILE = {
    "cap.c": "lookup", "cap.h": "lookup", "door.c": "lookup", "door.h": "lookup",
    "ipc.c": "link", "virq.c": "vIRQ", "sched.c": "schedule", "sched.h": "schedule",
    "heap.c": "queue", "heap.h": "queue", "timer.c": "timer", "gic.c": "interrupt",
    "gicv2.c": "interrupt", "gicv3.c": "interrupt", "gic.h": "interrupt",
    "stage2.c": "tables", "space.c": "checks", "message.c": "message", "trap.c": "entry",
    "trace.c": "trace", "trace.h": "trace", "system.c": "lookup", "system.h": "lookup",
    "vcpu.c": "link", "vcpu.h": "link", "init.c": "idle", "fault.c": "fault", "base.h": "checks", "vm.c": "machine", "vm.h": "machine",
    "vgic.c": "vGIC", "vgic.h": "vGIC",
}
# Accessors belong to whoever uses them.
TRANSPARENT = re.compile(r"(read|write)_\w+|isb|dsb_\w+|arch_time|mmio_\w+|min_u64|field_\w+|likely|"
                         r"__atomic\w*|arch_words|arch_index|arch_call_\w+|sched_running|vcpu_at|core_here|cpu_here|arch_ram|table_of|vcpu_state")

# What instruction counts do not show.
SPECIAL = re.compile(r"^(msr|mrs|isb|dsb|dmb|csdb|sb|tlbi|ic|dc|wfi|wfe|eret)\b")


class Kernel:
    """The kernel's code: what stands at an address, and which part it is."""

    def __init__(self, elf, tools):
        self.elf, self.tools = elf, tools
        self.insn, self.symbol, self.phase = {}, {}, {}
        self.parts = {}
        self.programs = []         # those outside the kernel whose addresses are known
        self.read_disassembly()
        self.read_phases()

    def run(self, tool, *args, text=None):
        return subprocess.run([self.tools + tool, *args], check=True, capture_output=True, text=True,
                              input=text).stdout

    def read_disassembly(self):
        name = "?"
        for line in self.run("objdump", "-d", self.elf).splitlines():
            m = re.match(r"^([0-9a-f]+) <([^>]+)>:$", line)
            if m:
                name = name if m[2].startswith("phase.") else m[2]
                continue
            m = re.match(r"^ *([0-9a-f]+):\t[0-9a-f]{8} *\t(.*)$", line)
            if m:
                self.insn[int(m[1], 16)] = re.sub(r"\s+", " ", m[2].split("//")[0]).strip()
                self.symbol[int(m[1], 16)] = name

    def read_phases(self):
        """Labels "phase.NAME.N" hold until the next symbol of any kind."""
        marks = []
        for line in self.run("nm", "-n", "--defined-only", self.elf).splitlines():
            m = re.match(r"([0-9a-f]+) [tT] ([^$].*)$", line)
            if m:
                marks.append((int(m[1], 16), m[2]))
        at, current, index = None, None, 0
        for address in sorted(self.insn):
            while index < len(marks) and marks[index][0] <= address:
                name = marks[index][1]
                m = re.match(r"phase\.([a-z_]+)\.", name)
                if marks[index][0] != at:
                    current = None
                current = m[1].replace("_", " ") if m else current
                at = marks[index][0]
                index += 1
            if current:
                self.phase[address] = current

    def holds(self, address):
        return address in self.insn

    def text(self, address):
        return self.insn.get(address, "")

    def name_parts(self, addresses):
        """Ask for the function and file of all these at once."""
        wanted = sorted(a for a in addresses if a in self.insn and a not in self.parts)
        if not wanted:
            return
        text = self.run("addr2line", "-e", self.elf, "-f", "-i", "-a",
                        text="".join("%#x\n" % a for a in wanted))
        frames, address = {}, None
        lines = iter(text.splitlines())
        for line in lines:
            if re.fullmatch(r"0x[0-9a-f]+", line):
                address = int(line, 16)
                frames[address] = []
            else:
                frames[address].append((line, next(lines).rsplit("/", 1)[-1].split(":")[0]))
        for a in wanted:
            self.parts[a] = self.part_of(a, frames.get(a, []))

    def part_of(self, address, frames):
        """(part, function)"""
        for function, name in frames:
            if not TRANSPARENT.fullmatch(function) and name.endswith((".c", ".h")):
                part = PART_OF_FUNCTION.get(function) or PART_OF_FILE.get(name) or name
                return (part, function)
        return (self.phase.get(address, PART_OF_FUNCTION.get(self.symbol[address], "entry")),
                self.symbol[address])

    def add_program(self, part, elf):
        """What a program outside the kernel executes is this part, by its functions."""
        symbols = []
        for line in self.run("nm", "-n", "--defined-only", elf).splitlines():
            m = re.match(r"([0-9a-f]+) [tT] ((?!\$|mark_).*)$", line)
            if m:
                symbols.append((int(m[1], 16), m[2]))
        self.programs.append((part, symbols))

    def part(self, address):
        if address in self.parts:
            return self.parts[address]
        for part, symbols in self.programs:
            if symbols and symbols[0][0] <= address < symbols[-1][0] + 0x10000:
                return (part, symbols[bisect.bisect(symbols, (address, "\x7f")) - 1][1])
        return ("stub", "(cell)")


def special(text):
    """A system register, barrier or maintenance instruction, as it is listed."""
    if not SPECIAL.match(text):
        return None
    return re.sub(r", x\d+$|, xzr$", "", re.sub(r"^mrs \w+, ", "mrs ", text))


KINDS = OrderedDict([
    ("mrs", "registers read"), ("msr", "registers written"), ("barrier", "barriers"),
    ("maintenance", "TLB and cache"), ("other", "other"),
])
KIND_OF_WORD = {"mrs": "mrs", "msr": "msr", "isb": "barrier", "dsb": "barrier", "dmb": "barrier",
                "csdb": "barrier", "sb": "barrier", "tlbi": "maintenance", "ic": "maintenance",
                "dc": "maintenance"}


def write_path(f, metric, window, kernel):
    """A line for each part with its functions, in the order of execution; then
    what counts do not show, in the order of execution too."""
    parts = OrderedDict()
    lists = OrderedDict((k, []) for k in KINDS)
    for _, address in window:
        part, function = kernel.part(address)
        parts.setdefault(part, Counter())[function] += 1
        text = special(kernel.text(address))
        if text:
            kind = KIND_OF_WORD.get(text.split()[0], "other")
            lists[kind].append(text[4:] if kind in ("mrs", "msr") else text)
    f.write("  %-26s %6d\n" % (metric, len(window)))
    for part, functions in parts.items():
        f.write("    %-24s %6d  %s\n" % (part, sum(functions.values()), "" if part == "stub" else
                                         ", ".join("%s %d" % p for p in functions.items())))
    for kind, names in lists.items():
        if names:
            f.write("    %-24s %6d  %s\n" % (KINDS[kind], len(names), ", ".join(names)))
    f.write("\n")


def write_breakdown(f, configuration, kernel, result):
    f.write("%s\n\n" % configuration)
    for metric, window in result.items():
        if metric == "boot_to_first_cell":
            count = Counter(kernel.symbol.get(a, "(cell)") for _, a in window)
            f.write("  %-26s %6d\n    %s\n\n" %
                    (metric, len(window), ", ".join("%s %d" % p for p in count.most_common(12))))
        else:
            kernel.name_parts({a for _, a in window})
            write_path(f, metric, window, kernel)
