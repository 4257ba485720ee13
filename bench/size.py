#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel costs in memory, in lines and in stack, and whether that is
within the limits. Every board is measured; build/size.tsv has the largest."""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import OrderedDict, namedtuple

from stack import StackError, deepest

KIB = 1024
PAGE = 4096
Metric = namedtuple("Metric", "name unit limit final text")
METRICS = [
    Metric("kernel_text_bytes", "bytes", 32 * KIB, 32 * KIB, "all privileged text and read-only data"),
    Metric("kernel_static_bytes_4_cores", "bytes", 64 * KIB, 64 * KIB,
           "text, read-only data, data, bss with own tables and stacks of 4 cores"),
    Metric("kernel_image_pages_bytes", "bytes", None, None, "the same in whole pages, as it lies in memory"),
    Metric("smallest_cell_bytes", "bytes", 5 * KIB, 5 * KIB,
           "page tables, vCPU without FP, capability table of five entries"),
    Metric("smallest_cell_all_bytes", "bytes", None, None, "the cell hello with everything that it has"),
    Metric("privileged_lines", "lines", 8000, 8000, "code lines compiled for one board"),
    Metric("stack_deepest_bytes", "bytes", None, None, "longest path of the kernel on a core's stack"),
    Metric("stack_bytes", "bytes", None, None, "what a core's stack has"),
]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sections(elf, tools):
    """Allocated sections: name -> (address, size)."""
    found = OrderedDict()
    for line in run(tools + "objdump", "-h", elf).splitlines():
        m = re.match(r"\s*\d+ (\S+)\s+([0-9a-f]+)\s+([0-9a-f]+)", line)
        if m and int(m[3], 16) != 0:
            found[m[1]] = (int(m[3], 16), int(m[2], 16))
    return found


def memory(elf, tools):
    part = sections(elf, tools)
    known = {".text", ".mullion.info", ".rodata", ".data", ".bss"}
    if set(part) - known:
        sys.exit("size: %s: sections that nobody counts: %s" % (elf, ", ".join(set(part) - known)))
    fixed = sum(part[name][1] for name in (".text", ".mullion.info", ".rodata") if name in part)
    begin = min(at for at, _ in part.values())
    end = max(at + size for at, size in part.values())
    return fixed, sum(size for _, size in part.values()), (end - begin + PAGE - 1) // PAGE * PAGE


def source_files(folder):
    """What was compiled: from the dependency files, generated headers left out."""
    files = set()
    for at, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".d"):
                with open(os.path.join(at, name), encoding="ascii") as f:
                    text = f.read().replace("\\\n", " ")
                rule = text.split("\n", 1)[0]
                files.update(w for w in rule.split(":", 1)[1].split() if not w.startswith("build/"))
    return sorted(f for f in files if not f.startswith("/"))


def lines_of_code(files):
    done = subprocess.run(["cloc", "--quiet", "--json", "--force-lang=C,def", "--list-file=-"],
                          input="\n".join(files), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["SUM"]["code"]


def smallest_cell(report):
    """(as the aim defines it, all of it) from the report of the hello system."""
    with open(report, encoding="utf-8") as f:
        text = f.read().split("Kernel memory of each cell, bytes", 1)[1]
    rows = [line.split() for line in text.splitlines()]
    head = next(r for r in rows if r and r[0] == "cell")
    row = dict(zip(head, ["hello"] + next(r for r in rows if r and r[0] == "hello")[1:]))
    # The name of the first column and of the cells' own is the same.
    values = next(r for r in rows if r and r[0] == "hello")
    by_name = dict(zip(head[1:], (int(v.replace(",", "")) for v in values[1:])))
    if int(row["FP"]) != 0:
        sys.exit("size: the cell hello has FP state, so it is not the smallest")
    five_capabilities = 5 * 16
    return (by_name["roots"] + by_name["tables"] + by_name["vCPUs"] + five_capabilities,
            by_name["total"])


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--build", default="build")
    p.add_argument("--tools", default="aarch64-linux-gnu-")
    p.add_argument("--variant", default="release")
    args = p.parse_args()
    top = os.path.join(args.build, "kernel", args.variant)
    boards = sorted(os.listdir(top))
    cell, cell_all = smallest_cell(os.path.join(args.build, "bench", "hello", "report.txt"))
    table, paths, bad = {}, {}, []
    for board in boards:
        folder = os.path.join(top, board)
        elf = os.path.join(folder, "mullion.elf")
        fixed, static, pages = memory(elf, args.tools)
        try:
            depth, size, path, cycles = deepest(folder, elf, args.tools)
        except StackError as e:
            sys.exit("size: %s: %s" % (board, e))
        paths[board] = path
        bad += ["%s: recursion: %s" % (board, c) for c in cycles]
        table[board] = {
            "kernel_text_bytes": fixed, "kernel_static_bytes_4_cores": static,
            "kernel_image_pages_bytes": pages, "smallest_cell_bytes": cell,
            "smallest_cell_all_bytes": cell_all,
            "privileged_lines": lines_of_code(source_files(folder)),
            "stack_deepest_bytes": depth, "stack_bytes": size,
        }

    width = max(10, *(len(b) for b in boards))
    print("  %-28s %s %9s %9s" % ("", " ".join("%*s" % (width, b) for b in boards), "limit", "at last"))
    with open(os.path.join(args.build, "size.tsv"), "w", encoding="ascii") as f:
        f.write("metric\tvalue\tunit\n")
        for m in METRICS:
            values = [table[b][m.name] for b in boards]
            over = m.limit is not None and max(values) > m.limit
            if over:
                bad.append("%s is %s, the limit %s" % (m.name, f"{max(values):,}", f"{m.limit:,}"))
            print("  %-28s %s %9s %9s  %s" %
                  (m.name, " ".join("%*s" % (width, f"{v:,}") for v in values),
                   f"{m.limit:,}" if m.limit else "-", f"{m.final:,}" if m.final else "-", m.text))
            f.write("%s\t%d\t%s\n" % (m.name, max(values), m.unit))
    worst = max(boards, key=lambda b: table[b]["stack_deepest_bytes"])
    print("\n  deepest stack, %s: %s" % (worst, " > ".join("%s %d" % s for s in paths[worst])))
    for board in boards:
        if table[board]["stack_deepest_bytes"] > table[board]["stack_bytes"]:
            bad.append("%s: the stack can overflow: %d of %d bytes" %
                       (board, table[board]["stack_deepest_bytes"], table[board]["stack_bytes"]))
    for text in bad:
        print("size: %s" % text, file=sys.stderr)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
