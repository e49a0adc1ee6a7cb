"""`brodmann tissue`: background, white and gray matter of sections, computed from the images."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from brodmann.commands.train import folder_argument


@click.command(epilog="Example: brodmann tissue data/brains/B20 --sections 901,921-961 --write")
@folder_argument
@click.option("--sections", help="Numbers and ranges like 901,921-961; all sections by default.")
@click.option("--write", is_flag=True, help="Replace the dataset's tissue classes; what was painted over them by hand stays.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(brain: Path, sections: str | None, write: bool, as_json: bool) -> None:
    """Find background, white and gray matter on sections of the dataset BRAIN and print how much there is."""
    from core.anatomy.tissue import areas_mm2, section_classes
    from core.datasets import BrainFolder, changing, write_tissue

    folder = BrainFolder(brain)
    chosen = _chosen([section.number for section in folder.brain.sections], sections, folder.brain.id)
    rows = []
    for done, number in enumerate(chosen, 1):
        labels, grid = section_classes(folder, number)
        if write:
            with changing(brain):
                write_tissue(brain, folder.brain.id, number, labels, grid)
        white_mm2, gray_mm2 = areas_mm2(labels, grid)
        rows.append((number, gray_mm2, white_mm2))
        click.echo(f"computed {done} of {len(chosen)} sections", err=True)
    click.echo(json.dumps([_document(row) for row in rows], indent=2) if as_json else table(rows))
    if not write:
        click.echo("Nothing was written; --write replaces the dataset's tissue classes.", err=True)


def table(rows: Sequence[tuple[int, float, float]]) -> str:
    """A line for each section with the extent of gray and white matter; sections without any tissue are marked."""
    lines = ["section  gray mm²  white mm²"]
    lines += [f"{number:>7}  {gray:>8.1f}  {white:>9.1f}" + "  EMPTY" * (gray + white == 0) for number, gray, white in rows]
    return "\n".join(lines)


def _document(row: tuple[int, float, float]) -> dict[str, float]:
    return dict(zip(("section", "gray_mm2", "white_mm2"), row, strict=True))


def _chosen(present: Sequence[int], wanted: str | None, brain_id: str) -> list[int]:
    """The brain's sections among the wanted; every single number and range must meet one."""
    if wanted is None:
        return list(present)
    ranges = [_range(part) for part in wanted.split(",")]
    for each in ranges:
        if not any(number in each for number in present):
            name = str(each.start) if len(each) == 1 else f"{each.start}-{each.stop - 1}"
            raise click.UsageError(f"brain {brain_id} has no section {name}; it has {present[0]} to {present[-1]}")
    return [number for number in present if any(number in each for each in ranges)]


def _range(text: str) -> range:
    first, _, last = text.strip().partition("-")
    try:
        return range(int(first), int(last or first) + 1)
    except ValueError:
        raise click.UsageError(f"{text!r} does not name sections; write numbers and ranges like 901,921-961") from None
