"""Fetch the TIFF variants that the imagecodecs source distribution carries: `python scripts/fetch_tiff_variants.py`.

They are put into the cache folder where tests/unit/core/imaging/test_real_variants.py looks for them (67 small files;
BSD licence). Some of them are in tests/data/tiff and are always tested.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

INSIDE = "/tests/data/tiff/"


def cache_folder() -> Path:
    """Where the variants are kept: $BRODMANN_TIFF_VARIANTS, or a folder of the user's cache."""
    chosen = os.environ.get("BRODMANN_TIFF_VARIANTS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen) if chosen else cache / "brodmann" / "tiff-variants"


def fetch(folder: Path, release: str) -> int:
    """Download the source of that release with pip and keep its TIFF files; returns how many there are."""
    with tempfile.TemporaryDirectory() as download:
        source = f"imagecodecs=={release}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "imagecodecs"]
        subprocess.run([*pip, "--dest", download, source], check=True)
        (archive,) = Path(download).glob("imagecodecs-*.tar.gz")
        return extract(archive, folder)


def extract(archive: Path, folder: Path) -> int:
    """Copy the TIFF files of an archive, by their last name, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if INSIDE in member.name and member.name.endswith(".tif") else None
            if content is not None:
                (folder / Path(member.name).name).write_bytes(content.read())
                count += 1
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=cache_folder())
    parser.add_argument("--release", default=version("imagecodecs"))
    options = parser.parse_args()
    print(f"{fetch(options.out, options.release)} files in {options.out}")
