"""Outlines of SVG drawings laid over the image by their `viewBox`, curves kept.

Read: path, polygon, polyline, line, rect, circle, ellipse and text, in groups, through transforms. The name is
`data-name`, a label (Inkscape), a `title`, an id that a person gave, or that of the group around.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from core.formats import svg_path
from core.formats.shapes import (
    LONGEST_TEXT,
    MOST_NODES,
    FormatError,
    Found,
    Frame,
    Nodes,
    Shape,
    by_even_odd,
    check_amount,
    node_um,
    text_of,
    usable,
)
from core.formats.svg_elements import NUMBER, drawn, length
from core.formats.svg_path import IDENTITY, Matrix, Subpath
from core.formats.svg_tree import Element, parse

FORMAT = "svg"
_SKIPPED = frozenset({"defs", "clipPath", "mask", "symbol", "pattern", "marker", "metadata", "title", "desc", "style", "image"})
_GROUPS = frozenset({"svg", "g", "a", "switch"})
_MADE_UP_ID = re.compile(
    r"(path|polygon|polyline|line|rect|circle|ellipse|text|g|svg|layer|group|use|shape)[-_ ]?[\d_.-]*", re.IGNORECASE
)
_STYLES = ("fill", "stroke", "fill-rule", "display")
_GEOMETRY = ("d", "points", "x", "y", "width", "height", "rx", "ry", "cx", "cy", "r", "x1", "y1", "x2", "y2", "transform")
_OURS = ("data-name", "data-kind", "data-uid", "id", "style", "label")
_WRITTEN = ("fill-opacity", "font-size", "stroke-width", "vector-effect")
_COLOURS = {
    **{"black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000", "blue": "#0000ff", "yellow": "#ffff00"},
    **{"cyan": "#00ffff", "magenta": "#ff00ff", "gray": "#808080", "grey": "#808080", "orange": "#ffa500"},
}


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds for an element because of those around it."""

    matrix: Matrix
    name: str
    styles: Mapping[str, str]


def read_svg(data: bytes, frame: Frame) -> Found:
    """The shapes of a drawing laid over the whole image; FormatError names the line."""
    root = parse(data)
    if root.tag != "svg":
        raise FormatError(f"the file is an XML file of <{root.tag[:40]}>, no SVG drawing; export it as SVG")
    matrix, notes = _fitted(root, frame)
    shapes, count = [], 0
    for line, shape in _shapes(root, _Around(matrix, "", {}), frame.pixel_size_um):
        count += sum(map(len, shape.paths))
        if count > MOST_NODES:
            raise FormatError(f"line {line}: more than {MOST_NODES} points; simplify the drawing")
        shapes.append(shape)
    return Found(FORMAT, f"SVG drawing: {notes[0]}", check_amount(shapes), tuple(notes[1:]))


def _fitted(root: Element, frame: Frame) -> tuple[Matrix, list[str]]:
    """The viewBox laid over the image's width; in words first how, then what does not fit."""
    numbers = [NUMBER.fullmatch(word) for word in re.findall(r"[^\s,]+", root.attributes.get("viewBox", ""))]
    if len(numbers) != 4 or None in numbers:
        sides = [NUMBER.fullmatch(root.attributes.get(name, "")) for name in ("width", "height")]
        numbers = [NUMBER.fullmatch("0"), NUMBER.fullmatch("0"), *sides] if all(sides) else []
    if not numbers:
        return IDENTITY, ["without a size, so taken as full-resolution pixels"]
    left, top, width, height = (float(match[1]) for match in numbers if match)
    scale = frame.width_px / width if width > 0 and height > 0 else math.inf
    if not math.isfinite(scale) or not math.isfinite(height):
        raise FormatError(f"line {root.line}: the drawing has no width or height; set its viewBox to the image's size")
    notes = [f"its width of {width:g} is the image's {frame.width_px} px"]
    if abs(height * scale - frame.height_px) > 0.01 * frame.height_px + 1:
        notes.append(
            f"the drawing is {width:g} × {height:g}, the image {frame.width_px} × {frame.height_px} px: other proportions, "
            "so it may lie wrongly"
        )
    return (scale, 0.0, 0.0, scale, -left * scale, -top * scale), notes


def _shapes(element: Element, around: _Around, pixel_size_um: float) -> Iterator[tuple[int, Shape]]:
    """Line in the file, and what is drawn there."""
    styles = _styled(element, around.styles)
    if element.tag in _SKIPPED or styles.get("display") == "none":
        return
    try:
        if element.tag == "use":
            raise ValueError("a clone; turn clones into paths before saving")
        matrix = svg_path.times(around.matrix, svg_path.transform(element.attributes.get("transform", "")))
        here = _Around(matrix, _named(element) or around.name, styles)
        own = [] if element.tag in _GROUPS else _single(element, here, pixel_size_um)
    except (ValueError, OverflowError) as error:
        raise FormatError(f"line {element.line}, <{element.tag[:40]}>: {error}") from error
    yield from ((element.line, shape) for shape in own)
    if element.tag in _GROUPS:
        for child in element.children:
            yield from _shapes(child, here, pixel_size_um)


def _styled(element: Element, inherited: Mapping[str, str]) -> dict[str, str]:
    styles = {name: value for name, value in inherited.items() if name != "display"}
    styles |= {name: element.attributes[name].strip() for name in _STYLES if name in element.attributes}
    for rule in element.attributes.get("style", "").split(";"):
        name, _, value = rule.partition(":")
        if name.strip() in _STYLES:
            styles[name.strip()] = value.replace("!important", "").strip()
    return styles


def _named(element: Element) -> str:
    title = next((child.text for child in element.children if child.tag == "title"), "")
    given = element.attributes
    for text in (given.get("data-name"), given.get("label"), title):
        if name := text_of(text):
            return name
    own = text_of(given.get("id"))
    return "" if _MADE_UP_ID.fullmatch(own) else own


def _single(element: Element, here: _Around, pixel_size_um: float) -> list[Shape]:
    """The shapes of an element that draws; none for one that does not."""
    uid = text_of(element.attributes.get("data-uid"))
    base = Shape("region", here.name, (), colour=_colour(here.styles), uid=uid, extra=_extra(element))
    if element.tag == "text":
        at = Subpath([[length(element, "x"), length(element, "y"), 0, 0, 0, 0]])
        return [replace(base, kind="note", paths=(_nodes(at, here, pixel_size_um),), text=text_of(element.text, LONGEST_TEXT))]
    kind, filled = element.attributes.get("data-kind"), here.styles.get("fill", "black") != "none" and element.tag != "line"
    rings: list[Nodes] = []
    lines: list[Nodes] = []
    for path in drawn(element):
        nodes = _nodes(path, here, pixel_size_um)
        if kind == "region" or (kind is None and (path.is_closed or filled)):
            rings.append(nodes)
        else:
            lines.append((*nodes, nodes[0][:2]) if path.is_closed else nodes)
    regions = usable("region", rings)
    paths = regions if here.styles.get("fill-rule") == "evenodd" else by_even_odd(regions)
    shapes = [replace(base, paths=paths)] if paths else []
    return [*shapes, *(replace(base, kind="line", paths=(path,)) for path in usable("line", lines))]


def _nodes(path: Subpath, here: _Around, pixel_size_um: float) -> Nodes:
    moved = (svg_path.moved(here.matrix, node) for node in path.nodes)
    return tuple(node_um(point, pixel_size_um, handles) for point, handles in moved)


def _colour(styles: Mapping[str, str]) -> str | None:
    """Of the filling, else of the stroke."""
    for name in ("fill", "stroke"):
        value = styles.get(name, "").lower()
        if re.fullmatch(r"#[0-9a-f]{6}", value):
            return value
        if re.fullmatch(r"#[0-9a-f]{3}", value):
            return "#" + "".join(sign * 2 for sign in value[1:])
        if parts := re.fullmatch(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", value):
            return "#" + bytes(min(255, int(part)) for part in parts.groups()).hex()
        if value in _COLOURS:
            return _COLOURS[value]
    return None


def _extra(element: Element) -> dict[str, object]:
    kept = {
        name: value
        for name, value in element.attributes.items()
        if name not in (*_GEOMETRY, *_OURS, *_WRITTEN, *_STYLES) and re.fullmatch(r"[A-Za-z_][\w.-]*", name)
    }
    return {FORMAT: kept} if kept else {}
