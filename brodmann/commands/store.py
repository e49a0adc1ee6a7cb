"""`brodmann store`: the file that analysis reads sections from."""

import sys
from pathlib import Path

import click

from brodmann.progress import TerminalProgress

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def command() -> None:
    """The analysis store: all sections of a brain at one pixel size in one chunked HDF5 file."""


@command.command(epilog="Example: brodmann store build data/brains/B20 --pixel-size 2")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--pixel-size", default=2.0, show_default=True, type=click.FloatRange(0, min_open=True), help="Of the store, µm.")
@click.option("--chunk", default=512, show_default=True, type=click.IntRange(16, 8192), help="Side of a chunk in pixels.")
@click.option("--split", is_flag=True, help="Keep structure (-m.h5) and pixels (-r.h5) in two files.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 256), help="Processes that resample.")
def build(folder: Path, pixel_size: float, chunk: int, split: bool, workers: int) -> None:
    """Build the store of the brain in DIR; started again it goes on where it was.

    Sections that have the wanted pixel size are copied; those of half of it are resampled with cubic interpolation.
    """
    from core.datasets.build_store import StoreOptions, build_store
    from core.imaging.store import raw_file

    progress = TerminalProgress()
    options = StoreOptions(pixel_size_um=pixel_size, chunk_px=chunk, split=split, workers=workers)
    path = build_store(folder, options, progress)
    progress.close()
    click.echo(f"{path}: {raw_file(path).stat().st_size / 1e6:.0f} MB")


@command.command(epilog="Example: brodmann store verify data/brains/B20/B20.h5")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def verify(file: Path) -> None:
    """Read every section of the store FILE and compare its checksums; the exit code is 1 when one differs."""
    from core.imaging.store import AnalysisStore, damaged_sections

    with AnalysisStore(file) as store:
        places, whole = len(store.sizes()), len(store.completed())
    damaged = damaged_sections(file)
    click.echo(f"{whole} of {places} sections are whole, {len(damaged)} of them damaged")
    for number, strips in damaged.items():
        click.echo(f"section {number}: {strips} strips differ from their checksums; remove the store and build it again")
    sys.exit(1 if damaged or whole < places else 0)
