#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A tour of the drive: boots it in QEMU, types what its page suggests, says what is
being seen, and checks it. Exit status 0 means that everything was seen.

    tour.py [--timeout SECONDS] COMMAND...

COMMAND boots the system with its console on standard input and output, with
instructions as the clock, as `make tour-drive` does.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from terminal import Missing
from tours import SWITCH, play, say, show_some

CLIENTS = ["linux", "control", "switch", "telemetry", "linux-io"]
PATIENCE = 180                 # for what takes some seconds of the machine's
SECONDS = 5


def see_beats(system, what):
    """So many beats, none of which misses its deadline."""
    system.enter("control", f"measure {SECONDS * 1000}", "a report after")
    match = system.expect("control", r"(\d+) beats, (\d+) missed, (\d+) passed; begun after (\d+)/(\d+)/(\d+) ns", PATIENCE)
    if int(match[1]) < SECONDS * 1000 or match[2] != "0" or match[3] != "0":
        raise Missing(f"{what}: beats were missed: " + match.group())
    system.expect("control", "end of report", PATIENCE)


def tour(system):
    say("""A control loop of 1 kHz, the motor that it controls, and a Debian kernel in a virtual machine, on one core. In
        this emulator an instruction takes 16 ns: as slow as a processor of 60 MHz. (Of what Linux says, a few lines are
        shown.)""")
    system.expect("linux", r"linux: Linux [0-9]\S+, 1 CPU", PATIENCE)

    say("Ctrl-] ? lists who could have the keyboard.")
    system.terminal.send(SWITCH + b"?")
    system.expect("console", r"  1  linux  \(keyboard\)")
    system.expect("console", r"  2  control")

    say("""Control says how exact its beats were: when each began after its millisecond, and when the new voltage was out.
        No interrupt, no page fault and no lock of Linux is in its way: only the kernel is.""")
    see_beats(system, "beside an idle machine")

    say("The motor goes to and fro. Whoever is on the network can look at it, and only look.")
    system.type("linux", "stty cols 200")
    system.ask("linux", "ping -c 2 -W 5 10.0.2.23", r"^2 packets transmitted, 2 packets received", PATIENCE)
    system.ask("linux", "nc 10.0.2.23 1000", r"^angle -?\d+ mrad, should be", PATIENCE)

    say("""Now the machine is given all the work that it can do: arithmetic, memory, timers, forks, signals, and
        datagrams to the network cell and back. The beats must not notice.""")
    system.type("linux", f"load {SECONDS + 15} 10.0.2.23 >/tmp/load 2>&1 &")
    system.enter("control", "trace", "notes everything")
    see_beats(system, "beside a busy machine")

    say("""worst: what the kernel did around the latest beat. It is never interrupted, so a beat waits for what it is at;
        how long that can be is known, and the analysis counts it.""")
    system.enter("control", "worst", "the latest beat: due at")
    system.enter("control", "trace off", "notes faults")

    say("""That was the tour. What the loop needs is in systems/drive/system.dts: a budget, a period, a deadline; and
        "mullion report" says beforehand that it is kept.""")


if __name__ == "__main__":
    sys.exit(play(tour, CLIENTS, "A scripted tour of the drive.", show_some()))
