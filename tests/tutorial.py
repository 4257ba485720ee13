#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Does what docs/tutorial.md says, as a newcomer would: installs, then works in
an empty folder with the files and commands that the page shows, and looks for
what the page promises."""
import os
import re
import shutil
import subprocess
import sys
import threading

PAGE = "docs/tutorial.md"
WORK = os.path.abspath("build/tests/tutorial")
PREFIX = f"{WORK}/prefix"
FOLDER = f"{WORK}/first"
TIME_LIMIT = 60

passed = failed = 0


def case(title, ok, said=""):
    global passed, failed
    print(f"{'ok  ' if ok else 'FAIL'} tutorial {title}", flush=True)
    if ok:
        passed += 1
    else:
        failed += 1
        print("     " + said.replace("\n", "\n     "))


def block(blocks, needle):
    """The page's one block of code that has this in it."""
    found = [b for b in blocks if needle in b]
    if len(found) != 1:
        sys.exit(f"{PAGE}: {len(found)} blocks of code have {needle!r}, expected 1")
    return found[0]


def put(name, text):
    with open(f"{FOLDER}/{name}", "w") as f:
        f.write(text)


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MULLION", "MAKE", "MFLAGS"))}
    return dict(env, PATH=f"{PREFIX}/bin:{env['PATH']}")


def tool(*words):
    p = subprocess.run(["mullion", *words], cwd=FOLDER, env=environment(), text=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout


def session(steps):
    """Boots the system. Each step is a text to wait for and a line to type then,
    or None. Returns what was seen, and the first text that did not come."""
    p = subprocess.Popen(["mullion", "run", "system.dts"], cwd=FOLDER, env=environment(),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    watch = threading.Timer(TIME_LIMIT, p.kill)
    watch.start()
    seen, at, missing = "", 0, None
    try:
        for text, typed in steps:
            while text not in seen[at:]:
                data = os.read(p.stdout.fileno(), 4096).decode(errors="replace")
                if not data:
                    return seen, text
                seen += data.replace("\r", "")
            at = seen.index(text, at) + len(text)
            if typed is not None:
                p.stdin.write(typed.encode() + b"\r")
                p.stdin.flush()
    finally:
        watch.cancel()
        try:
            p.stdin.write(b"\x01x")           # QEMU's end
            p.stdin.flush()
            p.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            p.kill()
            p.wait()
    return seen, missing


def boots(title, steps):
    seen, missing = session(steps)
    case(title, missing is None, f"this did not come: {missing!r}\n{seen}")


def insert_in_loop(source, text):
    """The last lines in the loop, of main's end."""
    at = source.rindex("    }\n}")
    return source[:at] + text + source[at:]


def main():
    page = open(PAGE).read()
    blocks = re.findall(r"^```\w+\n(.*?)^```", page, re.M | re.S)
    hello, system = block(blocks, "Who are you?"), block(blocks, 'program = "console"')
    peek, adder = block(blocks, "mv_read32"), block(blocks, "mv_reply_wait(&w")
    two_cells, header = block(blocks, "calls = <&add>"), block(blocks, '#include "cell.h"')
    calling = block(blocks, "mv_call(CAP_ADD")

    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(FOLDER)
    p = subprocess.run(["make", "--no-print-directory", "install", f"PREFIX={PREFIX}"], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    case("installs", p.returncode == 0, p.stdout)
    status, said = tool("version")
    case("the tool answers", status == 0 and said.startswith("mullion"), said)

    put("hello.c", hello)
    put("system.dts", system)
    status, said = tool("check", "system.dts")
    case("the description is right", status == 0 and said.strip() in page, said)
    boots("the cell greets", [('I am the cell "hello"', None), ("[hello] > ", "Ada"),
                              ("Nice to meet you, Ada.", None)])

    put("hello.c", insert_in_loop(hello, peek))
    boots("the wall", [("[hello] > ", "peek"), ("cell hello stopped: read from 0x9000000", None)])

    put("system.dts", system.replace("console = <&console>;",
                                     "console = <&console>;\n\t\t\t\tdevices = <&uart0>;"))
    status, said = tool("check", "system.dts")
    case("a mistake is one line", status == 1 and len(said.splitlines()) == 1 and
         re.match(r"system\.dts:\d+: error: ", said) is not None, said)

    first = system[system.index("\t\t\thello: hello {"):]
    first = first[:first.index("\t\t\t};\n") + len("\t\t\t};\n")]
    put("adder.c", adder)
    put("system.dts", system.replace(first, two_cells))
    put("hello.c", insert_in_loop(hello.replace("\n\n", "\n" + header + "\n", 1), calling))
    boots("two cells talk", [("[hello] > ", "Ada"), ("1000 more than its length is 1003.", None)])
    put("system.dts", system.replace(first, two_cells.replace("calls = <&add>;", "")))
    status, said = tool("build", "system.dts", "-o", "out")
    case("no right, no name", status == 1 and "CAP_ADD" in said and
         not os.path.exists(f"{FOLDER}/out"), said)

    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
