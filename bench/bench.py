#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the benchmark system in QEMU and counts instructions.

QEMU logs the address of every instruction that is executed; under
`-icount sleep=off` the log is the same in every run. The harness cuts out the
paths (paths.py), counts, and says for each what it consists of (breakdown.py).
Everything is done twice and must be the same, and the cells' own readings of
the counter must agree with the log.
"""

import argparse
import os
import re
import subprocess
import sys
from collections import OrderedDict

from breakdown import Kernel, write_breakdown
from paths import GUEST_PATHS, NOT_COUNTED, PATHS

TICK_SHIFT = 4      # a tick of the 62.5 MHz counter is 16 ns: then it is one instruction
RUN_SECONDS = 120
HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = "bench/images"         # below the build folder: the guest


class Failure(Exception):
    """Something is not as the benchmark needs it."""


def run_system(args, system, board, cpu, out):
    """Build and boot a system; returns what it printed and the log's name."""
    serial, log = os.path.join(out, "serial.txt"), os.path.join(out, "log.txt")
    more = ["-serial", "file:" + serial, "-no-reboot", "-rtc", "clock=vm,base=2026-01-01",
            "-icount", "shift=%d,sleep=off" % TICK_SHIFT,
            "-singlestep", "-d", "exec,nochain", "-D", log]
    command = [os.path.join(args.build, "tools", "mullion"), "run", os.path.join(HERE, system),
               "--board", board, "--cpu", cpu, "-o", out]
    for word in more:
        command += ["--qemu-arg", word]
    env = dict(os.environ, MULLION_GUESTS=os.path.join(args.build, IMAGES), SOURCE_DATE_EPOCH="1767225600")
    done = subprocess.run(command, timeout=RUN_SECONDS, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=env)
    if done.returncode != 0:
        raise Failure(done.stderr.strip() or "exit status %d" % done.returncode)
    with open(serial, encoding="ascii", errors="replace") as f:
        return f.read(), log


UNDONE = re.compile(r"^(?:Stopped execution of TB chain before \S+ \[([0-9a-f]+)\]|"
                    r"cpu_io_recompile: rewound execution of TB to ([0-9a-f]+))")


def read_log(name):
    """The executed instructions, as a list of (core, address)."""
    done = []
    with open(name, encoding="ascii") as f:
        for line in f:
            if line.startswith("Trace "):       # Trace CORE: HOST [BASE/ADDRESS/FLAGS/FLAGS] NAME
                at = line.index("/") + 1
                done.append((int(line[6:line.index(":")]), int(line[at:line.index("/", at)], 16)))
                continue
            m = UNDONE.match(line)
            if not m:
                continue
            # Announced, but not executed: it will be announced again.
            address = int(m[1] or m[2], 16)
            for i in range(len(done) - 1, max(-1, len(done) - 4), -1):
                if done[i][1] == address:
                    del done[i]
                    break
    return done


def cell_marks(folder, tools):
    """The marks' addresses: the same in every cell, or the log could not be read."""
    found = None
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".elf") or name == "system.elf":
            continue
        text = subprocess.run([tools + "nm", os.path.join(folder, name)], check=True,
                              capture_output=True, text=True).stdout
        code = sorted(l for l in text.splitlines() if l.split()[1] in "tT")
        if found is None:
            found = code
        elif code != found:
            raise Failure("%s: its program is not laid out like the other cells'" % name)
    if not found:
        raise Failure("%s: no cells" % folder)
    return {l.split()[2][5:]: int(l.split()[0], 16) for l in found
            if l.split()[2].startswith("mark_")}


def guest_marks(args):
    text = subprocess.run([args.tools + "nm", os.path.join(args.build, IMAGES, "guest.elf")], check=True,
                          capture_output=True, text=True).stdout
    return {l.split()[2][5:]: int(l.split()[0], 16) for l in text.splitlines()
            if l.split()[2].startswith("mark_")}


def spans(done, begin, end):
    """Every window from one of `begin` to the next `end`, without the end. A
    begin that traps is seen twice."""
    start = None
    for i, (_, address) in enumerate(done):
        if address in begin and start is None:
            start = i
        elif address == end and start is not None:
            yield done[start:i]
            start = None


def interrupts(done, mark, kernel):
    """Windows from the vector, or from after WFI, to the cell's first instruction."""
    for i, (core, address) in enumerate(done):
        if address != mark:
            continue
        j = i
        while j > 0 and not kernel.holds(done[j - 1][1]):
            j -= 1
        end, k = j, j
        while k > 0:
            k -= 1
            if done[k][0] != core or not (kernel.holds(done[k][1])):
                k += 1
                break
            if kernel.text(done[k][1]).startswith("wfi"):
                k += 1
                break
        yield done[k:end]


def windows(path, done, marks, kernel):
    if path.kind == "boot":
        end = next(i for i, d in enumerate(done) if not kernel.holds(d[1]))
        return [done[:end]]
    if path.kind == "interrupt":
        when, _, mark = path.begin.partition(":")
        at = next(i for i, d in enumerate(done) if d[1] == marks[mark])
        part = done[at:] if when == "after" else done[:at]
        return list(interrupts(part, marks[path.end], kernel))
    return list(spans(done, {marks[b] for b in path.begin.split("|")}, marks[path.end]))


def cut_out(paths, text, done, marks, kernel):
    """All these paths: metric -> window."""
    result = OrderedDict()
    for path in paths:
        found = windows(path, done, marks, kernel)
        if not found:
            raise Failure("%s was not seen; the console says:\n%s" % (path.metric, text))
        # The first one can differ: what is lazy is done then. No later one may.
        rest = found[1:] or found
        if any(len(w) != len(rest[-1]) for w in rest):
            raise Failure("%s differs: %s" % (path.metric, [len(w) for w in found]))
        result[path.metric] = rest[-1]
    check_counter(text, result)
    return result


def check_counter(text, result):
    """The counter's difference includes one of the two instructions that read it."""
    for line in text.splitlines():
        m = re.search(r"(\w+) (\d+)$", line.rstrip())
        if m and m[1] in result:
            counted = int(m[2]) - 1 + NOT_COUNTED.get(m[1], 0)
            if counted != len(result[m[1]]):
                raise Failure("%s: the log shows %d instructions, the counter %d" %
                              (m[1], len(result[m[1]]), counted))


def twice(what):
    """Everything is done again, and must be the same."""
    first, second = what(), what()
    for metric, window in first.items():
        if window != second[metric]:
            raise Failure("%s: two runs differ: %d and %d instructions" %
                          (metric, len(window), len(second[metric])))
    return first


def measure(args, board, cpu):
    """One configuration: the native cells, then a virtual machine."""
    out = os.path.join(args.build, "bench", board)
    out_guest = out + "-guest"
    kernel = Kernel(os.path.join(args.build, "kernel", "release", board, "mullion.elf"), args.tools)

    def once(paths, system, folder, marks):
        text, log = run_system(args, system, board, cpu, folder)
        done = read_log(log)
        os.remove(log)
        return cut_out(paths, text, done, marks(), kernel)

    result = OrderedDict()
    if args.part != "guest":
        result.update(twice(lambda: once(PATHS, "system.dts", out, lambda: cell_marks(out, args.tools))))
    if args.part != "native":
        result.update(twice(lambda: once(GUEST_PATHS, "guest.dts", out_guest, lambda: guest_marks(args))))
        kernel.add_program("VMM", os.path.join(out_guest, "guest-vmm.elf"))
        kernel.add_program("guest code", os.path.join(args.build, IMAGES, "guest.elf"))
    return kernel, result


# ---- what is written -------------------------------------------------------------

def print_table(results):
    """A row for each path, a column for each configuration, then the aims."""
    width = [max(9, *(len(word) for word in name)) for name in results]
    for row in (0, 1):
        print("  %-22s %s" % ("instructions" if row else "",
                              " ".join("%*s" % (w, name[row]) for w, name in zip(width, results))),
              "%9s %9s" % (("first", ""), ("aim", "design"))[row])
    for path in PATHS + GUEST_PATHS:
        if path.metric not in next(iter(results.values())):
            continue
        values = [len(r[path.metric]) for r in results.values()]
        aims = ["%s%s" % (f"{aim:,}", " " if max(values) <= aim else "!") if aim else "- "
                for aim in (path.first_aim, path.aim)]
        print("  %-22s %s %9s %9s  %s" %
              (path.metric, " ".join("%*s" % (w, f"{v:,}") for w, v in zip(width, values)),
               *aims, path.text))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("configuration", nargs="+", help="BOARD:CPU")
    p.add_argument("--part", choices=["native", "guest"], help="only these rows")
    p.add_argument("--build", default="build", help="folder of what was built")
    p.add_argument("--tools", default="aarch64-linux-gnu-", help="prefix of nm, objdump, addr2line")
    args = p.parse_args()
    out = os.path.join(args.build, "bench")
    os.makedirs(out, exist_ok=True)
    everything = OrderedDict()
    with open(os.path.join(out, "results.tsv"), "w", encoding="ascii") as results, \
            open(os.path.join(out, "breakdown.txt"), "w", encoding="ascii") as breakdown:
        results.write("metric\tvalue\tunit\tconfiguration\n")
        for configuration in args.configuration:
            board, _, cpu = configuration.partition(":")
            name = "%s, %s" % (board, cpu)
            print("  %s" % name, file=sys.stderr)
            try:
                kernel, result = measure(args, board, cpu)
            except (Failure, subprocess.TimeoutExpired) as e:
                sys.exit("bench: %s: %s" % (name, e))
            for metric, window in result.items():
                results.write("%s\t%d\tinstructions\t%s\n" % (metric, len(window), name))
            write_breakdown(breakdown, name, kernel, result)
            everything[(board, cpu)] = result
    print_table(everything)
    print("\nEach run was made twice and was the same. \"!\": above that aim.\n"
          "%s/results.tsv, and what each path consists of: %s/breakdown.txt" % (out, out))


if __name__ == "__main__":
    main()
