"""`brodmann doctor`: check the installation, say what is wrong and how to mend it."""

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from brodmann.layout import DataFolder, data_option

FREE_DISK_GB = 5.0
PACKAGES = (
    "flask",
    "gpytoolbox",
    "gunicorn",
    "h5py",
    "imagecodecs",
    "nibabel",
    "numba",
    "numpy",
    "cv2",
    "paramiko",
    "pydantic",
    "pymongo",
    "scipy",
    "shapely",
    "skimage",
    "sklearn",
    "tifffile",
    "torch",
    "yaml",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it holds, what was found, and the remedy where it does not hold."""

    check: str
    holds: bool
    found: str
    remedy: str = ""


def check_python(_data: DataFolder) -> Finding:
    """Python is new enough."""
    found = sys.version.split()[0]
    return Finding("Python 3.11 or newer", sys.version_info >= (3, 11), found, "install Python 3.11, then `make clean setup`")


def check_packages(_data: DataFolder) -> Finding:
    """Every package the program imports is there."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    found = f"missing: {', '.join(missing)}" if missing else f"{len(PACKAGES)} packages"
    return Finding("Python packages", not missing, found, "run `make setup`")


def check_torch(_data: DataFolder) -> Finding:
    """PyTorch computes, and where."""
    import torch

    device = "CUDA " + torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"
    total = float(torch.ones(8).sum())
    return Finding("PyTorch computes", total == 8.0, f"{torch.__version__} on {device}", "reinstall it: `make clean setup`")


def check_mpi(_data: DataFolder) -> Finding:
    """Whether jobs may be of several processes; nobody needs that."""
    from compute_service.schedulers.mpiexec import find_mpiexec

    if importlib.util.find_spec("mpi4py") is None:
        return Finding("several processes", True, "not installed; jobs are of one process (for more: `brodmann[mpi]`)")
    mpiexec = find_mpiexec(os.environ.get("PATH"))
    return Finding("several processes", mpiexec is not None, mpiexec or "mpi4py without an mpiexec", "install `brodmann[mpi]`")


def check_webui(_data: DataFolder) -> Finding:
    """The web interface is built."""
    built = Path("webui/dist/index.html").is_file()
    return Finding("web interface", built, "built" if built else "not built", "run `make setup` in the repository")


def check_disk(data: DataFolder) -> Finding:
    """There is room for brains and results."""
    place = data.root if data.root.exists() else data.root.parent
    free_gb = shutil.disk_usage(place).free / 1e9
    return Finding(
        "free disk", free_gb >= FREE_DISK_GB, f"{free_gb:.0f} GB free at {place}", "free some space or give another --data"
    )


def check_data_folder(data: DataFolder) -> Finding:
    """The data folder can be written."""
    place = data.root if data.root.exists() else data.root.parent
    writable = os.access(place, os.W_OK)
    return Finding("data folder", writable, str(data.root), f"make {place} writable for you, or give another --data")


def check_secrets(data: DataFolder) -> Finding:
    """Secrets are readable by their owner only."""
    files = [file for file in (data.compute_token_file, data.session_secret_file) if file.exists()]
    loose = [str(file) for file in files if file.stat().st_mode & 0o077]
    return Finding("secrets", not loose, f"{len(files)} files", f"run `chmod 600 {' '.join(loose)}`")


def check_brains(data: DataFolder) -> Finding:
    """Every brain dataset can be read and is whole."""
    from core.datasets import find_brains

    brains, problems = find_brains(data.brains) if data.brains.exists() else ([], [])
    problems = [*problems, *(problem for brain in brains for problem in brain.check())]
    found = f"{len(brains)} readable" + (f"; {problems[0]}" if problems else "")
    return Finding("brain datasets", not problems, found, "mend or remove the named file; ingest or build the brain again")


CHECKS: tuple[Callable[[DataFolder], Finding], ...] = (
    check_python,
    check_packages,
    check_torch,
    check_mpi,
    check_webui,
    check_disk,
    check_data_folder,
    check_secrets,
    check_brains,
)


@click.command(epilog="Example: brodmann doctor --json")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(data: DataFolder, as_json: bool) -> None:
    """Check the installation; the exit code is 1 when something does not hold."""
    findings = [check(data) for check in CHECKS]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{'ok ' if finding.holds else 'BAD'}  {finding.check:<22} {finding.found}")
            if not finding.holds:
                click.echo(f"     mend: {finding.remedy}")
    sys.exit(0 if all(finding.holds for finding in findings) else 1)
