"""`brodmann evaluate`: score predictions against the truth and against shape interpolation."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from brodmann.commands.train import folder_argument

if TYPE_CHECKING:
    from core.tasks.evaluate import Evaluation


@click.command(epilog="Example: brodmann evaluate data/brains/B20 --model runs/hOc1 --predictions runs/p --picture worst.png")
@folder_argument
@click.option("--model", required=True, type=click.Path(exists=True, path_type=Path), help="Folder of `brodmann train`.")
@click.option(
    "--predictions", required=True, type=click.Path(exists=True, path_type=Path), help="Folder of `brodmann predict`."
)
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the worst section here (PNG).")
@click.option("--area", help="The area to score; the model's first by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(brain: Path, model: Path, predictions: Path, picture: Path | None, area: str | None, as_json: bool) -> None:
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
