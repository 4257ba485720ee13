#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Driver cells with QEMU's devices: disks that shrink, fail or are absent, drivers
that are killed while others depend on them, frames to and from outside.

    drivers.py [-j JOBS] [-v] [WORD...]

WORD chooses the runs whose line has it. What a run said is kept in
build/tests/drivers/log. Each run builds a system of tests/target, starts it, types
at its console and QEMU's, and reads.
"""
import argparse
import concurrent.futures
import json
import os
import queue
import random
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.relpath(__file__))
OUT = "build/tests/drivers"
TOOL = "build/tools/mullion"
COMPILER = "aarch64-linux-gnu-gcc"
MASK = (1 << 64) - 1


class Wrong(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Wrong(what)


# ---- a machine ---------------------------------------------------------------

BUILDING = threading.Lock()
BUILT = set()


def build(system, board, cores, smmu, defines=()):
    """The folder of a system, which is made once."""
    out = f"{OUT}/systems/" + "-".join([system, board, str(cores), "smmu" if smmu else "plain", *defines])
    words = [f"-DTEST_CORES={cores}", *([] if smmu else ["-DTEST_NO_SMMU"]), *(f"-D{d}" for d in defines)]
    env = dict(os.environ, MULLION_CC=shlex.join([COMPILER, *words]))
    with BUILDING:
        if out in BUILT:
            return out
        p = subprocess.run([TOOL, "build", f"{HERE}/{system}/system.dts", "-o", out, "--board", board],
                           env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if p.returncode != 0:
            raise Wrong("does not build:\n" + "\n".join(l for l in p.stdout.split("\n") if "error" in l)[:2000])
        BUILT.add(out)
    return out


class Machine:
    """QEMU, with its serial line as lines with the cell that said them."""

    def __init__(self, name, system, board="virt-gicv3", cores=1, smmu=True, defines=(), devices=()):
        folder = build(system, board, cores, smmu, defines)
        self.keys = None
        self.lines, self.all, self.pending = queue.Queue(), [], []
        os.makedirs(f"{OUT}/log", exist_ok=True)
        self.log = open(f"{OUT}/log/{name}.txt", "w")
        machine = f"virt,gic-version={board[-1]},virtualization=on" + (",iommu=smmuv3" if smmu else "")
        self.monitor_path = os.path.abspath(f"{OUT}/{name}.qmp")
        command = ["qemu-system-aarch64", "-M", machine, "-cpu", "cortex-a53", "-smp", str(cores), "-m", "1G",
                   "-display", "none", "-serial", "stdio", "-monitor", "none", "-nic", "none", "-no-reboot",
                   "-qmp", f"unix:{self.monitor_path},server=on,wait=off", "-kernel", f"{folder}/system.elf", *devices]
        self.qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for raw in self.qemu.stdout:
            line = raw.decode(errors="replace").replace("\x1b[K", "").replace("\0", "").strip("\r\n")
            line = line.split("\r")[-1]
            self.log.write(line + "\n")
            self.log.flush()
            self.all.append(line)
            self.lines.put(line)
        self.lines.put(None)

    def wait(self, *patterns, limit=60, keep=()):
        """Lines until each pattern was found once, in any order: the matches."""
        left, found, end = list(patterns), {}, time.monotonic() + limit
        while left:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise Wrong(f"{limit} s without {left[0]!r}; last: {self.all[-1:]}") from None
            expect(line is not None, f"QEMU has ended: {self.all[-3:]}")
            if not any(re.search(k, line) for k in keep):
                expect(not re.search(r"FAIL|panic|PANIC|fault|refused by the SMMU", line), line)
            for p in left:
                m = re.search(p, line)
                if m:
                    found[p] = m
                    left.remove(p)
                    break
        return [found[p] for p in patterns]

    def drain(self, seconds):
        """Whatever comes in this time."""
        end, got = time.monotonic() + seconds, []
        while time.monotonic() < end:
            try:
                got.append(self.lines.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                break
        return got

    def send(self, text):
        self.qemu.stdin.write(text.encode())
        self.qemu.stdin.flush()

    def type(self, cell, text):
        if self.keys is None:
            self.keys = {}
            self.send("\x1d?")
            self.wait("the clients are")
            while cell not in self.keys:
                m, = self.wait(r"^\[console\] +(\d+)  (\S+)")
                self.keys[m.group(2)] = m.group(1)
            for l in self.drain(0.5):
                m = re.search(r"^\[console\] +(\d+)  (\S+)", l)
                if m:
                    self.keys[m.group(2)] = m.group(1)
        self.send("\x1d" + self.keys[cell])
        self.wait(f"keyboard: {cell}")
        self.send(text)

    def qmp(self, command, **arguments):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(self.monitor_path)
        f = s.makefile("rw")
        for words in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
            f.write(json.dumps(words) + "\n")
            f.flush()
            while True:
                answer = json.loads(f.readline())
                expect("error" not in answer, answer)
                if "return" in answer:
                    break
        s.close()

    def end(self):
        if self.qemu.poll() is None:
            self.qemu.send_signal(signal.SIGKILL)
        self.qemu.wait()
        self.reader.join()
        self.log.close()
        if os.path.exists(self.monitor_path):
            os.unlink(self.monitor_path)


# ---- disks ---------------------------------------------------------------------

DISK_SECTORS = 24576
FIRST, SECOND, THIRD, EACH, THIRD_SECTORS = 64, 8256, 16448, 8192, 8128


def disk_image(name, sectors=DISK_SECTORS):
    path = f"{OUT}/{name}.img"
    with open(path, "wb") as f:
        f.truncate(sectors * 512)
        f.seek(THIRD * 512)
        if sectors > THIRD:
            f.write(b"\x33" * 512 * THIRD_SECTORS)
            f.truncate(sectors * 512)
    return path


def disk_words(path, more="", drive=""):
    return ["-drive", f"if=none,id=disk,format=raw,file={path}{drive}",
            "-device", f"virtio-blk-pci,drive=disk,addr=1,disable-legacy=on,iommu_platform=on{more}"]


def check_image(path):
    """What the clients wrote last, and nothing else."""
    data = open(path, "rb").read()
    for who, first in ((ord("o"), FIRST), (ord("t"), SECOND)):
        for s in range(EACH):
            base = (who * 1000003 + s) * 0x9e3779b97f4a7c15 + 0xffff * 0xc2b2ae3d27d4eb4f
            want = struct.pack("<64Q", *((base + i) & MASK for i in range(64)))
            at = (first + s) * 512
            expect(data[at:at + 512] == want, f"sector {first + s} of the disk is not what was written")
    expect(data[:FIRST * 512] == bytes(FIRST * 512), "what belongs to nobody was written")
    expect(data[THIRD * 512:(THIRD + THIRD_SECTORS) * 512] == b"\x33" * 512 * THIRD_SECTORS,
           "what may only be read was written")


def block_work(name, **how):
    """Both clients fill, read and write at random, and flush; power fails; the file is right."""
    path = disk_image(name)
    m = Machine(name, "block", devices=disk_words(path, how.pop("more", "")), **how)
    try:
        m.wait(r"\[block\] disk0: 12 MiB, with a cache, served to 4", r"\[one\] PASS flushed", r"\[two\] PASS flushed",
               limit=90)
    finally:
        m.end()
    check_image(path)


def block_restarts(name, **how):
    """The driver is stopped and started while both clients work: nothing they wrote is lost."""
    path = disk_image(name)
    m = Machine(name, "block", devices=disk_words(path), **how)
    try:
        m.wait(r"\[one\] READY", r"\[two\] READY", limit=90)
        sessions = 0
        for n in range(3):
            m.type("one", "r")
            m.type("two", "r")
            m.type("keeper", "b" if n < 2 else "pb")
            time.sleep(0.1)
            m.send("bb")
            found = m.wait(r"\[one\] PASS again, (\d+) sessions more", r"\[two\] PASS again, (\d+) sessions more", limit=90)
            sessions += sum(int(f.group(1)) for f in found)
            m.drain(0.5)
        expect(sessions >= 6, f"only {sessions} sessions: the driver was stopped when nobody worked")
        m.type("two", "r")
        m.type("keeper", "o")
        m.wait("one: stopped")
        m.wait(r"\[two\] PASS again, [01] sessions more", r"\[one\] PASS flushed", r"\[one\] READY")
        m.type("keeper", "s")
        m.wait("block: stopped")
        m.type("one", "r")
        expect(not any("again" in l for l in m.drain(2)), "a client goes on without a driver")
        m.type("keeper", "g")
        m.wait(r"\[one\] PASS again, [12] sessions more")
    finally:
        m.end()


def block_small(name, **how):
    """The disk is smaller than described: what lies beyond fails, the rest works."""
    path = disk_image(name, 10000)
    m = Machine(name, "block", devices=disk_words(path), defines=("TEST_QUIET",), **how)
    try:
        m.wait("partition second of two ends at sector 16448, the disk at 10000", "partition third of one ends",
               r"\[one\] READY", r"\[two\] READY")
        m.type("two", "s")
        m.wait(rf"\[two\] NOTE reads to {10000 - SECOND}, writes there 0 1")
        m.type("one", "e")
        m.wait(r"\[one\] NOTE 0 of 64 fail")
    finally:
        m.end()


def block_shrinks(name, **how):
    """The disk shrinks while clients work, and grows again."""
    path = disk_image(name)
    m = Machine(name, "block", devices=disk_words(path), defines=("TEST_QUIET",), **how)
    try:
        m.wait(r"\[one\] READY", r"\[two\] READY")
        m.qmp("block_resize", device="disk", size=5000 * 512)
        m.wait("the disk now has 5000 sectors, it had 24576")
        m.type("one", "s")
        m.wait(rf"\[one\] NOTE reads to {5000 - FIRST}, writes there 0 1")
        m.type("two", "s")
        m.wait(r"\[two\] NOTE nothing can be read")
        m.qmp("block_resize", device="disk", size=DISK_SECTORS * 512)
        m.wait("the disk now has 24576 sectors, it had 5000")
        m.type("two", "s")
        m.wait(rf"\[two\] NOTE reads to {EACH}, writes there 0 1")
    finally:
        m.end()


def block_absent(name, **how):
    """There is no disk, or another device: all fails, nothing hangs."""
    other = ["-device", "virtio-rng-pci,addr=1,disable-legacy=on,iommu_platform=on"]
    for words, said in (([], "nothing is there"), (other, "another device is there")):
        m = Machine(name, "block", devices=words, defines=("TEST_QUIET",), **how)
        try:
            m.wait(rf"\[block\] disk0 does not work: {said}", r"\[one\] READY", r"\[two\] READY")
            m.type("one", "e")
            m.wait(r"\[one\] NOTE 64 of 64 fail, 0 s")
        finally:
            m.end()


def block_errors(name, **how):
    """The disk answers some requests with an error, and the others right."""
    path = disk_image(name)
    injected = "".join(f",inject-error.{i}.event=none,inject-error.{i}.iotype=read,inject-error.{i}.errno=5,"
                       f"inject-error.{i}.sector={FIRST + i * 128},inject-error.{i}.once=off" for i in range(10))
    words = ["-blockdev", f"driver=blkdebug,node-name=disk,image.driver=file,image.filename={path}{injected}",
             "-device", "virtio-blk-pci,drive=disk,addr=1,disable-legacy=on,iommu_platform=on,werror=report,rerror=report"]
    m = Machine(name, "block", devices=words, defines=("TEST_QUIET",), **how)
    try:
        m.wait(r"\[one\] READY", r"\[two\] READY")
        m.type("one", "e")
        m.wait(r"\[one\] NOTE 10 of 64 fail, 0 s", r"\[block\] \d+ requests have failed")
        m.type("two", "e")
        m.wait(r"\[two\] NOTE 0 of 64 fail, 0 s")
    finally:
        m.end()


def block_stalls(name, **how):
    """The disk stops answering: requests fail after some seconds, and it is started again."""
    path = disk_image(name)
    m = Machine(name, "block", devices=disk_words(path, "", ",throttling.iops-total=4"), defines=("TEST_QUIET",), **how)
    try:
        m.wait(r"\[one\] READY", r"\[two\] READY")
        m.qmp("block_set_io_throttle", device="disk", bps=1, bps_rd=0, bps_wr=0, iops=0, iops_rd=0, iops_wr=0)
        m.type("one", "e")
        m.wait("the disk has failed: it does not answer", r"\[one\] NOTE \d+ of 64 fail", limit=120)
        m.qmp("block_set_io_throttle", device="disk", bps=0, bps_rd=0, bps_wr=0, iops=0, iops_rd=0, iops_wr=0)
        m.wait("the disk works again", limit=70) if not any("works again" in l for l in m.all[-3:]) else None
        m.type("one", "e")
        m.wait(r"\[one\] NOTE 0 of 64 fail")
    finally:
        m.end()


# ---- frames --------------------------------------------------------------------

OWN = b"\x02\xaa\x00\x00\x00\x01"
TYPE = b"\x88\xb5"


class Wire:
    """The outer end of the card's cable: each datagram is a frame."""

    def __init__(self):
        self.ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for s in self.ends:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            s.bind(("127.0.0.1", 0))
        self.socket, other = self.ends
        self.card = other.getsockname()
        other.close()                      # its number is free for QEMU now
        host, port = self.socket.getsockname()
        self.words = ["-netdev", "dgram,id=net,local.type=inet,local.host=127.0.0.1,"
                      f"local.port={self.card[1]},remote.type=inet,remote.host={host},remote.port={port}",
                      "-device", "virtio-net-pci,netdev=net,addr=2,disable-legacy=on,iommu_platform=on,romfile="]
        self.peer = b"\xff" * 6
        self.number = 0

    def send(self, size, to=None):
        self.number += 1
        body = struct.pack("<Q", self.number) + random.Random(self.number).randbytes(size)
        frame = ((to or self.peer) + OWN + TYPE + body)[:max(22, size)]
        self.socket.sendto(frame, self.card)
        return self.number, frame

    def receive(self, limit):
        """The next echo: its number and frame, or None."""
        end = time.monotonic() + limit
        while True:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                frame = self.socket.recv(4096)
            except (socket.timeout, BlockingIOError):
                return None
            if frame[12:14] == TYPE and frame[:6] == OWN:
                return struct.unpack("<Q", frame[14:22])[0], frame

    def echo(self, size, limit=3):
        """One frame there and back, or False."""
        number, frame = self.send(size)
        while True:
            got = self.receive(limit)
            if got is None:
                return False
            if got[0] == number:
                expect(got[1][12:] == frame[12:], f"frame {number} of {size} bytes comes back changed")
                self.peer = got[1][6:12]
                return True

    def until_up(self, limit=30):
        end = time.monotonic() + limit
        while not self.echo(64, 0.3):
            expect(time.monotonic() < end, f"no frame comes back for {limit} s")


def net_machine(name, how):
    wire = Wire()
    m = Machine(name, "net", devices=wire.words, **how)
    m.wait(r"\[net\] nic0: 52:54:00:12:34:56, the cable is in", r"\[echo\] ready")
    wire.until_up()
    return wire, m


def net_echo(name, **how):
    """Frames of all sizes, one at a time and some together: each comes back as it was."""
    wire, m = net_machine(name, how)
    try:
        for size in [14, 22, 60, 61, 64, 127, 128, 256, 1000, 1500, 1513, 1514]:
            expect(wire.echo(size), f"a frame of {size} bytes is lost")
        for n in range(60):
            frames = dict(wire.send(random.Random(n).randrange(22, 1514)) for _ in range(16))
            while frames:
                got = wire.receive(3)
                expect(got is not None, f"{len(frames)} of 16 frames are lost")
                expect(got[0] in frames, "a frame comes twice")
                expect(frames.pop(got[0])[12:] == got[1][12:], "a frame comes back changed")
        wire.socket.sendto(b"x" * 13, wire.card)
        wire.socket.sendto(wire.peer + OWN + TYPE + b"x" * 1900, wire.card)
        expect(wire.echo(100), "after frames of a wrong size nothing comes back")
        m.type("echo", "c")
        m.wait(r"\[echo\] NOTE \d+ back, 0 not; card: status 0, \d+ in, \d+ out, lost 0 0, bad [12],")
    finally:
        m.end()


def net_flood(name, **how):
    """More than can be carried: what arrives is right, and afterwards all is as before."""
    wire, m = net_machine(name, how)
    try:
        frames, back, end = {}, 0, time.monotonic() + 10
        while time.monotonic() < end:
            for _ in range(50):
                number, frame = wire.send(random.randrange(60, 1514))
                frames[number] = frame
            while (got := wire.receive(0)) is not None:
                expect(got[0] in frames and frames.pop(got[0])[12:] == got[1][12:], "a frame comes back changed")
                back += 1
        while (got := wire.receive(2)) is not None:
            expect(got[0] in frames and frames.pop(got[0])[12:] == got[1][12:], "a frame comes back changed")
            back += 1
        expect(back > 500, f"only {back} frames came back in 10 s")
        for n in range(50):
            expect(wire.echo(200), f"frame {n} after the flood is lost")
        m.type("echo", "c")
        found, = m.wait(r"\[echo\] NOTE (.*)")
        m.log.write(f"sent {wire.number}, back {back}: {found.group(1)}\n")
    finally:
        m.end()


def net_restarts(name, **how):
    """Driver, switch and client are stopped and started under load: the others go on."""
    wire, m = net_machine(name, how)
    try:
        for n, letter in enumerate("nsensennss"):
            for _ in range(40):
                wire.send(500)
            m.type("keeper", letter)
            m.wait("stopped and started, status 0")
            wire.until_up()
            for _ in range(20):
                expect(wire.echo(900), f"a frame is lost after restart {n}")
    finally:
        m.end()


def net_cable(name, **how):
    """The cable is pulled and put in again."""
    wire, m = net_machine(name, how)
    try:
        m.qmp("set_link", name="net", up=False)
        m.wait("the cable is out")
        expect(not wire.echo(100, 0.5), "a frame comes through no cable")
        m.qmp("set_link", name="net", up=True)
        m.wait("the cable is in")
        wire.until_up()
    finally:
        m.end()


def net_absent(name, **how):
    """There is no card: it is said, and nothing else happens."""
    m = Machine(name, "net", devices=[], **how)
    try:
        m.wait(r"\[net\] nic0 does not work: nothing is there", r"\[echo\] ready")
        m.type("echo", "c")
        m.wait(r"\[echo\] NOTE 0 back, 0 not; card: status 0, 0 in, 0 out, lost 0 0, bad 0, \d+ events, 1 sessions")
    finally:
        m.end()


# ---- isolation -------------------------------------------------------------------

def guest_image():
    """A machine that halts: the header of an arm64 Image, and behind it WFI for ever."""
    os.makedirs(f"{OUT}/guests", exist_ok=True)
    with open(f"{OUT}/guests/halt", "wb") as f:
        f.write(struct.pack("<II6QII", 0x14000010, 0, 0, 0x1000, 2, 0, 0, 0, 0x644d5241, 0))
        f.write(struct.pack("<II", 0xd503207f, 0x17ffffff))
    os.environ["MULLION_GUESTS"] = os.path.abspath(f"{OUT}/guests")


def places(name, system, board, cores, smmu=True):
    """Physical memory by what the report calls it: base and end."""
    found = {}
    with open(f"{OUT}/systems/" + "-".join([system, board, str(cores), "smmu" if smmu else "plain"]) + "/report.txt") as f:
        for line in f:
            m = re.match(r" +([0-9a-f]{12})  ([0-9a-f]{12}) +[\d,]+  (.*?) ?\*?$", line)
            if m:
                found[m.group(3)] = int(m.group(1), 16), int(m.group(2), 16)
    return found


class Engine:
    """The device that copies, and who judges its stream."""
    STOPPED, ABORTED, PASSES = 0, 1, 2
    NOT_MAPPED, NO_RIGHT = 1, 2

    def __init__(self, name, how):
        guest_image()
        self.m = Machine(name, "dma", devices=["-device", "edu,addr=1,dma_mask=0xffffffffffffffff"], **how)
        self.faults, self.file = 0, os.path.abspath(f"{OUT}/{name}.mem")
        found = self.m.wait(r"\[engine\] ready: memory 0x(\w+) size 0x(\w+), table 0x(\w+), outside 0x(\w+), own 0x(\w+)",
                            r"\[judge\] ready", r"\[victim\] ready")
        self.memory, self.size, self.table, self.outside, self.own = (int(n, 16) for n in found[0].groups())

    def physical(self, address, size=64):
        self.m.qmp("pmemsave", val=address, size=size, filename=self.file)
        return open(self.file, "rb").read()

    def ask(self, cell, text, answer):
        self.m.type(cell, text)
        return self.m.wait(rf"\[{cell}\] {answer}")[0]

    def look(self, letter="l"):
        """(status, faults, kind, direction, address, raised)"""
        g = self.ask("judge", letter, r"(?:look|abort|restore): stream 0x8 of cell \d+ is (\d), refused (\d+), kind (\d), "
                     r"(write|read) 0x(\w+), raised (\d+)").groups()
        return int(g[0]), int(g[1]), int(g[2]), g[3], int(g[4], 16), int(g[5])

    def works(self, pattern):
        """To memory and back: the stream passes."""
        self.ask("engine", f"p{pattern:x}\n", "put")
        self.ask("engine", "s", f"buffer 0x{pattern:x}, the pattern")

    def dead(self):
        """The stream is aborted: not even what it is given is reached, and nobody hears of it."""
        self.ask("engine", "s", "nothing came")
        self.ask("engine", f"w{self.memory:x}\n", "written")
        expect(self.look() [0] == self.ABORTED and self.faults == self.look()[1], "an aborted stream is told of again")

    def refused(self, letter, address, kind, what):
        """An access of the device is refused, told, and ends the stream."""
        self.ask("engine", f"{letter}{address:x}\n", "written, own is as it was" if letter == "w" else "read")
        got, want = self.look(), (self.ABORTED, kind, "write" if letter == "w" else "read", address, 1)
        # QEMU tells of each few bytes of it.
        expect((got[0], *got[2:]) == want and got[1] > self.faults, f"{what}: {got} and not {want}")
        self.faults = got[1]


def dma_isolation(name, **how):
    """A device that is told addresses of the kernel, of others, of what is not for it."""
    e = Engine(name, how)
    try:
        found = places(name, "dma", how.get("board", "virt-gicv3"), how.get("cores", 1))
        expect(e.look()[:2] == (e.PASSES, 0), "the stream does not pass at first")
        e.works(0xabcd0000)
        targets = [(what, base + at, base + at) for what, at in (
            ("kernel", 0x400), ("kernel", 0xa000), ("system table, kernel objects", 0), ("SMMU's tables and queues", 100 * 64),
            ("cells' page tables", 0), ("victim: data, stacks, buffers", 0x2000), ("machine: memory", 0x800000),
            ("engine: data, stacks, buffers", 0)) for base in (found[what][0],)]
        targets += [("its own, not for the device", e.own, None), ("a segment that is not for it", e.outside, None),
                    ("behind its memory", e.memory + e.size, None), ("address 0", 0, None),
                    ("beyond all addresses", 1 << 40, None), ("the highest that QEMU's SMMU sees", (1 << 48) - 64, None)]
        for n, (what, address, physical) in enumerate(targets):
            before = e.physical(physical) if physical else None
            e.refused("w", address, e.NOT_MAPPED, f"write to {what}")
            expect(before is None or e.physical(physical) == before, f"{what} was changed")
            if n == 0:
                e.dead()
            expect(e.look("x")[0] == e.PASSES, "the stream is not restored")
            e.refused("r", address, e.NOT_MAPPED, f"read of {what}")
            e.look("x")
            value = int(e.ask("engine", "s", r"buffer 0x(\w+)").group(1), 16)
            expect(before is None or value != struct.unpack("<Q", before[:8])[0] or value == 0, f"{what} was read")
            e.works(0xabcd0000 + (n << 8))
        # What it may read, it cannot write.
        e.ask("engine", f"r{e.table:x}\n", "read")
        e.ask("engine", "s", f"buffer 0x{3 * 0x9e3779b97f4a7c15 & MASK:x}$")
        e.refused("w", e.table + 0x1000, e.NO_RIGHT, "write to what is only read")
        e.ask("victim", "c", "0 words are wrong")
        e.look("x")
        # Aborted by who controls it.
        expect(e.look("a")[0] == e.ABORTED, "it is not aborted")
        e.dead()
        expect(e.look("x")[0] == e.PASSES, "it is not restored")
        e.works(0x77770000)
        e.ask("victim", "c", "0 words are wrong")
    finally:
        e.m.end()


def dma_restarts(name, **how):
    """The driver is stopped while its device writes, and when its stream was refused something."""
    e = Engine(name, how)
    try:
        found = places(name, "dma", how.get("board", "virt-gicv3"), how.get("cores", 1))
        memory, caught = found["engine: memory for DMA"][0], 0
        e.works(0x55550000)
        for n in range(3):
            if n == 1:
                e.refused("w", 0, e.NOT_MAPPED, "write to address 0")
            e.ask("engine", f"n{e.memory + 0x1000:x}\n", "begun")      # it takes 100 ms
            e.ask("judge", "s", "stopped: 0")
            before = e.physical(memory, 0x3000)
            caught += n != 1 and before[0x1000:0x1040] == bytes(64)
            time.sleep(0.5)
            expect(e.physical(memory, 0x3000) == before, "a stopped cell's memory was changed")
            expect(e.look()[0] == e.STOPPED, "a stopped cell's stream passes")
            e.ask("judge", "x", "restore: status 12")
            e.ask("judge", "a", "abort: stream")
            e.m.type("judge", "g")
            e.m.wait(r"\[judge\] started: 0", r"\[engine\] ready")
            expect(e.look()[0] == e.PASSES, "a started cell's stream does not pass")
            e.works(0x66660000 + n)
        expect(caught, "the driver was never stopped while its device was at work")
    finally:
        e.m.end()


def dma_trusted(name, **how):
    """Without an SMMU nothing is refused, and the report says so."""
    guest_image()
    folder = build("dma", how.get("board", "virt-gicv3"), 1, False)
    with open(f"{folder}/report.txt") as f:
        expect("TRUSTED: engine can reach all memory" in f.read(), "the report does not say that the driver is trusted")
    folder = build("dma", how.get("board", "virt-gicv3"), 1, True)
    with open(f"{folder}/report.txt") as f:
        expect("TRUSTED" not in f.read(), "the report calls a driver behind an SMMU trusted")


# ---- all -----------------------------------------------------------------------

RUNS = [
    ("block-stalls", block_stalls, {}),             # the longest
    ("dma-isolation-1", dma_isolation, {}),
    ("dma-isolation-2", dma_isolation, {"cores": 2}),
    ("dma-isolation-gicv2", dma_isolation, {"board": "virt-gicv2", "cores": 2}),
    ("dma-restarts-1", dma_restarts, {}),
    ("dma-restarts-gicv2", dma_restarts, {"board": "virt-gicv2", "cores": 2}),
    ("dma-trusted", dma_trusted, {}),
    ("block-work-1", block_work, {}),
    ("block-work-2", block_work, {"cores": 2}),
    ("block-work-gicv2", block_work, {"board": "virt-gicv2", "cores": 2}),
    ("block-work-plain", block_work, {"smmu": False, "board": "virt-gicv2"}),
    ("block-work-short", block_work, {"cores": 2, "more": ",queue-size=16,seg-max-adjust=on"}),
    ("block-restarts-2", block_restarts, {"cores": 2}),
    ("block-restarts-plain", block_restarts, {"smmu": False}),
    ("block-small", block_small, {}),
    ("block-shrinks", block_shrinks, {"cores": 2}),
    ("block-absent", block_absent, {}),
    ("block-errors", block_errors, {}),
    ("net-echo-1", net_echo, {}),
    ("net-echo-gicv2", net_echo, {"board": "virt-gicv2", "cores": 2}),
    ("net-echo-plain", net_echo, {"smmu": False, "cores": 2}),
    ("net-flood-1", net_flood, {}),
    ("net-flood-2", net_flood, {"cores": 2}),
    ("net-restarts", net_restarts, {"cores": 2}),
    ("net-restarts-plain", net_restarts, {"smmu": False}),
    ("net-cable", net_cable, {}),
    ("net-absent", net_absent, {}),
]


def run_one(name, run, how):
    start, wrong = time.monotonic(), None
    try:
        run(name, **how)
    except Wrong as e:
        wrong = str(e)
    return wrong, time.monotonic() - start


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("-j", type=int, default=2)           # also beside other tests: most of the time they wait
    a.add_argument("-v", action="store_true")
    a.add_argument("words", nargs="*")
    o = a.parse_args()
    passed = failed = 0
    random.seed(1)
    os.makedirs(OUT, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(o.j) as pool:
        runs = {pool.submit(run_one, n, f, dict(how)): n for n, f, how in RUNS
                if all(w in n.split("-") for w in o.words)}
        for f in concurrent.futures.as_completed(runs):
            wrong, seconds = f.result()
            print(f"{'FAIL' if wrong else 'ok  '} {runs[f]:22} {seconds:5.1f} s", flush=True)
            if wrong:
                print("     " + wrong.replace("\n", "\n     "), flush=True)
            passed += not wrong
            failed += bool(wrong)
            if o.v:
                print(open(f"{OUT}/log/{runs[f]}.txt", errors="replace").read())
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0 or passed == 0)


if __name__ == "__main__":
    main()
