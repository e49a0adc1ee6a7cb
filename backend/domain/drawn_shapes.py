"""Annotations as the shapes that files are written from."""

import json
from collections.abc import Sequence

from core.contracts.annotations import Annotation
from core.contracts.datasets import Area
from core.formats.shapes import Shape


def annotation_shape(annotation: Annotation, areas: Sequence[Area]) -> Shape:
    """The shape under its area's name and colour, with what the file it came from said beyond that."""
    colour = next((area.colour for area in areas if area.name == annotation.area), None)
    kept: object = json.loads(annotation.source.kept) if annotation.source.kind == "imported" and annotation.source.kept else {}
    return Shape(
        kind=annotation.shape,
        name=annotation.area,
        paths=annotation.paths,
        text=annotation.text,
        colour=colour,
        uid=annotation.uid,
        extra=kept if isinstance(kept, dict) else {},
    )
