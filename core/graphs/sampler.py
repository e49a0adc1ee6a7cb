"""Neighbourhoods of nodes, some neighbours of each drawn at random (thesis eq. 2.44; Hamilton et al. 2017).

Which neighbours of a node are drawn depends on the key and the node alone: every neighbour gets a number from them, and those
with the smallest are taken. So a step draws the same in every run, and processes that share a batch draw the same of a node
that both meet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.compiled import compiled
from core.graphs.neighbours import NOBODY, Table, degrees

Nodes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The nodes that so many layers need for the results of the first ones, the seeds.

    `nodes` (n,) are their numbers in the graph: the seeds first, then what each hop adds. `sizes` (layers + 1) tells how many
    there are after 0, 1, ... hops. `drawn` (sizes[-2], k) are the neighbours drawn of each but the last hop's, as places in
    `nodes`, `NOBODY` where there are fewer; `degrees` (sizes[-2],) how many neighbours these nodes have in the graph.
    """

    nodes: Nodes
    sizes: tuple[int, ...]
    drawn: NDArray[np.int32]
    degrees: NDArray[np.int32]

    @property
    def seeds(self) -> int:
        """How many nodes it is about."""
        return self.sizes[0]


class NeighbourSampler:
    """Draws up to `neighbours` of every node for each of `layers` hops; all of them where that is None.

    It keeps a place for every node of the graph, so one thread uses it at a time.
    """

    def __init__(self, table: Table, neighbours: int | None, layers: int) -> None:
        self._table, self.hops = table, layers
        self._degrees = degrees(table)
        most = int(self._degrees.max(initial=1))
        self._count = most if neighbours is None else min(neighbours, most)
        self._places = np.full(len(table), NOBODY, np.int32)

    def draw(self, seeds: Nodes, key: int) -> Neighbourhood:
        """The neighbourhood of some different nodes; ValueError when one is named twice."""
        most, frontier = len(seeds), len(seeds)
        for _ in range(self.hops):
            frontier *= self._count
            most = min(most + frontier, len(self._table))
        nodes = np.empty(most, np.int64)
        drawn = np.empty((most if self.hops else 0, self._count), np.int32)
        sizes = np.empty(self.hops + 1, np.int64)
        mixed = np.uint64(key % (1 << 64))
        if not _grow(self._table, self._degrees, seeds, mixed, self._places, (nodes, drawn, sizes)):
            raise ValueError("a seed is named twice")
        inner = int(sizes[-2]) if self.hops else 0
        found = nodes[: sizes[-1]]
        return Neighbourhood(found, tuple(sizes.tolist()), drawn[:inner], self._degrees[found[:inner]])


@compiled
def _mix(value: np.uint64) -> np.uint64:
    """Bits that look random (SplitMix64, Steele, Lea and Flood 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def _smallest(row: Table, degree: int, key: np.uint64, node: int, chosen: Table) -> int:
    """Put the neighbours with the smallest numbers into `chosen`; how many."""
    count = len(chosen)
    if degree <= count:
        chosen[:degree] = row[:degree]
        return degree
    numbers = np.empty(count, np.uint64)
    base, filled = _mix(key ^ _mix(np.uint64(node) + np.uint64(0x9E3779B97F4A7C15))), 0
    for place in range(degree):
        number = _mix(base + np.uint64(place) * np.uint64(0x9E3779B97F4A7C15))
        if filled == count and number >= numbers[count - 1]:
            continue
        at = filled if filled < count else count - 1
        while at > 0 and numbers[at - 1] > number:
            numbers[at], chosen[at] = numbers[at - 1], chosen[at - 1]
            at -= 1
        numbers[at], chosen[at] = number, row[place]
        filled = min(filled + 1, count)
    return count


@compiled
def _grow(
    table: Table,
    degrees_of: NDArray[np.int32],
    seeds: Nodes,
    key: np.uint64,
    places: NDArray[np.int32],
    found: tuple[Nodes, NDArray[np.int32], NDArray[np.int64]],
) -> bool:
    """Fill the arrays of `found`; `places` is as before afterwards. False when a seed is named twice."""
    nodes, drawn, sizes = found
    known, good = 0, True
    for seed in seeds:
        if places[seed] != NOBODY:
            good = False
            break
        places[seed] = known
        nodes[known] = seed
        known += 1
    sizes[0] = known
    first = 0
    for hop in range(1, len(sizes)):
        last = known
        for own in range(first, last):
            node = nodes[own]
            chosen = drawn[own]
            count = _smallest(table[node], degrees_of[node], key, node, chosen)
            for slot in range(count):
                neighbour = chosen[slot]
                if places[neighbour] == NOBODY:
                    places[neighbour] = known
                    nodes[known] = neighbour
                    known += 1
                chosen[slot] = places[neighbour]
            chosen[count:] = NOBODY
        first = last
        sizes[hop] = known
    for own in range(known):
        places[nodes[own]] = NOBODY
    return good
