#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots small EL1 guests of our own in virtual machines, with native cells
beside them, as runs.txt lists, two at a time, and says which passed. In the mode
"bare" the guest runs on QEMU's own machine, without Mullion: so it is seen that
the test itself is right.

    run.py [-j JOBS] [-v] [WORD...]

WORD chooses the runs whose line contains it; all words must be there. -v shows
each test's line. What a run printed is kept in build/tests/guests/log.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.getcwd()
OUT = "build/tests/guests"
TOOL = "build/tools/mullion"
COMPILER = "aarch64-linux-gnu-gcc"
BARE_MEMORY = "128"

Run = collections.namedtuple("Run", "system board cpu vcpus kernel mode done seconds")
MODES = {"-": [], "icount": ["-icount", "shift=0,sleep=off"], "bare": [],
         "bare-icount": ["-icount", "shift=0,sleep=off"]}


def is_bare(run):
    return run.mode.startswith("bare")


def read_runs(name):
    runs = []
    for number, line in enumerate(open(name), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 8:
            sys.exit(f"{name}:{number}: {len(words)} words, expected 8")
        for board in words[1].split(","):
            for cpu in words[2].split(","):
                for vcpus in words[3].split(","):
                    for kernel in words[4].split(","):
                        for mode in words[5].split(","):
                            runs.append(Run(words[0], board, cpu, vcpus, kernel, mode,
                                            int(words[6]), int(words[7])))
    return runs


# ---- building --------------------------------------------------------------

class Builder:
    """Builds each (system, board, vcpus, kernel) once, whoever asks first."""

    def __init__(self):
        self.lock = threading.Lock()
        self.done = {}
        self.kernels = set()

    def kit(self, kernel):
        """A kit with this variant of the kernel, as it was when the runs began."""
        path = f"{OUT}/kit-{kernel}"
        for part in ("boot", "include", "lib", "cells"):
            link(f"{TOP}/build/kit/{part}", f"{path}/{part}")
        for board in os.listdir("build/kit/boards"):
            os.makedirs(f"{path}/boards/{board}", exist_ok=True)
            link(f"{TOP}/build/kit/boards/{board}/board.dts", f"{path}/boards/{board}/board.dts")
            copy = f"{path}/boards/{board}/mullion.elf"
            if copy not in self.kernels:
                self.kernels.add(copy)
                shutil.copyfile(f"build/kernel/{kernel}/{board}/mullion.elf", copy)
        return path

    def build(self, run):
        key = (run.system, run.board, run.vcpus, run.kernel, run.mode)
        with self.lock:
            entry = self.done.setdefault(key, {"lock": threading.Lock(), "dir": None, "error": None})
            kit = self.kit(run.kernel)
        with entry["lock"]:
            if entry["dir"] is None:
                entry["dir"] = f"{OUT}/systems/" + "-".join(key)
                entry["error"] = self.make(run, kit, entry["dir"])
        return entry["dir"], entry["error"]

    @staticmethod
    def make(run, kit, out):
        cores = run.vcpus.split("+")
        macros = {"CORES": max(map(int, cores)) + 1, "VCPUS": " ".join(cores), "ICOUNT": int(run.mode == "icount")}
        os.makedirs(out, exist_ok=True)
        with open(f"{out}/test_macros.h", "w") as f:
            f.writelines(f"#define TEST_{name} {value}\n" for name, value in macros.items())
        env = dict(os.environ, MULLION_HOME=kit, MULLION_GUESTS=f"{OUT}/images", SOURCE_DATE_EPOCH="1767225600",
                   MULLION_CC=shlex.join([COMPILER, "-imacros", f"{TOP}/{out}/test_macros.h", f"-I{HERE}/native"]))
        p = subprocess.run([TOOL, "build", f"{os.path.relpath(HERE)}/{run.system}/system.dts", "-o", out,
                            "--board", run.board], env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace")
        if p.returncode == 0:
            return None
        said = p.stdout.split("\n")
        return "\n".join([l for l in said if re.search("error|undefined", l, re.I)] or said)


def link(target, name):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    if os.path.islink(name) and os.readlink(name) == target:
        return
    if os.path.lexists(name):
        os.unlink(name)
    os.symlink(target, name)


# ---- running ---------------------------------------------------------------

def qemu_cpu(run):
    return "max,pauth-impdef=on" if run.cpu == "max" else run.cpu


def qemu_command(run, folder):
    more = ["-display", "none", "-serial", "stdio", "-monitor", "none", "-nic", "none", "-no-reboot"]
    if is_bare(run):
        return ["qemu-system-aarch64", "-M", f"virt,gic-version={run.board[-1]}", "-cpu", qemu_cpu(run),
                "-smp", str(len(run.vcpus.split("+"))), "-m", BARE_MEMORY, *more,
                "-kernel", f"{OUT}/images/{run.system}", "-append", "bare=1", *MODES[run.mode]]
    tree = open(f"build/kit/boards/{run.board}/board.dts").read()
    node = re.search(r"mullion,qemu\s*{(.*?)}", tree, re.S).group(1)
    setting = lambda name: re.search(rf'\b{name} = [<"]([^">]*)[>"]', node)
    command = ["qemu-system-aarch64", "-M", setting("machine").group(1)]
    if setting("cpu"):
        command += ["-cpu", qemu_cpu(run)]
    cores = setting("cores").group(1) if setting("cores") else \
        str(max(map(int, run.vcpus.split("+"))) + 1)
    return command + ["-smp", cores, "-m", setting("memory").group(1), *more,
                      "-kernel", f"{folder}/system.elf", *MODES[run.mode]]



def judge(text, run):
    """What is wrong with a run's output, as lines, and how many tests passed."""
    lines = [l.strip("\r\n\x00 ") for l in text.split("\n")]
    wrong = [l for l in lines if "FAIL" in l or "PANIC" in l or "panic" in l]
    passed = sum(l.endswith(" ok") for l in lines)
    done = [m for m in (re.search(r": done (\d+) passed (\d+) failed", l) for l in lines) if m]
    if len(done) != run.done:
        wrong.append(f"{len(done)} of {run.done} came to their end")
    if sum(int(m[1]) for m in done) > passed and not wrong:
        wrong.append(f"{sum(int(m[1]) for m in done)} tests were counted, {passed} were read")
    wrong += [m[0] for m in done if int(m[1]) == 0 or int(m[2]) != 0]
    return wrong, passed


def watch(process, run):
    """Read what the machine prints until all have come to their end."""
    seen = []

    def reader():
        for line in process.stdout:
            seen.append(line.decode(errors="replace"))
            if sum(": done " in l for l in seen) == run.done:
                break
    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    thread.join(run.seconds)
    late = thread.is_alive()
    process.kill()
    process.wait()
    thread.join()
    return "".join(seen), late


def run_one(builder, run):
    folder, error = (None, None) if is_bare(run) else builder.build(run)
    if error:
        return ["does not build:"] + error.strip().split("\n"), 0, 0.0, ""
    start = time.monotonic()
    process = subprocess.Popen(qemu_command(run, folder), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text, late = watch(process, run)
    os.makedirs(f"{OUT}/log", exist_ok=True)
    with open(f"{OUT}/log/{'-'.join(str(w) for w in run[:6])}.txt", "w") as f:
        f.write(text)
    wrong, passed = judge(text, run)
    if wrong and late:
        wrong.append(f"time limit of {run.seconds} s")
    return wrong, passed, time.monotonic() - start, text


def label(run):
    return f"{run.system:8} {run.board:10} {run.cpu:10} {run.vcpus:7} {run.kernel:7} {run.mode:6}"


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("-j", type=int, default=int(os.environ.get("TEST_JOBS", "2")))
    a.add_argument("-v", action="store_true")
    a.add_argument("words", nargs="*")
    o = a.parse_args()
    runs = [r for r in read_runs(f"{HERE}/runs.txt") if all(w in label(r).split() for w in o.words)]
    builder = Builder()
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(o.j) as pool:
        futures = {pool.submit(run_one, builder, r): r for r in runs}
        for f in concurrent.futures.as_completed(futures):
            run = futures[f]
            wrong, count, seconds, text = f.result()
            print(f"{'FAIL' if wrong else 'ok  '} {label(run)} {count:3} tests {seconds:5.1f} s", flush=True)
            if o.v:
                print(text, flush=True)
            for line in wrong[:8]:
                print("     " + line, flush=True)
            passed += not wrong
            failed += bool(wrong)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
