#!/usr/bin/env python3
"""Runs what the documents tell their readers to run, and follows their links within the tree.

    check_docs.py --build <build directory> [--cxx <compiler>] [document.md ...]

A fenced block counts when the line above it is one of
    <!-- run -->       ```sh    runs in a fresh directory; must exit with 0
    <!-- compile -->   ```cpp   a whole program; is compiled and linked against the built library
    <!-- compile and run -->    the same, and must exit with 0
A mark above any other kind of block, or without one, is an error. A link to a file that is not there, or to a
heading that a document does not have, is one too. In a shell block `posthaste` is the
built command, and $POSTHASTE_SOURCE the root of the tree. Without a document: README.md and docs/.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[1]
MARK = re.compile(r"<!--\s*(run|compile|compile and run)\s*-->\s*$")
LANGUAGES = {"run": ("sh", "bash", "console"), "compile": ("cpp",), "compile and run": ("cpp",)}
DEADLINE = 120  # seconds for one block


class Block(NamedTuple):
    place: str  # README.md:12
    mark: str
    text: str


LINK = re.compile(r"\]\(([^)\s]+)\)")


class Misplaced(Exception):
    """A mark that is above no block of its kind."""


def blocks_of(document):
    lines = document.read_text(encoding="utf-8").splitlines()
    for index, line in enumerate(lines):
        if not (mark := MARK.match(line.strip())):
            continue
        place = f"{os.path.relpath(document, ROOT)}:{index + 2}"
        fence = re.match(r"(`{3,})(\w+)\s*$", lines[index + 1] if index + 1 < len(lines) else "")
        if not fence or fence[2] not in LANGUAGES[mark[1]]:
            raise Misplaced(f"{place}: after <!-- {mark[1]} --> comes ```{LANGUAGES[mark[1]][0]}")
        rest = lines[index + 2:]
        if fence[1] not in rest:
            raise Misplaced(f"{place}: the block does not end")
        yield Block(place, mark[1], "\n".join(rest[:rest.index(fence[1])]) + "\n")


def text_of(document):
    """Without what stands in fenced blocks."""
    return re.sub(r"^(`{3,})\w*$.*?^\1$", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)


def headings_of(document):
    """As a link names them: "What is lost when" is what-is-lost-when."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*?)\s*$", text_of(document), re.M)}


def broken_links_of(document):
    for link in LINK.findall(text_of(document)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (heading and target.suffix == ".md" and heading not in headings_of(target)):
            yield f"{os.path.relpath(document, ROOT)}: the link {link} leads nowhere"


def environment(build):
    return {**os.environ,
            "PATH": f"{build / 'bin'}:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(build),
            "POSTHASTE_SOURCE": str(ROOT)}


def commands_of(block, arguments, directory):
    if block.mark == "run":
        # `$ command` is how a console block marks what is typed; the rest of such a block is output.
        typed = re.findall(r"^\$ (.*)$", block.text, re.M)
        return [["bash", "-euo", "pipefail", "-c", "\n".join(typed) if typed else block.text]]
    source = directory / "example.cpp"
    source.write_text(block.text)
    compile_it = [arguments.cxx, "-std=c++20", "-Wall", "-Wextra", f"-I{ROOT / 'api/include'}", str(source),
                  f"-L{arguments.build}", "-lposthaste", "-o", str(directory / "example")]
    return [compile_it] + ([[str(directory / "example")]] if block.mark == "compile and run" else [])


def fault_of(block, arguments):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        for command in commands_of(block, arguments, directory):
            try:
                done = subprocess.run(command, cwd=directory, env=environment(arguments.build), text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=DEADLINE, check=False)
            except subprocess.TimeoutExpired:
                return f"{block.place}: not done after {DEADLINE} s"
            if done.returncode != 0:
                return f"{block.place}: exit code {done.returncode} ({block.mark})\n{done.stdout}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("documents", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    documents = arguments.documents or sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

    tried, faults = 0, []
    for document in documents:
        faults += broken_links_of(document)
        try:
            for block in blocks_of(document):
                tried += 1
                faults += filter(None, [fault_of(block, arguments)])
        except Misplaced as misplaced:
            faults.append(str(misplaced))
    print(*faults, f"{tried} blocks of {len(documents)} documents, {len(faults)} at fault", sep="\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
