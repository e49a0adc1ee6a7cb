"""Brings the results of succeeded prediction jobs in: rasters into blobs, one prediction document per section."""

import contextlib
import io
import logging
from functools import partial
from pathlib import PurePosixPath

from PIL import Image, UnidentifiedImageError
from pydantic import ValidationError

from backend.domain.collections import JOBS, PREDICTIONS
from backend.domain.errors import BackendError, ComputeUnreachableError, UnreadableDataError
from backend.domain.keys import derived_key
from backend.ports import BlobStore, ComputeClient, Document, Query, VersionConflictError
from backend.services.dispatch import Dispatch
from backend.services.documents import read, write
from backend.services.records import Records
from core.contracts.jobs import JobReport, ResultState
from core.contracts.projects import Prediction
from core.contracts.training import SectionPrediction

LOG = logging.getLogger(__name__)
FOLDER = "predictions"
ATTEMPTS = 5


class Fetching:
    """Ids follow from job and section, so that fetching again after a crash writes the same things to the same places."""

    def __init__(self, records: Records, compute: ComputeClient, blobs: BlobStore, dispatch: Dispatch) -> None:
        self._records = records
        self._compute = compute
        self._blobs = blobs
        self._dispatch = dispatch

    def fetch_ready(self) -> None:
        """Fetch the results of every job that has some. A job whose results stay unreadable is given up with the reason."""
        for job in self._records.store.find(JOBS, Query({"stage": "fetch"})):
            try:
                self._fetch(job)
            except ComputeUnreachableError:
                raise
            except BackendError as error:
                LOG.warning("results of job %s: %s", job["id"], error)
                self._dispatch.change(job, partial(_tried, reason=error.message))

    def _fetch(self, job: Document) -> None:
        report = read(JobReport, job["report"])
        for path in sorted(report.results):
            place = PurePosixPath(path)
            if place.parent == PurePosixPath(FOLDER) and place.suffix == ".json":
                self._fetch_section(job, report, place)
        self._dispatch.change(job, lambda now: {**now, "stage": "done"})

    def _fetch_section(self, job: Document, report: JobReport, place: PurePosixPath) -> None:
        content = self._compute.result(report.key, str(place))
        try:
            found = SectionPrediction.model_validate_json(content)
        except ValidationError as error:
            raise UnreadableDataError(f"The result {place} of job {report.key} is not a prediction: {error}") from error
        prediction = Prediction(
            id=derived_key("prediction", job["project"], report.key, found.section),
            project=job["project"],
            task=job["task"],
            job=report.key,
            section=found.section,
            area=found.area,
            grid=found.grid,
            area_mm2=found.area_mm2,
            mean_confidence=found.mean_confidence,
            created_at=self._records.clock.now(),
        )
        for kind, name in (("label", found.label_file), ("confidence", found.confidence_file)):
            raster = self._compute.result(report.key, _beside(place, name, report))
            _check_raster(raster, found, name)
            self._blobs.write(blob_name(prediction, kind), raster)
        # Stored already when a crash came after; its change may not have been told, so it is told again.
        with contextlib.suppress(VersionConflictError):
            self._records.store.put(PREDICTIONS, f"{prediction.project}/{prediction.id}", write(prediction), expected=0)
        self._records.changes.tell(prediction.project, "prediction", prediction.id, section=prediction.section)


def blob_name(prediction: Prediction, kind: str) -> str:
    """Where a prediction's raster lies; `kind` is label or confidence."""
    return f"predictions/{prediction.project}/{prediction.id}_{kind}.png"


def _beside(place: PurePosixPath, name: str, report: JobReport) -> str:
    for candidate in (str(place.parent / name), name):
        if candidate in report.results:
            return candidate
    raise UnreadableDataError(f"The result {place} of job {report.key} names {name}, which is no result of the job.")


def _check_raster(content: bytes, found: SectionPrediction, name: str) -> None:
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            size, mode = image.size, image.mode
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise UnreadableDataError(f"The raster {name} is no PNG: {error}") from error
    if size != (found.grid.width_px, found.grid.height_px) or mode != "L":
        raise UnreadableDataError(f"The raster {name} is {size} of mode {mode}; its grid says {found.grid}.")


def _tried(job: Document, reason: str) -> Document:
    tried = int(job.get("tried", 0)) + 1
    report = read(JobReport, job["report"]).model_copy(update={"reason": f"The results could not be fetched: {reason}"})
    given_up = tried >= ATTEMPTS
    if given_up:
        report = report.model_copy(update={"result_state": ResultState.UNAVAILABLE})
    return {**job, "tried": tried, "stage": "done" if given_up else "fetch", "report": write(report)}
