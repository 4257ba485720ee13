#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints docs/abi.md, made from include/mv: what a cell may rely on."""
import re

DIRECTORY = "include/mv"


def rows(name, macro):
    """The arguments of each MACRO(...) of a table, the last one a string."""
    text = open(f"{DIRECTORY}/{name}").read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found = re.findall(rf'^{macro}\((.*),\s*"(.*)"\)$', text, re.M)
    return [[f.strip() for f in fields.split(",")] + [meaning] for fields, meaning in found]


def comment(name):
    """The comment that opens a file, as paragraphs of plain text."""
    text = open(f"{DIRECTORY}/{name}").read()
    body = re.findall(r"/\*(.*?)\*/", text, re.S)[1]
    return re.sub(r"^ ?\* ?", "", body.strip("\n "), flags=re.M)


def table(head, body):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in body:
        yield "| " + " | ".join(row) + " |"
    yield ""


def code(text, language="c"):
    yield f"```{language}"
    yield text.strip("\n")
    yield "```"
    yield ""


def word(text):
    return "" if text == "NONE" else f"`{text}`"


def page():
    calls = rows("calls.def", "CALL")
    rights = rows("rights.def", "RIGHT")
    statuses = rows("status.def", "STATUS")
    abi = open(f"{DIRECTORY}/abi.h").read()
    version = re.search(r"MV_ABI_VERSION (\d+)", abi).group(1)

    yield "# The ABI"
    yield ""
    yield "Made from `include/mv` by `make docs`; do not edit. `make check` fails when it is not current."
    yield ""
    yield f"This is version {version} of the contract between the kernel and a cell. A cell in C need not know the registers:"
    yield "`libmv` has a function for each call. For a PLAIN call it is `mv_` and the call's name; the functions for MESSAGE"
    yield "calls are in `libmv/message.h`."
    yield ""
    yield "## Kernel calls"
    yield ""
    yield "A call is the instruction `SVC #number`. A number that is not in the table gives `BAD_CALL`, in x0."
    yield ""
    yield from code(comment("calls.def"), "text")
    yield "Every call preserves x19-x30 and the stack pointer. All else of x0-x18 that is not named above is lost; the kernel"
    yield "clears it. The condition flags are lost too."
    yield ""
    yield from table(["number", "name", "kind", "object", "right", "what it does"],
                     [[n, f"`{name}`", kind, word(t), word(r), text] for n, name, kind, t, r, text in calls])
    yield "## Rights"
    yield ""
    yield comment("rights.def")
    yield ""
    yield from table(["bit", "name", "object", "what it allows"],
                     [[b, f"`{name}`", word(t), text] for b, name, t, text in rights])
    yield "## Statuses"
    yield ""
    yield comment("status.def").split(":", 1)[0] + ". The numbers do not change; new ones are added at the end."
    yield ""
    yield from table(["number", "name", "meaning"],
                     [[n, f"`MV_{name}`", text] for n, name, text in statuses])
    parts = re.split(r"^/\* -{2,} (.*?) -{2,} \*/$", abi, flags=re.M)
    yield "The rest is `abi.h` as it stands."
    yield ""
    for title, body in zip(parts[1::2], parts[2::2]):
        yield f"## {title[0].upper()}{title[1:]}"
        yield ""
        yield from code(body)


print("\n".join(page()).rstrip("\n"))
