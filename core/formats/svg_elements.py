"""The basic shapes of SVG as paths."""

import re
from collections.abc import Callable

from core.formats.svg_path import Subpath, subpaths
from core.formats.svg_tree import Element

NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(px)?\s*")


def drawn(element: Element) -> list[Subpath]:
    """What an element draws, in its own coordinates; nothing for one that is no shape. ValueError."""
    make = _SHAPES.get(element.tag)
    return make(element) if make else []


def length(element: Element, name: str) -> float:
    """An attribute in pixels, 0 where it is missing, the first of several; ValueError."""
    text = (element.attributes.get(name, "").split() or ["0"])[0]
    found = NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"{name}={text[:20]!r} is no number of pixels")
    return float(found[1])


def _path(element: Element) -> list[Subpath]:
    return subpaths(element.attributes.get("d", ""))


def _points(element: Element) -> list[Subpath]:
    values = []
    for word in re.findall(r"[^\s,]+", element.attributes.get("points", "")):
        found = NUMBER.fullmatch(word)
        if found is None:
            raise ValueError(f"{word[:20]!r} is no number")
        values.append(float(found[1]))
    path = Subpath(is_closed=element.tag == "polygon")
    for x, y in zip(values[::2], values[1::2], strict=False):
        path.line(x, y)
    return [path]


def _line(element: Element) -> list[Subpath]:
    path = Subpath()
    path.line(length(element, "x1"), length(element, "y1"))
    path.line(length(element, "x2"), length(element, "y2"))
    return [path]


def _rect(element: Element) -> list[Subpath]:
    x, y, width, height = (length(element, name) for name in ("x", "y", "width", "height"))
    rx, ry = length(element, "rx"), length(element, "ry")
    rx, ry = min(rx or ry, width / 2), min(ry or rx, height / 2)
    if not (rx > 0 and ry > 0):
        return subpaths(f"M{x} {y} h{width} v{height} h{-width} Z")
    right, bottom, corner = x + width, y + height, f"A{rx} {ry} 0 0 1"
    return subpaths(
        f"M{x + rx} {y} H{right - rx} {corner} {right} {y + ry} V{bottom - ry} {corner} {right - rx} {bottom} "
        f"H{x + rx} {corner} {x} {bottom - ry} V{y + ry} {corner} {x + rx} {y} Z"
    )


def _ellipse(element: Element) -> list[Subpath]:
    cx, cy = length(element, "cx"), length(element, "cy")
    rx, ry = (length(element, name) for name in (("r", "r") if element.tag == "circle" else ("rx", "ry")))
    return subpaths(f"M{cx - rx} {cy} A{rx} {ry} 0 0 1 {cx + rx} {cy} A{rx} {ry} 0 0 1 {cx - rx} {cy} Z")


_SHAPES: dict[str, Callable[[Element], list[Subpath]]] = {
    "path": _path,
    "polygon": _points,
    "polyline": _points,
    "line": _line,
    "rect": _rect,
    "circle": _ellipse,
    "ellipse": _ellipse,
}
