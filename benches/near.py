#!/usr/bin/env python3
"""Writes benches/near.ld: the functions that everyday commands run, in the order in which the linker shall place them.

    benches/near.py [BINARY]

Needs valgrind and nm. BINARY is a release build that kept its symbols; without it one is built
(`cargo rustc --release --bin hissab -- -C strip=none`). The commands below are run on a small book of
benches/generate.py under callgrind; what most of them run comes first. Names are written without the part that changes
from one compiler to the next. A name that is not there any more does nothing, a new function stands elsewhere until
this is run again: the program is the same in each case, only its pages are not.
"""
import bisect
import collections
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILT = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release", "hissab")
ACCOUNT = "Assets:Bank:Konkan:Current"
COMMANDS = [
    ["--version"], ["tb"], ["tb", "-O", "csv"], ["tb", "--as-of", "2022-05-05"], ["balance", "-p", "2022-03"],
    ["balance", "-O", "csv"], ["balance", "-M", "-p", "2022"], ["ledger", ACCOUNT], ["ledger", ACCOUNT, "--limit", "50"],
    ["register", "kitchen", "--limit", "5"], ["journal", "-p", "2022-03"], ["daybook", "2022-03-01"],
    ["is", "-M", "-p", "2020..2024"], ["is", "--fy", "2022-23"], ["bs"], ["cf", "-p", "2022"], ["show", "5"], ["log"],
    ["search", "lotus", "--limit", "5"], ["stats"], ["accounts"], ["dues"], ["check"], ["audit", "verify"],
    ["export", "-O", "csv"], ["export", "-O", "ndjson"], ["export", "-O", "json"], ["export", "-O", "hledger"],
    ["add", "2025-01-04", "x", ACCOUNT, "1", "Assets:Cash:Aahead", "-q"], ["in", "5", "Income:Salary:Aahead"],
    ["out", "5", "Expenses:Kitchen:Aahead"], ["move", "5", ACCOUNT, "Assets:Cash:Aahead"], ["amend", "5", "--payee", "x"],
    ["void", "6", "--reason", "twice"], ["undo"],
]


def functions(binary):
    """Addresses and names of all functions, in order of address."""
    found = subprocess.run(["nm", "-n", "--defined-only", binary], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    return [(int(a, 16), name) for a, kind, name in rows if kind in "tTwW"]


def executed(binary, command, folder):
    """Addresses of the instructions of the binary that one command runs."""
    out = os.path.join(folder, "callgrind.out")
    ran = subprocess.run(["valgrind", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={out}", binary, *command],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        sys.exit(f"failed ({ran.returncode}): {' '.join(command)}\n{ran.stderr}")
    names, current, last, seen = {}, None, 0, set()
    with open(out) as lines:
        for line in lines:
            named = re.match(r"c?ob=\((\d+)\)(?: (.*))?", line)
            if named:
                if named.group(2):
                    names[named.group(1)] = named.group(2).strip()
                if line.startswith("ob="):
                    current = named.group(1)
            elif line[0] in "0+-*":
                at = line.split()[0]
                last = {"*": lambda: last, "+": lambda: last + int(at[1:], 16), "-": lambda: last - int(at[1:], 16),
                        "0": lambda: int(at, 16)}[at[0]]()
                if names.get(current) == binary:
                    seen.add(last)
    return seen


def pattern(name):
    """A name without what the compiler hashes into it, for any characters that a script cannot hold."""
    name = re.sub(r"\.llvm\.\d+.*", "*", name)
    name = re.sub(r"17h[0-9a-f]{16}E.*$", "*", name)
    name = re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", name)
    return re.sub(r"[^A-Za-z0-9_.*]", "?", name)


def main():
    binary = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else BUILT
    if len(sys.argv) < 2:
        subprocess.run(["cargo", "rustc", "--release", "--bin", "hissab", "--", "-C", "strip=none"], cwd=ROOT, check=True)
    table = functions(binary)
    starts = [a for a, _ in table]
    size, runs, used = collections.Counter(), collections.defaultdict(list), set()
    for (start, name), (end, _) in zip(table, table[1:]):
        size[pattern(name)] += end - start
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(HOME=folder, LC_ALL="C")
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), "2000", folder], check=True)
        book = os.path.join(folder, "book.hissab")
        subprocess.run([binary, "init", book, "--template", "plain"], check=True, stdout=subprocess.DEVNULL)
        journal = os.path.join(folder, "book.journal")
        subprocess.run([binary, "-B", book, "import", journal], check=True, stdout=subprocess.DEVNULL)
        for nth, command in enumerate(COMMANDS):
            ran = {bisect.bisect_right(starts, at) - 1 for at in executed(binary, ["-B", book, *command], folder)}
            for name in {pattern(table[i][1]) for i in ran}:
                runs[name].append(nth)
            used |= ran
            print(len(ran), *command, file=sys.stderr)
    needed = collections.Counter()
    for i in used:
        needed[pattern(table[i][1])] += starts[i + 1] - starts[i] if i + 1 < len(starts) else 0
    # One name may be that of many functions, few of which are run: those stand last, and the largest where they were.
    others = {name: size[name] - needed[name] for name in needed}
    near = [name for name in needed if others[name] < max(1.5 * needed[name], 60_000)]
    # What most commands run comes first, then what the same commands run together.
    shared = 0.6 * len(COMMANDS)
    near.sort(key=lambda name: (others[name] > max(1.5 * needed[name], 3_000), len(runs[name]) < shared,
                                runs[name] if len(runs[name]) < shared else [], name))
    with open(os.path.join(HERE, "near.ld"), "w") as out:
        out.write("/* Written by benches/near.py: what everyday commands run stands together. See build.rs. */\n")
        out.write("SECTIONS\n{\n  .text.near :\n  {\n")
        out.writelines(f"    *(.text.{name})\n" for name in near)
        out.write("  }\n}\nINSERT BEFORE .text;\n")
    print(f"{len(near)} names, {sum(size[n] for n in near) // 1024} KiB", file=sys.stderr)


main()
