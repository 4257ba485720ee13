#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Builds the test systems, boots each in QEMU in the configurations that
runs.txt lists, two at a time, and says which passed.

    run.py [-j JOBS] [-v] [--runs FILE] [--limit SECONDS] [WORD...]

WORD chooses the runs whose line contains it; all words must be there. -v shows
each test's line. FILE is another runs.txt, with its systems beside it. What a run
printed is kept in build/tests/target/log (or that folder's name instead of target).
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
RUNS = HERE                    # where the systems are
OUT = "build/tests/target"
TOOL = "build/tools/mullion"
COMPILER = "aarch64-linux-gnu-gcc"
TIME_LIMIT = 60                # seconds, of one run

Run = collections.namedtuple("Run", "system board cpu cores kernel mode compare")
# Qemu's words for what `mode` names.
MODES = {
    "-": [],
    "icount": ["-icount", "shift=0,sleep=off"],
    "icount4": ["-icount", "shift=4,sleep=off"],     # 16 ns: a tick of the counter
    "single": ["-accel", "tcg,thread=single"],
    "image": [],
}


def is_icount(run):
    return run.mode.startswith("icount")


def read_runs(name):
    runs = []
    for number, line in enumerate(open(name), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) not in (6, 7):
            sys.exit(f"{name}:{number}: {len(words)} words, expected 6 or 7")
        for board in words[1].split(","):
            for cpu in words[2].split(","):
                for cores in words[3].split(","):
                    for kernel in words[4].split(","):
                        for mode in words[5].split(","):
                            runs.append(Run(words[0], board, cpu, int(cores), kernel, mode,
                                            words[6] if len(words) > 6 else ""))
    return runs


def system_folder(run):
    return next((p for p in (f"{RUNS}/{run.system}", f"{HERE}/../hostile/{run.system}") if os.path.isdir(p)), None)


# ---- building --------------------------------------------------------------

class Builder:
    """Builds each (system, board, cores, kernel) once, whoever asks first."""

    def __init__(self):
        self.lock = threading.Lock()
        self.done = {}
        self.kernels = set()

    def kit(self, kernel):
        """A kit with this variant of the kernel: links to the real one."""
        path = f"{OUT}/kit-{kernel}"
        for part in ("boot", "include", "lib", "cells"):
            link(f"{TOP}/build/kit/{part}", f"{path}/{part}")
        for board in os.listdir("build/kit/boards"):
            os.makedirs(f"{path}/boards/{board}", exist_ok=True)
            link(f"{TOP}/build/kit/boards/{board}/board.dts", f"{path}/boards/{board}/board.dts")
            copy = f"{path}/boards/{board}/mullion.elf"
            if copy not in self.kernels:    # all runs have the same, whoever builds meanwhile
                self.kernels.add(copy)
                if os.path.islink(copy):
                    os.unlink(copy)
                shutil.copyfile(f"build/kernel/{kernel}/{board}/mullion.elf", copy)
        return path

    def build(self, run):
        key = (run.system, run.board, run.cores, run.kernel, "icount" if is_icount(run) else "free")
        with self.lock:
            if key not in self.done:
                self.done[key] = {"lock": threading.Lock(), "error": None, "dir": None}
            entry = self.done[key]
            kit = self.kit(run.kernel)
        with entry["lock"]:
            if entry["dir"] is None:
                entry["dir"] = f"{OUT}/systems/" + "-".join(str(k) for k in key)
                entry["error"] = self.make(run, kit, entry["dir"])
        return entry["dir"], entry["error"]

    @staticmethod
    def make(run, kit, out):
        folder = system_folder(run)
        if folder is None:
            return f"there is no test system {run.system}"
        clock = ["-DTEST_ICOUNT=1"] if is_icount(run) else []
        define = f"TEST_BOARD_{run.board.upper().replace('-', '_')}"
        env = dict(os.environ, MULLION_HOME=kit, MULLION_CC=shlex.join(
            [COMPILER, f"-DTEST_CORES={run.cores}", f"-D{define}=1", *clock, f"-I{HERE}/lib"]))
        p = subprocess.run([TOOL, "build", f"{os.path.relpath(folder)}/system.dts", "-o", out,
                            "--board", run.board], env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace")
        if p.returncode == 0:
            return None
        return "\n".join([l for l in p.stdout.split("\n") if re.search("error|undefined", l, re.I)] or p.stdout.split("\n"))


def link(target, name):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    if os.path.islink(name) and os.readlink(name) == target:
        return
    if os.path.lexists(name):
        os.unlink(name)
    os.symlink(target, name)


# ---- running ---------------------------------------------------------------

def more_words(run):
    """What the description of a test system gives to QEMU besides the board."""
    tree = open(f"{system_folder(run)}/system.dts").read()
    node = re.search(r"mullion,qemu\s*{(.*?)}", tree, re.S)
    words = node and re.search(r'\bargs = "(.*?)"', node.group(1), re.S)
    return shlex.split(words.group(1)) if words else []


def qemu_command(run, folder):
    tree = open(f"build/kit/boards/{run.board}/board.dts").read()
    node = re.search(r"mullion,qemu\s*{(.*?)}", tree, re.S).group(1)
    setting = lambda name: re.search(rf'\b{name} = [<"]([^">]*)[>"]', node)
    command = ["qemu-system-aarch64", "-M", setting("machine").group(1)]
    if setting("cpu"):
        command += ["-cpu", "max,pauth-impdef=on" if run.cpu == "max" else run.cpu]
    cores = setting("cores").group(1) if setting("cores") else str(run.cores)
    image = "img" if run.mode == "image" else "elf"
    return command + ["-smp", cores, "-m", setting("memory").group(1), "-display", "none",
                      "-serial", "stdio", "-monitor", "none", "-nic", "none", "-no-reboot",
                      "-kernel", f"{folder}/system.{image}"] + MODES[run.mode] + more_words(run)


def judge(text, timed_out):
    """What is wrong with a run's output, as lines; nothing if it passed."""
    lines = [l.strip("\r\x00") for l in text.split("\n")]
    wrong = [l for l in lines if "FAIL" in l or "PANIC" in l]
    passed = sum(l.startswith("PASS ") for l in lines)
    end = next((l.split() for l in lines if l.startswith("END ")), None)
    if end is None:
        wrong.append("no end: " + ("time limit of %d s" % TIME_LIMIT if timed_out else
                                   "the machine stopped"))
    elif int(end[1]) != passed or passed == 0:
        wrong.append(f"the judge counted {end[1]} passed tests, {passed} were read")
    return wrong, passed


def run_one(builder, run):
    start = time.monotonic()
    folder, error = builder.build(run)
    if error:
        return ["does not build:"] + error.strip().split("\n"), 0, time.monotonic() - start, ""
    start = time.monotonic()
    timed_out = False
    p = subprocess.Popen(qemu_command(run, folder), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        out, _ = p.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        p.kill()
        out, _ = p.communicate()
        timed_out = True
    text = out.decode(errors="replace")
    name = "-".join(str(w) for w in run[:6])
    os.makedirs(f"{OUT}/log", exist_ok=True)
    with open(f"{OUT}/log/{name}.txt", "w") as f:
        f.write(text)
    wrong, passed = judge(text, timed_out)
    return wrong, passed, time.monotonic() - start, text


def label(run):
    return f"{run.system:9} {run.board:10} {run.cpu:10} {run.cores} {run.kernel:7} {run.mode:7}"


# Runs that name the same word in their last column must print the same notes.
def compare(runs, texts):
    wrong = []
    groups = collections.defaultdict(list)
    for run in runs:
        if run.compare:
            groups[run.compare].append(run)
    for word, members in groups.items():
        notes = {r: [l.strip() for l in texts[r].split("\n") if l.startswith("NOTE ")]
                 for r in members}
        first = members[0]
        for r in members[1:]:
            if notes[r] != notes[first]:
                odd = next((f"{a!r} and {b!r}" for a, b in zip(notes[first], notes[r]) if a != b),
                           f"{len(notes[first])} and {len(notes[r])} notes")
                wrong.append(f"{word}: {label(first).strip()} and {label(r).strip()} differ: {odd}")
    return wrong, len(groups)


def main():
    global RUNS, OUT, TIME_LIMIT
    a = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("-j", type=int, default=int(os.environ.get("TEST_JOBS", "2")))
    a.add_argument("-v", action="store_true")
    a.add_argument("--runs", default=f"{HERE}/runs.txt")
    a.add_argument("--limit", type=int, default=TIME_LIMIT, metavar="SECONDS", help="how long a run may take")
    a.add_argument("words", nargs="*")
    o = a.parse_args()
    RUNS, TIME_LIMIT = os.path.dirname(os.path.abspath(o.runs)), o.limit
    OUT = f"build/tests/{os.path.basename(RUNS)}"
    runs = [r for r in read_runs(o.runs)
            if all(w in label(r).split() for w in o.words)]
    builder, texts = Builder(), {}
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(o.j) as pool:
        futures = {pool.submit(run_one, builder, r): r for r in runs}
        for f in concurrent.futures.as_completed(futures):
            run = futures[f]
            wrong, count, seconds, text = f.result()
            texts[run] = text
            print(f"{'FAIL' if wrong else 'ok  '} {label(run)} {count:3} tests {seconds:5.1f} s",
                  flush=True)
            if o.v:
                print(text, flush=True)
            for line in wrong[:8]:
                print("     " + line, flush=True)
            passed += not wrong
            failed += bool(wrong)
    different, groups = compare(runs, texts)
    for line in different:
        print("FAIL " + line)
    print(f"{passed + groups - len(different)} passed, {failed + len(different)} failed")
    sys.exit(failed + len(different) != 0)


main()
