"""docs/security.md and docs/guarantees.md name tests; each of them exists, and no row of `./dev faults` is left out."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/faults"))
sys.dont_write_bytecode = True
import frame  # noqa: E402

GOOGLE_TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
FUZZER = re.compile(r"^posthaste_fuzzer\((\w+)", re.MULTILINE)
CHECK = re.compile(r"^posthaste_check\((\w+)", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")


def read(path):
    return path.read_text(encoding="utf-8")


def tests_that_exist():
    names = set(frame.load_rows())
    for source in (ROOT / "tests").rglob("*.cpp"):
        names.update(".".join(pair) for pair in GOOGLE_TEST.findall(read(source)))
    names.update(f"fuzz_{name}" for name in FUZZER.findall(read(ROOT / "tests/fuzz/CMakeLists.txt")))
    names.update(CHECK.findall(read(ROOT / "tests/tree_checks.cmake")))
    return names


def last_cells(page):
    """The last column of each row of a table, but for its head."""
    rows = [line.strip().strip("|").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [(row[0].strip(), row[-1]) for row in rows[1:]]


def shown_by():
    page = read(ROOT / "docs/guarantees.md")
    return page.partition("## What shows it")[2].partition("\n## ")[0]


class NamedTests(unittest.TestCase):
    def check(self, rows):
        exists = tests_that_exist()
        self.assertGreater(len(rows), 10)
        for what, cell in rows:
            named = NAME.findall(cell)
            self.assertTrue(named, f"no test is named for: {what}")
            for name in named:
                self.assertTrue(name in exists, f"there is no {name}, which is named for: {what}")

    def test_each_threat_names_tests_and_each_of_them_exists(self):
        self.check(last_cells(read(ROOT / "docs/security.md")))

    def test_each_promise_names_tests_and_each_of_them_exists(self):
        self.check(last_cells(shown_by()))

    def test_each_fault_row_shows_a_promise_or_is_against_a_threat(self):
        named = set(NAME.findall(shown_by())) | set(NAME.findall(read(ROOT / "docs/security.md")))
        self.assertEqual(set(frame.load_rows()) - named, set())


if __name__ == "__main__":
    unittest.main()
