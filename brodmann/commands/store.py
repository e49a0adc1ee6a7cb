"""`brodmann store`: the file that analysis reads sections from."""

import json
import sys
from dataclasses import asdict
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
@click.option("--mpi", is_flag=True, help="Under mpiexec or srun: all ranks but the first resample, in place of --workers.")
def build(folder: Path, pixel_size: float, chunk: int, split: bool, workers: int, mpi: bool) -> None:
    """Build the store of the brain in DIR; started again it goes on where it was, and adds sections that came since.

    Sections that have the wanted pixel size are copied, finer ones are resampled with cubic interpolation.
    """
    from core.datasets.build_store import StoreOptions, build_store
    from core.imaging.store import raw_file

    progress = TerminalProgress()
    options = StoreOptions(pixel_size_um=pixel_size, chunk_px=chunk, split=split, workers=workers, mpi=mpi)
    try:
        path = build_store(folder, options, progress)
    finally:
        progress.close()
    if path is not None:  # None in the MPI ranks that helped
        click.echo(f"{path}: {raw_file(path).stat().st_size / 1e6:.0f} MB")


@command.command(epilog="Example: brodmann store verify data/brains/B20/B20.h5")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def verify(file: Path, as_json: bool) -> None:
    """Read every section of the store FILE and compare its checksums; the exit code is 1 when one differs.

    Sections that differ are made again by the next `brodmann store build`.
    """
    from core.imaging.reader import HandleCache
    from core.imaging.store import AnalysisStore, StoreWriter, damaged_sections

    with AnalysisStore(file) as store:
        places, whole = len(store.sizes()), list(store.completed())
        handles = HandleCache(store.section, limit=max(1, places))
        for number in whole:
            handles.get(number)
        held = handles.held()
    damaged = damaged_sections(file)
    if as_json:
        told = {"sections": places, "whole": len(whole), "damaged_strips": damaged, "handles": asdict(held)}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(f"{len(whole)} of {places} sections are whole, {len(damaged)} of them damaged")
        for number, strips in damaged.items():
            click.echo(f"section {number}: {strips} strips differ from their checksums; the next store build makes it anew")
    if damaged:
        with StoreWriter(file) as writer:
            for number in damaged:
                writer.forget(number)
    sys.exit(1 if damaged or len(whole) < places else 0)
