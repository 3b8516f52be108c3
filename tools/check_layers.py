#!/usr/bin/env python3
"""Holds every source against the plan of the house: who may include whom, and what may be called where.

    check_layers.py [root]

The two tables below are the plan (docs/architecture.md draws it). A line of output is a violation:
file, line, what is wrong and the rule. Comments and texts in quotes are not looked at.
"""

import pathlib
import re
import sys
from typing import NamedTuple

THIRD_PARTY = {  # name: what its headers look like between < and >
    "CAF": r"caf/",
    "Boost.JSON": r"boost/json",
    "Boost": r"boost/",
    "OpenSSL": r"openssl/",
    "LMDB": r"lmdb\.h",
    "ISA-L": r"isa-l(\.h|/)",
    "libdeflate": r"libdeflate\.h",
    "zlib": r"zlib\.h",
    "protozero": r"protozero/",
    "toml++": r"toml\+\+/",
    "CLI11": r"CLI/",
    "GoogleTest": r"(gtest|gmock)/",
    "rapidcheck": r"rapidcheck(\.h|/)",
    "Google Benchmark": r"benchmark/",
    "valgrind": r"valgrind/",
    "Protobuf": r"(google/protobuf|opentelemetry/proto)/",
    "opentelemetry-cpp": r"opentelemetry/(?!proto/)",
    "sanitizers": r"sanitizer/",
}
SYSTEM = re.compile(  # the C library's and the compiler's; everything else with a .h is a third party
    r"(sys|linux|arpa|netinet|net|asm)/[\w/]+\.h$|(cpuid|cxxabi|dirent|dlfcn|elf|endian|errno|fcntl|ifaddrs|immintrin|"
    r"[ensx]mmintrin|limits|link|malloc|netdb|poll|pthread|pwd|sched|semaphore|signal|spawn|stddef|stdint|"
    r"stdio|stdlib|string|syscall|termios|time|ucontext|unistd|unwind|wmmintrin|x86intrin|arm_acle|arm_neon)\.h$")
STANDARD = re.compile(r"[a-z_0-9]+$")  # <vector>, <cstdint>


class Folder(NamedTuple):
    includes: tuple = ()         # other folders whose headers it may include
    in_sources: tuple = ()       # third parties, in .cpp only
    in_headers: tuple = ()       # third parties, in .h too
    system: bool = True          # may it include headers of the C library?


PUBLIC, BASE, CONFIG, HOST, MODEL, ARENA, PRODUCE, METRICS, WIRE, HTTP, STORE, ACTORS = (
    "api/include", "runtime/base", "runtime/config", "runtime/host", "runtime/model", "runtime/arena", "runtime/produce",
    "runtime/metrics", "runtime/wire", "runtime/http", "persistence", "actors")
ENGINE = (PUBLIC, BASE, CONFIG, HOST, MODEL, ARENA, PRODUCE, METRICS, WIRE, HTTP, STORE)
ALL = ENGINE + (ACTORS, "api")
EVERY_THIRD_PARTY = tuple(THIRD_PARTY)

FOLDERS = {
    PUBLIC: Folder(system=False),
    BASE: Folder((PUBLIC,)),
    CONFIG: Folder((PUBLIC, BASE), in_sources=("toml++",)),
    HOST: Folder((PUBLIC, BASE)),  # files of /proc and /sys: the arena asks for room, metrics for usage
    MODEL: Folder((PUBLIC, BASE)),
    ARENA: Folder((PUBLIC, BASE, HOST, MODEL)),
    PRODUCE: Folder((PUBLIC, BASE, MODEL, CONFIG, ARENA)),
    METRICS: Folder((PUBLIC, BASE, MODEL, PRODUCE)),
    WIRE: Folder((PUBLIC, BASE, MODEL), in_sources=("protozero", "ISA-L", "libdeflate", "Boost.JSON")),
    HTTP: Folder((PUBLIC, BASE), in_sources=("Boost", "OpenSSL")),
    STORE: Folder((PUBLIC, BASE), in_sources=("LMDB",)),
    ACTORS: Folder(ENGINE, in_headers=("CAF",)),
    "api": Folder(ENGINE + (ACTORS,)),
    "tools": Folder(ALL, in_headers=("CLI11", "Boost", "Boost.JSON", "OpenSSL", "libdeflate",
                                     "protozero", "zlib", "Protobuf")),
    "examples": Folder((PUBLIC,), in_headers=("Boost", "Boost.JSON")),
    "bench": Folder(ALL + ("tests/support",), in_headers=EVERY_THIRD_PARTY),
    "tests": Folder(ALL + ("tools",), in_headers=EVERY_THIRD_PARTY),
}
ONE_INCLUDER = {"actors/pipeline.h": re.compile(r"api/telemetry\.cpp$|actors/|tests/|bench/|tools/")}
NEVER_TOGETHER = ("CAF", "Boost")  # one file with both takes minutes and a gigabyte to compile

LIBRARY = r"(api|runtime|persistence|actors)/"


class Rule(NamedTuple):
    pattern: str   # what must not appear
    where: str     # in files that match this
    but_in: str    # unless they match this
    reason: str


RULES = (
    Rule(r"\b(secure_)?getenv\b|\benviron\b", "",
         r"runtime/config/environment\.cpp$|tests/faults/(shim|host)\.cpp$|tests/support/test_times\.h$",
         "the environment is read in runtime/config/environment.cpp only"),
    Rule(r"\b\w*_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\btime\((nullptr|NULL|0)\)",
         LIBRARY + "|tools/", r"runtime/base/\w*clock\.cpp$|runtime/base/tick_clock\w*\.h$",
         "time comes from a Clock that is passed in (runtime/base/clock.h)"),
    Rule(r"\bsystem_clock::now\b|\btime\((nullptr|NULL|0)\)", "tests/", "^$",
         "a test sets the date (tests/support/manual_clock.h); it may measure by the steady clock"),
    Rule(r"\bsleep_(for|until)\b|\b(u|nano)sleep\(|(?<!\w)::sleep\(", LIBRARY + "|tests/", "^$",
         "nothing sleeps: wait for the event itself, with a deadline"),
    Rule(r"\bstd::j?thread\b(?!::)|\bpthread_create\b|\bstd::async\b", LIBRARY, r"runtime/base/thread\.|runtime/http/|actors/",
         "threads are started by runtime/base/thread.h and the actors only"),
    Rule(r"\bstd::\w*mutex\b|\bstd::condition_variable|\bpthread_mutex", r"runtime/(produce|model|wire|arena|metrics)/",
         r"runtime/(arena/(scopes|address_pool)|produce/logger_state|"
         r"metrics/(stream|thread_cells|instrument|callbacks|meter_state|metric_store|collector))\.",
         "an application thread takes no lock (but where it makes something, or meets a series for the first time)"),
    Rule(r"\bstd::cout\b|(?<!\w)printf\(|\bputs\(|\bstdout\b", LIBRARY, "^$",
         "the host's stdout is the host's"),
    Rule(r"\bsigaction\(|(?<![\w.>])signal\(|\bstd::signal\b|\batexit\(|\bat_quick_exit\(", LIBRARY, "^$",
         "no signal handler and no atexit in the host's process"),
    Rule(r"\bstd::w?(c|s)?regex\w*", LIBRARY + "|tools/", "^$",
         "no regular expressions: the time and the stack that a text from outside makes them take have no bound"),
    Rule(r"\bstd::random_device\b|(?<!\w)s?rand\(", LIBRARY, r"runtime/base/",
         "randomness is passed in as a seed or a callable"),
)
LONGEST = {".cpp": 500, ".h": 400}  # lines, in the library and the tools

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.S)


class Source:
    """One file: its includes, and its code with comments and texts blanked out, line for line."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.header = path.suffix == ".h"
        text = path.read_text(encoding="utf-8")
        self.lines = text.count("\n")
        self.includes = []
        self.code = COMMENT_OR_TEXT.sub(self._blank, text).split("\n")
        without_comments = COMMENT_OR_TEXT.sub(self._blank_comment, text).split("\n")
        for number, line in enumerate(without_comments, 1):
            if match := INCLUDE.match(line):
                self.includes.append((number, match[1], match[2]))
        self.text = text

    @staticmethod
    def _blank(match):
        return re.sub(r"[^\n]", " ", match[0])

    @classmethod
    def _blank_comment(cls, match):
        return cls._blank(match) if match[0].startswith("/") else match[0]


def folder_of(path):
    """The longest row of the table that `path` lies in; None outside of the table."""
    inside = [name for name in FOLDERS if path.startswith(name + "/")]
    return max(inside, key=len, default=None)


def third_party_of(header):
    return next((name for name, pattern in THIRD_PARTY.items() if re.match(pattern, header)), None)


def judge_project_include(source, included, root):
    if not (root / included).is_file():
        return f'"{included}" is no path from the root (public headers: <posthaste/...>)'
    only = ONE_INCLUDER.get(included)
    if only and not only.match(source.path):
        return f"only {only.pattern} may include {included}"
    return judge_folder(source, included)


def judge_folder(source, included):
    own, other = folder_of(source.path), folder_of(included)
    allowed = own == other or any(included.startswith(name + "/") for name in FOLDERS[own].includes)
    return None if allowed else f"{own} may not include {included} (of {other})"


def judge_angle_include(source, included, root):
    own = FOLDERS[folder_of(source.path)]
    if included.startswith("posthaste/"):
        path = f"{PUBLIC}/{included}"
        return None if (root / path).is_file() else f"<{included}> does not exist"
    if STANDARD.match(included):
        return None
    if SYSTEM.match(included):
        return None if own.system else f"<{included}>: public headers use the C++ standard library only"
    name = third_party_of(included)
    if name is None:
        return f"<{included}> is unknown: give it a row in {pathlib.Path(__file__).name}"
    if name in own.in_headers or (name == "Boost.JSON" and "Boost" in own.in_headers):
        return None
    if name not in own.in_sources:
        return f"{name} is not for {folder_of(source.path)}: <{included}>"
    return f"{name} only in .cpp: <{included}>" if source.header else None


def include_faults(source, root):
    met = set()
    for line, quote, included in source.includes:
        judge = judge_project_include if quote == '"' else judge_angle_include
        if fault := judge(source, included, root):
            yield line, fault
        met.add(third_party_of(included) if quote == "<" else None)
    if met.issuperset(NEVER_TOGETHER):
        yield 1, f"{' and '.join(NEVER_TOGETHER)} in one file: it takes minutes to compile"


def code_faults(source):
    for rule in RULES:
        if not re.match(rule.where, source.path) or re.match(rule.but_in, source.path):
            continue
        for number, line in enumerate(source.code, 1):
            if match := re.search(rule.pattern, line):
                yield number, f"{match[0]}: {rule.reason}"


def form_faults(source):
    if source.header and not source.text.startswith("#pragma once\n"):
        yield 1, "a header begins with #pragma once"
    limit = LONGEST[".h" if source.header else ".cpp"]
    if source.lines > limit and not source.path.startswith(("tests/", "bench/")):
        yield limit, f"{source.lines} lines; {limit} is the limit: a file is one noun"


def circle_faults(sources):
    """Each circle of includes once, reported where it is entered."""
    edges = {s.path: [(line, q == "<" and f"{PUBLIC}/{name}" or name) for line, q, name in s.includes]
             for s in sources}
    done, trail = set(), []

    def walk(path):
        if path in done or path not in edges:
            return
        trail.append(path)
        for line, included in edges[path]:
            if included in trail:
                yield path, line, "circle: " + " -> ".join(trail[trail.index(included):] + [included])
            else:
                yield from walk(included)
        done.add(trail.pop())

    for path in sorted(edges):
        yield from walk(path)


def public_list_faults(root):
    """api/public_headers.cmake is what is installed: it must name what the folder holds."""
    listing = root / "api/public_headers.cmake"
    if not listing.is_file():
        return
    named = set(re.findall(r"^\s+(\w+\.h)", listing.read_text(), re.M))
    held = {path.name for path in (root / PUBLIC / "posthaste").glob("*.h")}
    for name in sorted(named ^ held):
        fault = "is listed, but does not exist" if name in named else "is public, but not listed"
        yield "api/public_headers.cmake", 1, f"{name} {fault}"


def faults(root):
    tops = sorted({name.split("/")[0] for name in FOLDERS})
    sources = [Source(root, path) for top in tops for path in sorted((root / top).rglob("*"))
               if path.suffix in (".h", ".cpp")]
    for source in sources:
        for find in (lambda s: include_faults(s, root), code_faults, form_faults):
            for line, fault in find(source):
                yield source.path, line, fault
    yield from circle_faults(sources)
    yield from public_list_faults(root)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    found = list(faults(root.resolve()))
    for path, line, fault in found:
        print(f"{path}:{line}: {fault}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
