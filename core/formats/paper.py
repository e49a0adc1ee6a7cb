"""Items of Paper.js as `exportJSON` writes them: the geometry inside both dialects of Microdraw.

`["Path", {"segments": [...], "closed": true}]`, `["CompoundPath", {"children": [...]}]`,
`["PointText", {"matrix": [...], "content": "..."}]`. A segment is `[x, y]` or `[[x, y], [in], [out]]` with handles
relative to the point; children fill by winding unless `fillRule` says evenodd.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from core.formats.shapes import (
    LONGEST_TEXT,
    Kind,
    Node,
    Nodes,
    Shape,
    by_even_odd,
    hex_colour,
    listed,
    node_um,
    number,
    oriented,
    rgb,
    text_of,
    usable,
)

_DECIMALS = 7
_DEEPEST = 20
_GEOMETRY = frozenset({"segments", "closed", "children", "content", "fillRule", "matrix", "applyMatrix", "pathData"})
_FILL_ALPHA = 0.5
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Item:
    """What one item draws, in µm."""

    kind: Kind
    paths: tuple[Nodes, ...]
    text: str
    colour: str | None
    extra: dict[str, object]


def read_item(value: object, factor: float) -> list[Item]:
    """The item's shapes: usually one, of a group several, none where nothing is enclosed. `factor` is µm per unit.

    ValueError with the reason where it is no item of Paper.js. Text is parsed first: old files hold items as text.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_constant=_no_number)
        except RecursionError as error:
            raise ValueError("the path is nested too deeply") from error
    return list(_items(value, factor, _IDENTITY, 0))


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number JSON knows")


def _items(value: object, factor: float, outer: Matrix, depth: int) -> Iterator[Item]:
    if depth > _DEEPEST:
        raise ValueError("the path is nested too deeply")
    match value:
        case [str(kind), dict(fields)]:
            pass
        case _:
            raise ValueError('the path is no item of Paper.js, which looks like ["Path", {...}]')
    matrix = _times(outer, _matrix(fields))
    if kind in ("Group", "Layer"):
        for child in listed(fields.get("children", [])):
            yield from _items(child, factor, matrix, depth + 1)
    elif kind in ("Path", "CompoundPath"):
        yield from _drawn(kind, fields, factor, matrix)
    elif kind == "PointText":
        at = node_um(matrix[4:], factor)
        text = text_of(fields.get("content", ""), LONGEST_TEXT)
        # Turn and size of the text, in units of the file, are no geometry of ours.
        extra = _extra(fields) | ({"matrix": list(matrix[:4])} if matrix[:4] != _IDENTITY[:4] else {})
        yield Item("note", ((at,),), text, hex_colour(fields.get("fillColor"), 255.0), extra)
    else:
        raise ValueError(f"an item of Paper.js of the kind {kind[:40]!r} is no outline; convert it to a path")


def _drawn(kind: str, fields: dict[str, object], factor: float, matrix: Matrix) -> Iterator[Item]:
    children = [("Path", fields)] if kind == "Path" else [_child(child) for child in listed(fields.get("children", []))]
    rings: list[Nodes] = []
    lines: list[Nodes] = []
    for _, child in children:
        nodes = _nodes(child, factor, matrix if child is fields else _times(matrix, _matrix(child)))
        (rings if child.get("closed") is True else lines).append(nodes)
    colour = hex_colour(fields.get("strokeColor" if lines and not rings else "fillColor"), 255.0)
    extra = _extra(fields)
    regions = usable("region", rings)
    if regions:
        paths = regions if fields.get("fillRule") == "evenodd" else by_even_odd(regions)
        yield Item("region", paths, "", colour, extra)
    for path in usable("line", lines):
        yield Item("line", (path,), "", colour, extra)


def _child(value: object) -> tuple[str, dict[str, object]]:
    match value:
        case ["Path", dict(fields)]:
            return "Path", fields
        case _:
            raise ValueError('a child of a CompoundPath is no ["Path", {...}]')


def _nodes(fields: Mapping[str, object], factor: float, matrix: Matrix) -> Nodes:
    if "pathData" in fields and "segments" not in fields:
        raise ValueError("the path is given as pathData; export it with its segments")
    return tuple(_node(segment, factor, matrix) for segment in listed(fields.get("segments", [])))


def _node(segment: object, factor: float, matrix: Matrix) -> Node:
    parts = listed(segment)
    if len(parts) >= 2 and not isinstance(parts[0], list):
        return node_um(_moved(matrix, parts), factor)
    if not 1 <= len(parts) <= 4:
        raise ValueError("a segment is [x, y] or [[x, y], [in], [out]]")
    still = (*matrix[:4], 0.0, 0.0)
    handles = [value for part in (*parts[1:3], [0, 0], [0, 0])[:2] for value in _moved(still, listed(part))]
    return node_um(_moved(matrix, listed(parts[0])), factor, handles)


def _moved(matrix: Matrix, point: Sequence[object]) -> tuple[float, float]:
    if len(point) != 2:
        raise ValueError("a point needs x and y")
    x, y = number(point[0]), number(point[1])
    if matrix == _IDENTITY or matrix == (*_IDENTITY[:4], 0.0, 0.0):
        return x, y
    a, b, c, d, tx, ty = matrix
    return a * x + c * y + tx, b * x + d * y + ty


def _matrix(fields: Mapping[str, object]) -> Matrix:
    """The item's own matrix; Paper.js leaves it out where it is none."""
    if "matrix" not in fields:
        return _IDENTITY
    a, b, c, d, tx, ty = (number(value) for value in listed(fields["matrix"]))
    return a, b, c, d, tx, ty


def _times(outer: Matrix, inner: Matrix) -> Matrix:
    a, b, c, d, tx, ty = inner
    (xa, xb), (xc, xd) = ((outer[0] * p + outer[2] * q, outer[1] * p + outer[3] * q) for p, q in ((a, b), (c, d)))
    product = (xa, xb, xc, xd, *_moved(outer, (tx, ty)))
    if not all(isfinite(value) for value in product):
        raise ValueError("a matrix is not finite")
    return product


def _extra(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in _GEOMETRY}


def write_item(shape: Shape, unit_um: float, kept: Mapping[str, object]) -> list[object]:
    """The shape as an item, in units of `unit_um`; `kept` are fields it was read with."""
    red, green, blue = (round(part / 255, 4) for part in rgb(shape.colour))
    if shape.kind == "note":
        (((x, y, *_),),) = shape.paths
        turn = kept.get("matrix", [1, 0, 0, 1])
        fields = {"fillColor": [red, green, blue], "fontSize": 12, "leading": 14.4} | dict(kept)
        place = [*listed(turn), *_unit((x, y), unit_um)]
        return ["PointText", fields | {"applyMatrix": False, "matrix": place, "content": shape.text}]
    stroke = [red, green, blue] if shape.kind == "line" else [0, 0, 0]
    alpha = _FILL_ALPHA if shape.kind == "region" else 0
    style = {"fillColor": [red, green, blue, alpha], "strokeColor": stroke, "strokeScaling": False} | dict(kept)
    if len(shape.paths) == 1:
        return ["Path", {"applyMatrix": True, **_path(shape.paths[0], shape.kind == "region", unit_um), **style}]
    children = [
        ["Path", {"applyMatrix": True, **_path(nodes, shape.kind == "region", unit_um)}]
        for nodes in (oriented(shape.paths) if shape.kind == "region" else shape.paths)
    ]
    # Turned for those who look at the winding; named for where rings cross.
    return ["CompoundPath", {"applyMatrix": True, "children": children, "fillRule": "evenodd", **style}]


def _path(nodes: Nodes, is_closed: bool, unit_um: float) -> dict[str, object]:
    segments: list[object] = []
    for node in nodes:
        bezier = [_unit(node[cut : cut + 2], unit_um) for cut in (0, 2, 4)] if len(node) == 6 else None
        segments.append(bezier or _unit(node, unit_um))
    return {"segments": segments, "closed": True} if is_closed else {"segments": segments}


def _unit(values: Sequence[float], unit_um: float) -> list[float]:
    return [round(value / unit_um, _DECIMALS) for value in values]
