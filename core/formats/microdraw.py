"""Annotation files of Microdraw: the upstream program of Paris and the fork of Juelich.

Both hold one document per region with an item of Paper.js. Paris counts in units of a thousandth of the image's width
on both axes and knows a region by `uid`; Juelich counts full-resolution pixels and knows it by `annotation_id`. The
upload form of either, the answer of `GET /api`, and what the browser posts are read; `docs/reference/formats.md` has
the fields.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from core.formats.json_text import parse
from core.formats.paper import Item, read_item, write_item
from core.formats.shapes import FormatError, Found, Frame, Shape, check_amount, text_of

Dialect = Literal["microdraw-paris", "microdraw-juelich"]
Coordinates = Literal["units", "pixels"]

UNITS_PER_WIDTH = 1000.0
NOTE_NAME = "textAnnotation"
_WORDS: dict[Dialect, str] = {"microdraw-paris": "Microdraw (Paris)", "microdraw-juelich": "Microdraw (Juelich)"}
_COORDINATES: dict[Coordinates, str] = {
    "units": "the image's width is 1000 units",
    "pixels": "coordinates are full-resolution pixels",
}
_JUELICH_FIELDS = frozenset({"image_hash", "annotation_hash", "annotation_id", "annotationID"})
_ANNOTATIONS = ("annotation", "annotations")
_UNITS_REACH = 1100.0  # outlines run a little beyond the image


def is_microdraw(document: object) -> bool:
    """Whether a parsed JSON document looks like a file of Microdraw."""
    match document:
        case {"Regions": list()} | {"annotations": list()} | {"annotation": str() | dict()}:
            return True
        case [dict(first), *_]:
            return bool({"annotation", "annotations"} & set(first)) or {"path", "name"} <= set(first)
        case _:
            return False


def read_microdraw(document: object, frame: Frame, coordinates: Coordinates | None = None) -> Found:
    """The regions of a parsed document of either dialect; without a choice of coordinates the likelier is taken.

    Superseded versions and regions that enclose nothing are left out and told. FormatError names the region.
    """
    entries, notes = _current(list(_entries(document, 0)))
    dialect: Dialect = "microdraw-juelich" if any(_is_juelich(fields) for fields, _ in entries) else "microdraw-paris"
    items = list(_items(entries, dialect))
    chosen = coordinates or _likely(items, dialect, frame)
    factor = frame.pixel_size_um * (frame.width_px / UNITS_PER_WIDTH if chosen == "units" else 1.0)
    shapes: list[Shape] = []
    for place, label, shape, raw in items:
        try:
            drawn = read_item(raw, factor)
        except (ValueError, TypeError) as error:
            raise FormatError(f"{place} ({label}): {error}") from error
        if not drawn:
            notes.append(f"{place} ({label}) has too few points to enclose anything and was left out")
        shapes += [_with_item(shape, item) for item in drawn]
    words = f"{_WORDS[dialect]}: {_COORDINATES[chosen]}"
    return Found(dialect, words, check_amount(shapes), tuple(notes), chosen)


Entry = tuple[Mapping[str, object], object]
"""The fields of a stored document beside its annotation, and the annotation."""


def _entries(document: object, depth: int) -> Iterator[Entry]:
    """Every region of any of the forms."""
    if isinstance(document, list):
        for one in document:
            yield from _entries(one, depth) if isinstance(one, dict) else [({}, one)]
    elif not isinstance(document, dict):
        raise FormatError("the document holds no regions of Microdraw; download them again from /api")
    elif isinstance(document.get("Regions"), list):
        yield from (({}, region) for region in document["Regions"])
    elif isinstance(document.get("annotations"), list):
        for region in document["annotations"]:
            inner = _entries(region, depth + 1) if isinstance(region, dict) else [({}, region)]
            yield from _shared(document, inner)
    elif "annotation" in document or "annotations" in document:
        annotation = document.get("annotation", document.get("annotations"))
        if depth == 0 and isinstance(annotation, str) and "Regions" in annotation:  # what the browser posts
            yield from _shared(document, _entries(parse(annotation.encode()), depth + 1))
        else:
            yield _without(document, _ANNOTATIONS), annotation
    else:
        yield {}, document


def _shared(document: Mapping[str, object], entries: Iterable[Entry]) -> Iterator[Entry]:
    shared = _without(document, (*_ANNOTATIONS, "action", "Hash"))
    for fields, annotation in entries:
        yield {**shared, **fields}, annotation


def _current(entries: list[Entry]) -> tuple[list[Entry], list[str]]:
    current = [entry for entry in entries if not entry[0].get("backup")]
    left_out = len(entries) - len(current)
    return current, [f"{left_out} superseded version(s) were left out"] if left_out else []


def _is_juelich(fields: Mapping[str, object]) -> bool:
    return bool(_JUELICH_FIELDS & set(fields))


Numbered = tuple[str, str, Shape, object]
"""Where it stands in the file, its name, the shape without geometry, and the item of Paper.js."""


def _items(entries: Iterable[Entry], dialect: Dialect) -> Iterator[Numbered]:
    for number, (fields, stored) in enumerate(entries, start=1):
        place = f"region {number}"
        try:
            annotation = parse(stored.encode()) if isinstance(stored, str) else stored
        except FormatError as error:
            raise FormatError(f"{place}: {error}") from error
        if not isinstance(annotation, dict):
            raise FormatError(f"{place} is no region of Microdraw, which has a path and a name")
        inner = annotation.get("path")
        # Juelich's annotation is {path: {path, name}}.
        nested = inner if isinstance(inner, dict) else {}
        drawn = {**annotation, **nested}
        if "path" not in annotation or (nested and "path" not in nested):
            raise FormatError(f"{place} has no path; download the regions again")
        beside = _without(annotation, ("path", "name", "uid")) | (
            {"path": _without(nested, ("path", "name"))} if nested else {}
        )
        name = text_of(drawn.get("name"))
        uid = drawn.get("uid") or fields.get("annotation_id") or fields.get("annotationID")
        extra = {str(dialect): {"document": dict(fields), "annotation": beside}}
        shape = Shape("region", name, (), uid=text_of(uid), place=_place(fields), extra=extra)
        yield place, name or "without name", shape, drawn["path"]


def _without(fields: Mapping[str, object], names: Sequence[str]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in names}


def _place(fields: Mapping[str, object]) -> str:
    """The slice of a Paris document, brain and section of a Juelich one."""
    file_id = text_of(fields.get("fileID")) or text_of(fields.get("slice"))
    return file_id.rpartition("&slice=")[2]


def _likely(items: Sequence[Numbered], dialect: Dialect, frame: Frame) -> Coordinates:
    """Units where nothing lies beyond 1000 on an image that is much wider, else pixels; Juelich writes pixels."""
    if dialect == "microdraw-juelich":
        return "pixels"
    reach = 0.0
    for place, label, _, raw in items:
        try:
            reach = max([reach, *(abs(node[0]) for item in read_item(raw, 1.0) for path in item.paths for node in path)])
        except (ValueError, TypeError) as error:
            raise FormatError(f"{place} ({label}): {error}") from error
    return "units" if reach <= _UNITS_REACH or frame.width_px <= _UNITS_REACH else "pixels"


def _with_item(shape: Shape, item: Item) -> Shape:
    extra = dict(shape.extra) | ({"paper": item.extra} if item.extra else {})
    return replace(shape, kind=item.kind, paths=item.paths, text=item.text, colour=item.colour, extra=extra)


def write_paris(shapes: Sequence[Shape], frame: Frame, place: str = "") -> list[dict[str, object]]:
    """The array that `/api/upload` takes: one document per shape; `place` is the name of the slice."""
    unit_um = frame.width_px * frame.pixel_size_um / UNITS_PER_WIDTH
    documents = []
    for number, shape in enumerate(shapes, start=1):
        document, annotation = _kept(shape, "microdraw-paris")
        annotation |= {"path": write_item(shape, unit_um, _paper(shape)), "name": _name(shape)}
        annotation["uid"] = shape.uid or f"{number:08x}"
        documents.append(({"fileID": f"&slice={place}"} if place else {}) | document | {"annotation": annotation})
    return documents


def write_juelich(shapes: Sequence[Shape], frame: Frame, place: str = "") -> list[dict[str, object]]:
    """The array that `GET /api` of the fork answers with; `place` is e.g. `B20_0047`."""
    documents = []
    for number, shape in enumerate(shapes, start=1):
        document, annotation = _kept(shape, "microdraw-juelich")
        path, name = write_item(shape, frame.pixel_size_um, _paper(shape)), _name(shape)
        inner = annotation.get("path")
        annotation["path"] = (inner if isinstance(inner, dict) else {}) | {"path": path, "name": name}
        text = json.dumps([name, path], separators=(",", ":"), ensure_ascii=False)
        own: dict[str, object] = {
            "annotation_id": shape.uid or f"{number:024x}",
            "annotation_hash": _hash(text),
            "fileID": place,
        }
        documents.append(own | document | {"annotation": annotation, "annotation_hash": own["annotation_hash"]})
    return documents


def _kept(shape: Shape, dialect: Dialect) -> tuple[dict[str, object], dict[str, object]]:
    match shape.extra.get(dialect):
        case {"document": dict(document), "annotation": dict(annotation)}:
            return dict(document), dict(annotation)
        case _:
            return {}, {}


def _paper(shape: Shape) -> Mapping[str, object]:
    kept = shape.extra.get("paper")
    return kept if isinstance(kept, dict) else {}


def _name(shape: Shape) -> str:
    return shape.name or (NOTE_NAME if shape.kind == "note" else "")


def _hash(text: str) -> int:
    """The 32-bit fingerprint with which the fork sees that a region changed: 31 times the sum so far plus the character."""
    total = 0
    for sign in text:
        total = (total * 31 + ord(sign)) & 0xFFFFFFFF
    return total - (1 << 32) if total & 0x80000000 else total
