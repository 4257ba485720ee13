#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the suite natively and in a virtual machine, and compares.

Both runs have the same emulated machine, the same kernel, the same initramfs
and the same device tree at the same addresses; natively QEMU's own board stands
where the virtual machine's board is. Time is the count of executed instructions
(`-icount shift=0,sleep=off`: one is 1 ns), so that a run is the same each time.

    run.py            both, and the table: BUILD/bench/linux.tsv
    run.py --twice    each run twice: the tables have to be the same
"""
import argparse
import os
import re
import signal
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "systems"))
from terminal import Missing, Terminal      # noqa: E402

CPU = "cortex-a53"
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01"]
RUN_SECONDS = 300
PLAIN_LIMIT = 1.01      # what a row without timers may cost in the virtual machine
TICK_LIMIT = 400        # what a tick may cost more
MACHINES = {"virt-gicv2": "virt,gic-version=2", "virt-gicv3": "virt,gic-version=3"}
PAGE = 4096
DEVICE_TREE = b"\xd0\x0d\xfe\xed"


class Failure(Exception):
    """Something is not as the suite needs it."""


# ---- the initramfs: the program under all its names ----------------------------------

def cpio(entries):
    """An archive of the format "newc" of (name, mode, device, data)."""
    out = bytearray()
    for inode, (name, mode, device, data) in enumerate([*entries, ("TRAILER!!!", 0, (0, 0), b"")], 1):
        fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def initramfs(program):
    with open(program, "rb") as f:
        suite = f.read()
    folders = [(n, 0o40755, (0, 0), b"") for n in ("bin", "dev", "proc", "tmp")]
    devices = [("dev/console", 0o20600, (5, 1), b""), ("dev/null", 0o20666, (1, 3), b""),
               ("dev/zero", 0o20666, (1, 5), b"")]
    return cpio([*folders, *devices, ("init", 0o100755, (0, 0), suite), ("bin/sh", 0o120777, (0, 0), b"/init"),
                 ("bin/true", 0o120777, (0, 0), b"/init")])


# ---- the virtual machine's parts, for the native run -----------------------------------

def guest_tree(system):
    """The device tree that the host tool has made for the guest."""
    with open(system, "rb") as f:
        data = f.read()
    at = -1
    while True:
        at = data.find(DEVICE_TREE, at + 1)
        if at < 0:
            raise Failure(f"{system} holds no device tree of a guest")
        size, = struct.unpack_from(">I", data, at + 4)
        tree = data[at:at + size]
        if b"mullion,guest\0" in tree and len(tree) == size:
            return tree


def places(report):
    """{what: (first, behind)} of the guest's memory and of what is loaded there, as the host tool's report says."""
    found = {}
    with open(report, encoding="ascii") as f:
        for line in f:
            m = re.match(r" +([0-9a-f]{10}) +([0-9a-f]{10}) +(?:memory +(at) .*|[\d,]+ bytes +(.*))$", line.rstrip())
            if m:
                found[m[4] or "memory"] = (int(m[1], 16), int(m[2], 16))
    return found


def start_code(tree, kernel):
    """As the boot protocol has it: x0 the device tree, x1-x3 zero."""
    return struct.pack("<6IQQ", 0x580000c0,             # ldr x0, tree
                       0xaa1f03e1, 0xaa1f03e2, 0xaa1f03e3,
                       0x58000084, 0xd61f0080,          # ldr x4, kernel; br x4
                       tree, kernel)


def elf(entry, parts):
    """An executable of (address, bytes)."""
    behind_heads = 64 + 56 * len(parts)
    heads, body = bytearray(), bytearray()
    for at, data in parts:
        body += bytes(-(behind_heads + len(body)) % PAGE)
        heads += struct.pack("<IIQQQQQQ", 1, 7, behind_heads + len(body), at, at, len(data), len(data), PAGE)
        body += data
    return struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 183, 1, entry, 64, 0, 0, 64, 56, len(parts),
                       0, 0, 0) + bytes(heads + body)


def native_command(args, out):
    """QEMU with everything where the virtual machine has it."""
    at = places(os.path.join(out, "system", "report.txt"))
    try:
        kernel, initrd, tree = (at[n][0] for n in ("cloud/Image", "linux/suite.cpio", "device tree of linux"))
        memory = at["memory"][1] - at["memory"][0]
    except KeyError as e:
        raise Failure(f"{out}/system/report.txt does not say where {e} is") from e
    start = tree - PAGE
    parts = [(start, start_code(tree, kernel)), (tree, guest_tree(os.path.join(out, "system", "system.elf")))]
    for name, address in ((os.path.join(args.build, "guests", "cloud", "Image"), kernel),
                          (os.path.join(out, "suite.cpio"), initrd)):
        with open(name, "rb") as f:
            parts.append((address, f.read()))
    name = os.path.join(out, "native.elf")
    with open(name, "wb") as f:
        f.write(elf(start, parts))
    return [args.qemu, "-M", MACHINES[args.board], "-cpu", CPU, "-smp", "1", "-m", f"{memory >> 20}M",
            "-nodefaults", "-display", "none", "-monitor", "none", "-kernel", name]


def vm_command(args, out):
    return [os.path.join(args.build, "tools", "mullion"), "run", os.path.join(HERE, "system.dts"), "--board", args.board,
             "--cpu", CPU, "-o", os.path.join(out, "system")]


# ---- a run -------------------------------------------------------------------------------

ROW = re.compile(r"row (\w+) (plain|timer) (\d+\.\d\d) (\d+\.\d\d) (.*)")


def environment(args, out):
    """Nothing in a build may depend on the time; the files are found where make has put them."""
    return dict(os.environ, SOURCE_DATE_EPOCH="1767225600",
                MULLION_GUESTS=os.path.join(args.build, "guests") + ":" + os.path.dirname(out))


def run(name, command, args, out):
    """Boots, waits for the table, ends the machine; returns {row: (kind, best, middle, text)}."""
    rows, began = {}, time.monotonic()

    def take(line):
        m = ROW.search(line)
        if m:
            rows[m[1]] = (m[2], float(m[3]), float(m[4]), m[5])

    with open(os.path.join(out, name + ".txt"), "wb") as log:
        terminal = Terminal(command, RUN_SECONDS, show=take, env=environment(args, out), log=log)
        try:
            done = terminal.expect(r"suite: (done: (\d+) rows, (\d+) ms|failed.*)")
        except Missing as e:
            raise Failure(f"{name}: {e}; what it printed is in {log.name}") from e
        finally:
            terminal.close()
    if not done[1].startswith("done"):
        raise Failure(f"{name}: {done[0]}")
    if len(rows) != int(done[2]):
        raise Failure(f"{name}: {len(rows)} rows of {done[2]} were read; what it printed is in {log.name}")
    print(f"  {name}: {done[2]} rows, {int(done[3]) / 1000:.2f} s of its time, {time.monotonic() - began:.0f} s",
          flush=True)
    return rows


def run_often(name, command, args, out):
    rows = run(name, command, args, out)
    if args.twice:
        again = run(name + "-again", command, args, out)
        for row, value in rows.items():
            if again[row] != value:
                raise Failure(f"{name}: {row} was {value[1]}, and then {again[row][1]}")
    return rows


# ---- the table -----------------------------------------------------------------------------

def compare(native, vm):
    """(row, kind, native, vm, ratio, text) of each."""
    return [(row, kind, value, vm[row][1], vm[row][1] / value, text)
            for row, (kind, value, _, text) in native.items()]


def write_table(table, name):
    with open(name, "w", encoding="ascii") as f:
        f.write("row\tnative\tvm\tratio\n")
        for row, _, native, vm, ratio, _ in table:
            f.write(f"{row}\t{native:.2f}\t{vm:.2f}\t{ratio:.4f}\n")
        native, vm = next((n, v) for row, _, n, v, _, _ in table if row == "tick")
        f.write(f"linux_tick_excess\t0.00\t{vm - native:.2f}\t-\n")


def print_table(table):
    print(f"  {'nanoseconds':<16} {'native':>12} {'VM':>12} {'ratio':>8}")
    for row, kind, native, vm, ratio, text in table:
        mark = "!" if kind == "plain" and ratio > PLAIN_LIMIT else " "
        print(f"  {row:<16} {native:>12,.1f} {vm:>12,.1f} {ratio:>8.4f}{mark} {text}")
    plain = [t for t in table if t[1] == "plain"]
    over = [t[0] for t in plain if t[4] > PLAIN_LIMIT]
    tick = next(t[3] - t[2] for t in table if t[0] == "tick")
    print(f"  {len(plain)} rows without timers, {len(plain) - len(over)} of them at most {PLAIN_LIMIT}"
          + (f"; above: {', '.join(over)}" if over else ""))
    print(f"  linux_tick_excess {tick:,.0f} (aim: at most {TICK_LIMIT})")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--board", default="virt-gicv3", choices=sorted(MACHINES))
    p.add_argument("--build", default="build", help="folder of what was built")
    p.add_argument("--qemu", default="qemu-system-aarch64")
    p.add_argument("--twice", action="store_true", help="each run twice; the tables must be the same")
    p.add_argument("--only", choices=("native", "vm"), help="one run, its rows as they are")
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    out = os.path.join(args.build, "bench", "linux")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # and the machine ends too
    try:
        os.makedirs(out, exist_ok=True)
        with open(os.path.join(out, "suite.cpio"), "wb") as f:
            f.write(initramfs(os.path.join(out, "suite")))
        mullion = os.path.join(args.build, "tools", "mullion")
        subprocess.run([mullion, "build", os.path.join(HERE, "system.dts"), "--board", args.board, "-o",
                        os.path.join(out, "system")], check=True, env=environment(args, out))
        print(f"Linux rows: {args.board}, {CPU}; each run takes about 10 s", flush=True)
        native = vm = None
        if args.only != "vm":
            native = run_often("native", native_command(args, out) + ["-serial", "stdio", *ICOUNT], args, out)
        if args.only != "native":
            more = [w for word in ICOUNT for w in ("--qemu-arg", word)]
            vm = run_often("vm", vm_command(args, out) + more, args, out)
        if native and vm:
            table = compare(native, vm)
            print_table(table)
            write_table(table, os.path.join(args.build, "bench", "linux.tsv"))
        else:
            for row, (kind, best, middle, text) in (native or vm).items():
                print(f"  {row:<16} {kind} {best:>12,.2f} {middle:>12,.2f}  {text}")
    except (Failure, OSError, subprocess.CalledProcessError) as e:
        print(f"bench-linux: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
