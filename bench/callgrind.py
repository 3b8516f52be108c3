"""Counts instructions by callgrind. They hardly wobble: a work runs twice, few and many times, and
the difference, divided, is what one repetition costs once all is warm."""

import collections
import pathlib
import re
import shutil
import subprocess
import tempfile

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


def profiled(program, arguments, folder, options=()):
    """Runs it, and gives the profile of each of its threads, the main thread's first."""
    command = ["valgrind", "--tool=callgrind", "--separate-threads=yes", "-q",
               f"--callgrind-out-file={folder}/profile", *options, str(program), *map(str, arguments)]
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nfailed ({ran.returncode}): {ran.stderr[-2000:]}")
    return sorted(pathlib.Path(folder).glob("profile-*"))


def counted(program, arguments, only_in=None, all_threads=False):
    """All instructions of one run, and those outside the program itself: of its main thread, of all
    its threads, or of all that the function `only_in` calls."""
    with tempfile.TemporaryDirectory() as folder:
        profiles = profiled(program, arguments, folder, [f"--toggle-collect={only_in}"] if only_in else [])
        by_object = [instructions_by_object(profile) for profile in (profiles if all_threads else profiles[:1])]
    whole = sum(sum(counts.values()) for counts in by_object)
    if only_in or all_threads:
        return whole, whole
    own = sum(count for name, count in by_object[0].items() if pathlib.Path(name).name == program.name)
    return whole, whole - own


def cost_of(program, work, few, many, **how):
    """What one of `program work <times>` costs: all instructions, and those outside the program."""
    first, last = counted(program, (work, few), **how), counted(program, (work, many), **how)
    return [(last[i] - first[i]) / (many - few) for i in (0, 1)]
