"""How the bench runs its programs: in an environment of their own, so that neither settings of this
machine nor what other processes left behind (arenas that a start looks through) costs them anything."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

FORGOTTEN = ("OTEL_", "POSTHASTE_", "APPLICATIONINSIGHTS_")


def memory_folder():
    """Where a flight recorder may lie; None: the system's own choice."""
    shared = pathlib.Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else None


@contextlib.contextmanager
def environment(arena_megabytes=None, **more):
    """Variables for programs of the bench; their folders go when it ends."""
    folder = tempfile.mkdtemp(prefix="posthaste-bench-", dir=memory_folder())
    variables = {name: value for name, value in os.environ.items() if not name.startswith(FORGOTTEN)}
    for name in ("runtime", "state"):
        os.mkdir(os.path.join(folder, name), 0o700)
    settings = pathlib.Path(folder, "settings.toml")  # its arena_dir stands alone, and no other folder is looked through
    settings.write_text(f'arena_dir = "{folder}/runtime"\nstore.directory = "{folder}/state"\n', encoding="utf-8")
    if arena_megabytes:
        with settings.open("a", encoding="utf-8") as file:
            file.write(f"arena_size = {arena_megabytes << 20}\n")
    variables |= {"POSTHASTE_CONFIG_FILE": str(settings), **more}
    variables.pop("RUNTIME_DIRECTORY", None)
    variables.pop("STATE_DIRECTORY", None)
    try:
        yield variables
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def figures_of(said):
    """What a program says of itself: lines of a name and a number."""
    return {name: float(value) for name, value in (line.split() for line in said.splitlines())}


def figures(program, *arguments, **more):
    """Runs it to its end."""
    with environment(**more) as variables:
        ran = subprocess.run([str(program), *map(str, arguments)], env=variables, capture_output=True, text=True,
                             check=False)
    if ran.returncode != 0:
        raise SystemExit(f"{program} {' '.join(map(str, arguments))}\nfailed ({ran.returncode}): {ran.stderr[-2000:]}")
    return figures_of(ran.stdout)
