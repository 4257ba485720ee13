#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a guest from Debian's packages: a kernel as an arm64 Image, and a small
initramfs around BusyBox. The same packages always give the same files.

    build.py image FILE OUT
        OUT is the Image in FILE, which may be an Image, compressed by gzip, or
        an EFI program that unpacks itself
    build.py kernel KERNEL.deb OUT
        OUT is the Image of Debian's kernel
    build.py initrd KERNEL.deb BUSYBOX.deb FOLDER CHECKS OUT
        OUT is the initramfs: FOLDER's files, BusyBox, CHECKS under the name of each
        program in it, and the kernel's modules with the order in which to load them
    build.py more INITRD FOLDER PROGRAM PACKAGE.deb... OUT
        OUT is INITRD with more before it: FOLDER's files and PROGRAM, a path in the
        PACKAGEs, in /bin, and the libraries that it needs, out of the PACKAGEs, in /lib
"""
import gzip
import os
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
import zlib

# What a guest's board needs that Debian builds as modules, and the kind of virtio
# device that must be there, or None; what these need is found by itself. A kernel
# that has one built in has no file of it. ext4 asks for crc32c by name only.
MODULES = {"virtio_mmio": None, "virtio_net": 1, "virtio_blk": 2, "crc32c_generic": 2, "ext4": 2,
           "virtio_console": 3, "virtio_rng": 4}

IMAGE_MAGIC = b"ARM\x64"       # at 56 of an arm64 Image


def fail(text):
    sys.exit(f"guests: {text}")


# ---- packages ---------------------------------------------------------------

def members(package, links_too=False):
    """(name, reader) of each file in a package, in its order; of symbolic links (name, target)."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as p:
        with tarfile.open(fileobj=p.stdout, mode="r|") as tar:
            for member in tar:
                if member.isfile():
                    yield member.name.lstrip("./"), lambda m=member: tar.extractfile(m).read()
                elif links_too and member.issym():
                    yield member.name.lstrip("./"), member.linkname
        for _ in iter(lambda: p.stdout.read(1 << 20), b""):
            pass
    if p.returncode != 0:
        fail(f"{package} is no package, or only a part of one: delete it; make guests fetches it again")


def module_name(path):
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def unpacked(path, data):
    if path.endswith(".xz"):
        return subprocess.run(["xz", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
    if path.endswith(".gz"):
        return gzip.decompress(data)
    return data


def needs(data):
    """The modules that a module needs: its own word for it."""
    said = re.search(rb"\0depends=([^\0]*)\0", data)
    return [n.decode() for n in said.group(1).split(b",") if n] if said else []


def kernel_files(package):
    """The kernel's version, its file, and {name: (path, data)} of its modules."""
    wanted, found, kernel, version = set(MODULES), {}, None, None
    while True:
        for path, read in members(package):
            if path.startswith("boot/vmlinuz-") and kernel is None:
                version, kernel = path[len("boot/vmlinuz-"):], read()
            elif re.search(r"\.ko(\.xz|\.gz)?$", path):
                name = module_name(path)
                if name in wanted and name not in found:
                    found[name] = (path, unpacked(path, read()))
        more = {n for _, data in found.values() for n in needs(data)} - wanted
        if not more:
            break
        wanted |= more
    if kernel is None:
        fail(f"{package} holds no kernel")
    return version, kernel, found


def load_order(found):
    """{module: the kinds of devices it is for}; what is needed comes first."""
    order = {}

    def add(name, kind):
        if name in found:
            for other in needs(found[name][1]):
                add(other, kind)
            order.setdefault(name, set()).add(kind)

    for name, kind in MODULES.items():
        add(name, kind)
    return order


def order_line(name, kinds):
    """As init reads it: the module, and kinds as sysfs writes them, or "-": always."""
    words = ["-"] if None in kinds else [f"0x{kind:04x}" for kind in sorted(kinds)]
    return " ".join([name] + words) + "\n"


# ---- the kernel -------------------------------------------------------------

def image_of(data, name):
    if data[:2] == b"\x1f\x8b":
        return image_of(gzip.decompress(data), name)
    if data[:2] == b"MZ" and data[4:8] == b"zimg":      # an EFI program with the Image in it
        start, size = (int.from_bytes(data[at:at + 4], "little") for at in (8, 12))
        how = data[24:32].rstrip(b"\0")
        if how != b"gzip":
            fail(f"{name}: the Image in it is compressed by {how.decode(errors='replace')}; unpack it first")
        return image_of(zlib.decompress(data[start:start + size], wbits=31), name)
    if data[56:60] != IMAGE_MAGIC:
        fail(f"{name} is no arm64 Image")
    return data


def write(name, data):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name + ".new", "wb") as f:
        f.write(data)
    os.replace(name + ".new", name)


# ---- the initramfs ----------------------------------------------------------

class Archive:
    """A cpio archive of the format "newc", all files of root and of no date."""

    def __init__(self):
        self.data = bytearray()
        self.count = 0
        self.folders = set()

    def add(self, name, mode, data=b"", device=(0, 0)):
        parent = os.path.dirname(name)
        if parent and parent not in self.folders:
            self.folder(parent)
        self.count += 1
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
        self.data += b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        self.pad()
        self.data += data
        self.pad()

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def folder(self, name):
        if name in self.folders:
            return
        self.add(name, stat.S_IFDIR | 0o755)
        self.folders.add(name)

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self.add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def plain(self):
        self.add("TRAILER!!!", 0)
        return bytes(self.data)

    def compressed(self):
        return gzip.compress(self.plain(), 9, mtime=0)


def initrd(kernel, busybox, folder, checks, out):
    version, _, found = kernel_files(kernel)
    archive = Archive()
    for name in ("proc", "sys", "dev", "tmp", "root", "etc", "sbin", "mnt", "home"):
        archive.folder(name)
    archive.device("dev/console", 5, 1)         # the kernel opens it before /dev is there
    program = next((read() for path, read in members(busybox) if path.endswith("bin/busybox")), None)
    if program is None:
        fail(f"{busybox} holds no busybox")
    archive.file("bin/busybox", program, 0o755)
    archive.link("bin/sh", "busybox")
    for name in sorted(os.listdir(folder)):
        with open(f"{folder}/{name}", "rb") as f:
            data = f.read()
        if name == "init":
            archive.file(name, data, 0o755)
        elif not name.endswith((".c", ".h")):
            archive.file(f"etc/{name}", data, 0o755 if data.startswith(b"#!") else 0o644)
        if name.endswith(".c"):
            archive.link(f"bin/{name[:-2]}", "checks")
    with open(checks, "rb") as f:
        archive.file("bin/checks", f.read(), 0o755)
    order = load_order(found)
    for name in order:
        archive.file(f"lib/modules/{version}/{name}.ko", found[name][1])
    archive.file(f"lib/modules/{version}/order", "".join(order_line(n, k) for n, k in order.items()).encode())
    write(out, archive.compressed())


def needed_libraries(data):
    """The names of the libraries that a program or a library says it needs."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        p = subprocess.run(["aarch64-linux-gnu-readelf", "-d", f.name], stdout=subprocess.PIPE, check=True)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", p.stdout.decode())


def library_files(packages):
    """{name: data} of all libraries in the packages, under each of their names."""
    files, links = {}, {}
    for package in packages:
        for path, content in members(package, links_too=True):
            if "/aarch64-linux-gnu/" in f"/{path}":
                name = os.path.basename(path)
                if isinstance(content, str):
                    links[name] = os.path.basename(content)
                elif ".so" in name and os.path.dirname(path).endswith("/aarch64-linux-gnu"):
                    files[name] = content()
    files.update({name: files[target] for name, target in links.items() if target in files})
    return files


def more(initrd_name, folder, program, packages, out):
    archive = Archive()
    for name in sorted(os.listdir(folder)):
        with open(f"{folder}/{name}", "rb") as f:
            archive.file(f"bin/{name}", f.read(), 0o755)
    data = next((read() for path, read in members(packages[0]) if path == program), None)
    if data is None:
        fail(f"{packages[0]} holds no {program}")
    archive.file(f"bin/{os.path.basename(program)}", data, 0o755)
    libraries, there, wanted = library_files(packages), set(), needed_libraries(data)
    while wanted:
        name = wanted.pop()
        if name in there:
            continue
        if name not in libraries:
            fail(f"{program} needs {name}, and no package has it")
        archive.file(f"lib/{name}", libraries[name], 0o755)
        there.add(name)
        wanted += needed_libraries(libraries[name])
    # An archive that need not be unpacked, for it is large: a machine is slow while it starts.
    with open(initrd_name, "rb") as f:
        write(out, archive.plain() + f.read())


def main():
    words = sys.argv[1:]
    if words[:1] == ["image"] and len(words) == 3:
        with open(words[1], "rb") as f:
            image = image_of(f.read(), words[1])
        if not os.path.exists(words[2]) or open(words[2], "rb").read() != image:
            write(words[2], image)      # else left alone: nothing need be built anew
    elif words[:1] == ["kernel"] and len(words) == 3:
        _, kernel, _ = kernel_files(words[1])
        write(words[2], image_of(kernel, words[1]))
    elif words[:1] == ["initrd"] and len(words) == 6:
        initrd(*words[1:])
    elif words[:1] == ["more"] and len(words) >= 6:
        more(*words[1:4], words[4:-1], words[-1])
    else:
        sys.exit(__doc__)


main()
