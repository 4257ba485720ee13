#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How late a timer's interrupt reaches a cell above all others, beside hostile ones.

    latency.py [--build FOLDER] [--samples N] [BOARD...]

In QEMU with a clock that counts instructions (a nanosecond is one), for each board
beside native cells and beside virtual machines. Writes build/bench/latency.tsv:
irq_latency_worst and irq_latency_typical (half of all are at most that)."""
import argparse
import os
import re
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 240             # seconds, of one run
LINE = re.compile(r"probe: samples (\d+) worst (\d+) half (\d+) most (\d+)")


def run(args, system, board):
    """(samples, worst, half, most) when there are enough samples, or the last there were."""
    out = f"{args.build}/bench/latency-{system}-{board}"
    env = dict(os.environ, MULLION_GUESTS=f"{args.build}/tests/guests/images", SOURCE_DATE_EPOCH="1767225600")
    command = [f"{args.build}/tools/mullion", "run", f"{HERE}/{system}.dts", "--board", board, "-o", out]
    for word in ("-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01"):
        command += ["--qemu-arg", word]
    last = None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env) as p:
        timer = threading.Timer(LIMIT, p.kill)
        timer.start()
        for raw in p.stdout:
            text = raw.decode(errors="replace")
            match = LINE.search(text)
            if match:
                last = tuple(map(int, match.groups()))
            elif args.v or re.search(r"error|PANIC", text):
                print("    " + text.rstrip(), flush=True)
            if last and last[0] >= args.samples:
                break
        timer.cancel()
        p.kill()
    if last is None:
        sys.exit(f"latency: {system}, {board}: the probe has said nothing")
    return last


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--build", default="build")
    a.add_argument("--samples", type=int, default=32000)
    a.add_argument("-v", action="store_true")
    a.add_argument("boards", nargs="*", default=["virt-gicv3", "virt-gicv2"])
    args = a.parse_args()
    rows = []
    for board in args.boards:
        for system in ("native", "guest"):
            samples, worst, half, most = run(args, system, board)
            rows.append((board, system, samples, worst, half, most))
            print(f"  {board:10}  beside {system:6}  {samples:7,} interrupts  half <= {half:5,}  99 % <= {most:5,}  worst {worst:6,}", flush=True)
    worst = max(rows, key=lambda r: r[3])
    typical = max(rows, key=lambda r: r[4])
    with open(f"{args.build}/bench/latency.tsv", "w", encoding="ascii") as f:
        f.write("metric\tvalue\tunit\tconfiguration\n")
        f.write(f"irq_latency_worst\t{worst[3]}\tinstructions\t{worst[0]}, beside {worst[1]}\n")
        f.write(f"irq_latency_typical\t{typical[4]}\tinstructions\t{typical[0]}, beside {typical[1]}\n")
    print(f"\nirq_latency_worst {worst[3]:,} instructions, irq_latency_typical {typical[4]:,}")


main()
