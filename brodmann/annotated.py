"""Datasets named on the command line, with the outlines that come with them, as a job carries them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from core.contracts.jobs import BrainInputs
    from core.datasets import BrainFolder

brains_argument = click.argument(
    "brains", metavar="BRAIN...", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
areas_option = click.option("--area", "areas", multiple=True, help="An area to tell apart; all that are outlined by default.")
transfer_option = click.option(
    "--transfer", multiple=True, help="Identifier of a brain that nothing is learnt from; can be given again."
)


def annotated(
    folders: Sequence[Path], areas: tuple[str, ...]
) -> "tuple[tuple[BrainInputs, ...], tuple[str, ...], tuple[BrainFolder, ...]]":
    """Inputs of a job on the datasets, the areas to tell apart (all that are outlined, where none is named), and the datasets.

    A usage error names areas that are nowhere outlined; there must be two of them.
    """
    from core.datasets import BrainFolder
    from core.tasks.run_here import all_truth

    brains = tuple(BrainFolder(folder.resolve()) for folder in folders)
    inputs = tuple(all_truth(brain, areas) for brain in brains)
    drawn = {annotation.area for each in inputs for annotation in each.annotations}
    missing = [area for area in areas if area not in drawn]
    if missing:
        raise click.UsageError(f"none of the datasets has an outline of {', '.join(missing)}")
    chosen = areas or tuple(sorted(drawn))
    if len(chosen) < 2:
        raise click.UsageError(f"two areas or more are wanted to tell apart; outlined are {', '.join(sorted(drawn)) or 'none'}")
    return inputs, chosen, brains
