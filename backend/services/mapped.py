"""Results of jobs of features and graphs: the report, surfaces, and what the graph says of each section as predictions."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError

from backend.domain.errors import UnreadableDataError
from backend.domain.mapping import MappingKind
from backend.ports import BlobStore, ComputeClient, Document
from backend.services.predicted import Predicted
from backend.services.records import Records
from backend.services.results import beside
from core.contracts.api_mapping import MappingResult
from core.contracts.base import Contract
from core.contracts.features import ClassificationReport, FeaturesReport
from core.contracts.graphs import GraphReport, MidsurfaceReport
from core.contracts.jobs import JobReport
from core.formats.packed_surface import packed_surface

# The file of each kind's report, its shape, and where it stands in the answer.
REPORTS: dict[MappingKind, tuple[str, type[Contract], str]] = {
    "features": ("features.json", FeaturesReport, "features"),
    "classify_patches": ("classification.json", ClassificationReport, "classification"),
    "midsurface": ("midsurface.json", MidsurfaceReport, "midsurface"),
    "graph": ("graph.json", GraphReport, "graph"),
}
LARGEST_SURFACE_BYTES = 256 << 20
"""About 4.7 million nodes with what a graph found: a human brain at 300 µm has some 1.5 million (84 MB)."""
MIDSURFACE_FILE = "midsurface.safetensors"
# Arrays of a surface: type, and of how many numbers each node's entry (of `triangles`: each triangle's) is.
GEOMETRY: dict[str, tuple[str, int]] = {
    "vertices_mm": ("float32", 3),
    "triangles": ("int32", 3),
    "part": ("uint8", 1),
    "section": ("int32", 1),
    "point_um": ("float32", 2),
    "usable": ("uint8", 1),
}
FOUND: dict[str, tuple[str, int]] = {
    "area": ("int16", 1),
    "probability": ("uint8", 1),
    "annotated": ("int16", 1),
    "split": ("uint8", 1),
}


class Mapped:
    """Names follow from project and job, so that fetching again after a crash writes the same things to the same places."""

    def __init__(self, records: Records, compute: ComputeClient, blobs: BlobStore, predicted: Predicted) -> None:
        self._records = records
        self._compute = compute
        self._blobs = blobs
        self._predicted = predicted

    def bring(self, job: Document, report: JobReport, places: Sequence[PurePosixPath]) -> None:
        """Store the report with its surfaces, or predictions, that lie at these places; UnreadableDataError."""
        file, shape, name = REPORTS[job["kind"]]
        for place in places:
            if str(place) == file:
                self._bring_report(job, report, name, self._read(shape, report, place))
            elif place.parent != PurePosixPath():
                self._predicted.bring(job, report, [place])

    def _bring_report(self, job: Document, report: JobReport, name: str, found: Contract) -> None:
        if isinstance(found, MidsurfaceReport):
            self._bring_surface(job, report, (found.brain, MIDSURFACE_FILE), GEOMETRY)
        if isinstance(found, GraphReport):
            for surface in found.surfaces:
                file = beside(PurePosixPath("surfaces/x"), surface.file, report)
                self._bring_surface(job, report, (surface.brain, file), GEOMETRY | FOUND)
        result = MappingResult.model_validate({name: found})
        # Where it stands, its surfaces stand too.
        self._blobs.write(result_blob(job["project"], report.key), result.model_dump_json().encode())
        self._records.changes.tell(job["project"], "job", report.key)

    def _bring_surface(self, job: Document, report: JobReport, of: tuple[str, str], arrays: dict[str, tuple[str, int]]) -> None:
        brain, file = of
        if brain not in job["brains"]:
            raise UnreadableDataError(f"Job {report.key} tells of brain {brain}, which it was not given.")
        content = self._compute.result(report.key, file, LARGEST_SURFACE_BYTES)
        found = check_surface(content, arrays, file)
        self._blobs.write(surface_blob(job["project"], report.key, brain), content)
        self._blobs.write(packed_blob(job["project"], report.key, brain), packed_surface(found))

    def _read(self, shape: type[Contract], report: JobReport, place: PurePosixPath) -> Contract:
        try:
            return shape.model_validate_json(self._compute.result(report.key, str(place)))
        except ValidationError as error:
            raise UnreadableDataError(f"The result {place} of job {report.key} is no {shape.__name__}: {error}") from error


def check_surface(content: bytes, arrays: dict[str, tuple[str, int]], name: str) -> dict[str, NDArray[Any]]:
    """The arrays; UnreadableDataError unless they are these, of one length for all nodes, and triangles of nodes."""
    try:
        found = safetensors.numpy.load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UnreadableDataError(f"The surface {name} is no safetensors file: {error}") from error
    nodes = len(found["vertices_mm"]) if "vertices_mm" in found else 0
    for array, (kind, width) in arrays.items():
        values = found.get(array)
        if values is None:
            raise UnreadableDataError(f"The surface {name} lacks the array {array}.")
        rows = len(values) if array == "triangles" else nodes
        if values.dtype != np.dtype(kind) or values.shape != ((rows, width) if width > 1 else (rows,)):
            raise UnreadableDataError(f"The array {array} of surface {name} is {values.dtype} {values.shape}.")
        if kind == "float32" and not np.isfinite(values).all():
            raise UnreadableDataError(f"The array {array} of surface {name} holds numbers that are none.")
    triangles = found["triangles"]
    if triangles.size and not 0 <= triangles.min() <= triangles.max() < nodes:
        raise UnreadableDataError(f"Triangles of surface {name} name nodes that are not there.")
    return found


def result_blob(project: str, key: str) -> str:
    """Where what a job found lies."""
    return f"mapping/{project}/{key}/result.json"


def surface_blob(project: str, key: str, brain: str) -> str:
    """Where the surface of one of its brains lies."""
    return f"mapping/{project}/{key}/surfaces/{brain}.safetensors"


def packed_blob(project: str, key: str, brain: str) -> str:
    """Where its packed form lies; another number where the form becomes another."""
    return f"mapping/{project}/{key}/surfaces/{brain}.packed-1.gz"
