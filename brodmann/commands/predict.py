"""`brodmann predict`: run a trained model over the sections between its two training sections."""

import json
from pathlib import Path

import click

from brodmann.commands.train import folder_argument
from brodmann.progress import TerminalProgress


@click.command(epilog="Example: brodmann predict data/brains/B20 --model runs/hOc1 --area hOc1 --sections 901 1021 --out p")
@folder_argument
@click.option(
    "--model", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of `train`."
)
@click.option("--area", required=True, help="The area the model knows.")
@click.option("--sections", required=True, type=int, nargs=2, help="The two training sections.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for labels and confidences.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def command(brain: Path, model: Path, area: str, sections: tuple[int, int], out: Path, as_json: bool) -> None:
    """Predict AREA on every section between the two; rasters and their positions go to OUT/results/predictions."""
    from brodmann.local_run import context, definition, truth_annotations
    from core.contracts.training import PredictParameters, SectionPrediction
    from core.datasets import BrainFolder
    from core.tasks.predict_sections import predict

    dataset = BrainFolder(brain)
    between = tuple(section.number for section in dataset.brain.sections if sections[0] < section.number < sections[1])
    if not between:
        raise click.ClickException(f"{dataset.brain.id} has no section between {sections[0]} and {sections[1]}")
    parameters = PredictParameters(area=area, model_job="0" * 32, training_sections=sections, sections=between)
    job = definition(dataset, parameters, truth_annotations(dataset, area, sections))
    progress = TerminalProgress()
    try:
        with context(brain.resolve(), out, model, progress) as surroundings:
            predict(job, surroundings)
    finally:
        progress.close()
    files = [out / "results" / "predictions" / f"{number}.json" for number in between]
    predictions = [SectionPrediction.model_validate_json(file.read_text()) for file in files]
    if as_json:
        click.echo(json.dumps([prediction.model_dump(mode="json") for prediction in predictions], indent=2))
        return
    for prediction in predictions:
        click.echo(f"{prediction.section:>6}  {prediction.area_mm2:8.2f} mm²  mean confidence {prediction.mean_confidence:.2f}")
