"""What happens at the demonstration's cluster while somebody looks at the page."""

import os
import shlex
import subprocess
from pathlib import Path

NODES = 2
BUSY = "#!/bin/sh\nexec sleep 600\n"


def terminal(data: Path) -> dict[str, str]:
    """The environment of a terminal that has loaded the demonstration's `cluster.env`."""
    lines = (data / "cluster.env").read_text().splitlines()
    return os.environ | {name: shlex.split(value)[0] for name, _, value in (line.partition("=") for line in lines)}


def slurm(environment: dict[str, str], *argv: str, text: str = "") -> str:
    """What a command of Slurm prints."""
    return subprocess.run(argv, env=environment, input=text, capture_output=True, text=True, check=True, timeout=60).stdout


def fill(environment: dict[str, str]) -> str:
    """From now on all nodes are somebody else's; the number of that job."""
    argv = ("sbatch", "--parsable", "--output=/dev/null", "--exclusive", f"--nodes={NODES}", "--time=10")
    return slurm(environment, *argv, text=BUSY).strip()


def free(environment: dict[str, str], job: str) -> None:
    """The nodes take work again."""
    slurm(environment, "scancel", job)


def left_over(place: Path) -> list[str]:
    """Living processes whose command line or environment names a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                told = (process / "cmdline").read_bytes() + b" " + (process / "environ").read_bytes()
            except OSError:
                continue
            if os.fsencode(place) in told:
                found.append(told.split(b"\0 ")[0].replace(b"\0", b" ").decode(errors="replace"))
    return found
