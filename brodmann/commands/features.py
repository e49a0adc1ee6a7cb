"""`brodmann features`: train an encoder of cortex patches from the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brodmann.annotated import annotated, areas_option, brains_argument, transfer_option
from brodmann.progress import TerminalProgress

if TYPE_CHECKING:
    from core.contracts.features import EncoderSettings, PatchStatistics


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
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for the encoder; an unfinished run goes on."
)
def command(
    brains: tuple[Path, ...],
    areas: tuple[str, ...],
    transfer: tuple[str, ...],
    preset: str,
    out: Path,
    **changes: str | int | None,
) -> None:
    """Train an encoder of cortex patches on the outlines that come with the datasets BRAIN..."""
    from dataclasses import replace

    from brodmann.local_run import context
    from core.contracts.features import FeaturesParameters
    from core.inference.patch_features import load_report
    from core.tasks.context import JobInterruptedError
    from core.tasks.run_here import definition_on
    from core.tasks.train_features import train_features

    inputs, chosen, folders = annotated(brains, areas)
    job = definition_on(inputs, FeaturesParameters(areas=chosen, transfer=transfer, settings=_settings(preset, changes)))
    first, *more = folders
    progress = TerminalProgress()
    try:
        with context(folders[first], out, out, progress) as surroundings:
            train_features(job, replace(surroundings, more_brains={name: folders[name] for name in more}))
    except JobInterruptedError:
        raise click.ClickException(f"stopped; the same command goes on from the checkpoint in {out}") from None
    finally:
        progress.close()
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
