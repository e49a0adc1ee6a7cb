"""GeoJSON in the dialect of QuPath: full-resolution pixels from the image's upper left corner, y down.

Read as QuPath 0.2 to 0.6 writes it: a FeatureCollection, a list of features, one feature, or a GeometryCollection; the
class with `color` or `colorRGB`, `name` or `names`. QuPath has no curves, so Bezier paths become polygons that stay
within a tenth of a pixel.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
import shapely
from numpy.typing import NDArray

from core.contracts.annotations import Outline
from core.formats.shapes import (
    FormatError,
    Found,
    Frame,
    Nodes,
    Shape,
    check_amount,
    hex_colour,
    listed,
    node_um,
    number,
    rgb,
    text_of,
    usable,
)
from core.geometry.polygons import region, rings

GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "LinearRing", "Polygon", "MultiPolygon", "GeometryCollection"}
)
_DOCUMENTS = frozenset({"Feature", "FeatureCollection"}) | GEOMETRIES
_FORMAT = "geojson"
_TOLERANCE_PX = 0.1
_DECIMALS = 4
_PREFIX = "https://qupath.github.io/"
_DEEPEST = 5


def is_geojson(document: object) -> bool:
    """Whether a parsed JSON document looks like GeoJSON."""
    match document:
        case {"type": str(kind)} | [{"type": str(kind)}, *_]:
            return kind in _DOCUMENTS
        case _:
            return False


def read_geojson(document: object, frame: Frame) -> Found:
    """The shapes of a parsed document; the name is the class's, else the annotation's.

    Polygons become regions, line strings lines, points notes. FormatError names the feature.
    """
    shapes: list[Shape] = []
    notes: list[str] = []
    for place, feature in enumerate(_features(document), start=1):
        label = f"feature {place}"
        if not isinstance(feature, dict):
            raise FormatError(f"{label} is no GeoJSON feature; export the annotations again")
        label += f" ({name})" if (name := _name(feature)) else ""
        try:
            read = list(_shapes(feature, frame.pixel_size_um))
        except (ValueError, TypeError) as error:
            raise FormatError(f"{label}: {error}") from error
        if not read:
            notes.append(f"{label} has too few points and was left out")
        shapes += read
    return Found(_FORMAT, "GeoJSON of QuPath: full-resolution pixels", check_amount(shapes), tuple(notes))


def _features(document: object) -> list[object]:
    match document:
        case list():
            return document
        case {"features": list(features)}:
            return features
        case {"type": "GeometryCollection", "geometries": list(geometries)}:
            return [{"type": "Feature", "geometry": geometry} for geometry in geometries]
        case {"type": "Feature"}:
            return [document]
        case {"type": str(kind)} if kind in GEOMETRIES:
            return [{"type": "Feature", "geometry": document}]
        case _:
            raise FormatError("the document holds no GeoJSON features; export annotations as GeoJSON from QuPath")


def _shapes(feature: Mapping[str, Any], pixel_size_um: float) -> Iterator[Shape]:
    name, geometry = _name(feature), feature.get("geometry")
    if not isinstance(geometry, dict):
        raise ValueError("it has no geometry; draw it again")
    colour = _colour(feature)
    uid = text_of(feature.get("id")) if _is_uuid(feature.get("id")) else ""
    kept: dict[str, object] = {key: value for key, value in feature.items() if key not in ("type", "geometry")}
    for part, drawn in _parts(geometry, pixel_size_um, 0):
        beside = {key: value for key, value in part.items() if key not in ("type", "coordinates", "geometries")}
        extra = {_FORMAT: {"feature": kept, "geometry": beside}}
        match drawn:
            case "region", paths:
                regions = usable("region", paths)
                yield from [Shape("region", name, regions, colour=colour, uid=uid, extra=extra)] if regions else []
            case "line", paths:
                for path in usable("line", paths):
                    yield Shape("line", name, (path,), colour=colour, uid=uid, extra=extra)
            case _, paths:
                text = _property(feature, "name") or name
                for path in paths:
                    yield Shape("note", name, (path,), text, colour, uid, extra=extra)


Part = tuple[Mapping[str, Any], tuple[str, list[Nodes]]]
# What a geometry is here, and how deep its paths lie in the coordinates.
_DRAWN = {
    "Point": ("note", -1),
    "MultiPoint": ("note", 0),
    "LineString": ("line", 0),
    "LinearRing": ("line", 0),
    "MultiLineString": ("line", 1),
    "Polygon": ("region", 1),
    "MultiPolygon": ("region", 2),
}


def _parts(geometry: Mapping[str, Any], pixel_size_um: float, depth: int) -> Iterator[Part]:
    kind = text_of(geometry.get("type"), 40)
    if kind in _DRAWN:
        drawn, level = _DRAWN[kind]
        yield geometry, (drawn, list(_paths(geometry.get("coordinates"), level, drawn == "note", pixel_size_um)))
    elif kind == "GeometryCollection" and depth < _DEEPEST:
        for part in listed(geometry.get("geometries")):
            if not isinstance(part, dict):
                raise ValueError("a part of its GeometryCollection is no geometry")
            yield from _parts(part, pixel_size_um, depth + 1)
    else:
        raise ValueError(f"it is a {kind or 'thing without type'}, no outline, line or point; delete it or draw it again")


def _paths(coordinates: object, level: int, single: bool, pixel_size_um: float) -> Iterator[Nodes]:
    """The paths `level` lists below the coordinates; of points each is a path of its own."""
    if level < 0:
        yield (_node(coordinates, pixel_size_um),)
    elif level == 0:
        path = tuple(_node(point, pixel_size_um) for point in listed(coordinates))
        yield from ((node,) for node in path) if single else (path,)
    else:
        for part in listed(coordinates):
            yield from _paths(part, level - 1, single, pixel_size_um)


def _node(point: object, pixel_size_um: float) -> tuple[float, ...]:
    parts = listed(point)
    if len(parts) < 2:
        raise ValueError("a point needs x and y")
    return node_um([number(part) for part in parts[:2]], pixel_size_um)


def _property(feature: Mapping[str, Any], name: str) -> str:
    properties = feature.get("properties")
    return text_of(properties.get(name)) if isinstance(properties, dict) else ""


def _name(feature: Mapping[str, Any]) -> str:
    """From the classification, which older versions of QuPath write too; a derived class counts by its first name."""
    classification = _class(feature)
    names = classification.get("names")
    candidates = [classification.get("name"), *(names[:1] if isinstance(names, list) else []), _property(feature, "name")]
    return next((text for name in candidates if (text := text_of(name))), "")


def _class(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = feature.get("properties")
    classification = properties.get("classification") if isinstance(properties, dict) else None
    return classification if isinstance(classification, dict) else {}


def _colour(feature: Mapping[str, Any]) -> str | None:
    """The class's `color` as a list or an integer, `colorRGB` of version 0.2 (ARGB as a signed integer), or its own."""
    properties = feature.get("properties")
    own = properties.get("color") if isinstance(properties, dict) else None
    for value in (_class(feature).get("color"), _class(feature).get("colorRGB"), own):
        if isinstance(value, int) and not isinstance(value, bool):
            return f"#{value & 0xFFFFFF:06x}"
        if colour := hex_colour(value):
            return colour
    return None


def _is_uuid(value: object) -> bool:
    """Versions before 0.4 write the object's class in place of an id."""
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def write_geojson(shapes: Sequence[Shape], frame: Frame) -> dict[str, Any]:
    """A FeatureCollection with one annotation per shape; regions that enclose nothing have no place in it."""
    features = [_feature(shape, frame.pixel_size_um) for shape in shapes]
    return {"type": "FeatureCollection", "features": [feature for feature in features if feature]}


def to_geojson(outlines: Sequence[Outline], pixel_size_um: float, colours: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Outlines of areas as `write_geojson` writes them; `colours` gives an area's `#rrggbb`."""
    shapes = [Shape("region", one.area, one.paths, colour=(colours or {}).get(one.area)) for one in outlines]
    return write_geojson(shapes, Frame(pixel_size_um, 1, 1))


def _feature(shape: Shape, pixel_size_um: float) -> dict[str, Any] | None:
    geometry = _geometry(shape, pixel_size_um)
    if geometry is None:
        return None
    kept = shape.extra.get(_FORMAT)
    before = kept if isinstance(kept, dict) else {"feature": {}, "geometry": {}}
    properties = before["feature"].get("properties")
    properties = dict(properties) if isinstance(properties, dict) else {}
    classification = properties.get("classification")
    classification = dict(classification) if isinstance(classification, dict) else {}
    if shape.name and shape.name != _name(before["feature"]):
        classification["name"] = shape.name
        classification.pop("names", None)
    if shape.colour and shape.colour != _colour(before["feature"]):
        classification["color"] = rgb(shape.colour)
        classification.pop("colorRGB", None)
    own = {"objectType": "annotation", "name": shape.text or shape.name} | properties
    # The same geometry gets the same id, so that exporting twice gives the same file.
    made = (
        str(UUID(shape.uid)) if _is_uuid(shape.uid) else str(uuid5(NAMESPACE_URL, _PREFIX + shape.name + json.dumps(geometry)))
    )
    return {
        "type": "Feature",
        "id": str(made),
        **{key: value for key, value in before["feature"].items() if key != "properties"},
        "geometry": {**before["geometry"], **geometry},
        "properties": own | ({"classification": classification} if classification else {}),
    }


def _geometry(shape: Shape, pixel_size_um: float) -> dict[str, Any] | None:
    """None for a region that encloses nothing."""
    if shape.kind == "note":
        return {"type": "Point", "coordinates": _px(np.array(shape.paths[0][0][:2]), pixel_size_um)}
    if shape.kind == "line":
        return {"type": "LineString", "coordinates": _px(_open(shape.paths[0], pixel_size_um), pixel_size_um)}
    filled = region(rings(shape.paths, _TOLERANCE_PX * pixel_size_um))  # type: ignore[arg-type]  # see shapes.Node
    polygons = [_rings_px(polygon, pixel_size_um) for polygon in filled.geoms]
    if not polygons:
        return None
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _open(path: Nodes, pixel_size_um: float) -> NDArray[np.float64]:
    """The points of an open path: those of the closed one, up to its last node."""
    way = tuple((*node[:4], 0.0, 0.0) if node is path[-1] and len(node) == 6 else node for node in path)
    first = (*way[0][:2], 0.0, 0.0, *way[0][4:]) if len(way[0]) == 6 else way[0]
    (points,) = rings(((first, *way[1:]),), _TOLERANCE_PX * pixel_size_um)  # type: ignore[arg-type]
    return points


def _rings_px(polygon: shapely.Polygon, pixel_size_um: float) -> list[list[list[float]]]:
    """Outer ring and holes, each repeating its first point at the end as GeoJSON demands."""
    return [_px(shapely.get_coordinates(ring), pixel_size_um) for ring in (polygon.exterior, *polygon.interiors)]


def _px(points: NDArray[np.float64], pixel_size_um: float) -> list[Any]:
    found: list[Any] = np.round(points / pixel_size_um, _DECIMALS).tolist()
    return found
