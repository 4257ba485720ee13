#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A tour of the handset: boots it in QEMU, types what its page suggests, says what
is being seen, and checks it. Exit status 0 means that everything was seen.

    tour.py [--timeout SECONDS] COMMAND...

COMMAND boots the system with its console on standard input and output and a
fresh disk in slot 1, as `make tour-handset` does.
"""
import hashlib
import http.server
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from terminal import Missing
from tours import SWITCH, host_is_busy, note, play, say, show_some

CLIENTS = ["personal", "business", "modem", "pci", "block", "net", "switch", "modem-net"]
MACHINES = {"personal": "10.0.2.21", "business": "10.0.2.22"}
MODEM = "10.0.2.23"
HOST = "10.0.2.2"
BOOT_LIMIT = 90                # seconds until both prompts
BUSY = "for i in 1 2; do while :; do :; done & done"
PAGE = b"The host's page. " * 4096


class Page(http.server.BaseHTTPRequestHandler):
    """What the host serves to the machines."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def see_beats(system):
    """A hundred beats per second, none missed, whatever the others do."""
    for _ in range(6):
        system.enter("modem", "reset", r"from 0$")
        time.sleep(2)
        match = system.enter("modem", "", r"(\d+) beats, (\d+) missed")
        if int(match.group(1)) >= 150 and match.group(2) == "0":
            return
    if not host_is_busy():
        raise Missing("the modem missed beats: " + match.group())
    note("This computer is busy with other things and stops QEMU for longer than a beat.")


def ping(system, machine, address):
    system.ask(machine, f"ping -c 3 -W 2 {address}", r"^3 packets transmitted, 3 packets received, 0% packet loss")


def tour(system):
    start = time.monotonic()
    say("""Nine programs and two Debian kernels boot. A bus program looks at what is in the PCI slots and gives each
        driver the registers of its device. The drivers find a disk and a network card. (Of what Linux says, a
        few lines are shown.)""")
    for name in MACHINES:
        system.expect(name, rf"{name}: Linux [0-9]\S+, 2 CPU", BOOT_LIMIT - (time.monotonic() - start))
    note(f"both prompts after {time.monotonic() - start:.0f} s")

    say("Ctrl-] ? lists who could have the keyboard.")
    system.terminal.send(SWITCH + b"?")
    system.expect("console", r"  1  personal  \(keyboard\)")
    system.expect("console", r"  2  business")
    system.expect("console", r"  3  modem")
    for name in MACHINES:
        system.type(name, "stty cols 200")      # long lines stay lines

    say("""It has two disks, which are partitions of the one that the block driver has. The first can be read by both
        machines, and be written by none.""")
    system.ask("personal", "cat /sys/block/vda/size /sys/block/vdb/size", r"^16384$")
    system.expect("personal", r"^57344$")
    system.ask("personal", "mount -o ro /dev/vda /mnt && cat /mnt/welcome", r"^Both machines read this")
    system.ask("business", "mount -o ro /dev/vda /mnt && cat /mnt/welcome", r"^Both machines read this")
    system.ask("business", "cat /sys/block/vda/ro; dd if=/dev/zero of=/dev/vda count=1", r"^1$")
    system.expect("business", r"Operation not permitted|I/O error|Read-only|Permission denied")

    say("The second belongs to one machine alone. What is synced is on the disk when the machine comes back.")
    system.ask("personal", "mount /dev/vdb /home && "
                           "head -c 4000000 /dev/urandom >/home/photo && sync && md5sum /home/photo", r"^([0-9a-f]{32})  /home/photo")
    system.ask("personal", "umount /home; mount /dev/vdb /home; echo 3 >/proc/sys/vm/drop_caches; md5sum /home/photo",
               r"^[0-9a-f]{32}  /home/photo")
    first = system.cells["personal"].text()
    sums = [line.split()[0] for line in first if line.endswith("  /home/photo")]
    if len(set(sums)) != 1:
        raise Missing("the file on the disk is another one")

    say("""The switch joins both machines, the modem's network program, and the card, behind which is the host.""")
    ping(system, "personal", MACHINES["business"])
    ping(system, "personal", MODEM)
    ping(system, "personal", HOST)
    ping(system, "business", MACHINES["personal"])

    say("A file goes from one machine to the other.")
    system.type("business", "nc -l -p 9000 >/tmp/got; md5sum /tmp/got")
    system.switch("personal")
    time.sleep(1)
    system.ask("personal", "nc 10.0.2.22 9000 </home/photo; echo sent", r"^sent$", 60)
    got = system.expect("business", r"^([0-9a-f]{32})  /tmp/got", 60)
    if got.group(1) != sums[0]:
        raise Missing("what arrived is another file")

    say("And a page comes from the host, through the card and its driver.")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = system.ask("business", f"wget -q -O - http://{HOST}:{server.server_port}/ | md5sum", r"^([0-9a-f]{32})  -", 60)
    if page.group(1) != hashlib.md5(PAGE).hexdigest():
        raise Missing("the host's page is another one")
    server.shutdown()

    say("""A Linux program speaks to the real-time cell: it opens a device node, and the cell sees a
        channel.""")
    system.ask("personal", "portcheck say modem-port status", r"^(\d+) beats, (\d+) missed")

    say("""That cell takes a beat a hundred times per second. Both machines get all the work that they can do, and one
        of them floods the other's network. The modem must not notice.""")
    system.type("personal", BUSY)
    system.type("business", BUSY)
    system.type("personal", f"netcheck flood {MACHINES['business']} port=9 seconds=600 >/dev/null & true")
    see_beats(system)
    ping(system, "business", MODEM)
    system.type("personal", "kill $(jobs -p)")
    system.type("business", "kill $(jobs -p)")

    say("The personal machine is switched off. The business machine, its disk and its network go on.")
    system.type("personal", "sync; umount /home; poweroff")
    system.expect("personal", r"reboot: Power down")
    ping(system, "business", MODEM)
    system.ask("business", "mount /dev/vdb /home && echo kept >/home/note && sync && cat /home/note", r"^kept$")
    see_beats(system)

    say("""That was the tour. The whole system is described in systems/handset/system.dts; its report says who reaches
        what. Start it with a terminal, and you have both shells for yourself.""")


if __name__ == "__main__":
    sys.exit(play(tour, CLIENTS, "A scripted tour of the handset.", show_some("|EXT4|vd[ab]:")))
