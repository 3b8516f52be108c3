"""Counts instructions by callgrind. They hardly wobble. A work runs twice, few and many times, and the
difference, divided, is what one repetition costs once all is warm; or it says itself what counts."""

import collections
import pathlib
import re
import shutil
import subprocess
import tempfile

import programs

# callgrind takes each byte that `rep movsb` copies for an instruction; glibc is told to copy with vectors instead.
COPY_WITH_VECTORS = ":".join(f"glibc.cpu.x86_rep_{kind}_threshold=0x40000000" for kind in ("movsb", "stosb"))

NAME = re.compile(r"\((\d+)\)(?: (.*))?")


def is_here():
    return shutil.which("valgrind") is not None


def instructions_by_object(profile):
    """Of one thread's callgrind file: how many instructions ran in each object file."""
    names, counts = {}, collections.Counter()
    where, in_call = None, False
    for line in profile.open():
        key, _, value = line.rstrip("\n").partition("=")
        if key in ("ob", "cob"):
            number, name = NAME.match(value).groups()
            if name:
                names[number] = name
            if key == "ob":
                where = number
        elif key == "calls":
            in_call = True  # the next line is what the callee cost
        elif line[:1] in "+-*0123456789":
            if not in_call:
                counts[where] += int(line.split()[1])
            in_call = False
    return {names.get(number, "?"): count for number, count in counts.items()}


def inclusive_by_function(profile):
    """Of a callgrind file: what ran in each function and in all that it called. Of one that calls itself, only
    what its outermost calls cost is wanted, and callgrind has them apart: deeper ones have names of their own ('2)."""
    names, counts = {}, collections.Counter()
    where = None
    for line in profile.open():
        key, _, value = line.rstrip("\n").partition("=")
        if key in ("fn", "cfn"):
            number, name = NAME.match(value).groups()
            if name:
                names[number] = name
            if key == "fn":
                where = number
        elif line[:1] in "+-*0123456789":
            counts[where] += int(line.split()[1])  # its own, and those of its calls
    return {names[number]: count for number, count in counts.items()}


def profiled(program, arguments, folder, options, arena_megabytes=None):
    """Runs it, and gives its profiles: of each thread, the main thread's first; or, of a program that says itself
    what counts (CALLGRIND_DUMP_STATS, for which the threads must not be apart), of that."""
    command = ["valgrind", "--tool=callgrind", "-q",
               f"--callgrind-out-file={folder}/profile", *options, str(program), *map(str, arguments)]
    # All symbols are bound at the start: else whichever thread is first pays for each, now this one, now another.
    with programs.environment(arena_megabytes, GLIBC_TUNABLES=COPY_WITH_VECTORS, LD_BIND_NOW="1") as variables:
        ran = subprocess.run(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             check=False)
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nfailed ({ran.returncode}): {ran.stderr[-2000:]}")
    asked_for = pathlib.Path(folder) / "profile.1"
    return [asked_for] if asked_for.exists() else sorted(pathlib.Path(folder).glob("profile-*"))


def counted(program, arguments, only_in=None, arena_megabytes=None):
    """All instructions of one run on the program's main thread, and those outside the program itself; or all that
    the function `only_in` calls."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--separate-threads=yes"] + ([f"--toggle-collect={only_in}"] if only_in else [])
        counts = instructions_by_object(profiled(program, arguments, folder, options, arena_megabytes)[0])
    whole = sum(counts.values())
    if only_in:
        return whole, whole
    return whole, whole - sum(count for name, count in counts.items() if pathlib.Path(name).name == program.name)


def cost_of(program, work, few, many, **how):
    """What one of `program work <times>` costs: all instructions, and those outside the program. It runs twice."""
    first, last = counted(program, (work, few), **how), counted(program, (work, many), **how)
    return [(last[i] - first[i]) / (many - few) for i in (0, 1)]


def by_function(program, work, times):
    """Of a program that says itself what counts, all its threads together: instructions in each function and what it
    calls, and in all ("")."""
    with tempfile.TemporaryDirectory() as folder:
        [profile] = profiled(program, (work, times), folder, options=())
        return inclusive_by_function(profile) | {"": sum(instructions_by_object(profile).values())}
