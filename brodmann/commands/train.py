"""`brodmann train`: train a local segmentation model from the terminal."""

from pathlib import Path

import click

from brodmann.progress import TerminalProgress

folder_argument = click.argument("brain", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.command(epilog="Example: brodmann train data/brains/B20 --area hOc1 --sections 901 1021 --out runs/hOc1")
@folder_argument
@click.option("--area", required=True, help="The area to learn.")
@click.option("--sections", required=True, type=int, nargs=2, help="The two annotated sections.")
@click.option("--preset", default="demo", show_default=True, help="tiny, demo or standard.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the model; an unfinished run goes on.")
def command(brain: Path, area: str, sections: tuple[int, int], preset: str, out: Path) -> None:
    """Train a model of AREA between two sections of the dataset BRAIN, on the outlines that come with it."""
    from brodmann.local_run import context, definition, truth_annotations
    from core.contracts.presets import PRESETS
    from core.contracts.training import TrainParameters
    from core.datasets import BrainFolder
    from core.tasks.context import JobInterruptedError
    from core.tasks.train_segmentation import train

    if preset not in PRESETS:
        raise click.UsageError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    dataset = BrainFolder(brain)
    parameters = TrainParameters(area=area, sections=sections, settings=PRESETS[preset].settings)
    job = definition(dataset, parameters, truth_annotations(dataset, area, sections))
    progress = TerminalProgress()
    try:
        with context(brain.resolve(), out, out, progress) as surroundings:
            train(job, surroundings)
    except JobInterruptedError:
        raise click.ClickException(f"stopped; the same command goes on from the checkpoint in {out}") from None
    finally:
        progress.close()
    click.echo(f"model in {out / 'results'}")
