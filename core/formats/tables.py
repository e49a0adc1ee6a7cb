"""Tables of areas as CSV."""

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

from core.contracts.annotations import Paths
from core.geometry.polygons import area_um2, rings
from core.units import um2_to_mm2


@dataclass(frozen=True, slots=True)
class AreaRow:
    """The size of one area on one section, as it lies in the section (shrinkage not undone)."""

    brain: str
    section: int
    area: str
    source: str
    """Where the outline comes from, e.g. `annotation` or `prediction`."""
    area_mm2: float


def outline_area_mm2(paths: Paths) -> float:
    """The area that an outline encloses, by the even-odd rule."""
    return um2_to_mm2(area_um2(rings(paths)))


def areas_csv(rows: Iterable[AreaRow]) -> str:
    """A table with a heading, lines as RFC 4180 ends them, areas to the square micrometre."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([field.name for field in fields(AreaRow)])
    for row in rows:
        *words, area_mm2 = astuple(row)
        writer.writerow([*words, f"{area_mm2:.6f}"])
    return buffer.getvalue()
