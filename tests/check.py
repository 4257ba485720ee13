#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The static gate, `make check`: what can be said about the sources without
running them. Each check is a function that yields one line per mistake. The
kit has been made before.

    check.py [WORD...]     only checks whose name has one of these words
"""
import concurrent.futures
import os
import re
import shutil
import struct
import subprocess
import sys

JOBS = int(os.environ.get("TEST_JOBS", os.cpu_count() or 1))
MOST_LINES = 8                 # shown of what one compiler says
GCC = ["aarch64-linux-gnu-gcc"]
CLANG = ["clang", "--target=aarch64-linux-gnu"]
STRICT = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes",
          "-Wconversion", "-Wno-unused-parameter"]
CLANG_ONLY = ["-Wno-unused-command-line-argument", "-Wno-gnu-variable-sized-type-not-at-end"]
BOARD = ["-DMV_GIC_VERSION=3", "-DMV_SMMU_VERSION=3", "-DMV_LINK_BASE=0x40200000", '-DMV_BOARD_NAME="check"']
KERNEL = ["-std=gnu11", "-ffreestanding", "-Iinclude", "-Ikernel", "-Ikernel/arch/aarch64", "-Iboards"] + BOARD
FAKE = ["-std=gnu11", "-Iinclude", "-Ikernel", "-Ikernel/arch/host"] + BOARD
CELL = ["-std=c11", "-ffreestanding", "-Ibuild/kit/lib/include", "-Ibuild/kit/include", "-Icells"]
TOOL = ["-std=c11", "-D_GNU_SOURCE", "-Iinclude"]


def output(command):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, text=True, errors="replace")
    return p.returncode, p.stdout


def together(commands):
    """What the commands that fail say; as many at once as there are cores."""
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for status, said in pool.map(output, commands):
            if status != 0:
                yield said.strip() or "failed without a word"


def known_files():
    """The project's files: what git knows, or, without git, what is there."""
    status, said = output(["git", "ls-files"])
    if status == 0 and said:
        names = said.splitlines()
    else:
        names = [os.path.relpath(os.path.join(d, f), ".") for d, _, fs in os.walk(".") for f in fs]
        names = [n for n in names if not n.startswith(("build/", ".git/"))]
    return sorted(n for n in names if os.path.isfile(n))


FILES = known_files()


def files(*patterns):
    return [f for f in FILES if any(re.search(p, f) for p in patterns)]


def lines(name):
    with open(name, errors="replace") as f:
        return list(enumerate(f.read().splitlines(), 1))


def mistakes(names, pattern, what):
    wrong = re.compile(pattern)
    for name in names:
        for number, line in lines(name):
            if wrong.search(line):
                yield f"{name}:{number}: {what}: {line.strip()}"


# ---- compilers --------------------------------------------------------------

def alone(names, compilers, flags):
    return together([c + STRICT + flags + ["-fsyntax-only", "-x", "c", "-include", name, "/dev/null"]
                     for name in names for c in compilers])


def check_kernel_headers_compile_alone():
    names = files(r"^kernel/[^/]*\.h$", r"^kernel/arch/arch\.h$", r"^kernel/arch/aarch64/.*\.h$",
                  r"^include/mv/.*\.h$")
    yield from alone(names, [GCC, CLANG + CLANG_ONLY], KERNEL)


def check_kernel_headers_compile_alone_on_the_pc():
    names = files(r"^kernel/[^/]*\.h$", r"^kernel/arch/arch\.h$", r"^kernel/arch/host/machine.*\.h$",
                  r"^include/mv/.*\.h$")
    yield from alone(names, [["gcc"], ["clang"] + CLANG_ONLY], FAKE)


def check_tool_headers_compile_alone():
    yield from alone(files(r"^tools/.*\.h$"), [["gcc"], ["clang"]], TOOL)


def check_boot_headers_compile_alone():
    yield from alone(files(r"^boot/.*\.h$"), [GCC, CLANG], ["-std=c11", "-ffreestanding", "-Iinclude"])


def check_cell_headers_compile_alone():
    names = files(r"^cells/.*\.h$", r"^lib/lib(mv|virtio)/src/.*\.h$")
    yield from alone(names, [GCC, CLANG], CELL)


def made(*words):
    status, said = output(["make", "--no-print-directory", "-s", f"-j{JOBS}", *words])
    if status != 0 or "warning" in said:
        yield said.strip()


def check_library_headers_compile_alone_also_as_cxx():
    yield from made("check-lib")


def check_kernel_builds_with_gcc():
    yield from made("kernel-release", "kernel-debug", "kernel-slow")


def check_kernel_builds_with_clang():
    yield from made("kernel-clang")


def check_library_builds_with_clang():
    yield from made("LIBMV_CC=clang --target=aarch64-none-elf", "KIT=build/check/kit",
                    "LIBMV_BUILD=build/check/libmv", "kit-lib")


def check_tool_builds_with_clang():
    yield from together([["clang", *STRICT, *TOOL, "-O1", "-fsyntax-only", f]
                         for f in files(r"^tools/.*\.c$")])


TIDY = ",".join(["-*", "clang-analyzer-core*", "clang-analyzer-deadcode*", "bugprone-*",
                 "misc-redundant-expression", "-bugprone-easily-swappable-parameters",
                 "-bugprone-reserved-identifier", "-bugprone-macro-parentheses",
                 "-bugprone-branch-clone", "-bugprone-assignment-in-if-condition",
                 "-bugprone-implicit-widening-of-multiplication-result"])


def tidy(names, flags):
    return together([["clang-tidy", "--quiet", f"--checks={TIDY}", "--warnings-as-errors=*", name,
                      "--", "--target=aarch64-linux-gnu", *flags] for name in names])


def check_clang_tidy_kernel():
    yield from tidy(files(r"^kernel/[^/]*\.c$", r"^kernel/arch/aarch64/(?!offsets).*\.c$"), KERNEL)


def check_clang_tidy_library_and_cells():
    yield from tidy(files(r"^lib/lib(mv|virtio)/src/.*\.c$", r"^cells/.*\.c$"), CELL)


def check_scripts():
    shell = [f for f in FILES if f.endswith(".sh") or f == ".ci/run"]
    # A sourced part uses what the script that sources it has set.
    parts = files(r"^tests/tool/(good|files|guests|links|pci|robust|time|vms)\.sh$")
    yield from together([["shellcheck", "-x", "--severity=warning", f] for f in shell if f not in parts])
    for f in files(r"\.py$"):
        try:
            compile(open(f).read(), f, "exec")
        except SyntaxError as e:
            yield f"{f}:{e.lineno}: {e.msg}"


def stand_in_guests(folder):
    """What descriptions of virtual machines name, where nothing has been fetched:
    the header of an arm64 Image, and an initrd."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "Image"), "wb") as f:
        f.write(struct.pack("<2I6Q2I", 0, 0, 0, 0x1000000, 2, 0, 0, 0, 0x644d5241, 0))
    with open(os.path.join(folder, "initrd"), "wb") as f:
        f.write(bytes(4096))


def check_examples_are_right():
    boards = os.listdir("build/kit/boards")
    stand_in_guests("build/check/guests/linux")
    os.environ["MULLION_GUESTS"] = "build/guests:build/check/guests"
    for f in files(r"^systems/.*system[^/]*\.dts$"):
        own = [b for b in boards if f.endswith(f"-{b}.dts")]
        for b in own or ["virt-gicv2", "virt-gicv3"]:
            status, said = output(["build/tools/mullion", "check", f, "--board", b])
            if status != 0:
                yield said.strip()


# ---- layers -------------------------------------------------------------------

def check_kernel_has_no_word_about_arm():
    names = files(r"^kernel/[^/]*\.[ch]$")
    register = (r"(?:s?ctlr|tcr|v?ttbr\d?|hcr|h?esr|elr|spsr|mair|vbar|tpidr|cpacr|cptr|mdscr|cnt[a-z]+"
                r"|icc|ich|vtcr)(?:_el[0-3x])")
    word = (r"aarch(?:32|64)|arm|armv\d+[\w.-]*|el[0-3]|gic\w*|smmu\w*|daif|psci|smccc|neon|sve"
            r"|stage[ -]?[12]|svc|hvc|smc|mrs|msr|eret|wf[ei]|tlbi?|[di]sb|dmb|[xwq](?:\d|[12]\d|30)|nzcv")
    # gic_version is a field of the flat table's head.
    yield from mistakes(names, rf"(?i)(?!\b[gs](?:ic|mmu)_version\b|\bMV_(?:GIC|SMMU)_VERSION\b)\b(?:{word}|{register})\b",
                        "a word about Arm")
    yield from mistakes(names, r"\basm\b|__asm", "assembly outside kernel/arch")


# Folder, and the headers its files may include: the system's, and ours below.
MAY_INCLUDE = [
    # Made objects are the host's business.
    (r"^include/mv/objects\.h$", [r"^mv/", r"^std\w+\.h$", r"^string\.h$"]),
    (r"^include/mv/", [r"^mv/", r"^stdint\.h$"]),
    (r"^lib/libmv/", [r"^mv/", r"^libmv/", r"^lib/libmv/src/", r"^std\w+\.h$"]),
    (r"^lib/libvirtio/", [r"^libmv/", r"^libvirtio/", r"^lib/libvirtio/src/", r"^std\w+\.h$"]),
    # The stack's own words come from lwIP; frames do without.
    (r"^lib/libnet/(include/|src/link)", [r"^lib(mv|net|virtio)/", r"^std\w+\.h$"]),
    (r"^lib/libnet/", [r"^lib(mv|net)/", r"^lwip/", r"^netif/", r"^std\w+\.h$"]),
    (r"^kernel/[^/]*$", [r"^mv/", r"^kernel/[^/]*\.h$", r"^kernel/arch/arch\.h$", r"^machine(_check|_inline)?\.h$",
                         r"^(std(arg|bool|def|int)|assert)\.h$"]),
    (r"^kernel/arch/arch\.h$", [r"^mv/", r"^kernel/[^/]*\.h$", r"^machine\.h$"]),
    (r"^kernel/arch/aarch64/", [r"^mv/", r"^kernel/[^/]*\.h$", r"^kernel/arch/(arch\.h|aarch64/)",
                                r"^offsets\.h$", r"^std(arg|bool|def|int)\.h$"]),
    (r"^kernel/arch/host/", [r"^mv/", r"^kernel/[^/]*\.h$", r"^kernel/arch/(arch\.h|host/)", r"^[a-z]+\.h$"]),
    (r"^boards/", [r"^kernel/[^/]*\.h$", r"^kernel/arch/arch\.h$"]),
    (r"^boot/", [r"^mv/", r"^boot/", r"^std\w+\.h$"]),
    (r"^cells/", [r"^mv/", r"^lib(mv|net|virtio)/", r"^(block|pci|switch)/\w+\.h$", r"^cells/", r"^cell\.h$", r"^std\w+\.h$"]),
    (r"^systems/", [r"^mv/", r"^lib(mv|net|virtio)/", r"^systems/", r"^cell\.h$", r"^std\w+\.h$"]),
    (r"^tools/mullion/", [r"^mv/", r"^tools/mullion/", r"^(sys/)?[a-z]+\.h$"]),
]


def included(name, text):
    """The file that an #include means, as a path of the project if it is ours."""
    if text.startswith("<"):
        return text[1:-1]
    text = text[1:-1]
    near = os.path.join(os.path.dirname(name), text)
    for path in (near, f"kernel/{text}"):
        if path in FILES and (path == near or not name.startswith(("lib/", "cells/", "systems/", "tools/"))):
            return path
    return text


def check_layers():
    for name in files(r"\.(c|h|S|def|inc|cpp)$"):
        allowed = next((a for folder, a in MAY_INCLUDE if re.search(folder, name)), None)
        if allowed is None:
            continue
        for number, line in lines(name):
            m = re.match(r'\s*#\s*include\s+(<[^>]+>|"[^"]+")', line)
            if m:
                path = included(name, m.group(1))
                if not any(re.search(a, path) for a in allowed):
                    yield f"{name}:{number}: may not include {path}"


# ---- text -----------------------------------------------------------------------

def check_licence_line():
    without = files(r"\.md$", r"^LICENSE$", r"(^|/)\.gitignore$", r"^tests/tool/bad\w*\.txt$")
    for name in FILES:
        if name not in without and not any("SPDX-License-Identifier: BSD-2-Clause" in l
                                           for _, l in lines(name)[:3]):
            yield f"{name}: no line SPDX-License-Identifier: BSD-2-Clause at the top"


def check_pragma_once():
    for name in files(r"\.h$"):
        if not any(l == "#pragma once" for _, l in lines(name)):
            yield f"{name}: no #pragma once"


def check_nothing_left_open():
    yield from mistakes([f for f in FILES if f != "tests/check.py"],
                        r"\b(TODO|FIXME|HACK)\b|\bXXX\b(?!X)", "left open")


def check_blanks():
    # What a program prints is shown as it is.
    yield from mistakes(files(r"\.(c|h|S|def|inc|py|sh|mk|dtsi?|ld|awk|txt|cpp)$", r"^Makefile$"), r"[ \t]+$",
                        "blank at the end")
    yield from mistakes(files(r"\.(c|h|S|def|inc|py|ld|awk|cpp)$"), r"\t", "a tab")
    for name in FILES:
        text = open(name, "rb").read()
        if b"\r" in text:
            yield f"{name}: carriage return"
        if text and not text.endswith(b"\n"):
            yield f"{name}: the last line has no end"


def anchor(title):
    """The name that a heading gets on common viewers."""
    title = re.sub(r"[`*]", "", title.strip().lower())
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title))


def check_links():
    for name in files(r"\.md$"):
        text = re.sub(r"^```.*?^```", "", open(name).read(), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, part = target.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
            if not os.path.exists(path):
                yield f"{name}: the link {target} leads nowhere"
            elif part and path.endswith(".md"):
                titles = re.findall(r"^#+ (.*)$", open(path).read(), re.M)
                if part not in [anchor(t) for t in titles]:
                    yield f"{name}: the link {target} names no heading"


def check_named_files():
    """Files that a page names in `code` are there; NAME stands for any."""
    folders = "|".join(sorted({f.split("/")[0] for f in FILES if "/" in f}))
    for name in files(r"\.md$"):
        for number, line in lines(name):
            for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", line):
                near = os.path.join(os.path.dirname(name), path)
                if "NAME" not in path and not os.path.exists(path) and not os.path.exists(near):
                    yield f"{name}:{number}: there is no {path}"


def check_generated_pages():
    status, said = output([sys.executable, "scripts/abi_page.py"])
    if status != 0:
        yield said.strip()
    elif said != open("docs/abi.md").read():
        yield "docs/abi.md is not what include/mv says: run make docs"


def check_kernel_is_plain_c():
    yield from mistakes(files(r"^kernel/.*\.[ch]$"), r"\balloca\b|\bgoto\s+(?!out\b)\w+;|\bfloat\b|\bdouble\b",
                        "not in the kernel")


# ---- all ---------------------------------------------------------------------------

def main():
    wanted = sys.argv[1:]
    checks = [(n[len("check_"):].replace("_", " "), f) for n, f in globals().items()
              if n.startswith("check_")]
    passed = failed = 0
    for name, function in checks:
        if wanted and not any(w in name for w in wanted):
            continue
        wrong = list(function())
        if wrong:
            failed += 1
            print(f"FAIL {name}")
            for text in wrong:
                told = text.splitlines()
                print("     " + "\n     ".join(told[:MOST_LINES]))
                if len(told) > MOST_LINES:
                    print(f"     ... and {len(told) - MOST_LINES} lines more")
        else:
            passed += 1
            print(f"ok   {name}")
        sys.stdout.flush()
    shutil.rmtree("build/check", ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
