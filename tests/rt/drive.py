#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The drive's control loop beside a Linux machine that does all it can: no beat may
miss its deadline. Instructions are the clock, 16 ns each; SECONDS are those of
the machine. Says how late the beats began, and what the kernel did before the latest.

    drive.py [-v] [--seconds SECONDS]

What was printed is kept in build/tests/rt/drive.
"""
import argparse
import os
import re
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = "build/tools/mullion"
OUT = "build/tests/rt/drive"
TELEMETRY = "10.0.2.23"
CLIENTS = ["linux", "control", "switch", "telemetry", "linux-io"]
BROKEN = r"PANIC|Kernel panic|Oops|BUG:|Internal error|Unable to handle"
ERROR_MRAD = 500               # how far the motor may be from where it should be

sys.path.insert(0, os.path.join(TOP, "systems"))
from terminal import Missing, Terminal
from tours import System


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, right, seen):
        self.passed += right
        self.failed += not right
        print(f"{'ok  ' if right else 'FAIL'} drive: {what}: {seen}", flush=True)


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report_lines(system, limit):
    """The control cell's report, line by line."""
    lines = []
    while True:
        line = system.expect("control", r"^(?:> )?(.*)$", limit).group(1)
        if line == "end of report":
            return lines
        lines.append(line)


def judge(checks, lines, seconds):
    text = "\n".join(lines)
    beats = re.search(r"(\d+) beats, (\d+) missed, (\d+) passed; begun after (\d+)/(\d+)/(\d+) ns, done after (\d+)/(\d+) ns", text)
    motor = re.search(r"error at most (\d+) mrad, (\d+) stale samples", text)
    if not beats or not motor:
        raise Missing("the report has not the numbers: " + text)
    n, missed, passed, least, average, most, _, done = map(int, beats.groups())
    checks.check(f"{n} beats, none after its deadline", n >= seconds * 1000 and missed == 0 and passed == 0,
                 f"{missed} missed, {passed} passed; begun after {least} to {most} ns, {average} on average, "
                 f"done after {done} ns at most")
    checks.check("the motor goes where it should", int(motor[1]) <= ERROR_MRAD and int(motor[2]) == 0, motor.group())
    for line in lines:
        print("     " + line, flush=True)


def run(options, checks):
    seconds = options.seconds
    limit = 200 + 8 * seconds * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
    show = (lambda line: print("    " + line, flush=True)) if options.v else None
    os.makedirs(OUT, exist_ok=True)
    with open(f"{OUT}/log.txt", "wb") as log:
        start = time.monotonic()
        terminal = Terminal([TOOL, "run", "systems/drive/system.dts", "-o", f"{OUT}/out", "--", "-icount", "shift=4,sleep=off"],
                            limit, show, env=dict(os.environ, MULLION_GUESTS=os.path.abspath("build/guests")), log=log)
        try:
            system = System(terminal, CLIENTS)
            system.cells["linux"].expect(r"linux: Linux \d", limit, BROKEN)
            system.type("linux", "stty cols 200; dmesg -n 1")
            system.ask("linux", f"ping -c 1 -W 5 {TELEMETRY}", r"1 packets received")
            system.type("linux", f"load {seconds + 10} {TELEMETRY} >/tmp/load 2>&1 & sleep 5; cat /proc/loadavg")
            load = float(system.expect("linux", r"^([0-9.]+) [0-9.]+ [0-9.]+ \d+/\d+").group(1))
            system.enter("control", "trace", "the kernel notes everything")
            system.enter("control", f"measure {seconds * 1000}", "a report after")
            judge(checks, report_lines(system, limit), seconds)
            used = processor_seconds(terminal.process)
            system.type("linux", "wait; tail -n 2 /tmp/load")
            match = system.cells["linux"].expect(r"load: .*", limit, BROKEN)
            checks.check("the machine was busy all the time", match.group().endswith("status 0, netcheck with status 0"),
                         match.group() + f"; its load when it began: {load}")
            echoed = system.enter("telemetry", "", r"(\d+) frames received, \d+ sent, \d+ lost; (\d+) datagrams echoed")
            checks.check("the network was busy, too", int(echoed[2]) > 10 * seconds, echoed.group())
            print(f"     {used:.0f} s of the processor, {time.monotonic() - start:.0f} s on the clock", flush=True)
        finally:
            terminal.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-v", action="store_true", help="show what the cells print")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    os.chdir(TOP)
    checks = Checks()
    try:
        run(options, checks)
    except (Missing, OSError) as error:
        checks.check("what was expected came", False, error)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(checks.failed != 0)


main()
