#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A tour of the system of two virtual machines: boots it in QEMU, types what its
page suggests, says what is being seen, and checks it. Exit status 0 means that
everything was seen.

    tour.py [--timeout SECONDS] COMMAND...

COMMAND boots the system with its console on standard input and output, for
example: mullion run systems/two-linux/system.dts
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from terminal import Missing
from tours import SWITCH, host_is_busy, note, play, say, show_some

CLIENTS = ["left", "right", "pulse"]
BOOT_LIMIT = 60                # seconds until both prompts
BUSY = "for i in 1 2; do while :; do :; done & done"


def see_beats(system):
    """A hundred beats per second, none missed, whatever the machines do."""
    for _ in range(6):
        system.enter("pulse", "reset", r"> reset$")
        time.sleep(2)
        match = system.enter("pulse", "", r"(\d+) beats, (\d+) missed")
        if int(match.group(1)) >= 150 and match.group(2) == "0":
            return
    if not host_is_busy():
        raise Missing("the pulse missed beats: " + match.group())
    note("This computer is busy with other things and stops QEMU for longer than a beat.")


def tour(system):
    start = time.monotonic()
    say("""Two Debian kernels boot, each in a virtual machine of two CPUs. They share two cores, and know
        nothing of each other. Each has a program of its own, without rights over anything else, that
        plays its devices: the VMM. (Of what Linux says, a few lines are shown.)""")
    for name in ("left", "right"):
        system.expect(name, rf"{name}: Linux [0-9]\S+, 2 CPU", BOOT_LIMIT - (time.monotonic() - start))
    note(f"both prompts after {time.monotonic() - start:.0f} s")

    say("The keyboard belongs to left. Ctrl-] ? lists who could have it.")
    system.terminal.send(SWITCH + b"?")
    system.expect("console", r"  1  left  \(keyboard\)")
    system.expect("console", r"  2  right")
    system.expect("console", r"  3  pulse")

    say("What does left find? A kernel as Debian ships it, two CPUs, a few devices.")
    system.type("left", "uname -a")
    system.expect("left", r"^Linux left [0-9]\S+-arm64 .*aarch64")
    system.type("left", "nproc")
    system.expect("left", r"^2$")
    system.type("left", "cat /proc/interrupts")
    system.expect("left", r"arch_timer")
    system.type("left", "selfcheck")
    system.expect("left", r"check: done \d+ ok, 0 failed", 60)

    say("Ctrl-] 2 gives the keyboard to right, which is another machine.")
    system.type("right", "hostname; cat /proc/uptime")
    system.expect("right", r"^right$")
    before = float(system.expect("right", r"^([0-9.]+) ").group(1))

    say("""The third cell, pulse, needs no operating system. It runs above both machines, a hundred times
        per second. Enter asks it how exact it was; reset begins to count anew.""")
    see_beats(system)

    say("Now both machines are given all the work that they can do. The pulse must not notice.")
    system.type("left", BUSY)
    system.type("right", BUSY)
    see_beats(system)
    system.type("left", "kill $(jobs -p)")
    system.type("right", "kill $(jobs -p)")

    say("""Left's kernel is made to crash. Its own PSCI reset, three seconds later, starts this machine and
        nothing else again, from the images that the build has put there.""")
    system.type("left", "echo c >/proc/sysrq-trigger")
    system.expect("left", r"Kernel panic - not syncing: sysrq triggered crash")
    system.type("right", "cat /proc/uptime")
    during = float(system.expect("right", r"^([0-9.]+) [0-9.]+$").group(1))
    if during <= before:
        raise Missing("right did not go on")
    system.switch("left")
    system.expect("left", r"left: Linux [0-9]\S+, 2 CPU", BOOT_LIMIT)
    see_beats(system)

    say("Left is switched off. Right goes on, and so does the pulse.")
    system.type("left", "poweroff")
    system.expect("left", r"reboot: Power down")
    system.type("right", "cat /proc/uptime")
    if float(system.expect("right", r"^([0-9.]+) [0-9.]+$").group(1)) <= during:
        raise Missing("right did not go on")
    see_beats(system)

    say("""That was the tour. The whole system is described in systems/two-linux/system.dts: a machine is a
        handful of lines. Start it with a terminal, and you have both shells for yourself.""")


if __name__ == "__main__":
    sys.exit(play(tour, CLIENTS, "A scripted tour of the system of two virtual machines.", show_some()))
