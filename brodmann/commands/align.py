"""`brodmann align`: rigid transforms between neighbouring sections, computed from the images."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from brodmann.commands.train import folder_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.contracts.datasets import Alignment, AlignmentStep


@click.command(epilog="Example: brodmann align data/brains/B20 --write")
@folder_argument
@click.option("--sections", type=int, nargs=2, help="Only the steps from one section to another; the others stay.")
@click.option("--write", is_flag=True, help="Replace the dataset's alignment; steps set by hand stay.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(brain: Path, sections: tuple[int, int] | None, write: bool, as_json: bool) -> None:
    """Align every section of the dataset BRAIN to the next and print how certain each pair is."""
    from core.anatomy.series import align_brain
    from core.datasets import BrainFolder

    folder = BrainFolder(brain)
    numbers = [section.number for section in folder.brain.sections]
    if sections is not None:
        if unknown := set(sections) - set(numbers):
            raise click.UsageError(f"{folder.brain.id} has no sections {sorted(unknown)}")
        numbers = [number for number in numbers if min(sections) <= number <= max(sections)]
    alignment = align_brain(folder, numbers[:-1], report=_progress)
    if write:
        alignment = _written(brain, [step for step in alignment.steps if step.section in numbers and not step.hand_set])
    click.echo(alignment.model_dump_json(indent=2) if as_json else table(alignment))
    if not write:
        click.echo("Nothing was written; --write replaces the dataset's alignment.", err=True)


def _written(brain: Path, computed: "Sequence[AlignmentStep]") -> "Alignment":
    """The alignment as it is on disk now with these steps; what others changed there while they were computed stays."""
    from core.anatomy.by_hand import merged
    from core.anatomy.series import present_alignment
    from core.datasets import BrainFolder, changing, write_alignment

    with changing(brain):
        alignment = merged(present_alignment(BrainFolder(brain)), computed)
        write_alignment(brain, alignment)
    return alignment


def table(alignment: "Alignment") -> str:
    """A line for each pair, weak ones marked, and how many pairs a person should look at."""
    from core.anatomy.chain import doubt_between, is_weak

    lines = ["section     to  inliers  of matches  residual µm"]
    lines += [_line(step) for step in alignment.steps]
    weak = sum(is_weak(step) for step in alignment.steps)
    lines += ["", f"{weak} of {len(alignment.steps)} pairs are weak; check them by eye"]
    if alignment.steps and (doubt := doubt_between(alignment, alignment.steps[0].section, alignment.steps[-1].successor)):
        lines.append(doubt)
    return "\n".join(lines)


def _line(step: "AlignmentStep") -> str:
    start = f"{step.section:>7}  {step.successor:>5}"
    if step.hand_set:
        return f"{start}  set by hand"
    if step.quality is None:
        return f"{start}  not computed here"
    quality = step.quality
    share = quality.inliers / quality.matches if quality.matches else 0.0
    residual = "-" if step.residual_um is None else f"{step.residual_um:.0f}"
    marks = "  mirrored" * step.transform.mirrored + "  WEAK" * quality.weak
    return f"{start}  {quality.inliers:>7}  {quality.matches:>4} ({share:4.0%})  {residual:>11}{marks}"


def _progress(done: int, of: int) -> None:
    click.echo(f"aligned {done} of {of} pairs", err=True)
