"""The rows of `benchmarks.features` that are of graphs: the surface of each brain, and a network on all of them.

A `midsurface` job each, then two `graph` jobs by deep features of the encoder of supervised contrast: without anything else
(GAT3-CY of figure 8.1), and with coordinates and probabilistic maps (GAT3-CY/PM/CO). They are scored at the very places the
patches are taken at, as in the thesis (7.1.2): what the nearest usable node of the same section is given counts.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.spatial import KDTree

from brodmann.progress import TerminalProgress
from core.anatomy.midsurface import REPORT_FILE as SURFACE_FILE
from core.contracts.graphs import GraphParameters, GraphSettings, MidsurfaceParameters, NodeFeature
from core.datasets import BrainFolder
from core.sampling.patch_sites import PatchSites
from core.tasks.compute_midsurface import compute_midsurface
from core.tasks.run_here import all_truth, context, definition, definition_on, elsewhere
from core.tasks.train_graph import REPORT_FILE, SURFACES, train_graph
from core.training.linear_classifier import scores

GRAPHS: dict[str, tuple[NodeFeature, ...]] = {
    "graph_features": ("cytoarchitecture",),
    "graph_maps": ("cytoarchitecture", "coordinates", "maps"),
}


@dataclass(frozen=True, slots=True)
class GraphSize:
    """What a machine of one kind can do."""

    midsurface: MidsurfaceParameters
    settings: GraphSettings


@dataclass(frozen=True, slots=True)
class AtSites:
    """For each patch the area (n,) that its nearest node is given, and how far that is, in µm."""

    given: NDArray[np.intp]
    distance_um: NDArray[np.float64]

    def macro_f1(self, sites: PatchSites, split: int) -> float:
        """Of the patches for TRAIN, TEST or TRANSFER."""
        there = sites.of(split)
        return scores(sites.areas, sites.area[there].astype(np.intp), self.given[there]).macro_f1


@dataclass(frozen=True, slots=True)
class GraphRuns:
    """What both rows share. `runs` holds a folder for each surface and row; `encoder` names the row that features are of."""

    brains: tuple[BrainFolder, ...]
    areas: tuple[str, ...]
    transfer: tuple[str, ...]
    runs: Path
    encoder: str
    size: GraphSize

    def surfaces(self) -> list[Path]:
        """The folders of the brains' midsurface jobs; those that have ended are taken as they are."""
        found = []
        for brain in self.brains:
            out = self.runs / f"midsurface_{brain.brain.id}"
            surroundings = context([brain], out, out, TerminalProgress(), lambda: False)
            if not (surroundings.results / SURFACE_FILE).exists():
                compute_midsurface(definition(brain, self.size.midsurface), surroundings)
            found.append(out)
        return found

    def trained(self, name: str) -> Path:
        """The folder of the graph job of a row; one that has ended is taken as it is, one that was stopped goes on."""
        folders, out = [*self.surfaces(), self.runs / self.encoder], self.runs / name
        surroundings = context(self.brains, out, folders[0], TerminalProgress(), lambda: False, folders[1:])
        if (surroundings.results / REPORT_FILE).exists():
            return out
        self._take_over_features(name, surroundings.checkpoints)
        parameters = GraphParameters(
            areas=self.areas,
            midsurface_jobs=tuple(elsewhere(number) for number in range(len(self.brains))),
            features_job=elsewhere(len(self.brains)),
            transfer=self.transfer,
            settings=self.size.settings.model_copy(update={"features": GRAPHS[name]}),
        )
        train_graph(definition_on([all_truth(brain) for brain in self.brains], parameters), surroundings)
        return out

    def _take_over_features(self, name: str, checkpoints: Path) -> None:
        """Deep features are the same for both rows: those that the other one has computed are not computed again."""
        for other in GRAPHS:
            if other != name and (self.runs / other / "results" / REPORT_FILE).exists():
                for file in (self.runs / other / "checkpoints").glob("features-*"):
                    shutil.copyfile(file, checkpoints / file.name)


def at_sites(graph: Path, sites: PatchSites) -> AtSites:
    """What the graph job of the folder `graph` says at the patches."""
    found = AtSites(np.full(len(sites), -1, np.intp), np.full(len(sites), np.inf))
    for number, brain in enumerate(sites.brains):
        surface = load_file(graph / "results" / SURFACES / f"{brain.folder.brain.id}.safetensors")
        for section in np.unique(sites.section[sites.brain == number]).tolist():
            here = np.flatnonzero((sites.brain == number) & (sites.section == section))
            nearest = nearest_nodes(surface, section, sites.centre_um[here])
            found.distance_um[here] = nearest[0]
            found.given[here] = surface["area"][nearest[1]]
    return found


def nearest_nodes(
    surface: Mapping[str, NDArray[np.number]], section: int, points_um: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """How far the nearest usable node on a section is from each point (n,), in µm, and its number; ValueError without any."""
    nodes = np.flatnonzero((surface["section"] == section) & (surface["usable"] > 0))
    if not len(nodes):
        raise ValueError(f"no node of the surface lies in the cortex of section {section}: nothing is told there")
    distance_um, place = KDTree(surface["point_um"][nodes]).query(points_um)
    return np.asarray(distance_um, np.float64), nodes[place]
