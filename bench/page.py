#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Puts the figures of build/bench/results.tsv and build/size.tsv into
docs/performance.md, between its marker lines."""

import os
import re
import sys
from collections import OrderedDict

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "io"))
from paths import GUEST_PATHS, PATHS
from request_rows import ROWS as REQUESTS
from size import METRICS

PAGE = "docs/performance.md"


def read(name):
    with open(name, encoding="ascii") as f:
        return [line.rstrip("\n").split("\t") for line in f][1:]


def between(text, marker, table):
    begin, end = "<!-- %s -->\n" % marker, "<!-- end of %s -->" % marker
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    if not re.search(pattern, text, re.S):
        sys.exit("%s: no place for the %s; expected the lines %s and %s" %
                 (PAGE, marker, begin.strip(), end))
    return re.sub(pattern, lambda _: begin + table + end, text, flags=re.S)


def figures():
    values = OrderedDict()
    for metric, value, _, configuration in read("build/bench/results.tsv"):
        values.setdefault(configuration, {})[metric] = int(value)
    names = list(values)
    out = "| metric | what | %s | aim |\n|---|---|%s---:|\n" % (" | ".join(names), "---:|" * len(names))
    for path in PATHS + GUEST_PATHS:
        out += "| `%s` | %s | %s | %s |\n" % (
            path.metric, path.text, " | ".join(f"{values[n][path.metric]:,}" for n in names),
            f"{path.aim:,}" if path.aim else "")
    return out


def sizes():
    value = {row[0]: int(row[1]) for row in read("build/size.tsv")}
    out = "| metric | what | value | limit |\n|---|---|---:|---:|\n"
    for m in METRICS:
        out += "| `%s` | %s | %s | %s |\n" % (m.name, m.text, f"{value[m.name]:,}",
                                             f"{m.final:,}" if m.final else "")
    return out


OWNERS = [("guest", "guest"), ("kernel", "kernel"), ("vmm", "VMM"), ("io_cell", "io cell"), ("block", "block"),
          ("switch", "switch"), ("echo", "echo")]


def requests():
    value = {row[0]: int(row[1]) for row in read("build/bench/io.tsv")}
    out = "| metric | what | %s | all |\n|---|---|%s---:|\n" % (" | ".join(n for _, n in OWNERS), "---:|" * len(OWNERS))
    for metric, text in REQUESTS:
        out += "| `%s` | %s | %s | %s |\n" % (metric, text, " | ".join(f"{value[f'{metric}_{o}']:,}" for o, _ in OWNERS),
                                             f"{value[metric]:,}")
    return out


def throughput():
    out = "| metric | value | unit |\n|---|---:|---|\n"
    for row in read("build/bench/tcp.tsv") + read("build/bench/channels.tsv"):
        value = f"{float(row[1]):,.1f}" if "." in row[1] else f"{int(row[1]):,}"
        out += "| `%s` | %s | %s |\n" % (row[0], value, row[2])
    return out


def main():
    with open(PAGE, encoding="ascii") as f:
        text = f.read()
    text = between(text, "figures", figures())
    text = between(text, "sizes", sizes())
    text = between(text, "requests", requests())
    text = between(text, "throughput", throughput())
    with open(PAGE, "w", encoding="ascii") as f:
        f.write(text)


if __name__ == "__main__":
    main()
