"""Train a network on the surfaces of one or several brains and tell the area of every node (thesis chapter 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from core.anatomy.mesh import Mesh, vertex_areas
from core.anatomy.midsurface import Midsurface
from core.contracts.features import Scores
from core.contracts.graphs import GraphParameters, GraphReport, SurfaceResult
from core.contracts.jobs import JobDefinition
from core.datasets import MissingFileError
from core.datasets.files import write_atomically
from core.graphs.cortex import TEST, TRAINING, TRANSFER
from core.graphs.node_features import on_sections
from core.inference.graph_predict import predict_nodes
from core.inference.node_areas import section_areas
from core.models.graph_network import GraphNetwork, NetworkShape
from core.sampling.patch_sites import AnnotatedBrain
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.graph_inputs import GraphInputs, graph_inputs, usable_nodes
from core.tasks.model_files import write_text
from core.tasks.prediction_files import write_prediction
from core.tasks.telling import say_nothing, tell
from core.training.checkpoint import write_tensors
from core.training.graph_loop import GraphTraining, train_on_graph
from core.training.linear_classifier import scores
from core.training.peers import joined

NETWORK_FILE, REPORT_FILE, SURFACES, PREDICTIONS = "graph.safetensors", "graph.json", "surfaces", "predictions"


class NotAGraphJobError(Exception):
    """The definition is of another kind of job."""


def train_graph(definition: JobDefinition, context: JobContext) -> None:
    """Write `graph.safetensors`, `surfaces/<brain>.safetensors`, `predictions/` and, last, `graph.json` into the results.

    `predictions/<section>_<area>.json` and its rasters are of the job's own brain, as a predict job leaves them, for each area
    found on a section; those of further brains lie in `predictions/<brain>/`. It resumes from a checkpoint. GraphInputError,
    BrainsError, MidsurfaceFilesError, FeaturesFilesError, NothingToLearnError or TrainingDivergedError say what is wrong;
    JobInterruptedError when asked to stop. Several processes, started as torchrun does, train one network together; the first
    one reports and writes. PeersError when they do not find or lose one another.
    """
    parameters = definition.parameters
    if not isinstance(parameters, GraphParameters):
        raise NotAGraphJobError(f"job {definition.key} is a {parameters.kind} job, not a graph job")
    with joined() as peers:
        told = context if peers.speaks else replace(context, report=say_nothing)
        inputs = graph_inputs(definition, parameters, told, peers)
        network = _network(inputs, parameters)
        result = train_on_graph(network, inputs.graph, parameters.settings, told, peers)
        if not result.finished:
            raise JobInterruptedError(f"training was stopped after {result.steps} steps")
    if peers.speaks:
        _leave(network, inputs, parameters, result, context)


def _network(inputs: GraphInputs, parameters: GraphParameters) -> GraphNetwork:
    settings = parameters.settings
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return GraphNetwork(
            NetworkShape(inputs.graph.widths, settings.layer, settings.layers, settings.width, len(parameters.areas))
        )


def _leave(
    network: GraphNetwork, inputs: GraphInputs, parameters: GraphParameters, result: GraphTraining, context: JobContext
) -> None:
    """Predict, and write everything; the report where all else stands."""

    def on_part(done: int, of: int) -> None:
        _stop_if_asked(context, "prediction")
        tell(context.report, "predicting", done, of)

    found = predict_nodes(network, inputs.graph, parameters.settings.precision, on_part=on_part)
    write_tensors(context.results / NETWORK_FILE, network.state_dict(), {})
    (context.results / SURFACES).mkdir(exist_ok=True)
    told, undrawn = [], []
    for number, (brain, surface) in enumerate(zip(inputs.brains, inputs.surfaces, strict=True)):
        own = found[inputs.graph.starts[number] : inputs.graph.starts[number + 1]]
        graph = inputs.graph.graphs[number]
        given = NodesGiven(own, graph.areas, graph.uses)
        told.append(write_surface(context.results, surface, given, parameters.areas))
        folder = context.results / PREDICTIONS / (brain.folder.brain.id if number else "")
        undrawn += _write_sections(folder, brain, surface, given, (parameters, context))
    of_use = {use: _scores(inputs, found, parameters, use) for use in (TRAINING, TEST, TRANSFER)}
    usable = np.concatenate([usable_nodes(surface) for surface in inputs.surfaces])
    train = of_use[TRAINING]
    assert train is not None  # or training had nothing to learn from
    report = GraphReport(
        areas=parameters.areas,
        settings=parameters.settings,
        surfaces=tuple(told),
        train=train,
        test=of_use[TEST],
        transfer=of_use[TRANSFER],
        final_loss=result.loss,
        mean_probability=float(found.max(axis=1)[usable].mean()),
        warnings=(*inputs.warnings, *_unlearnt(train), *undrawn, *result.warnings),
    )
    write_text(context.results / REPORT_FILE, report.model_dump_json(indent=1))


@dataclass(frozen=True, slots=True)
class NodesGiven:
    """Of a brain's nodes: probabilities (n, areas), annotated areas (n,) and uses (n,)."""

    probabilities: NDArray[np.float32]
    annotated: NDArray[np.int16]
    uses: NDArray[np.uint8]


def write_surface(results: Path, surface: Midsurface, given: NodesGiven, areas: tuple[str, ...]) -> SurfaceResult:
    """Write `surfaces/<brain>.safetensors` into the results; what is told of it."""
    best = given.probabilities.argmax(axis=1).astype(np.int16)
    arrays: Mapping[str, NDArray[np.generic]] = {
        **surface.arrays(),
        "area": best,
        "probability": np.rint(given.probabilities.max(axis=1) * 255).astype(np.uint8),
        "annotated": given.annotated,
        "split": given.uses,
    }
    file = f"{surface.report.brain}.safetensors"
    write_atomically(results / SURFACES / file, save({name: np.ascontiguousarray(each) for name, each in arrays.items()}))
    node_mm2 = vertex_areas(Mesh(surface.vertices_mm.astype(np.float64), surface.triangles))
    extent = np.bincount(best, node_mm2, minlength=len(areas))
    return SurfaceResult(
        brain=surface.report.brain, file=file, nodes=len(best), area_mm2=dict(zip(areas, extent.tolist(), strict=True))
    )


def _write_sections(
    folder: Path,
    brain: AnnotatedBrain,
    surface: Midsurface,
    given: NodesGiven,
    job: tuple[GraphParameters, JobContext],
) -> list[str]:
    """Predictions of all sections with nodes; in words which have no tissue classes, and so none."""
    parameters, context = job
    folder.mkdir(parents=True, exist_ok=True)
    sections, without = list(on_sections(surface)), []
    size_um = brain.folder.brain.pixel_size_um
    for done, (number, here) in enumerate(sections):
        _stop_if_asked(context, "writing predictions")
        tell(context.report, f"sections of {brain.folder.brain.id}", done, len(sections))
        try:
            tissue = brain.folder.tissue(number)
        except MissingFileError:
            without.append(str(number))
            continue
        section = brain.folder.brain.section(number)
        extent_um = (section.width_px * size_um, section.height_px * size_um)
        for area, prediction in section_areas(surface.point_um[here], given.probabilities[here], tissue, extent_um):
            write_prediction(folder, number, parameters.areas[area], prediction)
    if not without:
        return []
    return [f"no tissue classes on sections {', '.join(without)} of {brain.folder.brain.id}, so no predictions there"]


def _scores(inputs: GraphInputs, found: NDArray[np.float32], parameters: GraphParameters, use: int) -> Scores | None:
    nodes = inputs.graph.labelled(use)
    if not len(nodes):
        return None
    return scores(parameters.areas, inputs.graph.areas[nodes].astype(np.intp), found[nodes].argmax(axis=1))


def _unlearnt(train: Scores) -> list[str]:
    missing = [each.area for each in train.areas if not each.patches]
    return [f"no node to learn {', '.join(missing)} from: annotate them on more sections"] if missing else []


def _stop_if_asked(context: JobContext, what: str) -> None:
    if context.stop_requested():
        raise JobInterruptedError(f"{what} was stopped; the network is trained, it goes on from its last checkpoint")
