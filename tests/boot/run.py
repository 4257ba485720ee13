#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Starts the hello system by every kind of loader, in QEMU: it must come to its
first line, or the loader must say why not. Loaders that are not installed are
skipped.

    run.py [WORD...]     only cases whose name has one of these words
"""
import os
import select
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = "build/tests/boot"
TOOL = "build/tools/mullion"
SECONDS = 60                # for one start; the slowest takes about 10 on an idle PC

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"                     # u-boot-qemu
UEFI = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"                    # qemu-efi-aarch64

HELLO = 'I am the cell "hello"'
QEMU = ["qemu-system-aarch64", "-nographic", "-nic", "none", "-no-reboot"]
VIRT = ["-cpu", "cortex-a53", "-smp", "2", "-m", "512"]
GICV2 = ["-M", "virt,gic-version=2,virtualization=on,iommu=smmuv3"] + VIRT
GICV3 = ["-M", "virt,gic-version=3,virtualization=on,iommu=smmuv3"] + VIRT
GICV3_EL1 = ["-M", "virt,gic-version=3,virtualization=off"] + VIRT
ZCU102 = ["-M", "xlnx-zcu102,virtualization=on", "-smp", "4", "-m", "1024"]


# ---- the systems -----------------------------------------------------------

def system(board, name="hello"):
    """The folder of a system's files for a board; built once."""
    folder = f"{OUT}/{name}-{board}"
    source = f"systems/{name}/system.dts"
    if not os.path.exists(source):
        source = f"tests/boot/{name}.dts"
    if folder not in system.built:
        p = subprocess.run([TOOL, "build", source, "--board", board, "-o", folder],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if p.returncode != 0:
            sys.exit(p.stdout)
        system.built.add(folder)
    return folder


system.built = set()


# ---- QEMU ------------------------------------------------------------------

class Machine:
    """QEMU with its console; ends with the `with` that it is made for."""

    def __init__(self, words):
        env = dict(os.environ, QEMU_AUDIO_DRV="none")
        self.said = ""
        self.seen = 0
        self.process = subprocess.Popen(QEMU + words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=env)
        self.end = time.monotonic() + SECONDS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def wait(self, text):
        """True when the text comes, after what the last wait has found."""
        out = self.process.stdout.fileno()
        while (at := self.said.find(text, self.seen)) < 0:
            left = self.end - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                return False
            more = os.read(out, 65536)
            if not more:
                return False
            self.said += more.decode(errors="replace").replace("\r", "")
        self.seen = at + len(text)
        return True

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()


def starts(words, *talk):
    """None when all comes as expected: pairs of what is waited for, and what is
    typed then; else what went wrong."""
    with Machine(words) as m:
        for expected, answer in talk:
            if not m.wait(expected):
                return f"no {expected!r}; the last that came:\n" + m.said[-1500:]
            if answer:
                m.type(answer)
    return None


def uboot(machine, board, command):
    image = f"{system(board)}/system.img"
    loader = f"loader,file={image},addr=0x50000000,force-raw=on"
    command = command.replace("SIZE", f"{os.path.getsize(image):x}")
    return starts(machine + ["-bios", UBOOT, "-device", loader],
                  ("stop autoboot", "\n"), ("=> ", command + "\n"), (HELLO, None))


def uefi(machine, board, expected, name="hello", more=()):
    return starts(machine + ["-bios", UEFI, "-kernel", f"{system(board, name)}/system.img", *more],
                  (expected, None))


def uefi_disk(machine, board):
    """As a removable disk has it: the file that UEFI starts by itself."""
    disk = f"{OUT}/disk"
    os.makedirs(f"{disk}/EFI/BOOT", exist_ok=True)
    shutil.copy(f"{system(board)}/system.img", f"{disk}/EFI/BOOT/BOOTAA64.EFI")
    return starts(machine + ["-bios", UEFI, "-drive", f"if=none,id=disk,format=raw,file=fat:rw:{disk}",
                             "-device", "virtio-blk-device,drive=disk"], (HELLO, None))


def mover():
    """The moves that no firmware happens to need (tests/boot/mover)."""
    with Machine(GICV3 + ["-semihosting-config", "enable=on,target=native", "-kernel", f"{OUT}/mover.elf"]) as m:
        if not m.wait("end\n") or "FAIL" in m.said or m.said.count("ok ") == 0:
            return "it says:\n" + m.said[-1500:]
    return None


# ---- the cases -------------------------------------------------------------

def kernel(machine, board, name):
    return starts(machine + ["-kernel", f"{system(board)}/{name}"], (HELLO, None))


BOOTI = "booti 0x50000000 - ${fdtcontroladdr}"
BOOTEFI = "bootefi 0x50000000:SIZE ${fdtcontroladdr}"
CASES = [       # name, firmware that must be there, what runs
    ("ELF, QEMU -kernel, virt-gicv2", None, lambda: kernel(GICV2, "virt-gicv2", "system.elf")),
    ("ELF, QEMU -kernel, virt-gicv3", None, lambda: kernel(GICV3, "virt-gicv3", "system.elf")),
    ("ELF, QEMU -kernel, zcu102", None, lambda: kernel(ZCU102, "zcu102", "system.elf")),
    ("Image, QEMU -kernel, virt-gicv2", None, lambda: kernel(GICV2, "virt-gicv2", "system.img")),
    ("Image, QEMU -kernel, virt-gicv3", None, lambda: kernel(GICV3, "virt-gicv3", "system.img")),
    ("Image, QEMU -kernel, zcu102", None, lambda: kernel(ZCU102, "zcu102", "system.img")),
    ("Image, U-Boot booti, virt-gicv2", UBOOT, lambda: uboot(GICV2, "virt-gicv2", BOOTI)),
    ("Image, U-Boot booti, virt-gicv3", UBOOT, lambda: uboot(GICV3, "virt-gicv3", BOOTI)),
    ("UEFI application, U-Boot bootefi, virt-gicv3", UBOOT, lambda: uboot(GICV3, "virt-gicv3", BOOTEFI)),
    ("UEFI application, UEFI -kernel, virt-gicv2", UEFI, lambda: uefi(GICV2, "virt-gicv2", HELLO)),
    ("UEFI application, UEFI -kernel, virt-gicv3", UEFI, lambda: uefi(GICV3, "virt-gicv3", HELLO)),
    ("UEFI application, UEFI disk, virt-gicv3", UEFI, lambda: uefi_disk(GICV3, "virt-gicv3")),
    ("the UEFI part's moves, alone", None, mover),
    ("UEFI without EL2 is told so", UEFI, lambda: uefi(
        GICV3_EL1, "virt-gicv3", "mullion: the firmware does not run at EL2; enable virtualization")),
    ("UEFI with too little memory is told so", UEFI, lambda: uefi(
        GICV3, "virt-gicv3", "mullion: the system needs memory from 0x40200000", "large", ["-m", "256"])),
]


def main(words):
    passed = failed = skipped = 0
    os.chdir(TOP)
    for name, firmware, run in CASES:
        if words and not any(w in name for w in words):
            continue
        if firmware and not os.path.exists(firmware):
            print(f"skipped {name}: {firmware} is not installed", flush=True)
            skipped += 1
            continue
        start = time.monotonic()
        wrong = run()
        if wrong:
            failed += 1
            print(f"FAILED  {name}: {wrong}", flush=True)
        else:
            passed += 1
            print(f"ok      {name} ({time.monotonic() - start:.1f} s)", flush=True)
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
