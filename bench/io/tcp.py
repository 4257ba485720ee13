#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How much TCP goes from one Linux machine to another through the switch, and to
the host through the card, in Mbit/s of virtual time: under `-icount shift=0` an
instruction is a nanosecond, and all cores take turns in that. The system is that
of tests/sharing.

How many times a sender notifies, and a receiver is interrupted, for so many frames
is in the line, too: under load one notification serves many."""
import argparse
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "systems"))
from terminal import Missing, Terminal          # noqa: E402
from tours import System                        # noqa: E402

CLIENTS = ["left", "right", "control", "pci", "block", "net", "switch", "echo", "left-io", "right-io"]
LIMIT = 300


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def interrupts(system, name):
    """Of the machine's network, the last of its io cell's devices: how many so far."""
    system.type(name, "grep Edge /proc/interrupts | sort -n -k 4 | tail -n 1")
    return int(system.expect(name, r"^ *\d+: +(\d+) .*virtio", LIMIT)[1])


def row(system, line):
    """(Mbit/s, bytes) of a netcheck that `left` makes."""
    system.type("left", line)
    match = system.expect("left", r"^netcheck: \S+ (ok|FAIL).* received=(\d+) .*mbit=([0-9.]+)", LIMIT)
    if match[1] != "ok":
        raise Missing(match.group())
    return float(match[3]), int(match[2])


def measure(args, out):
    disk = os.path.join(out, "disk.img")
    with open(disk, "wb") as f:
        f.truncate(32768 * 512)
    command = [os.path.join(args.build, "tools", "mullion"), "run", os.path.join(TOP, "tests/sharing/system.dts"), "--board",
               args.board, "-o", out, "--", "-drive", f"if=none,id=disk,format=raw,file={disk}", "-netdev", "user,id=net",
               "-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01"]
    env = dict(os.environ, MULLION_GUESTS=os.path.abspath(os.path.join(args.build, "guests")), SOURCE_DATE_EPOCH="1767225600")
    port = free_port()
    host = subprocess.Popen([sys.executable, os.path.join(TOP, "tests/net/host.py"), "server", f"port={port}"],
                            stdout=subprocess.DEVNULL)
    rows = []
    with open(os.path.join(out, "serial.txt"), "wb") as log:
        terminal = Terminal(command, LIMIT, env=env, log=log)
        try:
            system = System(terminal, CLIENTS)
            for name in ("left", "right"):
                system.expect(name, rf"^{name}: Linux [0-9]", LIMIT)
            for name in ("left", "right"):
                system.type(name, "stty cols 300")
            system.type("right", "netcheck server >/dev/null & true")
            system.type("left", "sleep 1; echo now")
            system.expect("left", "^now$", LIMIT)
            before = interrupts(system, "right")
            system.switch("left")
            mbit, size = row(system, f"netcheck tcp-send 10.0.2.22 bytes={args.bytes}")
            count = interrupts(system, "right") - before
            rows.append(("tcp_between_machines", mbit, f"{size:,} bytes, {count:,} interrupts of the receiver: "
                         f"{size / 1448 / max(count, 1):.1f} frames each"))
            system.switch("left")
            mbit, size = row(system, f"netcheck tcp-send 10.0.2.2 port={port} bytes={args.bytes}")
            rows.append(("tcp_to_host", mbit, f"{size:,} bytes"))
            mbit, size = row(system, f"netcheck tcp-receive 10.0.2.2 port={port} bytes={args.bytes}")
            rows.append(("tcp_from_host", mbit, f"{size:,} bytes"))
        finally:
            terminal.close()
            host.kill()
            host.wait()
    return rows


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--build", default="build")
    p.add_argument("--board", default="virt-gicv3")
    p.add_argument("--bytes", default="4m", help="of each row")
    args = p.parse_args()
    out = os.path.join(args.build, "bench", "io", args.board + "-tcp")
    os.makedirs(out, exist_ok=True)
    began = time.monotonic()
    try:
        rows = measure(args, out)
    except (Missing, OSError) as e:
        sys.exit(f"bench-io: tcp: {e}; see {out}/serial.txt")
    print(f"  {args.board}, cortex-a53: Mbit/s of virtual time, 1 instruction per ns ({time.monotonic() - began:.0f} s)")
    with open(os.path.join(args.build, "bench", "tcp.tsv"), "w", encoding="ascii") as f:
        f.write("metric\tvalue\tunit\tconfiguration\n")
        for name, mbit, text in rows:
            print(f"  {name:<22} {mbit:>8.1f}  {text}")
            f.write(f"{name}\t{mbit:.1f}\tMbit/s\t{args.board}, cortex-a53\n")


if __name__ == "__main__":
    main()
