"""What every annotation file is read into and written from: shapes in section micrometres, with what a file says beside.

A reader is a pure function from a file's content and a `Frame` to shapes; a writer goes the other way. Fields that have
no place in a shape stay in `Shape.extra` under their format's name, and come back when that format is written again.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely

from core.contracts.annotations import Corner
from core.geometry.polygons import rings

Kind = Literal["region", "line", "note"]
Node = tuple[float, ...]
"""x, y or x, y, in_dx, in_dy, out_dx, out_dy in µm: a corner or a Bezier node, as in the contracts."""
Nodes = tuple[Node, ...]

LEAST_NODES: dict[Kind, int] = {"region": 3, "line": 2, "note": 1}
MOST_SHAPES = 20_000
MOST_NODES = 2_000_000
LONGEST_NAME = 500
LONGEST_TEXT = 2_000
_FARTHEST_UM = 1e7  # ten metres: more is no place on a section


class FormatError(ValueError):
    """A file cannot be read as annotations; the message names the place in it and the remedy."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The full-resolution image that a file's coordinates are about."""

    pixel_size_um: float
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Shape:
    """One region, line or note of a file."""

    kind: Kind
    name: str
    """As the file has it: any text, also none. Which area it means is the reader's business."""
    paths: tuple[Nodes, ...]
    """A region's are closed without repeating the first node, by the even-odd rule; a line's is open; a note's a point."""
    text: str = ""
    colour: str | None = None
    """`#rrggbb`."""
    uid: str = ""
    """What the file knows the shape by."""
    place: str = ""
    """What the file says about the section it lies on, e.g. `B20_0047`; empty where it says nothing."""
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds."""

    format: str
    """The dialect, e.g. `microdraw-paris`."""
    words: str
    """The dialect and what was taken for granted, for the screen."""
    shapes: tuple[Shape, ...]
    notes: tuple[str, ...] = ()
    """What was left out or changed, and why, each in words."""
    coordinates: str = ""
    """Where that is a choice: `units` or `pixels`."""


def number(value: object) -> float:
    """A finite number of a parsed file; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, found {type(value).__name__}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ValueError("a number is not finite")
    return found


def listed(value: object) -> list[object]:
    """A list of a parsed file; ValueError for anything else."""
    if not isinstance(value, list):
        raise ValueError(f"expected a list, found {type(value).__name__}")
    return value


def text_of(value: object, longest: int = LONGEST_NAME) -> str:
    """A text of a parsed file, numbers as they are written; empty for anything else. Control characters become spaces."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    clean = "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in str(value)[:longest])
    return clean.strip()


def node_um(point: Sequence[float], factor: float, handles: Sequence[float] = ()) -> Node:
    """A node in µm from a file's coordinates; without handles that reach anywhere it is a corner. ValueError far outside."""
    node = tuple(value * factor for value in (*point, *handles))
    if any(not abs(value) <= _FARTHEST_UM for value in node):
        raise ValueError("a point lies metres away from the section; check that the file belongs to this image")
    return node if len(node) == 6 and any(node[2:]) else node[:2]


def is_bezier(nodes: Nodes) -> bool:
    """Whether a path has curves."""
    return any(len(node) == 6 for node in nodes)


def closed(nodes: Nodes) -> Nodes:
    """A closed path without its first point again at the end, whose arriving handle goes to the first."""
    if len(nodes) < 2 or nodes[0][:2] != nodes[-1][:2]:
        return nodes
    arriving, leaving = _handles(nodes[-1])[:2], _handles(nodes[0])[2:]
    return (node_um((*nodes[0][:2],), 1.0, (*arriving, *leaving)), *nodes[1:-1])


def with_three(nodes: Nodes) -> Nodes:
    """A closed path of two curved nodes with a third in the middle of its first curve: the same outline."""
    if len(nodes) != 2 or not is_bezier(nodes):
        return nodes
    first, last = (np.array(node[:2]) for node in nodes)
    handle_in, handle_out = _handles(nodes[0]), _handles(nodes[1])
    p1, p2 = first + handle_in[2:], last + handle_out[:2]
    a, b, c = (first + p1) / 2, (p1 + p2) / 2, (p2 + last) / 2
    d, e = (a + b) / 2, (b + c) / 2
    middle = (d + e) / 2
    return (
        (*map(float, first), *handle_in[:2], *map(float, a - first)),
        tuple(map(float, (*middle, *(d - middle), *(e - middle)))),
        (*map(float, last), *map(float, c - last), *handle_out[2:]),
    )


def _handles(node: Node) -> tuple[float, ...]:
    return node[2:] if len(node) == 6 else (0.0, 0.0, 0.0, 0.0)


def reverse(nodes: Nodes) -> Nodes:
    """The closed path the other way round, from the same first node."""
    turned = tuple((*node[:2], *node[4:], *node[2:4]) if len(node) == 6 else node for node in nodes)
    return (turned[0], *turned[:0:-1])


def nesting(paths: Sequence[Nodes]) -> list[list[int]]:
    """For each closed path the numbers of the others that its first stretch lies in."""
    shapes = [shapely.Polygon(ring) if len(ring) >= 3 else shapely.Polygon() for ring in rings(_contract(paths))]
    points = [shapely.Point(ring[:2].mean(axis=0)) for ring in rings(_contract(paths))]
    shapely.prepare(shapes)
    pairs = shapely.STRtree(shapes).query(points)
    inside: list[list[int]] = [[] for _ in paths]
    for one, other in zip(*pairs.tolist(), strict=True):
        if one != other and shapely.intersects_xy(shapes[other], points[one].x, points[one].y):
            inside[one].append(other)
    return inside


def oriented(paths: Sequence[Nodes]) -> tuple[Nodes, ...]:
    """Closed paths turned so that holes run against what they lie in: filled alike by either rule, as long as none cross."""
    if len(paths) < 2:
        return tuple(paths)
    turns = [_signed_area(nodes) > 0 for nodes in paths]
    depths = [len(around) for around in nesting(paths)]
    pairs = zip(paths, turns, depths, strict=True)
    return tuple(nodes if clockwise == (depth % 2 == 0) else reverse(nodes) for nodes, clockwise, depth in pairs)


def by_even_odd(paths: Sequence[Nodes]) -> tuple[Nodes, ...]:
    """Of closed paths that fill by winding those that make the same filling by the even-odd rule, as long as none cross."""
    if len(paths) < 2:
        return tuple(paths)
    turns = [1 if _signed_area(nodes) > 0 else -1 for nodes in paths]
    outside = [sum(turns[other] for other in around) for around in nesting(paths)]
    return tuple(nodes for nodes, turn, wound in zip(paths, turns, outside, strict=True) if (wound == 0) != (wound + turn == 0))


def _signed_area(nodes: Nodes) -> float:
    (ring,) = rings(_contract((nodes,)))
    x, y = (ring - ring[0]).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def _contract(paths: Iterable[Nodes]) -> tuple[tuple[Corner, ...], ...]:
    return tuple(paths)  # type: ignore[arg-type]  # nodes have 2 or 6 numbers, which tuples of floats cannot say


def check_amount(shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    """The shapes; FormatError for more than a section can hold."""
    nodes = sum(len(path) for shape in shapes for path in shape.paths)
    if len(shapes) > MOST_SHAPES or nodes > MOST_NODES:
        raise FormatError(
            f"the file holds {len(shapes)} shapes with {nodes} points, at most {MOST_SHAPES} with {MOST_NODES} are read; "
            "divide or simplify it"
        )
    return tuple(shapes)


def usable(kind: Kind, paths: Iterable[Nodes]) -> tuple[Nodes, ...]:
    """The paths with enough nodes for their kind; those of two curved nodes get a third."""
    ready = (with_three(closed(nodes)) if kind == "region" else nodes for nodes in paths)
    return tuple(nodes for nodes in ready if len(nodes) >= LEAST_NODES[kind])


def hex_colour(parts: object, scale: float = 1.0) -> str | None:
    """`#rrggbb` of three or more numbers, each times `scale` on 0 to 255; None for anything else."""
    if not isinstance(parts, list) or len(parts) < 3:
        return None
    try:
        values = [round(min(255.0, max(0.0, number(part) * scale))) for part in parts[:3]]
    except ValueError:
        return None
    return "#" + bytes(values).hex()


def rgb(colour: str | None) -> list[int]:
    """0 to 255 of `#rrggbb`; gray where there is none."""
    return list(bytes.fromhex((colour or "#808080").removeprefix("#")))
