# SPDX-License-Identifier: BSD-2-Clause
"""The other side's terminal: for programs that boot a system, type, and look."""
import os
import re
import signal
import subprocess
import threading
import time


class Missing(Exception):
    """Something expected was not seen."""


class Terminal:
    """Runs a command and reads what it prints, as lines as a reader sees them."""

    def __init__(self, command, timeout, show=None, env=None, log=None):
        """show(line) is called for each complete line; what comes is also written to the file `log`."""
        self.timeout = timeout
        self.show = show
        self.log = log
        self.lines = []          # complete ones
        self.partial = ""        # where the cursor is
        self.seen = 0            # lines that expect() has passed
        self.ended = False
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True, env=env)
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()

    def read(self):
        pending = ""
        while True:
            data = os.read(self.process.stdout.fileno(), 4096)
            if not data:
                break
            if self.log:
                self.log.write(data)
                self.log.flush()
            with self.changed:
                pending = self.take(pending + data.decode("utf-8", "replace"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def take(self, text):
        """Draw text on the partial line; returns what may be an unfinished escape."""
        i = 0
        while i < len(text):
            c = text[i]
            if c == "\x1b":
                escape = re.match(r"\x1b\[[0-9;]*[A-Za-z]", text[i:])
                if not escape:
                    return text[i:]
                if escape.group().endswith("K"):
                    self.partial = ""
                i += len(escape.group())
                continue
            if c == "\n":
                self.lines.append(self.partial)
                if self.show:
                    self.show(self.partial)
                self.partial = ""
            elif c == "\b":
                self.partial = self.partial[:-1]
            elif c >= " ":
                self.partial += c
            i += 1
        return ""

    def send(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except OSError as error:
            raise Missing("the machine has ended") from error

    def wait_until(self, found, what, timeout=None):
        """Wait until found() is true: it is called with the lock held."""
        limit = time.monotonic() + (timeout or self.timeout)
        with self.changed:
            while True:
                result = found()
                if result:
                    return result
                left = limit - time.monotonic()
                if left <= 0 or self.ended:
                    raise Missing(what + (": the machine has ended" if self.ended else ""))
                self.changed.wait(left)

    def expect(self, pattern, timeout=None):
        """Wait for a line that matches, after the last one that did."""
        def found():
            while self.seen < len(self.lines):
                self.seen += 1
                match = re.search(pattern, self.lines[self.seen - 1])
                if match:
                    return match
            return None

        return self.wait_until(found, "this was expected and did not come: " + pattern, timeout)

    def expect_prompt(self, pattern):
        """Wait until the cursor stands behind what matches."""
        self.wait_until(lambda: re.search(pattern + "$", self.partial),
                        "this prompt did not come: " + pattern)

    def reader(self, tag):
        return Reader(self, tag)

    def close(self):
        """End the emulator: by its own key, then by force."""
        if self.process.poll() is None:
            try:
                self.process.stdin.write(b"\x01x")
                self.process.stdin.flush()
                self.process.wait(5)
            except (OSError, subprocess.TimeoutExpired):
                try:
                    os.killpg(self.process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                self.process.wait()
        self.reading.join(5)


class Reader:
    """The lines of one cell: those with its name before them, which is taken off."""

    def __init__(self, terminal, tag):
        self.terminal = terminal
        self.tag = f"[{tag}] "
        self.seen = 0            # of all lines

    def forget(self):
        """Only what comes from now on counts."""
        with self.terminal.changed:
            self.seen = len(self.terminal.lines)

    def next_line(self):
        lines = self.terminal.lines
        while self.seen < len(lines):
            self.seen += 1
            if lines[self.seen - 1].startswith(self.tag):
                return lines[self.seen - 1][len(self.tag):]
        return None

    def expect(self, pattern, timeout=None, never=None):
        """Wait for a line that matches; one that matches `never` is an error."""
        def found():
            while (line := self.next_line()) is not None:
                if never and re.search(never, line):
                    raise Missing(f"{self.tag}{line}")
                match = re.search(pattern, line)
                if match:
                    return match
            return None

        return self.terminal.wait_until(found, f"{self.tag}did not say: {pattern}", timeout)

    def expect_prompt(self, prompt, timeout=None):
        """Wait until this cell, which has the keyboard, waits for a command."""
        self.terminal.wait_until(lambda: self.terminal.partial == self.tag + prompt,
                                 f"{self.tag}has no prompt", timeout)

    def type(self, prompt, line, timeout=None):
        """Type a command at the prompt, and wait for its echo."""
        self.expect_prompt(prompt, timeout)
        self.forget()
        self.terminal.send(line.encode() + b"\r")
        self.expect("^" + re.escape(prompt + line) + " *$", timeout)

    def text(self):
        """All lines so far."""
        with self.terminal.changed:
            return [line[len(self.tag):] for line in self.terminal.lines if line.startswith(self.tag)]
