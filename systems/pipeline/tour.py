#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A tour of the pipeline system: boots it in QEMU, types commands as a user
would, says what is being seen, and checks it. Exit status 0 means that
everything was seen.

    tour.py [--timeout SECONDS] COMMAND...

COMMAND boots the system with its console on standard input and output, for
example: mullion run systems/pipeline/system.dts
"""

import argparse
import os
import re
import sys
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from terminal import Missing, Terminal

SWITCH = b"\x1d"


def show(line):
    """Of a flood, a few lines will do."""
    flood = re.search(r"flood line (\d+):", line)
    if not flood or int(flood.group(1)) % 1000 == 1:
        print("    | " + line, flush=True)


class Console(Terminal):
    """The shell's terminal."""

    def __init__(self, command, timeout):
        super().__init__(command, timeout, show)

    def expect_prompt(self, pattern=r"\[shell\] > "):
        super().expect_prompt(pattern)

    def type(self, line):
        self.expect_prompt()
        with self.changed:
            self.seen = len(self.lines)
        self.send(line.encode() + b"\r")


def say(text):
    print()
    print(textwrap.fill(" ".join(text.split()), 100), flush=True)


def see_samples(console, least):
    """A second with at least so many samples, and none lost."""
    for _ in range(10):
        match = console.expect(r"second (\d+): (\d+) samples, (\d+) lost")
        if int(match.group(2)) >= least and match.group(3) == "0":
            return
    raise Missing("no second with %d samples and none lost" % least)


def tour(console):
    say("""The system boots: the kernel, then four cells. Each has its own memory and holds only the
        capabilities that system.dts gives it. Every line below shows the name of the cell that
        printed it.""")
    console.expect(r"\[shell\] a clock driver, a filter and this shell")
    console.expect_prompt()

    say("""Once per second the clock's device interrupts: a real interrupt, which the kernel gives to
        the clock cell and to no other. Its samples pass to the filter and from there to the shell
        through two rings in shared memory.""")
    see_samples(console, 5)
    see_samples(console, 5)

    say("The shell knows some commands.")
    console.type("help")
    console.expect(r"flood .* make filter print")

    say("""The shell may call the clock: it asks for 100 samples per second. The call goes to another
        core.""")
    console.type("rate 100")
    console.expect(r"clock: new rate")
    see_samples(console, 80)

    say("""Now the wall. The filter is told to write where nothing is mapped. The kernel stops it and
        tells the console, which holds its fault portal. Nobody else notices.""")
    console.type("crash filter")
    console.expect(r"\[console\] cell filter stopped: write to 0x8000 at pc 0x[0-9a-f]+")
    console.type("stats")
    console.expect(r"cell clock: running")
    console.expect(r"cell filter: stopped")

    say("The clock still answers; a call to the filter returns a status instead of hanging.")
    console.type("rate 20")
    console.expect(r"clock: new rate")
    console.type("crash filter")
    console.expect(r"filter has stopped")

    say("""The shell holds the control capability of the filter, so it may start it again: the kernel
        loads its pristine image. The results come back.""")
    console.type("restart filter")
    console.expect(r"filter: started from its pristine image")
    see_samples(console, 10)

    say("""The same with the driver itself. When it starts again, it sets its device up, and the
        interrupts come again.""")
    console.type("crash clock")
    console.expect(r"\[console\] cell clock stopped: write to 0x8000")
    console.type("restart clock")
    console.expect(r"clock: started from its pristine image")
    see_samples(console, 5)

    say("""The filter now floods the console with 3000 lines. The console gives every cell its turn,
        so the shell still answers while the flood goes on. (Three lines of it are shown here.)""")
    console.type("flood 3000")
    console.expect(r"flood line 1:")
    console.type("stats")
    console.expect(r"cell clock: running")
    flooding = console.expect(r"flood line (\d+):")
    if int(flooding.group(1)) >= 3000:
        raise Missing("the flood was over before the shell answered")
    console.expect(r"flood over: 3000 lines", 60)

    say("The switch key, Ctrl-], moves the keyboard to another cell and back.")
    console.expect_prompt()
    console.send(SWITCH + b"?")
    console.expect(r"\[console\]   1  shell  \(keyboard\)")
    console.send(SWITCH + b"2")
    console.expect(r"\[console\] keyboard: clock")
    console.send(SWITCH + b"1")
    console.expect(r"\[console\] keyboard: shell")
    console.type("watch off")
    console.expect(r"results are not printed")

    say("""That was the tour. The whole system is described in systems/pipeline/system.dts and
        pipeline.dtsi: what is not granted there cannot happen. Start it with a terminal, and you
        have the shell for yourself.""")


def main():
    parser = argparse.ArgumentParser(description="A scripted tour of the pipeline system.")
    parser.add_argument("--timeout", type=float, default=30, metavar="SECONDS",
                        help="how long to wait for each thing that should be seen")
    parser.add_argument("command", nargs=argparse.REMAINDER,
                        help="what boots the system, its console on standard input and output")
    arguments = parser.parse_args()
    command = [c for c in arguments.command if c != "--"]
    if not command:
        parser.error("say what boots the system, for example: mullion run systems/pipeline/system.dts")

    console = Console(command, arguments.timeout)
    try:
        tour(console)
    except (Missing, OSError) as error:
        print("\ntour: %s" % error)
        print("tour: the unfinished line is: %r" % console.partial)
        return 1
    finally:
        console.close()
    print("\ntour: everything was seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
