"""`brodmann features`: train an encoder of cortex patches from the terminal."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brodmann.annotated import annotated, areas_option, brains_argument, transfer_option
from brodmann.together import readers_option, together

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
    from brodmann.local_run import interruptible
    from compute_service.runner.company import read_for_another, work
    from core.contracts.features import FeaturesParameters
    from core.tasks.run_here import context, definition_on

    with interruptible() as (report, stop_requested), together(readers) as ranks:
        if ranks.reads:
            read_for_another(ranks)
            return
        from core.tasks.train_features import train_features  # Who reads does without torch.

        inputs, chosen, datasets = annotated(brains, areas)
        parameters = FeaturesParameters(areas=chosen, transfer=transfer, settings=_settings(preset, changes))
        surroundings = replace(context(datasets, out, out, report, stop_requested), open_stage=ranks.open_stage)
        work(train_features, definition_on(inputs, parameters), surroundings, ranks)
    if ranks.speaks:
        _tell(out)


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
