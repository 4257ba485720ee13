# SPDX-License-Identifier: BSD-2-Clause
"""What the tours of systems with a console cell and Linux machines have in common."""
import argparse
import os
import re
import sys
import textwrap

from terminal import Missing, Terminal

SWITCH = b"\x1d"


def say(text):
    print()
    print(textwrap.fill(" ".join(text.split()), 100), flush=True)


def note(text):
    print(f"    ({text})", flush=True)


def show_some(more=""):
    """Linux has much to say while it boots; a few lines of it will do."""
    kept = re.compile(r"Booting Linux|Linux version|Machine model|Memory:|smp: Brought up|psci:|virtio|"
                      r"Run /init|sysrq|panic|reboot:" + more)

    def show(line):
        if "] check-text " in line:
            return
        if not re.match(r"\[[\w-]+\] \[ *\d+\.\d+\]", line) or kept.search(line):
            print("    | " + line, flush=True)
    return show


def host_is_busy():
    """Others keep this computer busy: then it stops QEMU itself for longer than a beat."""
    return os.getloadavg()[0] > (os.cpu_count() or 1) + 2.5    # QEMU's own part is 2


class System:
    """A booted system, with the console's clients in their order."""

    def __init__(self, terminal, clients):
        self.terminal = terminal
        self.clients = clients
        self.cells = {name: terminal.reader(name) for name in clients + ["console"]}
        self.keyboard = clients[0]

    def expect(self, name, pattern, timeout=None):
        return self.cells[name].expect(pattern, timeout)

    def switch(self, name):
        if self.keyboard == name:
            return
        number = self.clients.index(name) + 1
        self.cells["console"].forget()
        if number <= 9:
            self.terminal.send(SWITCH + str(number).encode())
        else:                                   # there are keys for nine
            self.terminal.send(SWITCH + b"9" + (SWITCH + b"n") * (number - 9))
        self.expect("console", f"keyboard: {name}$")
        self.keyboard = name

    def type(self, name, line):
        """A command for a machine's shell."""
        self.switch(name)
        if self.terminal.partial == "":         # its prompt was shown as a line while another had the keyboard
            self.terminal.send(b"\r")
        self.cells[name].type(f"{name} # ", line)

    def ask(self, name, line, pattern, timeout=None):
        """Type a command, and look for what it prints."""
        self.type(name, line)
        return self.expect(name, pattern, timeout)

    def enter(self, name, command, pattern):
        """The same for a native cell, which has no shell."""
        self.switch(name)
        self.cells[name].forget()
        self.terminal.send(command.encode() + b"\r")
        return self.expect(name, pattern)


def play(tour, clients, description, show):
    """The program: tour(system) on what the command line boots. Returns the exit status."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--timeout", type=float, default=30, metavar="SECONDS",
                        help="how long to wait for each thing that should be seen")
    parser.add_argument("command", nargs=argparse.REMAINDER,
                        help="what boots the system, its console on standard input and output")
    arguments = parser.parse_args()
    command = arguments.command
    if command and command[0] == "--":
        command = command[1:]
    if not command:
        parser.error(f"say what boots the system, for example: mullion run {os.path.dirname(sys.argv[0])}/system.dts")

    terminal = Terminal(command, arguments.timeout, show)
    try:
        tour(System(terminal, clients))
    except (Missing, OSError) as error:
        print("\ntour: %s" % error)
        print("tour: the unfinished line is: %r" % terminal.partial)
        return 1
    finally:
        terminal.close()
    print("\ntour: everything was seen")
    return 0
