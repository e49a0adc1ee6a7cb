"""`brodmann graph`: the areas of all nodes of brains' surfaces by a network on the graph of the cortex."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from brodmann.annotated import annotated

if TYPE_CHECKING:
    from core.contracts.graphs import GraphReport

FEATURES = ("cytoarchitecture", "coordinates", "maps")
EXAMPLE = "Example: brodmann graph data/brains/B20 --midsurface runs/midsurface --features runs/features --out runs/graph"
folders = click.Path(exists=True, file_okay=False, path_type=Path)
count = click.IntRange(1)


@click.command(epilog=EXAMPLE)
@click.argument("brains", nargs=-1, required=True, type=folders)
@click.option("--midsurface", "surfaces", multiple=True, required=True, type=folders, help="A run of midsurface, each brain's.")
@click.option("--features", type=folders, help="A run of features: its encoder gives deep features.")
@click.option("--also", multiple=True, type=click.Choice(FEATURES[1:]), help="What the reference space tells of nodes, too.")
@click.option("--area", "areas", multiple=True, help="Only this area; can be given again. Without it all that are outlined.")
@click.option("--transfer", multiple=True, metavar="BRAIN", help="A brain to test on and learn nothing from.")
@click.option("--preset", default="demo", show_default=True, help="demo or standard; what follows is in place of the preset's.")
@click.option("--layer", help="gat, sage, or mlp, which looks at no neighbour.")
@click.option("--layers", type=click.IntRange(1, 15), help="As many edges away a node sees.")
@click.option("--width", type=count, help="Of the layers.")
@click.option("--components", "feature_components", type=count, help="Principal components kept of deep features.")
@click.option("--epochs", type=count, help="Passes through the annotated nodes.")
@click.option("--batch", "batch_size", type=count, help="Nodes learnt from at a time.")
@click.option("--learning-rate", type=float, help="0.008 for millions of annotated nodes, 0.1 for thousands.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for results; an unfinished run goes on.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON for a program.")
def command(
    brains: tuple[Path, ...], surfaces: tuple[Path, ...], features: Path | None, out: Path, as_json: bool, **choices: object
) -> None:
    """Learn from the outlines that come with the datasets BRAINS, and tell the area of every node of their surfaces."""
    from brodmann.local_run import context
    from core.contracts.graphs import GraphParameters, GraphReport
    from core.tasks.run_here import definition_on, elsewhere
    from core.tasks.train_graph import REPORT_FILE, train_graph

    areas = cast("tuple[str, ...]", choices.pop("areas"))
    transfer, also = (cast("tuple[str, ...]", choices.pop(name)) for name in ("transfer", "also"))
    used = [name for name in FEATURES if name in also or (name == FEATURES[0] and features)]
    if not used:
        raise click.UsageError("name what nodes are told apart by: --features RUN, --also coordinates, --also maps")
    inputs, chosen, datasets = annotated(brains, areas)
    values = {
        "areas": chosen,
        "midsurface_jobs": tuple(elsewhere(number) for number in range(len(surfaces))),
        "features_job": elsewhere(len(surfaces)) if features else None,
        "transfer": transfer,
        "settings": _preset(str(choices.pop("preset")))
        | {name: value for name, value in choices.items() if value is not None}
        | {"features": used},
    }
    try:
        parameters = GraphParameters.model_validate(values)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with context(datasets, out, surfaces[0], [*surfaces[1:], *([features] if features else [])]) as surroundings:
        train_graph(definition_on(inputs, parameters), surroundings)
    report = GraphReport.model_validate_json((out / "results" / REPORT_FILE).read_text(encoding="utf-8"))
    click.echo(report.model_dump_json(indent=1) if as_json else "\n".join(_lines(report)))
    for warning in report.warnings:
        click.echo(f"note: {warning}", err=True)


def _preset(name: str) -> dict[str, object]:
    """The settings of a preset; a usage error names those there are."""
    from core.contracts.mapping_presets import MAPPING_PRESETS

    if name not in MAPPING_PRESETS:
        raise click.UsageError(f"no preset {name!r}; there are {', '.join(MAPPING_PRESETS)}")
    return MAPPING_PRESETS[name].graph.model_dump()


def _lines(report: "GraphReport") -> list[str]:
    scores = (("training", report.train), ("test", report.test), ("transfer", report.transfer))
    told = [f"{name:<10}macro F1 {each.macro_f1:.3f}" for name, each in scores if each is not None]
    judged = report.test or report.train
    told += ["", f"{'area':<20}{'F1':>6}{'nodes':>8}{'mm²':>9}"]
    extent = {area: sum(surface.area_mm2[area] for surface in report.surfaces) for area in report.areas}
    told += [f"{each.area:<20}{each.f1:>6.2f}{each.patches:>8}{extent[each.area]:>9.0f}" for each in judged.areas]
    return told
