"""Shapes as SVG: one element each, curves kept, in full-resolution pixels."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from core.formats.shapes import Frame, Kind, Node, Nodes, Shape
from core.formats.svg import FORMAT

_DECIMALS = 5
_FONT_PX = 48
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML does not have


def write_svg(shapes: Sequence[Shape], frame: Frame) -> str:
    """A drawing that lies over the image: its `viewBox` is the image's size in pixels, each shape says its name and kind."""
    width, height = frame.width_px, frame.height_px
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        *(_element(shape, frame.pixel_size_um) for shape in shapes),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def _element(shape: Shape, pixel_size_um: float) -> str:
    colour = shape.colour or "#808080"
    kept = shape.extra.get(FORMAT)
    attributes: dict[str, str] = {name: str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
    attributes |= {"data-name": shape.name, "data-kind": shape.kind} | ({"data-uid": shape.uid} if shape.uid else {})
    if shape.kind == "note":
        x, y = _px(shape.paths[0][0][:2], pixel_size_um)
        attributes |= {"x": x, "y": y, "fill": colour, "font-size": str(_FONT_PX)}
        return f"<text {_listed(attributes)}>{escape(_legal(shape.text))}</text>"
    attributes["d"] = " ".join(_data(path, shape.kind, pixel_size_um) for path in shape.paths)
    attributes |= {"stroke": colour, "stroke-width": "2", "vector-effect": "non-scaling-stroke"}
    fill = {"fill": colour, "fill-opacity": "0.3", "fill-rule": "evenodd"} if shape.kind == "region" else {"fill": "none"}
    return f"<path {_listed(attributes | fill)}><title>{escape(_legal(shape.name))}</title></path>"


def _listed(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(_legal(value))}" for name, value in attributes.items())


def _legal(text: str) -> str:
    return _ILLEGAL.sub("", text)


def _data(path: Nodes, kind: Kind, pixel_size_um: float) -> str:
    ways = (_way(one, other, pixel_size_um) for one, other in pairwise(path))
    parts = [f"M{' '.join(_px(path[0][:2], pixel_size_um))}", *ways]
    if kind == "region":
        back = _way(path[-1], path[0], pixel_size_um)
        parts += [back, "Z"] if back[0] == "C" else ["Z"]
    return " ".join(parts)


def _way(one: Node, other: Node, pixel_size_um: float) -> str:
    leaving, arriving = (one[4:] if len(one) == 6 else (0.0, 0.0)), (other[2:4] if len(other) == 6 else (0.0, 0.0))
    end = other[:2]
    if not any((*leaving, *arriving)):
        return f"L{' '.join(_px(end, pixel_size_um))}"
    points = (one[0] + leaving[0], one[1] + leaving[1], end[0] + arriving[0], end[1] + arriving[1], *end)
    return f"C{' '.join(_px(points, pixel_size_um))}"


def _px(values: Sequence[float], pixel_size_um: float) -> list[str]:
    return [f"{value / pixel_size_um:.{_DECIMALS}f}".rstrip("0").rstrip(".") for value in values]
