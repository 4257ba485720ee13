#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two Linux machines and a native cell share a disk and a network card: whether
each gets its own, under load, and whether only what depends on a cell notices
when that is stopped.

    run.py [-v] [--seconds S] [WORD...]

WORD chooses the runs with this name; -v shows what the cells print, which is kept in
build/tests/sharing. --seconds: how long the network is kept under load.
"""
import argparse
import concurrent.futures
import os
import re
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = "build/tests/sharing"
TOOL = "build/tools/mullion"
CLIENTS = ["left", "right", "control", "pci", "block", "net", "switch", "echo", "left-io", "right-io"]
LEFT, RIGHT, ECHO, HOST = "10.0.2.21", "10.0.2.22", "10.0.2.23", "10.0.2.2"
BROKEN = r"PANIC|Kernel panic|Oops|BUG:|soft lockup|rcu:.*stall|Internal error|Unable to handle"
DISK_SECTORS = 32768           # as system.dts has it
LEFT_SECTORS = 16384
RIGHT_SECTORS = 12288
SECTOR = 512

sys.path.insert(0, os.path.join(TOP, "systems"))
from terminal import Missing, Terminal
from tours import System


def patience(seconds):
    """Limits are for a computer that is otherwise idle."""
    return seconds * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


class Run:
    """A booted system. check() counts what was seen."""

    def __init__(self, name, options):
        self.name, self.options, self.passed = name, options, 0
        self.folder = f"{OUT}/{name}"
        os.makedirs(self.folder, exist_ok=True)
        self.disk, self.monitor = f"{self.folder}/disk.img", f"{self.folder}/monitor"
        self.terminal = self.system = None

    def boot(self, keep_disk=False):
        if not keep_disk:
            with open(self.disk, "wb") as f:
                f.truncate(DISK_SECTORS * SECTOR)
        if os.path.exists(self.monitor):
            os.remove(self.monitor)
        command = [TOOL, "run", f"{HERE}/system.dts", "-o", f"{self.folder}/out", "--",
                   "-drive", f"if=none,id=disk,format=raw,file={self.disk}", "-netdev", "user,id=net",
                   "-serial", "stdio", "-monitor", f"unix:{self.monitor},server,nowait"]
        env = dict(os.environ, MULLION_GUESTS=os.path.abspath("build/guests"))
        show = (lambda line: print(f"    {self.name}: {line}", flush=True)) if self.options.v else None
        self.log = open(f"{self.folder}/log.txt", "ab" if keep_disk else "wb")
        self.terminal = Terminal(command, patience(60), show, env=env, log=self.log)
        self.system = System(self.terminal, CLIENTS)
        for name in ("left", "right"):
            self.system.cells[name].expect(rf"^{name}: Linux [0-9]", patience(120), BROKEN)
        for name in ("left", "right"):
            self.system.type(name, "stty cols 300")     # the shell does not break lines
        return self.system

    def close(self):
        if self.terminal:
            self.terminal.close()
            self.log.close()
            self.terminal = None

    def kill(self):
        """The power is cut."""
        os.killpg(self.terminal.process.pid, signal.SIGKILL)
        self.close()

    def command(self, line):
        """To QEMU's monitor."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.monitor)
            s.settimeout(20)
            said = b""
            while not said.endswith(b"(qemu) "):
                said += s.recv(4096)
            s.sendall(line.encode() + b"\n")
            said = b""
            while not said.endswith(b"(qemu) "):
                said += s.recv(4096)

    # ---- what is checked

    def check(self, machine, line, pattern, timeout=60):
        """Type a command, and look for what it prints."""
        self.system.type(machine, line)
        match = self.system.cells[machine].expect(pattern, patience(timeout), BROKEN)
        self.passed += 1
        return match

    def tool(self, machine, line, timeout=90):
        """One of the checking programs: its result line."""
        program = line.split()[0]
        what = line.split()[1]
        self.system.type(machine, line)
        match = self.system.cells[machine].expect(rf"^{program}: {what} (ok|FAIL) ?(.*)", patience(timeout), BROKEN)
        if match[1] != "ok":
            raise Missing(f"[{machine}] {line}: {match.group()}")
        self.passed += 1
        return match[2]

    def start(self, machine, line):
        """In the background; its result goes to a file."""
        self.system.type(machine, f"({line}) >/tmp/out 2>&1 & job=$!")

    def result(self, machine, line, timeout=90):
        """The result of what start() has started."""
        program, what = line.split()[:2]
        self.system.type(machine, "wait $job; tail -n 1 /tmp/out")
        match = self.system.cells[machine].expect(rf"^{program}: {what} (ok|FAIL) ?(.*)", patience(timeout), BROKEN)
        if match[1] != "ok":
            raise Missing(f"[{machine}] {line}: {match.group()}")
        self.passed += 1
        return match[2]

    def ping(self, machine, address, count=3):
        self.check(machine, f"ping -c {count} -W 2 {address}",
                   rf"^{count} packets transmitted, {count} packets received")

    def no_ping(self, machine, address):
        self.check(machine, f"ping -c 2 -W 1 {address}", r"^2 packets transmitted, 0 packets received|unreachable")

    def control(self, command):
        self.system.enter("control", command, rf"^(?:> )?{command}: done")


# ---- the runs -----------------------------------------------------------------

def disk(run):
    """Both machines fill, verify and change their own partition at once; nobody writes the third; the disk shrinks."""
    run.boot()
    run.check("left", "cat /sys/block/vda/size", rf"^{LEFT_SECTORS}$")
    run.check("right", "cat /sys/block/vda/size", rf"^{RIGHT_SECTORS}$")
    run.start("right", "diskcheck fill /dev/vda seed=2 direct && diskcheck random /dev/vda seed=2 direct count=500 threads=4 && "
                       "diskcheck verify /dev/vda seed=2 direct")
    run.tool("left", "diskcheck fill /dev/vda seed=1")
    run.tool("left", "diskcheck random /dev/vda seed=1 direct count=500 threads=4")
    run.tool("left", "diskcheck verify /dev/vda seed=1")
    run.result("right", "diskcheck verify", 180)
    run.tool("left", "diskcheck verify /dev/vda seed=1 direct")
    for name in ("left", "right"):
        run.tool(name, "diskcheck ro /dev/vdb")
    with open(run.disk, "rb") as f:
        f.seek((LEFT_SECTORS + RIGHT_SECTORS) * SECTOR)
        if any(f.read()):
            raise Missing("the partition that is read-only has been written")
    run.passed += 1

    # Smaller under the machines: errors from there on, and nothing hangs.
    run.command(f"block_resize disk {(LEFT_SECTORS + RIGHT_SECTORS // 2) * SECTOR}B")
    run.tool("right", f"diskcheck errors /dev/vda bad={RIGHT_SECTORS // 2} direct", 120)
    run.tool("left", "diskcheck verify /dev/vda seed=1 direct")
    run.ping("left", RIGHT)


def sync(run):
    """What was synced is there after the power was cut, and after a machine's reset."""
    run.boot()
    run.tool("left", "diskcheck fill /dev/vda seed=7")
    run.check("right", "mke2fs -q /dev/vda && mount /dev/vda /mnt && echo kept >/mnt/note && sync && echo synced", r"^synced$")
    run.kill()
    run.boot(keep_disk=True)
    run.tool("left", "diskcheck verify /dev/vda seed=7 direct")
    run.check("right", "mount /dev/vda /mnt && cat /mnt/note", r"^kept$")
    run.check("right", "echo more >/mnt/note; sync; reboot -f", r"reboot: Restarting system|VMM: the machine starts again")
    run.system.expect("right", r"^right: Linux", patience(60))
    run.check("right", "mount /dev/vda /mnt && cat /mnt/note", r"^more$")


class HostServer:
    """tests/net/host.py, which speaks netcheck's protocol on this computer."""

    def __enter__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen([sys.executable, "tests/net/host.py", "server", f"port={self.port}"],
                                        stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def lost_frames(run):
    """What switch, card and io cells have said that they lost."""
    with run.terminal.changed:
        lines = list(run.terminal.lines)
    return sum(int(m[1]) for line in lines for m in [re.search(r"(\d+) frames? .*lost", line)] if m)


def under_load(run, host):
    """Everyone speaks to everyone at once. What is lost has been declared."""
    seconds = run.options.seconds
    right = f"netcheck tcp-echo {ECHO} port=7 seconds={seconds}"
    run.system.type("left", f"(netcheck tcp-echo {RIGHT} seconds={seconds}) >/tmp/out2 2>&1 & "
                            f"(netcheck udp-echo {ECHO} port=7 window=8 seconds={seconds} lost=1000000) >/tmp/out3 2>&1 & true")
    run.start("right", right)
    run.tool("left", f"netcheck tcp-receive {HOST} port={host.port} seconds={seconds}", seconds + 60)
    run.result("right", right, seconds + 60)
    run.system.type("left", "sleep 2; tail -n 1 /tmp/out2 /tmp/out3")
    left = run.system.cells["left"]
    left.expect(r"^netcheck: tcp-echo ok", patience(60), r"^netcheck: \S+ FAIL")
    match = left.expect(r"^netcheck: udp-echo ok.*", patience(60), r"^netcheck: \S+ FAIL")
    lost = int(re.search(r"lost=(\d+)", match.group())[1])
    if lost > 0:
        time.sleep(11)                          # cells say at most each 10 s what was lost
        if lost_frames(run) < lost:
            raise Missing(f"{lost} datagrams were lost, and only {lost_frames(run)} frames have been declared")
    run.passed += 2


def flood(run):
    """A machine floods the other one: that one still speaks with others, and to its disk."""
    run.start("left", f"netcheck flood {RIGHT} port=9 seconds=15")
    run.ping("right", ECHO)
    run.ping("right", HOST)
    run.tool("right", f"netcheck latency {ECHO} port=7 seconds=3 lost=1000")
    run.tool("right", f"netcheck tcp-echo {ECHO} port=7 seconds=5")
    run.tool("right", "diskcheck fill /dev/vda seed=5")
    run.result("left", "netcheck flood")
    run.ping("left", RIGHT)


def network(run):
    """Everyone speaks to everyone; under load, where what is lost is declared; while one floods; over a port."""
    run.boot()
    for name in ("left", "right"):
        run.system.type(name, "netcheck server >/dev/null & true")
    for machine, others in (("left", (RIGHT, ECHO, HOST)), ("right", (LEFT, ECHO, HOST))):
        for other in others:
            run.ping(machine, other)
    with HostServer() as host:
        run.tool("right", f"netcheck latency {LEFT} seconds=1")
        run.tool("left", f"netcheck latency {ECHO} port=7 seconds=1")
        for what in ("udp-echo", "tcp-echo", "tcp-send", "tcp-receive"):
            run.tool("right", f"netcheck {what} {LEFT} seconds=1")
        for what in ("udp-echo", "tcp-echo"):
            run.tool("left", f"netcheck {what} {ECHO} port=7 seconds=1")
        for what in ("udp-echo", "tcp-echo", "tcp-send", "tcp-receive"):
            run.tool("left", f"netcheck {what} {HOST} port={host.port} seconds=1")
        under_load(run, host)
    flood(run)
    run.tool("left", "portcheck echo echo-port count=300")
    run.tool("left", "portcheck stream echo-port bytes=512k")
    run.control("stop echo")
    run.control("start echo")
    run.system.expect("echo", r"echo: ready")
    run.check("left", "portcheck echo echo-port count=1 timeout=2; portcheck echo echo-port count=50", r"^portcheck: echo ok")


def stops(run):
    """Drivers and the switch stop and start again: who does not depend on them does not notice."""
    run.boot()
    run.tool("left", "diskcheck fill /dev/vda seed=1")
    run.ping("left", HOST)

    run.control("stop net")
    run.no_ping("left", HOST)
    run.ping("left", RIGHT)
    run.ping("right", ECHO)
    run.control("start net")
    time.sleep(2)
    run.ping("left", HOST)
    run.ping("right", HOST)

    run.control("stop switch")
    run.no_ping("left", RIGHT)
    run.no_ping("right", HOST)
    run.tool("left", "diskcheck verify /dev/vda seed=1 direct")
    run.control("start switch")
    time.sleep(3)
    for address in (RIGHT, ECHO, HOST):
        run.ping("left", address)

    # Without the disk: errors instead of waiting.
    run.control("stop block")
    run.ping("left", RIGHT)
    run.check("left", "dd if=/dev/vda of=/dev/null bs=4k count=1 iflag=direct; echo status $?", r"^status 1$", 40)
    run.control("start block")
    time.sleep(2)
    run.tool("right", "diskcheck fill /dev/vda seed=2 direct")
    run.tool("left", "diskcheck verify /dev/vda seed=1 direct")

    # Under load: what was under way is done again.
    run.start("left", "diskcheck random /dev/vda seed=1 direct seconds=10 threads=4")
    time.sleep(2)
    for _ in range(3):
        run.control("stop block")
        run.control("start block")
        time.sleep(1)
    run.result("left", "diskcheck random")
    run.tool("left", "diskcheck verify /dev/vda seed=1 direct")


def machines(run):
    """A machine resets, is switched off, loses its io cell and its VMM, starts again: the other one works on."""
    run.boot()
    run.start("right", "diskcheck fill /dev/vda seed=2 direct && diskcheck random /dev/vda seed=2 direct seconds=10 threads=2")
    run.check("left", "reboot -f", r"reboot: Restarting system|VMM: the machine starts again")
    run.system.expect("left", r"^left: Linux", patience(60))
    run.ping("left", RIGHT)
    run.tool("left", "diskcheck fill /dev/vda seed=3")
    run.result("right", "diskcheck random")

    run.control("stop left-io")
    run.no_ping("right", LEFT)
    run.ping("right", ECHO)
    run.tool("right", "diskcheck verify /dev/vda seed=2 direct")
    run.control("stop left-vmm")
    run.ping("right", HOST)
    for name in ("left", "left-vmm", "left-io"):
        run.system.enter("control", f"stop {name}", rf"stop {name}: ")
    for name in ("left-io", "left-vmm", "left"):
        run.control(f"start {name}")
    run.system.expect("left", r"^left: Linux", patience(60))
    run.ping("left", RIGHT)
    run.tool("left", "diskcheck verify /dev/vda seed=3 direct")
    run.check("left", "poweroff -f", r"reboot: Power down|VMM: the machine is off")
    run.ping("right", ECHO)
    run.tool("right", "diskcheck verify /dev/vda seed=2 direct")


RUNS = [disk, sync, network, stops, machines]


def run_one(function, options):
    """(what is wrong, checks that passed, seconds)"""
    run = Run(function.__name__, options)
    start = time.monotonic()
    wrong = None
    try:
        function(run)
    except (Missing, OSError, subprocess.SubprocessError) as error:
        wrong = str(error)
        if run.terminal:
            wrong += "".join(f"\n| {line}" for line in (run.terminal.lines + [run.terminal.partial])[-8:])
    finally:
        run.close()
    return wrong, run.passed, time.monotonic() - start


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-v", action="store_true")
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("words", nargs="*")
    options = p.parse_args()
    os.chdir(TOP)
    passed = 0
    chosen = [f for f in RUNS if not options.words or f.__name__ in options.words]

    def report(f, result):
        wrong, count, seconds = result
        print(f"{'FAIL' if wrong else 'ok  '} sharing {f.__name__:14} {count:3} checks {seconds:6.1f} s  {f.__doc__}",
              flush=True)
        for line in (wrong or "").splitlines()[:14]:
            print("     " + line, flush=True)
        return not wrong

    # The network's load has the computer for itself; the others wait much.
    for f in [f for f in chosen if f is network]:
        passed += report(f, run_one(f, options))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = {pool.submit(run_one, f, options): f for f in chosen if f is not network}
        for done in concurrent.futures.as_completed(futures):
            passed += report(futures[done], done.result())
    failed = len(chosen) - passed
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
