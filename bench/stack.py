# SPDX-License-Identifier: BSD-2-Clause
"""How deep the kernel's stack can become: from the machine code, so that it
holds whatever the compiler has made of the source. A function's frame is what
it takes from sp; the graph has every branch to another function. A frame of
unknown size and an indirect call that nobody has explained are errors;
recursion is reported, and counted once.
"""

import os
import re
import subprocess

# Whom an indirect call in C can reach: function that makes it -> names of the
# others. One in assembly reaches whatever assembly takes the address of.
INDIRECT = {
    "door_plain": r"call_\w+",                       # the table in door.c
    "door_message": r"ipc_\w+|virq_upcall_return",   # a switch that became a table
    "door_remote": r"call_(vcpu|cell)_\w+|cell_\w+", # what is forwarded to another core
    "print_to": r"log_char|arch_putc|putc_\w+",
    "print_hex_to": r"log_char|arch_putc|putc_\w+",
    "print_dec_to": r"log_char|arch_putc|putc_\w+",
    "gic_dispatch": r"done",
}
# The kernel is left, or a core begins: the stack is empty there, whoever comes.
RESETS = ("switch", "do_plain", "do_message", "own_exception", "arch_enter", "boot", "secondary_boot")
SERROR_FRAME = 16     # own_serror, which can come on top of anything


class StackError(Exception):
    pass


def base(name):
    """The source's name: the compiler marks its copies."""
    return re.sub(r"\.(constprop|isra|part|cold|lto_priv)\.?\d*", "", name)


class Graph:
    def __init__(self, elf, tools):
        self.elf, self.tools = elf, tools
        self.frame, self.calls, self.indirect = {}, {}, {}
        self.at, self.adr = {}, {}
        self.assembly, self.recursive = set(), set()
        text = subprocess.run([tools + "objdump", "-d", "--no-show-raw-insn", elf], check=True,
                              capture_output=True, text=True).stdout
        self.read(text)
        self.resolve()

    def read(self, text):
        name = None
        body = []
        for line in text.splitlines():
            m = re.match(r"^([0-9a-f]+) <([^>]+)>:$", line)
            if m:
                if not m[2].startswith("phase."):
                    name = "%s@%s" % (m[2], m[1])
                    self.at[int(m[1], 16)] = name
                    self.frame[name], self.calls[name], self.indirect[name] = 0, set(), []
                continue
            m = re.match(r"^ *([0-9a-f]+):\t(\S+)\s*(.*)$", line)
            if m and name:
                body.append((name, int(m[1], 16), m[2], m[3].split("//")[0].strip()))
        for owner, address, op, args in body:
            self.instruction(owner, address, op, args)

    def instruction(self, owner, address, op, args):
        if op == "sub" and args.startswith("sp, "):
            m = re.fullmatch(r"sp, sp, #(0x[0-9a-f]+|\d+)(, lsl #12)?", args)
            if not m:
                raise StackError("%s: a frame of unknown size: %s %s" % (owner, op, args))
            self.frame[owner] += int(m[1], 0) << (12 if m[2] else 0)
        m = re.search(r"\[sp, #-(0x[0-9a-f]+|\d+)\]!", args)
        if m:
            self.frame[owner] += int(m[1], 0)
        if op in ("blr", "br") or op.startswith("bra"):
            self.indirect[owner].append(address)
        m = re.search(r"\b([0-9a-f]+) <", args)
        if m and op == "adr":
            self.adr.setdefault(owner, set()).add(int(m[1], 16))
        if m and (op in ("bl", "b", "cbz", "cbnz", "tbz", "tbnz") or op.startswith("b.")):
            self.calls[owner].add(int(m[1], 16))
            if op == "bl" and self.at.get(int(m[1], 16)) == owner:
                self.recursive.add(owner)

    def where(self, addresses):
        """address -> (function, file) of the source, inlined functions told apart."""
        text = subprocess.run([self.tools + "addr2line", "-e", self.elf, "-f", "-i", "-a"], check=True,
                              capture_output=True, text=True,
                              input="".join("%#x\n" % a for a in addresses)).stdout.splitlines()
        found = {}
        for i, line in enumerate(text):
            if re.fullmatch(r"0x[0-9a-f]{16}", line):
                found[int(line, 16)] = (text[i + 1], text[i + 2].rsplit(":", 1)[0])
        return found

    def function_of(self, address):
        """The one that holds this address: a branch into its middle counts as a call."""
        at = [a for a in self.at if a <= address]
        return self.at[max(at)] if at else None

    def resolve(self):
        sites = self.where(list(self.at) + [a for l in self.indirect.values() for a in l])
        self.assembly = {name for a, name in self.at.items() if sites[a][1].endswith(".S")}
        taken = {self.function_of(a) for owner in self.assembly for a in self.adr.get(owner, ())} - {None}
        for owner, addresses in self.calls.items():
            found = {self.function_of(a) for a in addresses}
            if None in found:
                raise StackError("%s branches to something that is no function" % owner)
            for address in self.indirect[owner]:
                found |= taken if owner in self.assembly else \
                    self.indirect_targets(owner, sites[address][0])
            # A branch inside a function is none; only BL to its beginning is.
            self.calls[owner] = found - ({owner} - self.recursive)

    def indirect_targets(self, owner, function):
        """By the function that the source has the call in, which may be inlined."""
        names = [base(function), base(owner.split("@")[0])]
        pattern = next((INDIRECT[n] for n in names if n in INDIRECT), None)
        if pattern is None:
            raise StackError("%s makes an indirect call; say in bench/stack.py whom it can reach" %
                             names[0])
        found = {n for n in self.frame if re.fullmatch(pattern, base(n.split("@")[0]))} - self.assembly
        if not found:
            raise StackError("%s: nothing is called %s" % (names[0], pattern))
        return found


def check_frames(graph, folder):
    """The compiler's own figures, where it gives them, must not be larger."""
    frames = {}
    for name, size in graph.frame.items():
        short = base(name.split("@")[0])
        frames[short] = max(size, frames.get(short, 0))
    for at, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(".su"):
                continue
            with open(os.path.join(at, name), encoding="ascii") as f:
                for line in f:
                    where, size, kind = line.rstrip("\n").split("\t")
                    function = base(where.rsplit(":", 1)[-1])
                    if kind not in ("static", "dynamic,bounded"):
                        raise StackError("%s: its frame is %s" % (function, kind))
                    if function in frames and int(size) > frames[function]:
                        raise StackError("%s: the compiler says %s bytes, the code takes %d" %
                                         (function, size, frames[function]))


def stack_size(folder):
    """From the generated offsets: the stack lies below struct cpu, in a page."""
    with open(os.path.join(folder, "offsets.h"), encoding="ascii") as f:
        value = dict(line.split()[1:3] for line in f if line.startswith("#define"))
    return int(value["CPU_PAGES_CPU"])


def deepest(folder, elf, tools):
    """(bytes, size of the stack, path as (function, frame) pairs, recursions)"""
    graph = Graph(elf, tools)
    check_frames(graph, folder)
    resets = {n for n in graph.frame if n.split("@")[0] in RESETS}
    best, cycles = {}, []

    def depth(name, trail):
        if name not in best:
            deeper, path = 0, []
            for callee in sorted(graph.calls[name] - resets):
                if callee in trail or callee == name:
                    cycle = (trail + [name, callee])[(trail + [name]).index(callee):]
                    if not set(cycle) <= graph.assembly:     # a loop there, without the stack
                        cycles.append(cycle)
                    continue
                d, p = depth(callee, trail + [name])
                if d > deeper:
                    deeper, path = d, p
            best[name] = (deeper + graph.frame[name], [(name, graph.frame[name])] + path)
        return best[name]

    total, path = max((depth(n, []) for n in sorted(graph.frame)), key=lambda e: e[0])
    return (total + SERROR_FRAME, stack_size(folder),
            [(base(n.split("@")[0]), f) for n, f in path if f] + [("own_serror", SERROR_FRAME)],
            [" > ".join(base(n.split("@")[0]) for n in c) for c in cycles])
