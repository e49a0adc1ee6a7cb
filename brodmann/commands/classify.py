"""`brodmann classify`: tell areas apart by the features of a trained encoder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from brodmann.annotated import annotated, areas_option, brains_argument, transfer_option

if TYPE_CHECKING:
    from core.contracts.features import ClassificationReport


@click.command(
    epilog="Example: brodmann classify brains/B01 brains/B07 --features runs/features --transfer B07 --out runs/classes"
)
@brains_argument
@click.option(
    "--features", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of `features`."
)
@areas_option
@transfer_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the classifier and the report.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON for a program.")
def command(
    brains: tuple[Path, ...], features: Path, areas: tuple[str, ...], transfer: tuple[str, ...], out: Path, as_json: bool
) -> None:
    """Train a linear classifier on an encoder's features and score it on the datasets BRAIN..."""
    from brodmann.local_run import context
    from core.contracts.features import ClassificationReport, ClassifyPatchesParameters
    from core.tasks.classify_patches import REPORT_FILE, classify_patches
    from core.tasks.run_here import ELSEWHERE, definition_on

    inputs, chosen, datasets = annotated(brains, areas)
    job = definition_on(inputs, ClassifyPatchesParameters(features_job=ELSEWHERE, areas=chosen, transfer=transfer))
    with context(datasets, out, features) as surroundings:
        classify_patches(job, surroundings)
    report = ClassificationReport.model_validate_json((out / "results" / REPORT_FILE).read_text())
    if as_json:
        click.echo(report.model_dump_json(indent=2))
        return
    _tell(report)


def _tell(report: "ClassificationReport") -> None:
    """Scores as a table."""
    columns = [("train", report.train), ("test", report.test), *([("transfer", report.transfer)] if report.transfer else [])]
    click.echo(f"{'F1':<20}" + "".join(f"{name:>10}" for name, _ in columns))
    for index, area in enumerate(report.areas):
        found = (scores.areas[index] for _, scores in columns)
        click.echo(f"{area:<20}" + "".join(f"{each.f1:>10.2f}" if each.patches else f"{'-':>10}" for each in found))
    click.echo(f"{'mean':<20}" + "".join(f"{scores.macro_f1:>10.2f}" for _, scores in columns))
    for each in report.robustness:
        click.echo(f"{each.change} {each.value:g} {each.unit}: mean F1 {each.macro_f1:.2f}")
    for warning in report.warnings:
        click.echo(f"note: {warning}", err=True)
