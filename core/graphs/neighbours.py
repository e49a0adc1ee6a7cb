"""The neighbours of every node of a triangle mesh, as a table of equal rows (thesis 7.1.1).

In a mesh of even triangles a node has six neighbours on average and hardly ever more than twelve, so that a table of rows of
twelve is small, and neighbours are found by indexing alone.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH = 12
"""Of the table; wider where a node has more neighbours, so that none is left out."""
NOBODY = -1
"""Fills a row after the last neighbour."""

Table = NDArray[np.int32]
"""Shape (nodes, at least `WIDTH`): each row the node's neighbours in increasing order, then `NOBODY`."""


class MeshError(ValueError):
    """Triangles that are no mesh of the given nodes."""


def neighbour_table(nodes: int, triangles: NDArray[np.integer]) -> Table:
    """Who is joined to whom by an edge of the triangles (m, 3); MeshError when they name nodes that there are not."""
    faces = np.asarray(triangles, np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise MeshError(f"triangles have three corners each, these have shape {faces.shape}")
    if faces.size and (faces.min() < 0 or faces.max() >= nodes):
        raise MeshError(f"triangles name nodes {faces.min()} to {faces.max()}, there are 0 to {nodes - 1}")
    one_way = np.concatenate([faces[:, (0, 1)], faces[:, (1, 2)], faces[:, (2, 0)]])
    one_way = one_way[one_way[:, 0] != one_way[:, 1]]
    both_ways = np.concatenate([one_way, one_way[:, ::-1]])
    edges = np.unique(both_ways[:, 0] * nodes + both_ways[:, 1])
    return _rows(nodes, edges // nodes, edges % nodes)


def among(table: Table, kept: NDArray[np.bool_]) -> Table:
    """The table without neighbours that are not kept; those themselves still see the kept ones beside them."""
    source, place = np.nonzero((table != NOBODY) & kept[table])
    return _rows(len(table), source, table[source, place])


def side_by_side(tables: Sequence[Table]) -> Table:
    """One table of several graphs, their nodes numbered on from one graph to the next."""
    width, start = max(table.shape[1] for table in tables), 0
    joined = np.full((sum(map(len, tables)), width), NOBODY, np.int32)
    for table in tables:
        rows = joined[start : start + len(table), : table.shape[1]]
        rows[...] = np.where(table == NOBODY, NOBODY, table + start)
        start += len(table)
    return joined


def degrees(table: Table) -> NDArray[np.int32]:
    """How many neighbours each node has."""
    counted: NDArray[np.int32] = (table != NOBODY).sum(axis=1, dtype=np.int32)
    return counted


def _rows(nodes: int, sources: NDArray[np.integer], targets: NDArray[np.integer]) -> Table:
    """The table of edges that are sorted by source."""
    counts = np.bincount(sources, minlength=nodes)
    starts = np.cumsum(counts) - counts
    table = np.full((nodes, max(WIDTH, int(counts.max(initial=0)))), NOBODY, np.int32)
    table[sources, np.arange(len(sources)) - starts[sources]] = targets
    return table
