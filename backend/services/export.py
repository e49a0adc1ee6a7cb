"""Export: masks, outlines and areas of one section, or of all sections that have any."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import IO

from backend.domain.areas import areas_of
from backend.domain.contours import outline
from backend.domain.drawn_shapes import annotation_shape
from backend.domain.errors import InvalidError, NotFoundError
from backend.services.annotations import Annotations
from backend.services.brains import find_section
from backend.services.predictions import Predictions
from backend.services.projects import Projects
from backend.services.work import WorkReader
from core.contracts.annotations import Outline
from core.contracts.datasets import Area, Brain, RasterGrid, Section
from core.contracts.projects import Prediction, Project
from core.formats.geojson import write_geojson
from core.formats.masks import LabelMask, legend_of, mask_png, mask_tiff, paint
from core.formats.microdraw import write_juelich, write_paris
from core.formats.shapes import Frame, Shape
from core.formats.svg_writer import write_svg
from core.formats.tables import AreaRow, areas_csv, outline_area_mm2
from core.geometry.polygons import to_paths
from core.geometry.rasterise import trace

# Of masks of annotations: the thesis's label pixels (5.1.2). Masks of predictions keep the predictions' own pixel size.
MASK_PIXEL_SIZE_UM = 16.0
SOURCES = ("annotations", "predictions")
SPOOL_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to download; `content` stands at its beginning and is closed by whoever sends it."""

    name: str
    media_type: str
    content: IO[bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to export of one section."""

    brain: Brain
    section: Section
    areas: tuple[Area, ...]
    source: str
    regions: tuple[Outline, ...]
    """As they are exported as outlines."""
    pixels: tuple[Outline, ...]
    """As they are filled into masks: of predictions the outline along their pixels' edges."""
    sizes_mm2: tuple[float, ...]
    """Of each region."""
    pixel_size_um: float
    """Of a mask."""
    shapes: tuple[Shape, ...]
    """As they are exported to files that hold more than regions: of annotations with lines, notes and what a file said."""

    @property
    def stem(self) -> str:
        """How files of this section begin."""
        return f"{self.slice_name}_{self.source}"

    @property
    def slice_name(self) -> str:
        """Brain and section, as sections are named in Microdraw."""
        return f"{self.brain.id}_{self.section.number:04d}"

    @property
    def frame(self) -> Frame:
        """The image that pixels are about."""
        return Frame(self.brain.pixel_size_um, self.section.width_px, self.section.height_px)


Parts = Iterator[tuple[str, bytes]]


def _png(found: Found) -> Parts:
    if not found.pixels:
        return
    mask = _mask(found)
    yield f"{found.stem}.png", mask_png(mask)
    yield f"{found.stem}.legend.json", mask.legend.json_text().encode()


def _tiff(found: Found) -> Parts:
    if not found.pixels:
        return
    mask = _mask(found)
    yield f"{found.stem}.tif", mask_tiff(mask)
    yield f"{found.stem}.legend.json", mask.legend.json_text().encode()


def _geojson(found: Found) -> Parts:
    yield f"{found.stem}.geojson", json.dumps(write_geojson(found.shapes, found.frame)).encode()


def _svg(found: Found) -> Parts:
    yield f"{found.stem}.svg", write_svg(found.shapes, found.frame).encode()


def _paris(found: Found) -> Parts:
    yield f"{found.stem}_paris.json", json.dumps(write_paris(found.shapes, found.frame, found.slice_name)).encode()


def _juelich(found: Found) -> Parts:
    yield f"{found.stem}_juelich.json", json.dumps(write_juelich(found.shapes, found.frame, found.slice_name)).encode()


# How each format writes a section: the file itself first, then what lies beside it in an archive.
WRITERS: dict[str, Callable[[Found], Parts]] = {
    "png": _png,
    "tiff": _tiff,
    "geojson": _geojson,
    "svg": _svg,
    "paris": _paris,
    "juelich": _juelich,
}
MEDIA_TYPES = {
    "png": "image/png",
    "tiff": "image/tiff",
    "geojson": "application/geo+json",
    "svg": "image/svg+xml",
    "paris": "application/json",
    "juelich": "application/json",
    "csv": "text/csv",
}


class Export:
    """Writes what people drew (`annotations`) or what models predicted and nobody rejected (`predictions`)."""

    def __init__(self, work: WorkReader, projects: Projects, annotations: Annotations, predictions: Predictions) -> None:
        self._work = work
        self._projects = projects
        self._annotations = annotations
        self._predictions = predictions

    def export(self, user: str, project_id: str, file_format: str, source: str, number: int | None) -> Exported:
        """One section's file, a zip of all sections, or (csv) one table; InvalidError, NotFoundError when there is nothing."""
        project = self._projects.get(user, project_id)
        if file_format not in MEDIA_TYPES:
            raise InvalidError(f"There is no export format {file_format[:40]!r}. There are {', '.join(MEDIA_TYPES)}.")
        if source not in SOURCES:
            raise InvalidError(f"There is no source {source[:40]!r}. There are {' and '.join(SOURCES)}.")
        brain = self._projects.brain(project)
        numbers = self._numbers(project, brain, source) if number is None else [find_section(brain, number).number]
        # A generator: of all sections only one is in memory at a time.
        everything = (found for each in numbers if (found := self._found(project, brain, each, source)).shapes)
        stem = f"{project_id}_{source}" if number is None else f"{brain.id}_{number:04d}_{source}"
        if file_format == "csv":
            return _table(list(everything), stem)
        if number is None:
            return _archive(everything, WRITERS[file_format], f"{stem}_{file_format}.zip")
        only = next(everything, None)
        written = next(WRITERS[file_format](only), None) if only else None
        if written is None:
            raise _nothing(stem)
        name, content = written
        return Exported(name, MEDIA_TYPES[file_format], _opened([content]))

    def _numbers(self, project: Project, brain: Brain, source: str) -> list[int]:
        work = self._work.of(project.id)
        places = work.annotated if source == "annotations" else work.newest.keys()
        known = {section.number for section in brain.sections}
        return sorted({section for section, _ in places} & known)

    def _found(self, project: Project, brain: Brain, number: int, source: str) -> Found:
        section = find_section(brain, number)
        areas = areas_of(project, brain)
        if source == "annotations":
            drawn = self._annotations.drawn(project.id, section=number)
            regions = tuple(Outline(area=one.area, paths=one.paths) for one in drawn if one.shape == "region")
            sizes = tuple(outline_area_mm2(region.paths) for region in regions)
            pixel_size_um = max(MASK_PIXEL_SIZE_UM, brain.pixel_size_um)
            shapes = tuple(annotation_shape(one, areas) for one in drawn)
            return Found(brain, section, areas, source, regions, regions, sizes, pixel_size_um, shapes)
        kept = [one for one in self._predictions.newest(project.id, number) if not _rejected(one)]
        pairs = [(one, mask) for one in kept if (mask := self._predictions.mask(one)).any()]
        regions = tuple(Outline(area=one.area, paths=outline(mask, one.grid)) for one, mask in pairs)
        colours = {area.name: area.colour for area in areas}
        return Found(
            brain,
            section,
            areas,
            source,
            regions=regions,
            pixels=tuple(Outline(area=one.area, paths=to_paths(trace(mask, one.grid))) for one, mask in pairs),
            sizes_mm2=tuple(one.area_mm2 for one, _ in pairs),
            pixel_size_um=min((one.grid.pixel_size_um for one, _ in pairs), default=MASK_PIXEL_SIZE_UM),
            shapes=tuple(Shape("region", one.area, one.paths, colour=colours.get(one.area)) for one in regions),
        )


def _rejected(prediction: Prediction) -> bool:
    return prediction.review is not None and prediction.review.verdict == "rejected"


def _mask(found: Found) -> LabelMask:
    """All areas of the section on one grid from the section's corner."""
    factor = found.brain.pixel_size_um / found.pixel_size_um
    grid = RasterGrid(
        pixel_size_um=found.pixel_size_um,
        width_px=ceil(found.section.width_px * factor),
        height_px=ceil(found.section.height_px * factor),
    )
    return paint(found.pixels, legend_of(found.areas, grid))


def _table(everything: list[Found], stem: str) -> Exported:
    rows: list[AreaRow] = []
    for found in everything:
        sizes: dict[str, float] = {}
        for region, size_mm2 in zip(found.regions, found.sizes_mm2, strict=True):
            sizes[region.area] = sizes.get(region.area, 0.0) + size_mm2
        source = found.source.removesuffix("s")
        rows += [AreaRow(found.brain.id, found.section.number, area, source, size) for area, size in sizes.items()]
    if not rows:
        raise _nothing(stem)
    return Exported(f"{stem}_areas.csv", MEDIA_TYPES["csv"], _opened([areas_csv(rows).encode()]))


def _archive(everything: Iterator[Found], writer: Callable[[Found], Parts], name: str) -> Exported:
    file = _opened([])
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for found in everything:
            for part, content in writer(found):
                archive.writestr(part, content)
        empty = not archive.namelist()
    if empty:
        file.close()
        raise _nothing(name)
    file.seek(0)
    return Exported(name, "application/zip", file)


def _opened(contents: list[bytes]) -> IO[bytes]:
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - whoever sends it closes it
    for content in contents:
        file.write(content)
    file.seek(0)
    return file


def _nothing(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is nothing to export for {name}. Annotate first, or choose the other source.", code="nothing_to_export"
    )
