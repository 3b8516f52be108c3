#!/usr/bin/env python3
"""Holds the built library against what it may need and what it may show.

    check_library.py libposthaste.so

A symbol of another library that leaked out of ours would be taken for the host's own; a library in the
NEEDED list would be loaded into every host. Both lists are kept here, by name and with a reason.
"""

import re
import subprocess
import sys

ALLOWED_NEEDED = {
    r"libcaf_core\.so\.0\.17\.\d+": "the actors",
    r"lib(ssl|crypto)\.so\.3": "TLS; dynamic, so that the distribution's security updates apply",
    r"liblmdb\.so\.0": "the offline store",
    r"lib(isal\.so\.2|deflate\.so\.0)": "gzip",
    r"libstdc\+\+\.so\.6": "the language",
    r"libgcc_s\.so\.1": "the language",
    r"lib(c|m)\.so\.6": "the system",
    r"ld-linux-[-\w]+\.so\.\d+": "thread-local variables",
}
EXPORTED = re.compile(r"(typeinfo( name)? for |vtable for |VTT for )?posthaste::")
VERSION_NODE = re.compile(r"POSTHASTE_\d+$")
REQUIRED_FLAGS = {"NODELETE": "threads of ours may outlive a dlclose()", "NOW": "no lazy binding"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed_faults(dynamic_section):
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic_section):
        if not any(re.fullmatch(pattern, name) for pattern in ALLOWED_NEEDED):
            yield f"needs {name}: not in the list of {__file__}"


def flag_faults(dynamic_section):
    for flag, reason in REQUIRED_FLAGS.items():
        if not re.search(rf"\(FLAGS(_1)?\).*\b{flag}\b", dynamic_section):
            yield f"is not linked with -z {flag.lower()} ({reason})"
    if not re.search(r"\(SONAME\).*\[lib\w+\.so\.\d+\]", dynamic_section):
        yield "has no versioned SONAME"


def symbol_faults(symbols):
    shown = 0
    for line in symbols.splitlines():
        kind, name = line.split(" ", 2)[1:]
        name = re.sub(r"@.*$", "", name)
        if kind == "A" and VERSION_NODE.match(name):
            continue
        shown += 1
        if not EXPORTED.match(name):
            yield f"shows {name}: not of namespace posthaste"
        elif re.search(r"posthaste::(http|persistence|wire|arena|produce|model|config|actors)::", name):
            yield f"shows {name}: internal"
    if shown == 0:
        yield "shows nothing at all"


def faults(library):
    dynamic_section = run("readelf", "--wide", "--dynamic", library)
    yield from needed_faults(dynamic_section)
    yield from flag_faults(dynamic_section)
    yield from symbol_faults(run("nm", "--dynamic", "--defined-only", "--demangle",
                                 library))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = list(faults(sys.argv[1]))
    for fault in found:
        print(f"{sys.argv[1]} {fault}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
