"""`brodmann predict`: run a trained model over the sections between those it was trained on."""

import json
from pathlib import Path

import click

from brodmann.commands.train import folder_argument, numbers_in


@click.command(epilog="Example: brodmann predict data/brains/B20 --model runs/hOc1 --out runs/p")
@folder_argument
@click.option(
    "--model",
    "models",
    required=True,
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of `train`; given again, the models predict together.",
)
@click.option("--sections", default="", help="Sections to predict, e.g. 911,921; all between the training sections by default.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for labels and confidences.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(brain: Path, models: tuple[Path, ...], sections: str, out: Path, as_json: bool) -> None:
    """Predict sections of the dataset BRAIN; rasters and their positions go to OUT/results/predictions."""
    from brodmann.local_run import context
    from core.contracts.training import PredictParameters, SectionPrediction
    from core.datasets import BrainFolder
    from core.tasks.model_files import load_description
    from core.tasks.predict_sections import predict
    from core.tasks.run_here import definition, elsewhere

    dataset = BrainFolder(brain.resolve())
    trained = load_description(models[0] / "results")
    first, last = trained.sections[0], trained.sections[-1]
    inside = (section.number for section in dataset.brain.sections if first < section.number < last)
    wanted = numbers_in(sections) or tuple(number for number in inside if number not in trained.sections)
    if not wanted:
        raise click.ClickException(f"{dataset.brain.id} has no section between {first} and {last}")
    keys = tuple(map(elsewhere, range(len(models))))
    parameters = PredictParameters(model_job=keys[0], more_models=keys[1:], sections=wanted)
    job = definition(dataset, parameters)
    with context([dataset], out, models[0], models[1:]) as surroundings:
        predict(job, surroundings)
    files = [out / "results" / "predictions" / f"{number}_{area}.json" for number in wanted for area in trained.areas]
    predictions = [SectionPrediction.model_validate_json(file.read_text()) for file in files]
    if as_json:
        click.echo(json.dumps([prediction.model_dump(mode="json") for prediction in predictions], indent=2))
        return
    for found in predictions:
        place = f"{found.section:>6}  {found.area}"
        click.echo(f"{place}  {found.area_mm2:8.2f} mm²  mean confidence {found.mean_confidence:.2f}")
