#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""`mullion trace` and `mullion top` on a system that runs, on its saved memory, on
garbage, and on nothing.

    run.py [WORD...]       only the cases whose title has one of these words
"""
import collections
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.getcwd()
RUN = f"{TOP}/build/tools/mullion"
TOOL = f"{TOP}/build/tests/tool/mullion"     # under the sanitizers
SYSTEM = f"{TOP}/tests/observe/system.dts"
OUT = f"{TOP}/build/tests/observe"
ENV = dict(os.environ, MULLION_HOME=f"{TOP}/build/kit")
SAVED = 32 << 20                             # bytes of RAM, more than the system uses
RAM = 0x40000000


class Wrong(Exception):
    """Something is not as it should be."""


def expect(truth, what):
    if not truth:
        raise Wrong(what)


def tool(*words, cwd=None, limit=60):
    p = subprocess.run([TOOL, *words], env=ENV, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, errors="replace", timeout=limit)
    expect("Sanitizer" not in p.stderr and "runtime error" not in p.stderr, p.stderr)
    expect(p.returncode in (0, 1), f"{words}: status {p.returncode}: {p.stderr}")
    return p


def refuses(want, *words, **more):
    p = tool(*words, **more)
    expect(p.returncode == 1 and p.stdout == "", f"{words} is not refused: {p.stdout}")
    expect(re.fullmatch(f"mullion: error: {want}\n", p.stderr), f"{words} says {p.stderr!r}, not {want!r}")


def gone(folder, limit=5):
    """Nothing is left of the socket, a moment after the end."""
    end = time.monotonic() + limit
    while os.path.lexists(f"{folder}/qmp"):
        expect(time.monotonic() < end, f"{folder}/qmp is still there")
        time.sleep(0.05)


class Booted:
    """The test's system, running from a folder."""

    def __init__(self, name, defines=(), ready=None, more=()):
        self.folder = name if name.startswith("/") else f"{OUT}/{name}"
        env = dict(ENV, MULLION_CC=" ".join(["aarch64-linux-gnu-gcc", *(f"-D{d}" for d in defines)]))
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([RUN, "run", SYSTEM, "-o", self.folder, *more], env=env, stdin=subprocess.PIPE,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        self.wait(ready or r"\[monitor\] watch")

    def text(self):
        self.log.seek(0)
        return self.log.read().replace("\r", "")

    def wait(self, pattern, limit=60):
        end = time.monotonic() + limit
        while not re.search(pattern, self.text()):
            expect(self.process.poll() is None, f"QEMU has ended: {self.text()[-300:]}")
            expect(time.monotonic() < end, f"no {pattern} in {limit} s: {self.text()[-300:]}")
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.log.close()


class Qmp:
    """Another one who asks QEMU."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{folder}/qmp")
        self.lines = self.socket.makefile("rw")
        self.lines.readline()
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        self.lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            if "event" not in answer:
                expect("return" in answer, f"{command}: {answer}")
                return answer["return"]

    def close(self):
        self.lines.close()
        self.socket.close()


# ---- what a timeline must be -----------------------------------------------------

def events_of(text):
    whole = json.loads(text)
    expect(whole["displayTimeUnit"] == "ns" and whole["otherData"]["board"] == "virt-gicv3", str(whole)[:200])
    for e in whole["traceEvents"]:
        expect(e["ph"] in "XibesfM" and isinstance(e["pid"], int) and isinstance(e["tid"], int) and e["name"], str(e))
        expect(e["ph"] == "M" or e["ts"] >= 0, str(e))
    return whole["traceEvents"]


def check_slices(events):
    """On one track nothing overlaps."""
    tracks = collections.defaultdict(list)
    for e in events:
        if e["ph"] == "X":
            expect(e["dur"] >= 0, str(e))
            tracks[e["pid"], e["tid"]].append((e["ts"], e["ts"] + e["dur"]))
    for track, slices in tracks.items():
        slices.sort()
        for (_, end), (start, _) in zip(slices, slices[1:]):
            # A number of JSON has 53 bits.
            expect(start >= end - 0.002 - end * 2**-52, f"slices of {track} overlap at {start}")
    return tracks


def check_pairs(events):
    """Each arrow has two ends, each call a beginning and an end."""
    ends = collections.Counter()
    for e in events:
        if e["ph"] in "sf":
            ends[e["ph"], e["id"]] += 1
    arrows = {i for _, i in ends}
    expect(all(ends["s", i] == 1 and ends["f", i] == 1 for i in arrows), "an arrow without a beginning or an end")
    for caller in {e["id"] for e in events if e["ph"] in "be"}:
        depth = 0
        for e in sorted((e for e in events if e["ph"] in "be" and e["id"] == caller), key=lambda e: (e["ts"], e["ph"] == "b")):
            depth += 1 if e["ph"] == "b" else -1
            expect(depth in (-1, 0, 1), f"calls of {caller} are not in order")
    return len(arrows)


def names(events):
    return {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}


# ---- cases -------------------------------------------------------------------------

def case_trace_of_a_running_system():
    with Booted("live") as system:
        system.wait(r"watch 0x20: [3-9]\d turns")
        p = tool("trace", system.folder)
        expect(p.returncode == 0, p.stderr)
        m = re.match(r"(.*): ([\d,]+) events of \d+\.\d+ ms; ui.perfetto.dev and chrome://tracing open it\n", p.stdout)
        expect(m and m.group(1) == f"{system.folder}/trace.json", p.stdout)
        events = events_of(open(m.group(1)).read())
        check_slices(events)
        expect(check_pairs(events) > 10, "hardly an arrow")
        tracks = names(events)
        for name in ("core 0", "core 1", "core 0: windows", "core 1: windows", "beat, core 0, priority 150",
                     "servers.1, core 1, priority 160", "spin, core 1, priority 10"):
            expect(name in tracks.values(), f"there is no track {name}: {tracks}")
        kinds = collections.Counter((e["ph"], e["name"]) for e in events)
        for kind in [("X", "beat"), ("X", "greedy"), ("X", "spin"), ("X", "servers.1"), ("X", "runs"), ("X", "table 0, window 1"),
                     ("b", "calls servers.0"), ("b", "calls servers.1"), ("i", "deadline missed"), ("i", "budget used up"),
                     ("i", "raises monitor"), ("i", "takes vIRQ"), ("s", "vIRQ"), ("s", "call")]:
            expect(kinds[kind] > 0, f"nothing of {kind}: {kinds}")
        # What libmv has marked: the watch's number, and the time, longer than its deadline.
        for e in events:
            if e["name"] == "deadline missed":
                expect(e["args"]["a"] >> 32 == 5 and e["args"]["b"] > 2000000, str(e))
            if e["ph"] == "X" and e["name"].startswith("table 0, window"):
                expect(e["args"]["partitions"] in ("0x1", "0x3"), str(e))
        # A slice of `spin` lies in the window of its partition, but for how late that ends.
        windows = [(e["ts"], e["ts"] + e["dur"]) for e in events if e["name"] == "table 0, window 1" and tracks[e["pid"], e["tid"]] == "core 1: windows"]
        for e in events:
            if e["ph"] == "X" and e["name"] == "spin" and windows and windows[0][0] <= e["ts"] <= windows[-1][1]:
                expect(any(a - 1 <= e["ts"] <= b for a, b in windows), f"spin ran outside its window: {e}")
        p = tool("trace", system.folder, "-o", "-")
        expect(p.returncode == 0 and events_of(p.stdout), "nothing on standard output")


def case_watch_is_read_by_another_cell():
    with Booted("live") as system:
        system.wait(r"watch 0x20: [3-9]\d turns")
        last = re.findall(r"watch (\S+): (\d+) turns, (\d+) missed, (\d+) overruns, late by (\d+)/(\d+)/(\d+) us .*; "
                          r"half in (\d+) us, all in (\d+) us", system.text())[-1]
        turns, missed, overruns, least, average, most, half, all_of = (int(n) for n in last[1:])
        expect(last[0] == "0x20" and missed >= turns // 10 and turns >= 30, str(last))
        expect(least <= average <= most and half <= all_of and all_of >= 3000, str(last))
        expect("never whole" not in system.text(), "a record was not whole")


def case_trace_of_saved_memory():
    with Booted("live") as system:
        time.sleep(0.5)
        qmp = Qmp(system.folder)
        qmp.do("stop")
        raw, core = f"{OUT}/memory.raw", f"{OUT}/memory.core"
        qmp.do("pmemsave", val=RAM, size=SAVED, filename=raw)
        qmp.do("dump-guest-memory", paging=False, protocol=f"file:{core}", begin=RAM, length=SAVED)
        qmp.close()
        live = tool("trace", system.folder, "-o", "-")
        expect(live.returncode == 0, live.stderr)
        for file in (raw, core):
            saved = tool("trace", system.folder, "-o", "-", "--memory", file)
            expect(saved.returncode == 0 and saved.stdout == live.stdout, f"{file} says something else: {saved.stderr}")
    folder = system.folder
    refuses(f"cannot read {OUT}/nothing: No such file or directory; .*", "trace", folder, "--memory", f"{OUT}/nothing")
    with open(f"{OUT}/short", "wb") as f:
        f.write(open(raw, "rb").read(0x1000))
    refuses(rf"{OUT}/short does not have the memory at 0x[0-9a-f]+, where the trace is; .*", "trace", folder, "--memory", f"{OUT}/short")
    with open(f"{OUT}/zeros", "wb") as f:
        f.truncate(SAVED)
    refuses(rf"there is no trace in the memory of {OUT}/zeros; expected a system that has booted; .*", "trace", folder,
            "--memory", f"{OUT}/zeros")
    refuses("\"--memory\" does not say of which system it is; .*", "trace", "--memory", raw)
    mutations(folder, bytearray(open(raw, "rb").read()), core)


def mutations(folder, memory, core):
    """Records that make no sense are left out and counted, whatever they are."""
    ring = next(int(m.group(1), 16) for m in re.finditer(r"^ *([0-9a-f]+).*trace rings", open(f"{folder}/report.txt").read(), re.M)) - RAM
    generator = random.Random(5)
    for number in range(30):
        bad = bytearray(memory)
        for _ in range(generator.choice((1, 20, 400))):
            at = ring + generator.randrange(0x10000 if number % 3 else 32)
            bad[at] = generator.randrange(256)
        with open(f"{OUT}/bad", "wb") as f:
            f.write(bad)
        p = tool("trace", folder, "-o", f"{OUT}/bad.json", "--memory", f"{OUT}/bad")
        if p.returncode == 0:
            events = events_of(open(f"{OUT}/bad.json").read())
            check_slices(events)
            check_pairs(events)
    head = bytearray(open(core, "rb").read(0x1000))
    for _ in range(30):
        bad = bytearray(head)
        bad[4:] = bytes(b if generator.random() < 0.9 else generator.randrange(256) for b in bad[4:])
        with open(f"{OUT}/bad", "wb") as f:
            f.write(bad)
        tool("trace", folder, "-o", f"{OUT}/bad.json", "--memory", f"{OUT}/bad")
    for name in ("memory.raw", "memory.core", "bad", "zeros"):
        os.unlink(f"{OUT}/{name}")


def case_garbage_for_a_system():
    with Booted("live") as system:
        pass
    folder = f"{OUT}/garbage"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    refuses(rf"cannot read {OUT}/none/system.elf: No such file or directory; expected the output folder of .*", "trace", f"{OUT}/none")
    refuses(rf"cannot read {OUT}/none/system.elf: .*", "top", f"{OUT}/none")
    elf = open(f"{system.folder}/system.elf", "rb").read()
    generator = random.Random(9)

    def write(data):
        with open(f"{folder}/system.elf", "wb") as f:
            f.write(data)

    for data in (b"", b"\x7fELF", b"this is a text\n" * 100, elf[:0x1000], elf[:-1], open(f"{system.folder}/spin.elf", "rb").read()):
        write(data)
        for command in (["trace"], ["top", "--once"]):
            refuses(rf"{folder}/system.elf is not a system of this version of the tool; .*", *command, folder)
    table = elf.index((0x5453564d).to_bytes(4, "little") + (4).to_bytes(4, "little"))
    bad = bytearray(elf)
    bad[table + 200] ^= 1
    write(bad)
    refuses(rf"{folder}/system.elf has a table that does not hold together; .*", "trace", folder)
    for _ in range(60):
        bad = bytearray(elf)
        tail = len(bad) - 0x300
        for _ in range(generator.randrange(1, 8)):
            bad[tail + generator.randrange(0x300)] = generator.randrange(256)
        for _ in range(generator.randrange(2)):
            bad[generator.randrange(64)] ^= 1 << generator.randrange(8)
        write(bad)
        p = tool("trace", folder, "--memory", f"{folder}/system.elf", "-o", "-")
        expect(p.returncode == 1, "garbage was read")


def load_of(table, name):
    m = re.search(rf"^{re.escape(name)} +(\d) +([\d.]+)% +(.*)$", table, re.M)
    expect(m, f"{name} is not in:\n{table}")
    return int(m.group(1)), float(m.group(2)), [int(n) for n in m.group(3).split()]


def case_top_once():
    with Booted("live") as system:
        p = tool("top", system.folder, "--once")
        expect(p.returncode == 0, p.stderr)
        expect("\033" not in p.stdout and len(p.stdout.splitlines()) == 3 + 7, p.stdout)
        expect(re.match(rf"{re.escape(system.folder)}: \d+\.\d+ s\ncore 0 +[\d.]+% busy,  core 1 +[\d.]+% busy\nvCPU ", p.stdout), p.stdout)
        # It never makes a call, nor is there anybody else in its window: it is charged when that ends.
        core, load, counts = load_of(p.stdout, "spin")
        expect(core == 1 and 10 < load < 90, p.stdout)
        core, load, counts = load_of(p.stdout, "greedy")
        expect(core == 0 and load < 40 and counts[4] > 0, p.stdout)
        core, load, counts = load_of(p.stdout, "beat")
        expect(core == 0 and counts[0] > 10 and counts[2] > 10 and counts[3] > 20, p.stdout)
        loads = [float(n) for n in re.findall(r"^\S+ +\d +([\d.]+)%", p.stdout.split("faults")[1], re.M)]
        expect(loads == sorted(loads, reverse=True), p.stdout)


def case_top_of_a_cell_that_is_never_switched():
    with Booted("alone", ["TEST_ALONE"]) as system:
        p = tool("top", system.folder, "--once")
        core, load, _ = load_of(p.stdout, "spin")
        expect(core == 1 and load > 90, p.stdout)


def case_top_until_the_end():
    with Booted("live") as system:
        top = subprocess.Popen([TOOL, "top", system.folder], env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(3.5)
        expect(top.poll() is None, "it has ended")
        p = tool("trace", system.folder, "-o", "-")      # both can look
        expect(p.returncode == 0, p.stderr)
        system.process.stdin.write(b"\x01x")
        system.process.stdin.flush()
        system.process.wait(10)
        out, err = top.communicate(timeout=20)
        expect(top.returncode == 0 and err == "" and out.endswith(f"{system.folder}: the system has ended\n"), (out + err)[-300:])
        expect(out.count("% busy") >= 4, out)
        gone(system.folder)
    with Booted("live") as system:
        top = subprocess.Popen([TOOL, "top", system.folder], env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        top.send_signal(signal.SIGINT)
        expect(top.wait(10) == 128 + signal.SIGINT, "Ctrl-C does not end it")
        top.communicate()


def case_socket_comes_and_goes():
    deep = f"{OUT}/" + "/".join(["a-folder-with-a-long-name"] * 6)
    for folder in ("live", deep):
        with Booted(folder) as system:
            expect(tool("top", system.folder, "--once").returncode == 0, "top does not work there")
            expect(tool("trace", system.folder).returncode == 0, "trace does not work there")
            there = os.path.realpath(f"{system.folder}/qmp")
        gone(system.folder)                              # it was killed
        expect(not os.path.exists(there), f"{there} is still there")
        refuses(rf"the system of {system.folder} does not run; expected one started by \"mullion run\" that still runs; start it",
                "trace", system.folder)
        refuses(rf"the system of {system.folder} does not run; .*", "top", system.folder)
        refuses(rf"the system of {system.folder} does not run; .*", "top", "--once", system.folder)
    # What a killed one has left does not keep the next one from running.
    left = socket.socket(socket.AF_UNIX)
    left.bind(f"{OUT}/live/qmp")
    left.close()
    refuses(r"the system of .* does not run; .*", "trace", f"{OUT}/live")
    with Booted("live") as system:
        expect(tool("trace", system.folder).returncode == 0, "trace does not work there")
        with Booted("live", more=["--cores", "2"]) as second:
            expect("mullion: warning: another system runs from" in second.text(), second.text()[:300])
        expect(tool("trace", system.folder).returncode == 0, "the first one's socket is gone")
    gone(system.folder)


def case_someone_else_asks():
    with Booted("live") as system:
        qmp = Qmp(system.folder)
        refuses(rf"the system of {system.folder} does not answer; is another program connected to it\?; .*", "trace", system.folder)
        qmp.close()
        expect(tool("trace", system.folder).returncode == 0, "it does not answer later, either")


def case_which_folder_is_meant():
    place = f"{OUT}/place"
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(f"{place}/build")
    none = "no system runs from a folder below build/; expected one started by \"mullion run\"; start it, or name its folder"
    for command in (["trace"], ["top"], ["top", "--once"]):
        refuses(none, *command, cwd=place)
    with Booted(f"{place}/build/one"):
        expect(tool("trace", cwd=place).stdout.startswith("build/one/trace.json: "), "the one that runs is not found")
        expect(tool("top", "--once", cwd=place).stdout.startswith("build/one: "), "the one that runs is not found")
        with Booted(f"{place}/build/two"):
            refuses("both build/(one and build/two|two and build/one) run; expected one; name its folder", "trace", cwd=place)
    refuses(none, "trace", cwd=place)
    refuses("option \"--once=1\" has a value; expected none; leave it out", "top", "--once=1")
    refuses("unknown option \"--once\"; expected one of \"mullion trace\"; see \"mullion help trace\"", "trace", "--once")
    refuses("\"b\" is one word too many; expected mullion top .*; remove it", "top", "a", "b")


def case_trace_that_is_off():
    with Booted("classes", ["TEST_NO_CLASSES"]) as system:
        refuses("nothing has been recorded; expected a class of events that is recorded; add trace-classes to the description, or let "
                "a cell with \"trace-control\" choose them", "trace", system.folder)
    with Booted("off", ["TEST_NO_TRACE", "TEST_NO_CLASSES"]) as system:
        refuses("the system of .* has no memory for a trace; expected \"trace-size\" in its node \"mullion\"; add trace-size = <0x10000> "
                "and trace-classes, and build it again", "trace", system.folder)
        expect(tool("top", "--once", system.folder).returncode == 0, "top needs no trace")
    with Booted("marks", ["TEST_MARKS"]) as system:
        p = tool("trace", system.folder)
        expect(p.returncode == 0 and "no switches are among them" in p.stdout, p.stdout)
        expect({e["name"] for e in events_of(open(f"{system.folder}/trace.json").read()) if e["ph"] == "i"} <=
               {"deadline missed", "releases passed"}, "something else than marks")


def main():
    os.makedirs(OUT, exist_ok=True)
    passed = failed = 0
    for name, function in [(n[5:].replace("_", " "), f) for n, f in globals().items() if n.startswith("case_")]:
        if sys.argv[1:] and not any(w in name for w in sys.argv[1:]):
            continue
        try:
            function()
            passed += 1
            print(f"ok   observe {name}")
        except (Wrong, OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"FAIL observe {name}\n     {type(error).__name__}: {str(error)[:1500]}")
        sys.stdout.flush()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
