"""`brodmann features`: train an encoder of cortex patches from the terminal."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brodmann.annotated import annotated, areas_option, brains_argument, transfer_option
from brodmann.progress import TerminalProgress
from brodmann.together import readers_option, together

if TYPE_CHECKING:
    from compute_service.runner.ranks import Ranks
    from core.contracts.features import EncoderSettings, PatchStatistics
    from core.contracts.jobs import JobDefinition


@click.command(
    epilog="Example: brodmann features brains/B01 brains/B07 --area hOc1 --area hOc2 --transfer B07 --out runs/features"
)
@brains_argument
@areas_option
@transfer_option
@click.option("--preset", default="demo", show_default=True, help="demo or standard.")
@click.option("--encoder", help="base, resnet18, resnet50, resnet101 or densenet121, in place of the preset's.")
@click.option(
    "--loss",
    help="cross_entropy, supervised_contrastive, self_supervised or distance_and_location, in place of the preset's.",
)
@click.option("--start", help="random, or distance_and_location: what the encoder learns first, without areas.")
@click.option("--start-epochs", type=click.IntRange(1), help="Of that start.")
@click.option("--epochs", type=click.IntRange(1), help="In place of the preset's.")
@readers_option
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for the encoder; an unfinished run goes on."
)
def command(
    brains: tuple[Path, ...],
    areas: tuple[str, ...],
    transfer: tuple[str, ...],
    preset: str,
    out: Path,
    readers: int,
    **changes: str | int | None,
) -> None:
    """Train an encoder of cortex patches on the outlines that come with the datasets BRAIN...

    Under mpiexec or srun the ranks learn together: `mpiexec -n 4 brodmann features ... --readers 1` are two that learn, each
    with one that reads for it.
    """
    from brodmann.local_run import stop_on_interrupt
    from compute_service.runner.company import read_for_another
    from core.contracts.features import FeaturesParameters
    from core.tasks.context import JobInterruptedError
    from core.tasks.run_here import definition_on

    try:
        with stop_on_interrupt() as stop_requested, together(readers) as ranks:
            if ranks.reads:
                read_for_another(ranks)
                return
            inputs, chosen, folders = annotated(brains, areas)
            parameters = FeaturesParameters(areas=chosen, transfer=transfer, settings=_settings(preset, changes))
            _train(definition_on(inputs, parameters), folders, out, stop_requested, ranks)
    except JobInterruptedError:
        raise click.ClickException(f"stopped; the same command goes on from the checkpoint in {out}") from None
    if ranks.speaks:
        _tell(out)


def _train(
    job: "JobDefinition", folders: Mapping[str, Path], out: Path, stop_requested: Callable[[], bool], ranks: "Ranks"
) -> None:
    from dataclasses import replace

    from compute_service.runner.company import work
    from core.tasks.run_here import context
    from core.tasks.train_features import train_features

    first, *more = folders
    progress = TerminalProgress()
    surroundings = context(folders[first], out, out, progress, stop_requested)
    more_brains = {name: folders[name] for name in more}
    try:
        work(train_features, job, replace(surroundings, more_brains=more_brains, open_stage=ranks.open_stage), ranks)
    finally:
        progress.close()


def _tell(out: Path) -> None:
    from core.inference.patch_features import load_report

    report = load_report(out / "results")
    tell_patches(report.statistics)
    click.echo(
        f"loss {report.final_loss:.3f}, {report.patches_per_s:.1f} patches/s, {report.waiting_share:.0%} waiting for them"
    )
    for warning in report.warnings:
        click.echo(f"note: {warning}", err=True)
    click.echo(f"encoder in {out / 'results'}")


def tell_patches(statistics: "PatchStatistics") -> None:
    """How many patches of each area there are."""
    click.echo(f"{'area':<20}  train   test  transfer")
    for each in statistics.areas:
        click.echo(f"{each.area:<20} {each.train:>6} {each.test:>6} {each.transfer:>9}")


def _settings(preset: str, changes: Mapping[str, str | int | None]) -> "EncoderSettings":
    """A preset with what was given in its place; a usage error says what is wrong with it."""
    from pydantic import ValidationError

    from core.contracts.features import EncoderSettings
    from core.contracts.presets import FEATURES_PRESETS

    if preset not in FEATURES_PRESETS:
        raise click.UsageError(f"no preset {preset!r}; there are {', '.join(FEATURES_PRESETS)}")
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return EncoderSettings.model_validate(FEATURES_PRESETS[preset].settings.model_dump() | given)
    except ValidationError as error:
        raise click.UsageError("; ".join(str(each["msg"]) for each in error.errors())) from None
