#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a virtual machine's requests to disk and network cost, in instructions,
and whose they are.

The guest (guest.c) makes one request after the other. Under `-icount` QEMU logs
the address of each instruction that is executed, for a while in the middle; the
harness cuts out the windows between the guest's marks and tells whose each
instruction is (owners.py). Of many windows the most frequent one counts.

Also looked at: that no window between notification and interrupt has a visit
of the VMM but for the two registers that the guest's handler reads and writes.
"""
import argparse
import collections
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "systems")]
from breakdown import Kernel                    # noqa: E402
from owners import Owners, Program              # noqa: E402
from terminal import Missing, Terminal          # noqa: E402

GUEST_FIRST, GUEST_BYTES = 0x40600000, 0x800000  # as build.mk links it; addresses of RAM above are its own too
ROWS = [("block_read", "a guest's read of 4 KiB from its disk"),
        ("block_write", "a guest's write of 4 KiB to its disk"),
        ("net_small", "a frame of 60 bytes from a guest to a native cell, and back"),
        ("net_large", "the same with 1,514 bytes")]
LOG_SECONDS = 20
DISK_BYTES = 2048 * 512


class Failure(Exception):
    """Something is not as the benchmark needs it."""


class Monitor:
    """QEMU's monitor, at a socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        limit = time.monotonic() + 10
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.1)
        self.socket.settimeout(60)
        self.prompt()

    def prompt(self):
        said = b""
        while not said.endswith(b"(qemu) "):
            said += self.socket.recv(4096)
        return said

    def command(self, line):
        self.socket.sendall(line.encode() + b"\n")
        return self.prompt()


def guest_marks(elf, tools):
    out = subprocess.run([tools + "nm", elf], check=True, capture_output=True, text=True).stdout
    return {l.split()[2][5:]: int(l.split()[0], 16) for l in out.splitlines() if l.split()[2].startswith("mark_")}


def record(args, board, cpu, out, least):
    """Boot, and log at least so many instructions of the steady state; returns the log's name."""
    log, disk, monitor = (os.path.join(out, n) for n in ("log.txt", "disk.img", "monitor"))
    with open(disk, "wb") as f:
        f.truncate(DISK_BYTES)
    for name in (log, monitor):
        if os.path.exists(name):
            os.remove(name)
    more = ["-drive", f"if=none,id=disk,format=raw,file={disk}", "-singlestep", "-D", log,
            "-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01",
            "-monitor", f"unix:{monitor},server,nowait"]
    command = [os.path.join(args.build, "tools", "mullion"), "run", os.path.join(HERE, "requests.dts"), "--board", board,
               "--cpu", cpu, "-o", out]
    for word in more:
        command += ["--qemu-arg", word]
    env = dict(os.environ, MULLION_GUESTS=os.path.join(args.build, "bench", "images"), SOURCE_DATE_EPOCH="1767225600")
    with open(os.path.join(out, "serial.txt"), "wb") as serial:
        terminal = Terminal(command, 120, env=env, log=serial)
        try:
            terminal.expect(r"\[guest\] ready", 120)
            control = Monitor(monitor)
            control.command("log exec,nochain")
            limit = time.monotonic() + LOG_SECONDS
            while time.monotonic() < limit and (not os.path.exists(log) or os.path.getsize(log) < least * 80):
                time.sleep(0.1)
            control.command("log none")
        except Missing as e:
            raise Failure(f"{e}; what it printed is in {serial.name}") from e
        finally:
            terminal.close()
    return log


UNDONE = re.compile(r"^(?:Stopped execution of TB chain before \S+ \[([0-9a-f]+)\]|"
                    r"cpu_io_recompile: rewound execution of TB to ([0-9a-f]+))")


def read_log(name):
    """Executed addresses."""
    done = []
    with open(name, encoding="ascii") as f:
        for line in f:
            if line.startswith("Trace "):
                at = line.index("/") + 1
                done.append(int(line[at:line.index("/", at)], 16))
                continue
            m = UNDONE.match(line)
            if m:                               # announced, but not executed: it will be announced again
                address = int(m[1] or m[2], 16)
                for i in range(len(done) - 1, max(-1, len(done) - 4), -1):
                    if done[i] == address:
                        del done[i]
                        break
    return done


def rows(done, owners, marks):
    """{row: most frequent window, as {owner: instructions}, VMM visits, windows}"""
    begin = {marks[r + "_begin"]: r for r, _ in ROWS}
    end = {marks[r + "_end"]: r for r, _ in ROWS}
    found = {r: collections.Counter() for r, _ in ROWS}
    row, window, visits = None, None, 0
    for owner, part in owners.walk(done):
        if owner != "guest":
            if row:
                window[owner] += len(part)
                visits += owner.endswith("-vmm")
            continue
        for address in part:
            if row and end.get(address) == row:
                found[row][(tuple(sorted(window.items())), visits)] += 1
                row = None
            if address in begin and row is None:
                row, window, visits = begin[address], collections.Counter(), 0
            if row:
                window["guest"] += 1
    result = {}
    for r, counter in found.items():
        if not counter:
            raise Failure(f"{r} was not seen whole")
        (items, count), number = counter.most_common(1)[0]
        result[r] = (dict(items), count, number, sum(counter.values()))
    return result


def measure(args, board, cpu):
    out = os.path.join(args.build, "bench", "io", board)
    os.makedirs(out, exist_ok=True)
    kernel = Kernel(os.path.join(args.build, "kernel", "release", board, "mullion.elf"), args.tools)
    log = record(args, board, cpu, out, args.instructions)
    done = read_log(log)
    os.remove(log)
    programs = [Program(n[:-4], os.path.join(out, n), args.tools) for n in sorted(os.listdir(out))
                if n.endswith(".elf") and n != "system.elf"]
    owners = Owners(kernel, (GUEST_FIRST, GUEST_FIRST + GUEST_BYTES), programs)
    return rows(done, owners, guest_marks(os.path.join(args.build, "bench", "images", "io-guest.elf"), args.tools))


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--build", default="build")
    p.add_argument("--tools", default="aarch64-linux-gnu-")
    p.add_argument("--board", default="virt-gicv3")
    p.add_argument("--cpu", default="cortex-a53")
    p.add_argument("--instructions", type=int, default=1500000, help="how many to log, about")
    args = p.parse_args()
    try:
        result = measure(args, args.board, args.cpu)
    except (Failure, OSError, subprocess.CalledProcessError) as e:
        sys.exit(f"bench-io: {e}")
    order = ["guest", "kernel", "guest-vmm", "guest-io", "block", "switch", "echo", "?"]
    names = {"guest-vmm": "VMM", "guest-io": "io cell"}
    name = os.path.join(args.build, "bench", "io.tsv")
    print(f"  {args.board}, {args.cpu}: instructions per request" + "".join(f"{names.get(o, o):>9}" for o in order) + "      sum")
    with open(name, "w", encoding="ascii") as f:
        f.write("metric\tvalue\tunit\tconfiguration\n")
        for row, text in ROWS:
            parts, visits, number, of = result[row]
            print(f"  {row:<12} " + " " * 27 + "".join(f"{parts.get(o, 0):>9,}" for o in order) +
                  f"{sum(parts.values()):>9,}  {text} ({visits} visits of the VMM; {number} of {of} windows)")
            for o in order[:-1]:
                f.write(f"{row}_{names.get(o, o).replace(' ', '_').lower()}\t{parts.get(o, 0)}\tinstructions\t{args.board}, {args.cpu}\n")
            f.write(f"{row}\t{sum(parts.values())}\tinstructions\t{args.board}, {args.cpu}\n")
            if parts.get("?"):
                print(f"  ({parts['?']} instructions of {row} could be anybody's)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
