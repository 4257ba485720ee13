#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stands for qemu-system-aarch64 on PATH while masked stretches are counted
(masked.py puts it there): adds the plugin to what is to be run, and runs it.

What runs no kernel whose symbols are at hand is run as it is."""
import glob
import hashlib
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.environ.get("MULLION_MASKED", f"{TOP}/build/masked")
TOOLS = "aarch64-linux-gnu-"


def kernel_text(name):
    """Address and bytes of the first segment of an ELF file."""
    with open(name, "rb") as f:
        head = f.read(4096)
        if head[:5] != b"\x7fELF\x02":
            return None
        at, = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        for i in range(count):
            kind, flags, offset, address, _, bytes_, _, _ = struct.unpack_from("<IIQQQQQQ", head, at + i * size)
            if kind == 1 and flags & 1:
                f.seek(offset)
                return address, f.read(bytes_)
    return None


def look(after):
    """Whether a read of ISR_EL1, followed by these instructions, asks for interrupts (bit 7)."""
    return any(re.search(r"#7\b|#0x7\b|#0x80\b", text) for text in after[:3])


def map_lines(elf, base, size):
    run = lambda *words: subprocess.run([TOOLS + words[0], *words[1:], elf], check=True,
                                        capture_output=True, text=True).stdout
    yield f"text {base:x} {size:x}"
    names = {}
    for line in run("nm", "-n").splitlines():
        address, kind, name = ("0 " + line).split()[-3:]
        if kind in "tT" and base <= int(address, 16) < base + size and not re.match(r"phase\.|\$", name):
            names.setdefault(int(address, 16), name.split(".")[0])
    for address, name in sorted(names.items()):
        yield f"function {address:x} {name}"
        if name == "arch_restart_call":
            yield f"restart {address:x}"
        if name in ("panic", "trap_own", "own_exception", "arch_system_reset"):
            yield f"panic {address:x}"
    code = [m for m in re.finditer(r"^\s*([0-9a-f]+):\s+[0-9a-f]{8}\s+(.*)$", run("objdump", "-d"), re.M)]
    for i, m in enumerate(code):
        if re.match(r"mrs\s.*isr_el1", m[2]) and look([n[2] for n in code[i + 1:i + 4]]):
            yield f"poll {m[1]}"


def find_map(image):
    """The map of the kernel in this image; None if it is not at hand."""
    elf = re.sub(r"\.img$", ".elf", image)
    text = kernel_text(elf) if os.path.exists(elf) else None
    if text is None:
        return None
    name = f"{OUT}/maps/{hashlib.sha256(text[1]).hexdigest()[:16]}"
    if os.path.exists(name):
        return name
    for kernel in glob.glob(f"{TOP}/build/kernel/*/*/mullion.elf") + \
            glob.glob(f"{TOP}/build/**/boards/*/mullion.elf", recursive=True):
        own = kernel_text(kernel)
        # The system's text may be followed by other things that are in that segment.
        if own and own[0] == text[0] and text[1].startswith(own[1]):
            os.makedirs(f"{OUT}/maps", exist_ok=True)
            with open(f"{name}.{os.getpid()}", "w", encoding="ascii") as f:
                f.write("\n".join(map_lines(kernel, own[0], len(own[1]))) + "\n")
            os.rename(f"{name}.{os.getpid()}", name)
            return name
    return None


def real_qemu():
    for folder in os.environ["PATH"].split(":"):
        path = f"{folder}/qemu-system-aarch64"
        if os.access(path, os.X_OK) and os.path.realpath(path) != os.path.realpath(__file__):
            return path
    sys.exit("there is no qemu-system-aarch64")


def main():
    words = sys.argv[1:]
    image = words[words.index("-kernel") + 1] if "-kernel" in words else ""
    found = find_map(image)
    if found:
        os.makedirs(f"{OUT}/runs", exist_ok=True)
        name = f"{OUT}/runs/{os.getpid()}"
        with open(f"{name}.run", "w", encoding="utf-8") as f:
            f.write(f"{found}\n{os.path.relpath(os.path.dirname(image), TOP)}\n{' '.join(words)}\n")
        words += ["-plugin", f"{OUT}/count.so,map={found},out={name}.counts"]
    elif image:
        with open(f"{OUT}/missed.txt", "a", encoding="utf-8") as f:
            f.write(f"{' '.join(words)}\n")
    os.execv(real_qemu(), ["qemu-system-aarch64", *words])


main()
