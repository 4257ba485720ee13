#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The other side of guests/initrd/netcheck.c, for the computer that QEMU runs on.

    host.py server [port=N] [seconds=S]
    host.py WHAT HOST [port=N] [size=BYTES] [seconds=S] [count=N] [bytes=N] [window=N]
                      [rate=MBIT] [lost=N]

WHAT is latency, udp-echo, udp-send, udp-receive, tcp-echo, tcp-send or tcp-receive.
What is on the wire, and the words, are explained in netcheck.c and by its --help.
"""
import os
import select
import socket
import struct
import sys
import threading
import time
import zlib

MAGIC, PORT, STEP, PERIOD, MOST = 0x314e564d, 7007, 977, 65521, 65536
ECHO, DATA, STOP, REPORT, START = range(1, 6)
TCP_ECHO, TCP_SEND, TCP_RECEIVE = range(16, 19)
HEAD = struct.Struct("<IHHIIQQII")     # magic kind length session sequence argument[2] check size
COUNTED = struct.Struct("<5Q")         # received bytes duplicated corrupted reordered
WORD = (1 << 64) - 1


def mix(x):
    x = (x + 0x9e3779b97f4a7c15) & WORD
    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & WORD
    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) & WORD
    return x ^ (x >> 31)


class Pattern:
    def __init__(self, seed):
        once = b"".join(struct.pack("<Q", mix((seed * 0x100000001 + i) & WORD)) for i in range(PERIOD // 8 + 1))
        once = once[:PERIOD]
        self.bytes = once + (once + once)[:MOST]

    def at(self, offset, size):
        return self.bytes[offset % PERIOD:offset % PERIOD + size]


def datagram(pattern, kind, session, sequence, size, arguments=(0, 0), wanted=0, rest=None):
    if rest is None:
        rest = pattern.at(sequence * STEP, size - HEAD.size) if size > HEAD.size else b""
    fields = [MAGIC, kind, HEAD.size + len(rest), session, sequence, *arguments]
    check = zlib.crc32(rest, zlib.crc32(HEAD.pack(*fields, 0, wanted)))
    return HEAD.pack(*fields, check, wanted) + rest


def read_datagram(data):
    """Its fields, or None if it is none of ours, or has changed on its way."""
    if len(data) < HEAD.size:
        return None
    fields = HEAD.unpack_from(data)
    empty = HEAD.pack(*fields[:7], 0, fields[8])
    if fields[0] != MAGIC or fields[2] != len(data) or zlib.crc32(data[HEAD.size:], zlib.crc32(empty)) != fields[7]:
        return None
    return fields


class Counts:
    def __init__(self):
        self.received = self.bytes = self.duplicated = self.corrupted = self.reordered = 0
        self.next, self.seen = 0, set()

    def note(self, sequence):
        if sequence in self.seen:
            self.duplicated += 1
            return
        self.seen.add(sequence)
        self.reordered += sequence < self.next
        self.next = max(self.next, sequence + 1)
        self.received += 1

    def packed(self):
        return COUNTED.pack(self.received, self.bytes, self.duplicated, self.corrupted, self.reordered)


# ---- server ------------------------------------------------------------------

def burst(s, to, session, count, rate, size):
    pattern, start = Pattern(session), time.monotonic()
    size = min(max(size, HEAD.size), 1472)
    for i in range(count):
        if rate:
            time.sleep(max(0, start + i * size * 8 / rate - time.monotonic()))
        s.sendto(datagram(pattern, DATA, session, i, size), to)


def udp_server(s):
    sessions = {}
    while True:
        data, who = s.recvfrom(2048)
        fields = read_datagram(data)
        if fields is None:
            if len(data) >= HEAD.size and HEAD.unpack_from(data)[3] in sessions:
                sessions[HEAD.unpack_from(data)[3]].corrupted += 1
            continue
        _, kind, _, session, sequence, first, second, _, size = fields
        if kind == ECHO:
            s.sendto(data, who)
        elif kind == DATA:
            counts = sessions.setdefault(session, Counts())
            counts.bytes += len(data)
            counts.note(sequence)
        elif kind == STOP:
            rest = sessions.setdefault(session, Counts()).packed()
            s.sendto(datagram(None, REPORT, session, sequence, 0, (first, second), size, rest), who)
        elif kind == START:
            threading.Thread(target=burst, args=(s, who, session, first, second, size), daemon=True).start()


def take_stream(s, pattern, counts):
    """True: the stream has ended; False: it broke."""
    while True:
        try:
            data = s.recv(MOST)
        except OSError:
            return False
        if not data:
            return True
        counts.corrupted += data != pattern.at(counts.bytes, len(data))
        counts.bytes += len(data)


def give_stream(s, pattern, count, end):
    done = 0
    while done < count if count else time.monotonic() < end:
        data = pattern.at(done, min(MOST, count - done) if count else MOST)
        s.sendall(data)
        done += len(data)
    return done


def receive_all(s, size):
    data = b""
    while len(data) < size:
        more = s.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def connection(s):
    with s:
        try:
            head = receive_all(s, HEAD.size)
            if len(head) < HEAD.size or HEAD.unpack(head)[0] != MAGIC:
                return
            _, kind, _, session, _, first, second, _, _ = HEAD.unpack(head)
            counts = Counts()
            if kind == TCP_ECHO:
                data = head
                while data:
                    s.sendall(data)
                    data = s.recv(MOST)
            elif kind == TCP_SEND:
                if take_stream(s, Pattern(session), counts):
                    s.sendall(counts.packed())
            elif kind == TCP_RECEIVE:
                give_stream(s, Pattern(session), first, time.monotonic() + second / 1e9)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(1)
            while s.recv(MOST):
                pass
        except OSError:
            pass


def server(words):
    port = int(words.get("port", PORT))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    udp.bind(("", port))
    tcp = socket.create_server(("", port))

    def accept():
        while True:
            threading.Thread(target=connection, args=(tcp.accept()[0],), daemon=True).start()

    threading.Thread(target=udp_server, args=(udp,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    print(f"host: server port={port}", flush=True)
    seconds = float(words.get("seconds", 0))
    while seconds == 0:
        time.sleep(3600)
    time.sleep(seconds)


# ---- client --------------------------------------------------------------------

def finish(what, ok, detail):
    print(f"host: {what} {'ok' if ok else 'FAIL'} {detail}", flush=True)
    os._exit(not ok)


def verdict(what, sent, counts, allowed, took):
    lost = max(sent - counts.received, 0)
    finish(what, counts.corrupted == 0 and counts.received > 0 and lost <= allowed,
           f"sent={sent} received={counts.received} lost={lost} duplicated={counts.duplicated} "
           f"corrupted={counts.corrupted} reordered={counts.reordered} seconds={took:.3f} "
           f"mbit={counts.bytes * 8e-6 / max(took, 1e-9):.2f}")


def answer(s, session, counts, wait=1.0):
    """The fields and bytes of the next datagram of this session; None: none in time."""
    end = time.monotonic() + wait
    while select.select([s], [], [], max(end - time.monotonic(), 0))[0]:
        data = s.recv(2048)
        fields = read_datagram(data)
        if fields is None:
            counts.corrupted += 1
        elif fields[3] == session:
            return fields, data
    return None


def datagrams(what, host, words):
    session, counts = int.from_bytes(os.urandom(4), "little"), Counts()
    pattern = Pattern(session)
    size = int(words.get("size", 64 if what == "latency" else 1400))
    seconds, limit = float(words.get("seconds", 5)), int(words.get("count", 0))
    rate = float(words.get("rate", 50 if what == "udp-receive" else 0)) * 1e6
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.connect((host, int(words.get("port", PORT))))
    start = last = time.monotonic()
    sent = 0

    def more():
        return sent < limit if limit else time.monotonic() < start + seconds

    if what in ("latency", "udp-echo"):
        window, given_up = 1 if what == "latency" else int(words.get("window", 16)), 0
        while more() or sent - given_up > counts.received:
            while more() and sent - given_up - counts.received < window:
                s.send(datagram(pattern, ECHO, session, sent, size))
                sent += 1
            got = answer(s, session, counts)
            if got is None:
                given_up = sent - counts.received
                continue
            counts.bytes += len(got[1])
            counts.note(got[0][4])
        verdict(what, sent, counts, float(words.get("lost", 0)), time.monotonic() - start)
    allowed = float(words.get("lost", "inf"))
    if what == "udp-send":
        while more():
            if rate:
                time.sleep(max(0, start + sent * size * 8 / rate - time.monotonic()))
            s.send(datagram(pattern, DATA, session, sent, size))
            sent += 1
        took = time.monotonic() - start
        for _ in range(10):
            s.send(datagram(pattern, STOP, session, 0, HEAD.size, (sent, 0)))
            got = answer(s, session, counts)
            if got is not None and got[0][1] == REPORT:
                (counts.received, counts.bytes, counts.duplicated, counts.corrupted,
                 counts.reordered) = COUNTED.unpack_from(got[1], HEAD.size)
                verdict(what, sent, counts, allowed, took)
        finish(what, False, f"sent={sent}, and no report")
    count = limit or int(rate * seconds / 8 / size) + 1
    s.send(datagram(pattern, START, session, 0, HEAD.size, (count, int(rate)), size))
    while counts.received < count:
        got = answer(s, session, counts)
        if got is None:
            break
        last = time.monotonic()
        counts.bytes += len(got[1])
        counts.note(got[0][4])
    verdict(what, count, counts, allowed, last - start)


def stream(what, host, words):
    session, counts = int.from_bytes(os.urandom(4), "little"), Counts()
    pattern, port, count = Pattern(session), int(words.get("port", PORT)), int(words.get("bytes", 0))
    seconds = float(words.get("seconds", 5))
    s = socket.create_connection((host, port), timeout=30)
    start = time.monotonic()
    kind = {"tcp-echo": TCP_ECHO, "tcp-send": TCP_SEND, "tcp-receive": TCP_RECEIVE}[what]
    head = HEAD.pack(MAGIC, kind, HEAD.size, session, 0, count, int(seconds * 1e9), 0, 0)
    plain = kind == TCP_ECHO and port == 7
    ended, sent = True, count
    if not plain:
        s.sendall(head)
    if kind == TCP_RECEIVE:
        s.shutdown(socket.SHUT_WR)
        ended = take_stream(s, pattern, counts)
        sent = count or counts.bytes
    elif kind == TCP_SEND:
        sent = give_stream(s, pattern, count, start + seconds)
        s.shutdown(socket.SHUT_WR)
        data = receive_all(s, COUNTED.size)
        ended = len(data) == COUNTED.size
        if ended:
            _, counts.bytes, _, counts.corrupted, _ = COUNTED.unpack(data)
    else:
        if not plain and receive_all(s, HEAD.size) != head:
            finish(what, False, "no echo")
        result = []
        taker = threading.Thread(target=lambda: result.append(take_stream(s, pattern, counts)))
        taker.start()
        sent = give_stream(s, pattern, count, start + seconds)
        s.shutdown(socket.SHUT_WR)
        taker.join()
        ended = result[0]
    took = time.monotonic() - start
    finish(what, ended and counts.corrupted == 0 and counts.bytes == sent and sent > 0,
           f"sent={sent} received={counts.bytes} corrupted={counts.corrupted}{'' if ended else ' broken'} "
           f"seconds={took:.3f} mbit={counts.bytes * 8e-6 / took:.2f}")


def main():
    what, rest = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    words = dict(w.partition("=")[::2] for w in rest if "=" in w)
    hosts = [w for w in rest if "=" not in w]
    try:
        if what == "server" and not hosts:
            server(words)
        elif what in ("latency", "udp-echo", "udp-send", "udp-receive") and len(hosts) == 1:
            datagrams(what, hosts[0], words)
        elif what in ("tcp-echo", "tcp-send", "tcp-receive") and len(hosts) == 1:
            stream(what, hosts[0], words)
        else:
            sys.exit(__doc__)
    except OSError as error:
        finish(what, False, error)


if __name__ == "__main__":
    main()
