#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts how long the kernel of Mullion keeps interrupts away, in whatever runs it in QEMU.

    masked.py [--most N] [COMMAND [ARGUMENT...]]...     commands are separated by "--"

Each command is run with a qemu-system-aarch64 on PATH that adds the plugin (count.c).
Then the longest stretch of each run is shown, and the longest paths of all,
with what they consist of; build/masked/results.tsv and paths.txt keep it. Without
a command what lies in build/masked/runs is shown again. With --most a
stretch that is longer makes it fail, as does a command that fails.
"""
import argparse
import collections
import glob
import os
import shutil
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.environ.get("MULLION_MASKED", f"{TOP}/build/masked")
# As in count.c.
MAGIC, BUCKET, BUCKETS, STRETCHES, PARTS = 0x6b73616d, 50, 101, 24, 40
HEAD = struct.Struct(f"<2I3Q{BUCKETS}Q")
STRETCH = struct.Struct(f"<4I{2 * PARTS}H")
SHOWN = 12                      # paths

Stretch = collections.namedtuple("Stretch", "length entry parts run")
Run = collections.namedtuple("Run", "name words stretches entries instructions spins histogram longest")
SLOTS = {0x400: "call or trap", 0x480: "interrupt", 0x500: "fast interrupt", 0x580: "bus error"}


def read_run(name):
    with open(name, encoding="utf-8") as f:
        map_name, label, words = f.read().split("\n")[:3]
    with open(name[:-4] + ".counts", "rb") as f:
        data = f.read()
    with open(map_name, encoding="ascii") as f:
        names = [l.split()[2] for l in f if l.startswith("function ")]
    magic, stretches, entries, instructions, spins, *histogram = HEAD.unpack_from(data)
    if magic != MAGIC:
        return None
    longest = []
    for i in range(STRETCHES):
        length, entry, _, parts, *part = STRETCH.unpack_from(data, HEAD.size + i * STRETCH.size)
        if length != 0:
            pairs = [(names[part[2 * n]], part[2 * n + 1]) for n in range(parts)]
            longest.append(Stretch(length, SLOTS.get(entry, "after a look" if entry else "?"), pairs, label))
    return Run(label, words, stretches, entries, instructions, spins, histogram, longest)


def path_of(s):
    """What a stretch did, as the functions that took most of it, in the order of its way."""
    most = sorted(s.parts, key=lambda p: -p[1])[:8]
    return ", ".join(f"{name} {count:,}" for name, count in s.parts if (name, count) in most)


def kind_of(s):
    """The kernel call, or what the way in was."""
    calls = [name for name, _ in s.parts if name.startswith("call_")]
    return calls[0] if calls else next((n for n, _ in s.parts if n.startswith(("ipc_", "trap_", "sched_timer",
        "message_drain", "irq_handle", "vgic_", "virq_", "vm_"))), "-")


def middle(run):
    """Half of all stretches are at most so long."""
    left = sum(run.histogram) / 2
    for i, n in enumerate(run.histogram):
        left -= n
        if left <= 0:
            return (i + 1) * BUCKET
    return 0


def report(runs, out):
    rows = sorted(runs, key=lambda r: -max((s.length for s in r.longest), default=0))
    print(f"  {'longest':>8} {'stretches':>12} {'half <=':>7}  run", file=out)
    for r in rows:
        print(f"  {max((s.length for s in r.longest), default=0):8,} {r.stretches:12,} {middle(r):7,}  {r.name}",
              file=out)
    best = {}
    for s in (s for r in runs for s in r.longest):
        key = (kind_of(s), max(s.parts, key=lambda p: p[1])[0])
        if key not in best or best[key].length < s.length:
            best[key] = s
    print("\nthe longest paths", file=out)
    for s in sorted(best.values(), key=lambda s: -s.length)[:SHOWN]:
        print(f"  {s.length:8,}  {s.entry}, {kind_of(s)}, in {s.run}\n            {path_of(s)}", file=out)
    return rows


def commands_of(words):
    found = [[]]
    for word in words:
        if word == "--":
            found.append([])
        else:
            found[-1].append(word)
    return [c for c in found if c]


def measure(commands):
    """Runs them; how many failed."""
    for folder in ("runs", "bin"):
        shutil.rmtree(f"{OUT}/{folder}", ignore_errors=True)
        os.makedirs(f"{OUT}/{folder}")
    os.symlink(f"{HERE}/qemu.py", f"{OUT}/bin/qemu-system-aarch64")
    env = dict(os.environ, PATH=f"{OUT}/bin:{os.environ['PATH']}", MULLION_MASKED=OUT)
    failed = 0
    for command in commands:
        print("  " + " ".join(command), flush=True)
        status = subprocess.run(command, env=env, check=False).returncode
        failed += status != 0
    return failed


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--most", type=int)
    a.add_argument("commands", nargs=argparse.REMAINDER)
    o = a.parse_args()
    failed = 0
    commands = commands_of(o.commands)
    if commands:
        failed = measure(commands)
    runs = [r for r in map(read_run, sorted(glob.glob(f"{OUT}/runs/*.run"))) if r]
    if not runs:
        sys.exit("masked: nothing was counted")
    with open(f"{OUT}/paths.txt", "w", encoding="ascii") as f:
        report(runs, f)
    rows = report(runs, sys.stdout)
    longest = max((s.length for r in runs for s in r.longest), default=0)
    with open(f"{OUT}/results.tsv", "w", encoding="ascii") as f:
        f.write("metric\tvalue\tunit\tconfiguration\n")
        f.write(f"masked_longest\t{longest}\tinstructions\t{rows[0].name}\n")
    print(f"\nmasked_longest {longest:,} instructions, of {sum(r.stretches for r in runs):,} stretches in {len(runs)} runs")
    if failed:
        print(f"{failed} of the commands failed")
    sys.exit(failed != 0 or (o.most is not None and longest > o.most))


main()
