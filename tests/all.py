#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the steps of `make test`, shows what they print, and adds up. A step that
prints no sum counts as one test; one that fails without saying what counts as one
failed, and the others run all the same.

    all.py [-j JOBS] [--build STEP...] [--beside STEP...] [--timed STEP...] [--idle STEP...] [--alone STEP...]

Each STEP is a target of the Makefile. First those that build, one after another.
Then those that run beside each other, as many as there are JOBS, in this order: each
does one thing at a time then (TEST_JOBS=1). Then those that judge by the clock, one
after another, while the idle ones, also one after another, get what the former leave
of the computer. At last those that must be alone. What a step says is shown when it
has ended, or, where it is the only one of importance, at once; it is kept in
build/tests/log.
"""
import argparse
import glob
import os
import queue
import re
import subprocess
import sys
import threading
import time

LOGS = "build/tests/log"
SILENCE_S = 30                 # after so long without a word it is said what runs


class Step:
    """One target: how it is run, and what came of it."""

    def __init__(self, name, jobs, aloud=False, idle=False):
        self.name, self.jobs, self.aloud, self.idle = name, jobs, aloud, idle
        self.lines, self.passed, self.failed = [], 0, 0
        self.begun = self.seconds = self.cpu = 0

    def run(self, told):
        """Puts lines into `told` if it is to be heard at once."""
        self.begun = time.monotonic()
        command = (["nice", "-n", "19"] if self.idle else []) + ["make", "--no-print-directory", "-s", f"-j{self.jobs}", "-k", "-Oline", self.name]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=dict(os.environ, TEST_JOBS=str(self.jobs)))
        with open(f"{LOGS}/{self.name}.txt", "wb") as log:
            for raw in process.stdout:
                log.write(raw)
                log.flush()
                self.lines.append(raw.decode(errors="replace").rstrip("\r\n"))
                if self.aloud:
                    told.put(self.lines[-1])
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        self.seconds, self.cpu = time.monotonic() - self.begun, used.ru_utime + used.ru_stime
        self.add_up(status)

    def add_up(self, status):
        sums = [m for m in (re.fullmatch(r"(\d+) passed, (\d+) failed", line) for line in self.lines) if m]
        self.passed, self.failed = (sum(int(m[i]) for m in sums) for i in (1, 2))
        if not sums and status == 0:
            self.passed = 1
        if status != 0 and self.failed == 0:
            self.failed = 1

    def wrong(self):
        """What failed, in lines of its own words."""
        said = [line.strip() for line in self.lines if re.match(r" *(FAIL|FAILED) ", line)]
        return [f"  {self.name}: {line}" for line in said or ["see its last lines"]] if self.failed else []

    def row(self):
        return f"{self.name:16} {self.passed:6} passed {self.failed:4} failed {self.seconds:5.0f} s, of the processors {self.cpu:5.0f} s"


class Show:
    """What is seen: one line after another, whoever says it."""

    def __init__(self):
        self.told, self.running, self.start = queue.Queue(), [], time.monotonic()

    def at(self):
        seconds = int(time.monotonic() - self.start)
        return f"{seconds // 60:2}:{seconds % 60:02}"

    def begin(self, step):
        self.running.append(step)
        self.told.put(f"\n==== {step.name}" if step.aloud else f"---- {self.at()} {step.name} begins")

    def end(self, step):
        self.running.remove(step)
        if not step.aloud:
            self.told.put("\n".join([f"\n==== {step.name}", *step.lines, ""]))

    def print(self):
        """Until None is told."""
        while True:
            try:
                line = self.told.get(timeout=SILENCE_S)
            except queue.Empty:
                line = f"---- {self.at()} at work: " + ", ".join(f"{s.name} ({len(s.lines)} lines)" for s in list(self.running))
            if line is None:
                return
            print(line, flush=True)


def run_all(steps, at_once, show):
    waiting = list(steps)

    def worker():
        while True:
            try:
                step = waiting.pop(0)
            except IndexError:
                return
            show.begin(step)
            step.run(show.told)
            show.end(step)
    threads = [threading.Thread(target=worker) for _ in range(at_once)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-j", type=int, default=os.cpu_count() or 1)
    p.add_argument("--build", nargs="*", default=[], metavar="STEP")
    p.add_argument("--beside", nargs="*", default=[], metavar="STEP")
    p.add_argument("--timed", nargs="*", default=[], metavar="STEP")
    p.add_argument("--idle", nargs="*", default=[], metavar="STEP")
    p.add_argument("--alone", nargs="*", default=[], metavar="STEP")
    o = p.parse_args()
    os.makedirs(LOGS, exist_ok=True)
    for stamp in glob.glob("build/tests/lib/*/passed"):
        os.unlink(stamp)
    build = [Step(name, o.j, aloud=True) for name in o.build]
    beside = [Step(name, 1) for name in o.beside]
    timed = [Step(name, o.j, aloud=True) for name in o.timed]
    idle = [Step(name, 1, idle=True) for name in o.idle]
    alone = [Step(name, o.j, aloud=True) for name in o.alone]
    show = Show()
    printer = threading.Thread(target=show.print)
    printer.start()
    run_all(build, 1, show)
    run_all(beside, o.j, show)
    rest = threading.Thread(target=run_all, args=(idle, 1, show))
    rest.start()
    run_all(timed, 1, show)
    rest.join()
    run_all(alone, 1, show)
    show.told.put(None)
    printer.join()

    steps = build + beside + timed + idle + alone
    wrong = [line for step in steps for line in step.wrong()]
    if wrong:
        print(f"\nWhat failed (all of it in {LOGS}):", *wrong, sep="\n")
    print()
    for step in steps:
        print(step.row())
    passed, failed = sum(s.passed for s in steps), sum(s.failed for s in steps)
    print(f"{show.at()} for all")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
