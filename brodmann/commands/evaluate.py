"""`brodmann evaluate`: score predictions, or whole sets of models, against the truth and against shape interpolation."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from brodmann.annotated import annotated, areas_option, brains_argument
from brodmann.commands.train import folder_argument

if TYPE_CHECKING:
    from core.contracts.training import Architecture
    from core.datasets import BrainFolder
    from core.tasks.evaluate import Evaluation
    from core.tasks.evaluate_grid import GridPlan, GridRun
    from core.tasks.job_pairs import ComputeService

Results = TypeVar("Results")
NETWORKS: "dict[str, Architecture]" = {"hr": "hr_unet", "lr": "lr_unet", "ms": "ms_unet"}


class _RunByDefault(click.Group):
    """`evaluate BRAIN ...` is `evaluate run BRAIN ...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_RunByDefault, epilog="Example: brodmann evaluate lsm data/brains/B20 --area hOc1 --out runs/evaluation")
def command() -> None:
    """Score predictions of a model (`run`, also without saying so), or train and score many models (`lsm`, `features`)."""


@command.command(
    epilog="Example: brodmann evaluate run data/brains/B20 --model runs/hOc1 --predictions runs/p --picture worst.png"
)
@folder_argument
@click.option("--model", required=True, type=click.Path(exists=True, path_type=Path), help="Folder of `brodmann train`.")
@click.option(
    "--predictions", required=True, type=click.Path(exists=True, path_type=Path), help="Folder of `brodmann predict`."
)
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the worst section here (PNG).")
@click.option("--area", help="The area to score; the model's first by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def run(brain: Path, model: Path, predictions: Path, picture: Path | None, area: str | None, as_json: bool) -> None:
    """Print the F1 score of every predicted section of BRAIN, whose truth must come with the dataset."""
    from core.tasks.evaluate import evaluate

    evaluation = evaluate(brain, model / "results", predictions / "results" / "predictions", picture, area)
    click.echo(evaluation.model_dump_json(indent=2) if as_json else table(evaluation))


def table(evaluation: "Evaluation") -> str:
    """The scores as lines, the sections of the middle third marked."""
    trained_on = ", ".join(map(str, evaluation.training_sections))
    lines = [f"F1 of {evaluation.area}, trained on sections {trained_on}", "", "section   model  interpolation"]
    for score in evaluation.scores:
        mark = "  middle third" if score.middle_third else ""
        lines.append(f"{score.section:>7}  {score.f1_model:6.3f}  {score.f1_interpolation:13.3f}{mark}")
    lines += ["", f" median  {evaluation.median_f1_model:6.3f}  {evaluation.median_f1_interpolation:13.3f}"]
    if evaluation.middle_median_f1_model is not None:
        middle = f" middle  {evaluation.middle_median_f1_model:6.3f}  {evaluation.middle_median_f1_interpolation:13.3f}"
        lines.append(middle)
    return "\n".join(lines)


_out = click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder; what is done in it is kept."
)
_through = click.option(
    "--through",
    help="Compute as jobs: `local` by a scheduler of this machine, or the address of a compute service.",
)
_token_file = click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The service's token."
)


@command.command(epilog="Example: brodmann evaluate lsm data/brains/B20 --area hOc1 --ends 901 1021 --every 60 --out runs/e")
@click.argument("brains", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--area", "areas", required=True, multiple=True, help="An area to find; given again, more.")
@click.option("--ends", required=True, type=int, nargs=2, help="First and last training section.")
@click.option(
    "--every", "spacings", type=int, multiple=True, help="Training sections are so far apart; the ends alone by default."
)
@click.option("--kind", "paradigms", type=click.Choice(["lsm", "gsm"]), multiple=True, help="Local (default) or global models.")
@click.option(
    "--network", "networks", type=click.Choice(sorted(NETWORKS)), multiple=True, help="hr, lr, ms; by default the preset's."
)
@click.option("--preset", default="demo", show_default=True, help="tiny, demo or standard.")
@click.option("--iterations", type=click.IntRange(1), help="Of each training; the preset's by default.")
@click.option("--together", is_flag=True, help="One model of all areas instead of one an area.")
@click.option("--middle-third", is_flag=True, help="Score only the middle third between training sections.")
@_out
@_through
@_token_file
def lsm(brains: tuple[Path, ...], out: Path, through: str | None, token_file: Path | None, **choices: object) -> None:
    """Train and score local and global models of areas in BRAINS, whose truth must come with them."""
    from core.datasets import BrainFolder
    from core.tasks.evaluate_grid import evaluate_grid
    from core.tasks.grid_jobs import evaluate_by_jobs
    from core.tasks.grid_report import text_table, write_page

    folders, plan = tuple(BrainFolder(brain.resolve()) for brain in brains), _plan(choices)
    ways = partial(evaluate_grid, plan), partial(evaluate_by_jobs, plan)
    results = _evaluated(folders, out, through, token_file, *ways)
    click.echo(text_table(results))
    click.echo(f"page in {write_page(results, out, folders)}")


def _evaluated(
    brains: "tuple[BrainFolder, ...]",
    out: Path,
    through: str | None,
    token_file: Path | None,
    here: "Callable[[GridRun], Results]",
    by_jobs: "Callable[[GridRun, ComputeService, Callable[[], None]], Results]",
) -> Results:
    """The results, computed in this process or as jobs."""
    from brodmann.evaluation_jobs import compute_service
    from brodmann.local_run import interruptible
    from core.tasks.evaluate_grid import GridRun

    with interruptible() as (report, stop_requested):
        run = GridRun(brains, out, report, stop_requested)
        if not through:
            return here(run)
        with compute_service(through, token_file, out.resolve() / "jobs", brains) as (service, pause):
            return by_jobs(run, service, pause)


def _plan(choices: dict[str, Any]) -> "GridPlan":
    """The plan that the options ask for."""
    from core.contracts.presets import PRESETS, variant
    from core.tasks.evaluate_grid import GridPlan

    if choices["preset"] not in PRESETS:
        raise click.UsageError(f"no preset {choices['preset']!r}; there are {', '.join(PRESETS)}")
    base = PRESETS[choices["preset"]].settings
    first, last = choices["ends"]
    if first >= last:
        raise click.UsageError(f"--ends takes the first section and then the last, got {first} and {last}")
    networks = [NETWORKS[name] for name in choices["networks"]] or [base.architecture]
    return GridPlan(
        areas=choices["areas"],
        first=first,
        last=last,
        spacings=choices["spacings"] or (last - first,),
        paradigms=choices["paradigms"] or ("lsm",),
        settings=tuple(variant(base, network, choices["iterations"] or base.iterations) for network in networks),
        middle_third=choices["middle_third"],
        together=choices["together"],
    )


@command.command(
    epilog="Example: brodmann evaluate features brains/B01 brains/B07 --transfer B07 --experiment baseline --out runs/f"
)
@brains_argument
@areas_option
@click.option("--transfer", required=True, help="Identifier of the brain that is held out.")
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    help="baseline, architectures, transfer_brains, transfer_areas, unseen_areas or sample_counts; all by default.",
)
@click.option("--preset", "size", default="demo", show_default=True, help="demo or standard.")
@_out
@_through
@_token_file
def features(
    brains: tuple[Path, ...],
    areas: tuple[str, ...],
    out: Path,
    through: str | None,
    token_file: Path | None,
    **choices: str | tuple[str, ...],
) -> None:
    """Train encoders of patches and score them on BRAIN...: the experiments of thesis 6.2.1 to 6.2.5."""
    from core.tasks.evaluate import EvaluationInputError
    from core.tasks.evaluate_features import FeatureGridPlan, evaluate_features
    from core.tasks.feature_experiments import EXPERIMENTS
    from core.tasks.feature_grid_report import text_table, write_page
    from core.tasks.feature_jobs import evaluate_features_by_jobs

    _, chosen, folders = annotated(brains, areas)
    asked = choices | {"areas": chosen, "experiments": choices["experiments"] or tuple(EXPERIMENTS)}
    try:
        plan = FeatureGridPlan.model_validate(asked)
        ways = partial(evaluate_features, plan), partial(evaluate_features_by_jobs, plan)
        results = _evaluated(folders, out, through, token_file, *ways)
    except EvaluationInputError as error:
        raise click.UsageError(str(error)) from None
    click.echo(text_table(results))
    click.echo(f"page in {write_page(results, out)}")
