"""The one form of every benchmark: figures with goals, the machine they were measured on, as JSON and as a table."""

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `goal` is the bound it must keep, on the side that `sense` says."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    sense: Literal["at most", "at least"] = "at most"

    @property
    def holds(self) -> bool | None:
        """Whether the goal is kept; None where there is no goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.sense == "at most" else self.value >= self.goal


def machine() -> str:
    """Processor, cores, memory and GPUs of this machine, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    facts = [model, f"{len(os.sched_getaffinity(0))} cores", f"{memory_gib:.0f} GiB", *_gpus()]
    return ", ".join([*facts, f"Python {platform.python_version()}"])


def _gpus() -> list[str]:
    """The models of the GPUs that NVIDIA's driver tells."""
    told = (file.read_text() for file in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")))
    return [line.split(":", 1)[1].strip() for text in told for line in text.splitlines() if line.startswith("Model:")]


def commit() -> str:
    """The commit measured, with a plus where the tree differs from it."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    dirty = subprocess.run(["git", "status", "--porcelain", "-uno"], capture_output=True, text=True, check=False).stdout.strip()
    return (head or "unknown") + ("+" if dirty else "")


def write(figures: Sequence[Figure], file: Path) -> None:
    """Write the report; the file appears whole or not at all."""
    report = {
        "figures": [asdict(figure) | {"holds": figure.holds} for figure in figures],
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
    }
    partial = file.with_name(file.name + ".partial")
    partial.write_text(json.dumps(report, indent=2) + "\n")
    partial.rename(file)


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines for a terminal."""
    words = {True: "holds", False: "MISSED", None: ""}
    return "\n".join(
        f"{f.name:<36} {f.value:10.3f} {f.unit:<6} " + (f"{f.sense} {f.goal:g}  {words[f.holds]}" if f.goal is not None else "")
        for f in figures
    )


def run(measure: Callable[[argparse.Namespace], Sequence[Figure]], parser: argparse.ArgumentParser) -> None:
    """Parse the common options, measure, print the table and write the report."""
    parser.add_argument("--quick", action="store_true", help="end within 50 s, leaving out what takes longer")
    parser.add_argument("--json", type=Path, required=True, help="where the report goes")
    options = parser.parse_args()
    figures = measure(options)
    print(table(figures))
    write(figures, options.json)
