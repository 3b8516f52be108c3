#!/usr/bin/env python3
"""Converts every case of the corpus with the built command, and holds the envelopes against what they must be.

    run.py --program posthaste

A case named in same.txt must be equal to what Microsoft's exporter sent (cases/<case>/expected.ndjson) but for what
README.md lists as added. Every other case, and those of same.txt that a rule of ours changes after all (a table in
README.md says which and why), must be equal, to the last digit, to better/<case>.ndjson. A case in failing.txt must
fail: once it passes, its line there has to go.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import compare  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SAME = compare.Options(no_resource_metric=True, allow_additions=True)
BETTER = compare.Options(time_tolerance_ms=0, exact_text=True, strict_metric_time=True)


def names_in(path):
    return {line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


def exceptions_in(readme):
    """The cases in the README's table of those of same.txt that a rule changes."""
    section = readme.read_text(encoding="utf-8").split("## Changed by a rule after all", 1)[1]
    return set(re.findall(r"^\| `?(\d{3}-[\w-]+)`? \|", section.split("\n## ")[0], re.M))


def contradictions(cases, same, better, exceptions, failing):
    """What makes the lists themselves wrong."""
    for name in sorted((same | better | exceptions | failing) - cases):
        yield f"{name}: named, but there is no such case"
    for name in sorted(cases - same - better):
        yield f"{name}: neither in same.txt nor in better/"
    for name in sorted((same & better) ^ exceptions):
        yield f"{name}: in same.txt and in better/, or in the README's table, but not in both"


def judge(name, expected, options, out):
    actual = out / f"{name}.ndjson"
    try:
        return compare.compare(compare.load(expected), compare.load(actual), options)
    except (compare.Invalid, OSError) as error:
        return [("output", str(error), compare.ABSENT, compare.ABSENT)]


def convert(program, out):
    command = [program, "convert", "--cases", str(HERE / "cases"), "--out", str(out)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the built command")
    parser.add_argument("--max", type=int, default=20, help="differences printed for each case")
    arguments = parser.parse_args()

    cases = {path.parent.name for path in HERE.glob("cases/*/input.json")}
    same, failing = names_in(HERE / "same.txt"), names_in(HERE / "failing.txt")
    better = {path.stem for path in HERE.glob("better/*.ndjson")}
    faults = list(contradictions(cases, same, better, exceptions_in(HERE / "README.md"), failing))

    equal = by_rule = 0
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory)
        convert(arguments.program, out)
        for name in sorted(cases):
            ruled = name in better
            expected = HERE / (f"better/{name}.ndjson" if ruled else f"cases/{name}/expected.ndjson")
            differences = judge(name, expected, BETTER if ruled else SAME, out)
            if differences and name not in failing:
                faults.append(f"{name}: differs from {expected.relative_to(HERE)}")
                print(f"FAIL {name}")
                compare.report(differences, arguments.max, "  ")
            elif not differences and name in failing:
                faults.append(f"{name}: passes; take it out of failing.txt")
            elif not differences:
                by_rule += ruled
                equal += not ruled
    for fault in faults:
        print(fault)
    print(f"{len(cases)} cases: {equal} equal, {by_rule} by rule, {len(failing)} known to fail")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
