#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How fast channels are: pieces of 8 bytes to 64 KiB, to a cell on the same core
and on another. Under `-icount shift=0,sleep=off` an instruction is a nanosecond
of virtual time, and cores take turns: what is counted are the instructions of both sides."""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ICOUNT = ["-icount", "shift=0,sleep=off"]
RUN_SECONDS = 120


def run(args, out):
    command = [os.path.join(args.build, "tools", "mullion"), "run", os.path.join(HERE, "channel.dts"), "--board", args.board,
               "--cpu", args.cpu, "-o", out]
    serial = os.path.join(out, "serial.txt")
    for word in ["-serial", "file:" + serial, *ICOUNT]:
        command += ["--qemu-arg", word]
    subprocess.run(command, check=True, timeout=RUN_SECONDS, stdin=subprocess.DEVNULL, capture_output=True)
    with open(serial, encoding="ascii", errors="replace") as f:
        return [(m[1], int(m[2]), int(m[3])) for m in re.finditer(r"row channel_(\w+)_(\d+) (\d+)", f.read())]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--build", default="build")
    p.add_argument("--board", default="virt-gicv3")
    p.add_argument("--cpu", default="cortex-a53")
    args = p.parse_args()
    out = os.path.join(args.build, "bench", "io", args.board + "-channels")
    os.makedirs(out, exist_ok=True)
    try:
        rows, again = run(args, out), run(args, out)
    except (OSError, subprocess.SubprocessError) as e:
        sys.exit(f"bench-io: {e}")
    if not rows or rows != again:
        sys.exit("bench-io: channels: two runs differ, or there is nothing; see " + out)
    print(f"  {args.board}, {args.cpu}: a piece through a channel, instructions of both sides")
    print(f"  {'bytes':>8} {'same core':>10} {'other core':>11} {'MB/s at 1 instruction per ns':>30}")
    value = {(where, size): n for where, size, n in rows}
    for size in sorted({s for _, s, _ in rows}):
        same, other = value["same", size], value["other", size]
        print(f"  {size:>8,} {same:>10,} {other:>11,} {size * 1000 / same:>18,.0f} {size * 1000 / other:>11,.0f}")
    with open(os.path.join(args.build, "bench", "channels.tsv"), "w", encoding="ascii") as f:
        f.write("metric\tvalue\tunit\tconfiguration\n")
        for where, size, n in rows:
            f.write(f"channel_{where}_core_{size}\t{n}\tinstructions\t{args.board}, {args.cpu}\n")


if __name__ == "__main__":
    main()
