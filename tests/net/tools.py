#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The programs that guests check disks, networks and ports with, on this computer
under the sanitizers: they must find what is right to be right, and what is wrong
to be wrong.

    tools.py FOLDER      where the programs are
"""
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tty

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.abspath(sys.argv[1])
HOST = [sys.executable, f"{HERE}/host.py"]
passed = failed = 0


def run(command, wanted, status=0):
    """`wanted` is a pattern for the last line that it prints."""
    global passed, failed
    words = command if isinstance(command, list) else [f"{FOLDER}/{command.split()[0]}"] + command.split()[1:]
    p = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    last = (p.stdout.strip() or p.stderr.strip()).split("\n")[-1]
    if p.returncode == status and re.search(wanted, last) and "anitizer" not in p.stderr:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {' '.join(words)}: status {p.returncode}, {last}\n{p.stderr}")


def disks(folder):
    disk = f"{folder}/disk"
    with open(disk, "wb") as f:
        f.truncate(4 << 20)
    run(f"diskcheck fill {disk}", "diskcheck: fill ok sectors=8192")
    run(f"diskcheck verify {disk}", "verify ok sectors=8192")
    run(f"diskcheck verify {disk} seed=2", "verify FAIL sector=0", 1)
    run(f"diskcheck random {disk} threads=3 count=900 sync=10", "random ok requests=900")
    run(f"diskcheck random {disk} threads=16 seconds=0.2", "random ok")
    run(f"diskcheck verify {disk} block=512 from=10 sectors=21", "verify ok sectors=21")
    run(f"diskcheck ro {disk}", "ro FAIL a write to sector=0 has changed it", 1)
    run(f"diskcheck fill {disk}", "ok")
    run(f"diskcheck errors {disk} bad=100", "errors FAIL write sector=100: succeeded", 1)
    run(f"diskcheck fill {disk}", "ok")
    # A sector that lies elsewhere, a bit that has changed, one that is old.
    with open(disk, "r+b") as f:
        data = f.read()
        f.seek(512 * 77)
        f.write(data[512 * 78:512 * 79])
    run(f"diskcheck verify {disk}", "FAIL sector=77 written=0 holds sector=78 seed=1", 1)
    run(f"diskcheck random {disk}", "FAIL sector=77", 1)
    with open(disk, "wb") as f:
        f.write(data)
        f.seek(512 * 4001 + 200)
        f.write(bytes([data[512 * 4001 + 200] ^ 4]))
    run(f"diskcheck verify {disk} direct", "FAIL sector=4001 written=0 holds sector=4001", 1)
    run(f"diskcheck fill {disk} from=8192", "FAIL .* has 8192 sectors", 1)
    run(f"diskcheck fill {disk} sectors=8193", "FAIL .* has 8192 sectors", 1)
    run(f"diskcheck fill {folder}/none", "FAIL .*No such file", 1)
    run(f"diskcheck fill {disk} sector=1", "sector=1 is no word", 2)
    run(f"diskcheck fill {disk} from=1x", "is no number", 2)
    run(f"diskcheck nothing {disk}", "last line is", 2)


class BadWire(threading.Thread):
    """Between a client and a server of UDP: drops, doubles, changes, turns around."""

    def __init__(self, to, what):
        super().__init__(daemon=True)
        self.to, self.what = ("127.0.0.1", to), what
        self.near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.near.bind(("127.0.0.1", 0))
        self.port = self.near.getsockname()[1]
        self.far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client, self.count, self.held = None, 0, None
        self.start()
        threading.Thread(target=self.back, daemon=True).start()

    def run(self):
        while True:
            data, self.client = self.near.recvfrom(2048)
            self.count += 1
            # Not the last words: what a client asks for when it has sent all.
            special = self.count % 10 == 5 and data[4] in (1, 2)
            if special and self.what == "drop":
                continue
            if special and self.what == "change":
                data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
            if special and self.what == "double":
                self.far.sendto(data, self.to)
            if special and self.what == "turn":
                self.held = data
                continue
            self.far.sendto(data, self.to)
            if self.held is not None:
                self.far.sendto(self.held, self.to)
                self.held = None

    def back(self):
        while self.client is None:
            time.sleep(0.001)
        while True:
            self.near.sendto(self.far.recv(2048), self.client)


def networks():
    ports = {"netcheck": 17011, "host": 17012}
    servers = [subprocess.Popen([f"{FOLDER}/netcheck", "server", f"port={ports['netcheck']}"],
                                stdout=subprocess.PIPE, text=True),
               subprocess.Popen(HOST + ["server", f"port={ports['host']}"], stdout=subprocess.PIPE, text=True)]
    for server in servers:
        server.stdout.readline()
    try:
        for what in ("latency", "udp-echo", "udp-send", "udp-receive", "tcp-echo", "tcp-send", "tcp-receive"):
            much = "bytes=3000001" if what.startswith("tcp") else "count=500"
            for client in ("netcheck", "host"):
                for server in ports.values():
                    words = f"{what} 127.0.0.1 port={server} {much} rate=100"
                    run(HOST + words.split() if client == "host" else f"netcheck {words}",
                        f"{client}: {what} ok sent=[1-9].* corrupted=0")
        run(f"netcheck tcp-receive 127.0.0.1 port={ports['netcheck']} seconds=0.2", "ok sent=[1-9]")
        run(f"netcheck flood 127.0.0.1 port=9 seconds=0.2", "flood ok sent=[1-9]")
        for server in ports.values():
            for client in ("netcheck", "host"):
                def bad(kind, what, wanted, status):
                    words = f"{what} 127.0.0.1 port={BadWire(server, kind).port} count=100 timeout=0.2 rate=10 window=4"
                    run(HOST + words.split() if client == "host" else f"netcheck {words}", wanted, status)
                bad("drop", "udp-send", "ok sent=100 received=90 lost=10 duplicated=0 corrupted=0", 0)
                bad("double", "udp-send", "ok sent=100 received=100 lost=0 duplicated=10", 0)
                bad("change", "udp-send", "FAIL sent=100 received=90 lost=10 .* corrupted=10", 1)
                bad("turn", "udp-send", "ok sent=100 received=100 .* reordered=10", 0)
        port = BadWire(ports["netcheck"], "drop").port
        run(f"netcheck udp-echo 127.0.0.1 port={port} count=40 timeout=0.2", "FAIL sent=40 received=36 lost=4", 1)
        run(f"netcheck udp-echo 127.0.0.1 port={port} count=40 timeout=0.2 lost=4", "ok sent=40 received=36", 0)
    finally:
        for server in servers:
            server.kill()
    run("netcheck latency 127.0.0.1 port=17013", "FAIL nobody is at the port", 1)
    run("netcheck tcp-send 127.0.0.1 port=17013", "FAIL .*refused", 1)
    run("netcheck latency 127.0.0.1 size=39", "FAIL size", 1)
    run("netcheck nothing 127.0.0.1", "last line is", 2)


def ports_of_cells():
    def echo(fd, wrong_after):
        done = 0
        while True:
            try:
                data = os.read(fd, 4096)
                for i, byte in enumerate(data):
                    if done + i == wrong_after:
                        data = data[:i] + bytes([byte ^ 0x80]) + data[i + 1:]
                done += len(data)
                while data:
                    data = data[os.write(fd, data):]
            except OSError:
                return

    def port(wrong_after=-1):
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        threading.Thread(target=echo, args=(ours, wrong_after), daemon=True).start()
        return os.ttyname(theirs)

    run(f"portcheck echo {port()} count=200", "portcheck: echo ok count=200 size=64")
    run(f"portcheck stream {port()} bytes=100k", "stream ok bytes=102400")
    run(f"portcheck sizes {port()} bytes=16k", "sizes ok bytes=")
    run(f"portcheck echo {port(1000)} count=200", "FAIL what comes back is wrong, among bytes", 1)
    run(f"portcheck say {port()} one two wait=0.3", "say ok lines=2")
    silent, name = os.openpty()
    tty.setraw(name)
    run(f"portcheck echo {os.ttyname(name)} timeout=0.3", "FAIL sent=64 received=0, and no more", 1)
    run("portcheck echo nothing", "FAIL /dev/virtio-ports/nothing: No such file", 1)
    os.close(silent)


def main():
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        disks(folder)
    networks()
    ports_of_cells()
    for program in ("diskcheck", "netcheck", "portcheck"):
        run(f"{program} --help", "the last line is")
        run(program, "the last line is", 2)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
