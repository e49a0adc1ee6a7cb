"""Outlines as GeoJSON in the dialect of QuPath: full-resolution pixels from the image's upper left corner, y down.

QuPath has no curves, so Bezier paths become polygons that stay within a tenth of a pixel.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import shapely
from pydantic import ValidationError

from core.contracts.annotations import Outline
from core.geometry.polygons import region, rings

_TOLERANCE_PX = 0.1
_DECIMALS = 3
_PREFIX = "https://qupath.github.io/"


class GeoJsonError(ValueError):
    """A GeoJSON document cannot be read; the message names the feature and the remedy."""


def to_geojson(outlines: Sequence[Outline], pixel_size_um: float, colours: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A FeatureCollection with one annotation per outline; `colours` gives an area's `#rrggbb`.

    `pixel_size_um` is that of the full-resolution image.
    """
    features = [_feature(outline, pixel_size_um, (colours or {}).get(outline.area)) for outline in outlines]
    return {"type": "FeatureCollection", "features": [feature for feature in features if feature]}


def _feature(outline: Outline, pixel_size_um: float, colour: str | None) -> dict[str, Any] | None:
    shape = region(rings(outline.paths, _TOLERANCE_PX * pixel_size_um))
    polygons = [_rings_px(polygon, pixel_size_um) for polygon in shape.geoms]
    if not polygons:
        return None
    geometry: dict[str, Any] = {"type": "MultiPolygon", "coordinates": polygons}
    if len(polygons) == 1:
        geometry = {"type": "Polygon", "coordinates": polygons[0]}
    classification: dict[str, Any] = {"name": outline.area}
    if colour:
        classification["color"] = list(bytes.fromhex(colour.removeprefix("#")))
    return {
        "type": "Feature",
        # The same geometry gets the same id, so that exporting twice gives the same file.
        "id": str(uuid5(NAMESPACE_URL, _PREFIX + outline.area + json.dumps(geometry))),
        "geometry": geometry,
        "properties": {"objectType": "annotation", "name": outline.area, "classification": classification},
    }


def _rings_px(polygon: shapely.Polygon, pixel_size_um: float) -> list[list[list[float]]]:
    """Outer ring and holes, each repeating its first point at the end as GeoJSON demands."""
    closed = [shapely.get_coordinates(ring) / pixel_size_um for ring in (polygon.exterior, *polygon.interiors)]
    return [np.round(ring, _DECIMALS).tolist() for ring in closed]


def from_geojson(document: object, pixel_size_um: float) -> list[Outline]:
    """The outlines of a parsed document: a FeatureCollection, a list of features, or one feature.

    The area is the classification's name, else the annotation's. Raises GeoJsonError naming the first feature that has
    no usable name or is no polygon; nothing is passed over in silence.
    """
    return [_outline(number, feature, pixel_size_um) for number, feature in enumerate(_features(document), start=1)]


def _features(document: object) -> list[object]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and document.get("type") == "Feature":
        return [document]
    if isinstance(document, dict) and isinstance(features := document.get("features"), list):
        return features
    raise GeoJsonError("the document holds no GeoJSON features; export annotations as GeoJSON from QuPath")


def _outline(number: int, feature: object, pixel_size_um: float) -> Outline:
    name = f"feature {number}"
    if not isinstance(feature, dict):
        raise GeoJsonError(f"{name} is no GeoJSON feature")
    area = _area(feature)
    if not area:
        raise GeoJsonError(f"{name} has no name; give it a class in QuPath")
    name += f" ({area})"
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
        raise GeoJsonError(f"{name} is a {kind}, not a polygon; delete it or draw a closed outline")
    polygons = [geometry.get("coordinates")] if kind == "Polygon" else geometry.get("coordinates")
    try:
        paths = [_path_um(ring, pixel_size_um) for polygon in _listed(polygons) for ring in _listed(polygon)]
        return Outline.model_validate({"area": area, "paths": paths})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][:2])
        raise GeoJsonError(f"{name}: {place}: {first['msg']}") from error
    except (TypeError, ValueError) as error:
        raise GeoJsonError(f"{name} has damaged coordinates: {error}") from error


def _area(feature: Mapping[str, Any]) -> str:
    """From the classification, which older versions of QuPath write too; a derived class counts by its first name."""
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    classification = properties.get("classification")
    classification = classification if isinstance(classification, dict) else {}
    names = classification.get("names")
    candidates = [classification.get("name"), *(names[:1] if isinstance(names, list) else []), properties.get("name")]
    return next((name for name in candidates if isinstance(name, str) and name), "")


def _path_um(ring: object, pixel_size_um: float) -> list[tuple[float, float]]:
    points = np.array([[float(part) for part in _listed(point)[:2]] for point in _listed(ring)], np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError("a point needs x and y")
    if len(points) > 1 and np.array_equal(points[0], points[-1]):
        points = points[:-1]
    return [(x, y) for x, y in (points * pixel_size_um).tolist()]


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list, found {type(value).__name__}")
    return value
