#!/usr/bin/env python3
"""Compiles misuse.cpp, and holds what a compiler says of each line against the line's mark.

    misuse_test.py <compiler>...          one that is not there is left out, and named
"""

import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent / "misuse.cpp"
INCLUDE = SOURCE.parents[2] / "api/include"


def marks_of(compiler):
    """What is to be said of each line: {number: "warning" or "error"}."""
    marks = {}
    for number, line in enumerate(SOURCE.read_text(encoding="utf-8").splitlines(), 1):
        mark = re.search(r";\s+// (warned|warned by (\w+)|refused)$", line)
        if mark and (not mark[2] or mark[2] in compiler):
            marks[number] = "error" if mark[1] == "refused" else "warning"
    return marks


def said_by(compiler, *options):
    done = subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", f"-I{INCLUDE}", *options,
                           str(SOURCE)], text=True, stderr=subprocess.PIPE, timeout=120, check=False)
    found = re.findall(rf"^{re.escape(str(SOURCE))}:(\d+):\d+: (?:fatal )?(warning|error): ", done.stderr, re.M)
    return {(int(number), kind) for number, kind in found}, done.stderr


def faults_of(compiler):
    marks = set(marks_of(compiler).items())
    for kind, options in (("warning", ()), ("error", ("-DASK_FOR_ERRORS", "-Wno-unused", "-Wno-dangling"))):
        said, text = said_by(compiler, *options)
        said = {each for each in said if kind == "warning" or each[1] == "error"}
        wanted = {each for each in marks if each[1] == kind}
        for number, what in sorted(wanted - said):
            yield f"{compiler}: line {number}: no {what}"
        for number, what in sorted(said - wanted):
            yield f"{compiler}: line {number}: a {what} that nobody marked\n{text}"


def main():
    there = [compiler for compiler in sys.argv[1:] if shutil.which(compiler)]
    print(f"compiled with: {', '.join(there)}; not here: {', '.join(sorted(set(sys.argv[1:]) - set(there))) or 'none'}")
    faults = [fault for compiler in there for fault in faults_of(compiler)]
    print("\n".join(faults))
    return 1 if faults or not there else 0


if __name__ == "__main__":
    sys.exit(main())
