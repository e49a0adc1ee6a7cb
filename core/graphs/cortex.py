"""The graph that a network learns from: nodes of one or several brains with features, areas and their use (thesis 7.1.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.graphs.neighbours import Table, among, side_by_side

NOT_ANNOTATED, TRAINING, TEST, TRANSFER = range(4)
"""What a node is for."""
Rows = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class CortexGraph:
    """One brain's nodes, n of them.

    `table` (n, k) are their neighbours; `features` by name (n, d) each, which may lie in a file; `areas` (n,) the annotated
    area's number, -1 for none; `uses` (n,) what a node is for. Nodes that are not `usable` are nobody's neighbour.
    """

    table: Table
    features: Mapping[str, Rows]
    areas: NDArray[np.int16]
    uses: NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        table: Table,
        features: Mapping[str, Rows],
        areas: NDArray[np.int16],
        uses: NDArray[np.uint8],
        usable: NDArray[np.bool_] | None = None,
    ) -> "CortexGraph":
        """Checked that all is of the same nodes; ValueError."""
        counts = {"areas": len(areas), "uses": len(uses)} | {name: len(rows) for name, rows in features.items()}
        wrong = {name: count for name, count in counts.items() if count != len(table)}
        if wrong:
            raise ValueError(f"the graph has {len(table)} nodes, but {wrong}")
        return cls(table if usable is None else among(table, usable), features, areas, uses)


@dataclass(frozen=True, slots=True)
class JoinedGraphs:
    """Several graphs as one: nodes are numbered on from one to the next, features stay where they are."""

    graphs: Sequence[CortexGraph]
    table: Table
    areas: NDArray[np.int16]
    uses: NDArray[np.uint8]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, graphs: Sequence[CortexGraph]) -> "JoinedGraphs":
        """ValueError when they do not have the same features."""
        widths = [{name: rows.shape[1] for name, rows in graph.features.items()} for graph in graphs]
        if any(each != widths[0] for each in widths):
            raise ValueError(f"graphs to learn from together need the same features, these have {widths}")
        return cls(
            graphs,
            side_by_side([graph.table for graph in graphs]),
            np.concatenate([graph.areas for graph in graphs]),
            np.concatenate([graph.uses for graph in graphs]),
            np.cumsum([0, *(len(graph.table) for graph in graphs)]),
        )

    @property
    def widths(self) -> dict[str, int]:
        """How many numbers each feature has."""
        return {name: rows.shape[1] for name, rows in self.graphs[0].features.items()}

    def labelled(self, use: int) -> NDArray[np.int64]:
        """The annotated nodes of a use."""
        return np.flatnonzero((self.uses == use) & (self.areas >= 0))

    def features_of(self, nodes: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """The features of some nodes, (n, d) by name."""
        owner = np.searchsorted(self.starts, nodes, side="right") - 1
        found = {name: np.empty((len(nodes), width), np.float32) for name, width in self.widths.items()}
        for number, graph in enumerate(self.graphs):
            mine = owner == number
            if not mine.any():
                continue
            rows = nodes[mine] - self.starts[number]
            for name, values in graph.features.items():
                found[name][mine] = values[rows]
        return found
