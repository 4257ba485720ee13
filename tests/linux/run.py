#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots Debian Linux in virtual machines, as runs.txt says, and looks whether it
finds there what it needs.

    run.py [-j JOBS] [-v] [--limit SECONDS] [WORD...]

WORD chooses the runs whose line contains it; all words must be there. -v shows
what the consoles print. It is kept in build/tests/linux/log.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = "build/tests/linux"
TOOL = "build/tools/mullion"
GUESTS = "build/guests"
SLICE_US = 5000                # how long a turn of the other machine may be
TEXT_LINES = 32                # of selfcheck's check_console()
# What a system that is booting, or a guest, says when something is broken.
BROKEN = r"PANIC|Kernel panic|Oops|BUG:|soft lockup|rcu:.*stall|Internal error|Unable to handle"

sys.path.insert(0, f"{TOP}/systems")
from terminal import Missing, Terminal

Machine = collections.namedtuple("Machine", "name kernel cores virtio rng memory owns")
Run = collections.namedtuple("Run", "name board cpu cores what machines line")


def read_machine(word, place):
    match = re.fullmatch(r"([a-z]+)=(cloud|full|rt):([0-9,]+)((?::[a-z0-9=]+)*)", word)
    if not match:
        sys.exit(f"{place}: {word} is no machine")
    words = match.group(4).split(":")[1:]
    memory = next((int(w[4:]) for w in words if w.startswith("mem=")), 192)
    return Machine(match.group(1), match.group(2), match.group(3).split(","), "virtio" in words,
                   "norng" not in words, memory, "owns" in words)


def read_runs(name):
    runs = []
    for number, line in enumerate(open(name), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) < 6:
            sys.exit(f"{name}:{number}: {len(words)} words, expected 6 or more")
        runs.append(Run(words[0], words[1], words[2], int(words[3]), words[4].split(","),
                        [read_machine(w, f"{name}:{number}") for w in words[5:]], " ".join(words)))
    return runs


# ---- building --------------------------------------------------------------

def description(run):
    cells = []
    for m in run.machines:
        arguments = f"console={'hvc0' if m.virtio else 'ttyAMA0'} hostname={m.name}"
        if "quiet" in run.what:
            arguments += " quiet"
        if "check" in run.what:
            arguments += f" mv.check=1 mv.cpus={len(m.cores)} mv.memory={m.memory} mv.rng={int(m.rng)}"
        if "exact" in run.what:
            arguments += f" mv.exact={SLICE_US + 500}"
        cells.append(f"""
        {m.name}: {m.name} {{
            kernel = "{m.kernel}/Image";
            initrd = "{m.kernel}/initrd";
            bootargs = "{arguments}";
            memory = <{m.memory << 20:#x}>;
            vcpus = <{" ".join(m.cores)}>;
            console = <&console>;{'''
            console-device = "virtio";''' if m.virtio else ""}{'''
            rng = <0>;''' if not m.rng else ""}{'''
            devices = <&rtc &gpio>;''' if m.owns else ""}
            priority = <50>;
        }};
""")
    return f"""/dts-v1/;
/include/ "board.dts"

/ {{
    mullion {{
        compatible = "mullion,system";
        cores = <{run.cores}>;
        fault-handler = <&faults>;

        cells {{
            console: console {{
                program = "console";
                devices = <&uart0>;
                priority = <200>;
                portals {{ faults: faults {{ }}; }};
            }};
{"".join(cells)}        }};
    }};
}};
"""


def build(run):
    folder = f"{OUT}/{run.name}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/system.dts", "w") as f:
        f.write(description(run))
    p = subprocess.run([TOOL, "build", f"{folder}/system.dts", "-o", f"{folder}/out", "--board", run.board],
                       env=dict(os.environ, MULLION_GUESTS=GUESTS), stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, errors="replace")
    if p.returncode != 0:
        raise Missing("the system does not build:\n" + p.stdout.strip())
    return f"{folder}/out/system.elf"


def qemu_command(run, image):
    tree = open(f"build/kit/boards/{run.board}/board.dts").read()
    node = re.search(r"mullion,qemu\s*{(.*?)}", tree, re.S).group(1)
    setting = lambda name: re.search(rf'\b{name} = [<"]([^">]*)[>"]', node)
    command = ["qemu-system-aarch64", "-M", setting("machine").group(1)]
    if run.cpu != "-":
        command += ["-cpu", "max,pauth-impdef=on" if run.cpu == "max" else run.cpu]
    cores = setting("cores").group(1) if setting("cores") else str(run.cores)
    if "exact" in run.what:
        command += ["-icount", "shift=0,sleep=off"]
    return command + ["-smp", cores, "-m", setting("memory").group(1), "-display", "none", "-serial", "mon:stdio",
                      "-nic", "none", "-no-reboot", "-kernel", image]


# ---- what is done -----------------------------------------------------------

class Session:
    """A booted system, and the shells of its machines."""

    def __init__(self, run, terminal, limit):
        self.run, self.terminal = run, terminal
        self.end = time.monotonic() + limit
        self.readers = {m.name: terminal.reader(m.name) for m in run.machines}
        self.keyboard = run.machines[0].name
        self.passed = 0

    def left(self):
        return max(self.end - time.monotonic(), 0.1)

    def expect(self, name, pattern, never=BROKEN):
        return self.readers[name].expect(pattern, self.left(), never)

    def focus(self, name):
        """Give a machine the keyboard."""
        if self.keyboard == name:
            return
        number = [m.name for m in self.run.machines].index(name) + 1
        console = self.terminal.reader("console")
        console.forget()
        self.terminal.send(b"\x1d" + str(number).encode())
        console.expect(f"keyboard: {name}$", self.left())
        self.keyboard = name

    def type(self, name, line):
        self.focus(name)
        if self.terminal.partial == "":         # its prompt was shown as a line while another had the keyboard
            self.terminal.send(b"\r")
        self.readers[name].type(f"{name} # ", line, self.left())

    def uptime(self, name):
        self.type(name, "cat /proc/uptime")
        return float(self.expect(name, r"^([0-9.]+) [0-9.]+$").group(1))


def wait_for_check(session, machine):
    for _ in range(100):
        match = session.expect(machine.name, r"^check: (?:(\S+) (ok|FAIL|none)|done \d+ ok, (\d+) failed)|"
                                             r"^check: (?:dmesg says) (.*)")
        if match.group(4):
            raise Missing(f"[{machine.name}] warns: {match.group(4)}")
        if match.group(2) == "FAIL":
            raise Missing(f"[{machine.name}] {match.string}")
        if match.group(3) is not None:
            break
        session.passed += match.group(2) == "ok"
    text = session.readers[machine.name].text()
    for i in range(TEXT_LINES):
        if not any(line == f"check-text {i:02} the quick brown fox jumps over the lazy dog, and goes on"
                   for line in text):
            raise Missing(f"[{machine.name}] line {i} of the console's text is not whole")
    session.passed += 1


def do_check(session):
    for machine in session.run.machines:
        wait_for_check(session, machine)


def do_prompt(session):
    for machine in session.run.machines:
        name = machine.name
        session.expect(name, rf"^{name}: Linux [0-9]+\..*, {len(machine.cores)} CPU")
    for machine in session.run.machines:
        session.type(machine.name, "echo $((6 * 7)) $(cat /sys/devices/system/cpu/online) $(hostname)")
        online = "0" if len(machine.cores) == 1 else f"0-{len(machine.cores) - 1}"
        session.expect(machine.name, rf"^42 {online} {machine.name}$")
        session.passed += 1


def others_go_on(session, before):
    """Their clocks have gone on since `before`, from which no restart has brought them back."""
    for machine in session.run.machines[1:]:
        if session.uptime(machine.name) <= before[machine.name]:
            raise Missing(f"[{machine.name}] did not go on")
        session.passed += 1


def do_alarm(session):
    """The board's clock, which the first machine owns, interrupts it, again and again."""
    name = session.run.machines[0].name
    session.type(name, "r=$(ls -d /sys/bus/amba/devices/b0*/rtc/*)")
    for count in 1, 2:
        session.type(name, "echo +1 >$r/wakealarm; sleep 3; grep ' 64 Level' /proc/interrupts")
        got = session.expect(name, r"^ *[0-9]+: +([0-9]+) .* 64 Level +rtc-pl031").group(1)
        if int(got) != count:
            raise Missing(f"[{name}] {got} alarms of the board's clock, expected {count}")
        session.passed += 1
    session.type(name, "dmesg | grep -c 'PL061 GPIO chip'")
    session.expect(name, "^1$")
    session.passed += 1
    # One more, for whatever comes next to meet it.
    session.type(name, "echo +1 >$r/wakealarm; echo set")
    session.expect(name, "^set$")


def do_reboot(session):
    first = session.run.machines[0]
    before = {m.name: session.uptime(m.name) for m in session.run.machines}
    session.type(first.name, "reboot")
    session.expect(first.name, r"Booting Linux on physical CPU")
    if "check" in session.run.what:
        wait_for_check(session, first)
    session.expect(first.name, rf"^{first.name}: Linux [0-9]+\..*, {len(first.cores)} CPU")
    session.type(first.name, "echo again $((7 * 7))")
    session.expect(first.name, r"^again 49$")
    session.passed += 1
    if "alarm" in session.run.what:
        do_alarm(session)
    others_go_on(session, before)


def do_off(session):
    first = session.run.machines[0]
    before = {m.name: session.uptime(m.name) for m in session.run.machines}
    session.type(first.name, "poweroff")
    session.expect(first.name, r"reboot: Power down")
    if session.run.machines[1:]:
        session.focus(session.run.machines[1].name)
    others_go_on(session, before)


STEPS = [("check", do_check), ("prompt", do_prompt), ("alarm", do_alarm), ("reboot", do_reboot), ("off", do_off)]


def run_one(run, options):
    """(what is wrong, checks that passed, seconds)"""
    terminal = session = None
    start = time.monotonic()
    show = (lambda line: print(f"    {run.name}: {line}", flush=True)) if options.v else None
    os.makedirs(f"{OUT}/log", exist_ok=True)
    with open(f"{OUT}/log/{run.name}.txt", "wb") as log:
        try:
            image = build(run)
            start = time.monotonic()
            terminal = Terminal(qemu_command(run, image), options.limit, show, log=log)
            session = Session(run, terminal, options.limit)
            for word, step in STEPS:
                if word in run.what:
                    step(session)
            wrong = None
        except (Missing, OSError) as error:
            wrong = str(error)
            if terminal:
                wrong += "".join(f"\n| {line}" for line in (terminal.lines + [terminal.partial])[-6:])
        finally:
            if terminal:
                terminal.close()
    return wrong, session.passed if session else 0, time.monotonic() - start


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("-j", type=int, default=int(os.environ.get("TEST_JOBS", "2")))
    a.add_argument("-v", action="store_true")
    a.add_argument("--limit", type=int, default=180, metavar="SECONDS", help="how long a run may take")
    a.add_argument("words", nargs="*")
    o = a.parse_args()
    os.chdir(TOP)
    runs = [r for r in read_runs(f"{HERE}/runs.txt") if all(w in r.line for w in o.words)]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(o.j) as pool:
        futures = {pool.submit(run_one, r, o): r for r in runs}
        for f in concurrent.futures.as_completed(futures):
            run = futures[f]
            wrong, count, seconds = f.result()
            print(f"{'FAIL' if wrong else 'ok  '} linux {run.name:8} {run.board:10} {run.cpu:10} "
                  f"{count:3} checks {seconds:5.1f} s", flush=True)
            for line in (wrong or "").splitlines()[:16]:
                print("     " + line, flush=True)
            passed += not wrong
            failed += bool(wrong)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
