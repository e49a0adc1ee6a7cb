"""`brodmann train`: train a segmentation model from the terminal."""

from pathlib import Path

import click

folder_argument = click.argument("brain", type=click.Path(exists=True, file_okay=False, path_type=Path))


def numbers_in(text: str) -> tuple[int, ...]:
    """`901,1021` as section numbers; a usage error names what is none."""
    try:
        return tuple(int(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise click.UsageError(f"--sections takes section numbers with commas in between, got {text!r}") from None


@click.command(epilog="Example: brodmann train data/brains/B20 --area hOc1 --sections 901,1021 --out runs/hOc1")
@folder_argument
@click.option("--area", "areas", required=True, multiple=True, help="The area to learn; given again, several in one model.")
@click.option("--sections", required=True, help="Annotated sections: two for a local model, or more: 901,961,1021.")
@click.option("--preset", default="demo", show_default=True, help="tiny, demo or standard.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the model; an unfinished run goes on.")
@click.option("--from", "start", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Go on from this model.")
def command(brain: Path, areas: tuple[str, ...], sections: str, preset: str, out: Path, start: Path | None) -> None:
    """Train a model of areas on sections of the dataset BRAIN, on the outlines that come with it."""
    from brodmann.local_run import context
    from core.contracts.presets import PRESETS
    from core.contracts.training import TrainParameters
    from core.datasets import BrainFolder
    from core.tasks.run_here import ELSEWHERE, definition, truth_annotations
    from core.tasks.train_segmentation import train

    if preset not in PRESETS:
        raise click.UsageError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    dataset = BrainFolder(brain.resolve())
    numbers = numbers_in(sections)
    parameters = TrainParameters(
        areas=areas, sections=numbers, settings=PRESETS[preset].settings, start_model=ELSEWHERE if start else None
    )
    job = definition(dataset, parameters, truth_annotations(dataset, areas, numbers))
    with context([dataset], out, start or out) as surroundings:
        train(job, surroundings)
    click.echo(f"model in {out / 'results'}")
