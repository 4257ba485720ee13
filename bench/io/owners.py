# SPDX-License-Identifier: BSD-2-Clause
"""Whose instructions are these? QEMU's log of executed addresses does not say
which space was in use, and all native cells lie at the same addresses. But a
stretch between two visits of the kernel follows the branches of one program,
and begins where that program had stopped. So its owner can be told."""
import re
import subprocess


class Program:
    """A cell's text, from its ELF file."""

    def __init__(self, name, elf, tools):
        self.name = name
        self.text = {}
        out = subprocess.run([tools + "objdump", "-d", "--no-show-raw-insn", elf], check=True,
                             capture_output=True, text=True).stdout
        for line in out.splitlines():
            m = re.match(r" *([0-9a-f]+):\t(\S+)\s*(.*)$", line)
            if m:
                self.text[int(m[1], 16)] = (m[2], m[3])

    def follows(self, a, b):
        """Whether b can be executed directly after a."""
        name, rest = self.text[a]
        direct = re.search(r"(?:^|, )([0-9a-f]+) <", rest)
        if name in ("ret", "br", "blr"):
            return True
        if name in ("b", "bl"):
            return direct is not None and int(direct[1], 16) == b
        if name.startswith("b.") or name in ("cbz", "cbnz", "tbz", "tbnz"):
            return b == a + 4 or (direct is not None and int(direct[1], 16) == b)
        return b == a + 4 or b == a             # the same again: it was interrupted

    def fits(self, stretch):
        text = self.text
        if any(a not in text for a in stretch):
            return False
        return all(self.follows(a, b) for a, b in zip(stretch, stretch[1:]))

    def goes_on(self, stretch):
        """Where it goes on when it runs again: candidates."""
        last = stretch[-1]
        return {last, last + 4}


class Owners:
    """Walks a log and says whose each instruction is."""

    def __init__(self, kernel, guest, programs):
        """kernel.holds(address); guest: (first, behind) of the guest's addresses, which no one else uses."""
        self.kernel, self.guest, self.programs = kernel, guest, programs
        self.resume = {}

    def owner_of(self, stretch):
        candidates = [p for p in self.programs if p.fits(stretch)]
        if len(candidates) > 1:
            going_on = [p for p in candidates if stretch[0] in self.resume.get(p.name, ())]
            candidates = going_on if going_on else candidates
        if len(candidates) != 1:
            return "?"
        self.resume[candidates[0].name] = candidates[0].goes_on(stretch)
        return candidates[0].name

    def walk(self, addresses):
        """Yields (owner, addresses in a row)."""
        i, n = 0, len(addresses)
        while i < n:
            kind = self.kind(addresses[i])
            j = i + 1
            while j < n and self.kind(addresses[j]) == kind:
                j += 1
            part = addresses[i:j]
            yield (kind or self.owner_of(part)), part
            i = j

    def kind(self, address):
        if self.kernel.holds(address):
            return "kernel"
        if self.guest[0] <= address < self.guest[1]:
            return "guest"
        return None
