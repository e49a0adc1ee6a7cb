"""What a graph job learns from: the surfaces of its brains with the features their nodes are told apart by (thesis 7.1.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.anatomy.midsurface import NO_SECTION, Midsurface, read_midsurface
from core.contracts.features import FeaturesReport
from core.contracts.graphs import GraphParameters
from core.contracts.jobs import JobDefinition
from core.datasets import BrainFolder
from core.graphs.cortex import CortexGraph, JoinedGraphs
from core.graphs.neighbours import neighbour_table
from core.graphs.node_features import (
    AtlasFeatures,
    atlas_features,
    labels_and_uses,
    own_coordinates,
    reference_points,
    scaled_together,
)
from core.inference.deep_features import Stored, feature_file, principal_components, projected
from core.inference.patch_features import features_at, load_encoder, load_report
from core.models.device import choose_device
from core.models.encoders import Encoder
from core.sampling.patch_sites import AnnotatedBrain
from core.tasks.annotated_brains import annotated_brains, check_transfer
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.telling import tell
from core.training.peers import Peers


class GraphInputError(Exception):
    """A graph cannot be made of what the job was given; the message says what to do."""


@dataclass(frozen=True, slots=True)
class GraphInputs:
    """The brains, their surfaces, and the graph of all of them; `warnings` in words."""

    brains: tuple[AnnotatedBrain, ...]
    surfaces: tuple[Midsurface, ...]
    graph: JoinedGraphs
    warnings: tuple[str, ...]


def usable_nodes(surface: Midsurface) -> NDArray[np.bool_]:
    """Which nodes lie in tissue of a section."""
    usable: NDArray[np.bool_] = (surface.usable > 0) & (surface.section != NO_SECTION)
    return usable


def graph_inputs(
    definition: JobDefinition, parameters: GraphParameters, context: JobContext, peers: Peers | None = None
) -> GraphInputs:
    """Read the surfaces and compute what their nodes know; deep features, which take long, last, and shared by the `peers`.

    GraphInputError, BrainsError, MidsurfaceFilesError or FeaturesFilesError say what is missing; JobInterruptedError when
    asked to stop while deep features are computed: those of finished sections are kept among the checkpoints. PeerLostError
    when a process is gone.
    """
    check_transfer(definition, parameters.transfer)
    tell(context.report, "reading surfaces", 0, 1)
    brains = annotated_brains(definition, context)
    surfaces = _surfaces(brains, parameters, context)
    settings, warnings = parameters.settings, list[str]()
    found: dict[str, list[NDArray[np.floating]]] = {}
    if {"coordinates", "maps"} & set(settings.features):
        found |= _of_atlas(brains, surfaces, parameters, warnings)
    if "cytoarchitecture" in settings.features:
        found["cytoarchitecture"] = list(_deep_features(brains, surfaces, parameters, (context, peers or Peers()), warnings))
    graphs = []
    for number, (brain, surface) in enumerate(zip(brains, surfaces, strict=True)):
        held_out = brain.folder.brain.id in parameters.transfer
        labels, uses = labels_and_uses(brain, surface, parameters.areas, settings.test_every, held_out)
        table = neighbour_table(len(surface.vertices_mm), surface.triangles)
        features = {str(name): found[name][number] for name in settings.features}
        graphs.append(CortexGraph.of(table, features, labels, uses, usable_nodes(surface)))
    return GraphInputs(brains, surfaces, JoinedGraphs.of(graphs), tuple(warnings))


def _surfaces(brains: Sequence[AnnotatedBrain], parameters: GraphParameters, context: JobContext) -> tuple[Midsurface, ...]:
    if len(parameters.midsurface_jobs) != len(brains):
        raise GraphInputError(
            f"the job has {len(brains)} brains and {len(parameters.midsurface_jobs)} surfaces; give one for each"
        )
    surfaces = tuple(read_midsurface(context.results_of(key)) for key in parameters.midsurface_jobs)
    for brain, surface in zip(brains, surfaces, strict=True):
        if surface.report.brain != brain.folder.brain.id:
            raise GraphInputError(
                f"a surface is of brain {surface.report.brain} where {brain.folder.brain.id} is due; order them as the brains"
            )
        if not usable_nodes(surface).any():
            raise GraphInputError(f"no node of the surface of {surface.report.brain} lies in tissue; compute the surface again")
    return surfaces


def _of_atlas(
    brains: Sequence[AnnotatedBrain], surfaces: Sequence[Midsurface], parameters: GraphParameters, warnings: list[str]
) -> dict[str, list[NDArray[np.floating]]]:
    """Coordinates and probabilistic maps; without a reference space coordinates are each surface's own."""
    known = [atlas_features(brain.folder, surface) for brain, surface in zip(brains, surfaces, strict=True)]
    found: dict[str, list[NDArray[np.floating]]] = {}
    if "maps" in parameters.settings.features:
        found["maps"] = [each.maps for each in _same_maps(brains, known)]
    if "coordinates" in parameters.settings.features:
        projected_ones = [each.coordinates for each in known if each is not None]
        complete = len(projected_ones) == len(brains)
        found["coordinates"] = [*(projected_ones if complete else _coordinates(brains, surfaces, warnings))]
    return found


def _same_maps(brains: Sequence[AnnotatedBrain], known: Sequence[AtlasFeatures | None]) -> list[AtlasFeatures]:
    for brain, each in zip(brains, known, strict=True):
        if each is None or not each.areas:
            raise GraphInputError(
                f"no probabilistic maps were projected onto the sections of {brain.folder.brain.id}; run `brodmann atlas` with "
                "them, or leave maps out of the features"
            )
    there = [each for each in known if each is not None]
    if any(each.areas != there[0].areas for each in there):
        raise GraphInputError("the brains have different probabilistic maps; run `brodmann atlas` on all with the same ones")
    return there


def _coordinates(
    brains: Sequence[AnnotatedBrain], surfaces: Sequence[Midsurface], warnings: list[str]
) -> list[NDArray[np.float32]]:
    """From the mapping to the reference space, or, where a brain has none, of each surface's own extent."""
    points = [reference_points(brain.folder, surface) for brain, surface in zip(brains, surfaces, strict=True)]
    placed = [each for each in points if each is not None]
    if len(placed) == len(brains):
        return scaled_together(placed)
    warnings.append(
        "not all brains lie in a reference space, so coordinates are those of each surface's own extent: they compare badly "
        "between brains"
    )
    return [own_coordinates(surface) for surface in surfaces]


def _deep_features(
    brains: Sequence[AnnotatedBrain],
    surfaces: Sequence[Midsurface],
    parameters: GraphParameters,
    around: tuple[JobContext, Peers],
    warnings: list[str],
) -> list[Stored]:
    assert parameters.features_job is not None  # the contract sees to it
    context, _ = around
    results, settings = context.results_of(parameters.features_job), parameters.settings
    encoder = load_encoder(results, choose_device())
    stored = [_computed(encoder, brain.folder, surface, around) for brain, surface in zip(brains, surfaces, strict=True)]
    warnings += _learnt_from_tests(brains, surfaces, results, parameters)
    if settings.feature_components is None or settings.feature_components >= encoder[0].feature_width:
        return stored
    tell(context.report, "principal components", 0, 1)
    usable = [np.flatnonzero(usable_nodes(surface)) for surface in surfaces]
    learnt = [number for number, brain in enumerate(brains) if brain.folder.brain.id not in parameters.transfer]
    mean, components, share = principal_components(
        [(stored[number], usable[number]) for number in learnt], settings.feature_components, settings.seed
    )
    warnings.append(f"the {components.shape[1]} components kept of deep features have {share:.1%} of their variance")
    return [projected(each, here, mean, components) for each, here in zip(stored, usable, strict=True)]


def _computed(
    encoder: tuple[Encoder, FeaturesReport], folder: BrainFolder, surface: Midsurface, around: tuple[JobContext, Peers]
) -> Stored:
    """One brain's deep features; several processes share the sections that are not done yet."""
    context, peers = around
    file, name = feature_file(encoder[0], folder, surface, context.checkpoints), folder.brain.id
    mine, done = [] if file.is_joined else file.sections[peers.rank :: peers.count], 0
    for number, here in mine:
        if context.stop_requested():
            break
        tell(context.report, f"deep features of {name}", done, len(mine))
        file.parts.of(number, lambda: features_at(*encoder, folder, number, surface.point_um[here]))  # noqa: B023 - used at once
        done += 1
    if _anywhere(done < len(mine), peers):
        raise JobInterruptedError(f"deep features of {name} were stopped after {done} of {len(mine)} sections, which are kept")
    if peers.speaks:
        file.join()
    _anywhere(False, peers)  # all wait until it is there
    return file.opened()


def _anywhere(here: bool, peers: Peers) -> bool:
    """Whether it is so in any of the processes, which all come to this point."""
    return bool(peers.total(torch.tensor([int(here)], device=choose_device())).item())


def _learnt_from_tests(
    brains: Sequence[AnnotatedBrain], surfaces: Sequence[Midsurface], results: Path, parameters: GraphParameters
) -> list[str]:
    """Sections that test here although the encoder has learnt from them."""
    learnt = {each.brain: set(each.train) for each in load_report(results).statistics.sections}
    told = []
    for brain, surface in zip(brains, surfaces, strict=True):
        name = brain.folder.brain.id
        held_out = name in parameters.transfer
        labels, uses = labels_and_uses(brain, surface, parameters.areas, parameters.settings.test_every, held_out)
        tests = set(np.unique(surface.section[(labels >= 0) & (uses > 1)]).tolist())
        both = sorted(tests & learnt.get(name, set()))
        if both:
            numbers = ", ".join(map(str, both))
            told.append(f"the encoder has learnt from sections {numbers} of {name}, which test here: too high a score")
    return told
