"""Results of prediction jobs: rasters into blobs, one prediction document per section."""

import contextlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from backend.domain.collections import PREDICTIONS
from backend.domain.errors import UnreadableDataError
from backend.domain.keys import derived_key
from backend.ports import BlobStore, ComputeClient, Document, VersionConflictError
from backend.services.documents import write
from backend.services.records import Records
from backend.services.results import beside, read_raster
from core.contracts.jobs import JobReport
from core.contracts.projects import Prediction
from core.contracts.training import BorderStretch, SectionPrediction

RasterKind = Literal["label", "confidence", "probability", "entropy"]
BORDER: TypeAdapter[tuple[BorderStretch, ...]] = TypeAdapter(tuple[BorderStretch, ...])


class Predicted:
    """Ids follow from job and section, so that fetching again after a crash writes the same things to the same places."""

    def __init__(self, records: Records, compute: ComputeClient, blobs: BlobStore) -> None:
        self._records = records
        self._compute = compute
        self._blobs = blobs

    def bring(self, job: Document, report: JobReport, places: Sequence[PurePosixPath]) -> None:
        """Store the predictions that lie at these places of the job's results."""
        for place in places:
            self._bring_section(job, report, place)

    def _bring_section(self, job: Document, report: JobReport, place: PurePosixPath) -> None:
        content = self._compute.result(report.key, str(place))
        try:
            found = SectionPrediction.model_validate_json(content)
        except ValidationError as error:
            raise UnreadableDataError(f"The result {place} of job {report.key} is not a prediction: {error}") from error
        prediction = Prediction(
            id=derived_key("prediction", job["project"], report.key, found.section, found.area),
            project=job["project"],
            task=job["task"],
            job=report.key,
            section=found.section,
            area=found.area,
            grid=found.grid,
            area_mm2=found.area_mm2,
            mean_confidence=found.mean_confidence,
            doubt=found.doubt,
            alignment_doubt=found.alignment_doubt,
            created_at=self._records.clock.now(),
        )
        rasters: dict[RasterKind, str] = {
            "label": found.label_file,
            "confidence": found.confidence_file,
            "probability": found.probability_file,
            "entropy": found.entropy_file,
        }
        for kind, name in rasters.items():
            raster = self._compute.result(report.key, beside(place, name, report))
            read_raster(raster, found.grid, name)
            self._blobs.write(blob_name(prediction, kind), raster)
        self._blobs.write(border_name(prediction), BORDER.dump_json(found.border))
        # Stored already when a crash came after; its change may not have been told, so it is told again.
        with contextlib.suppress(VersionConflictError):
            self._records.store.put(PREDICTIONS, f"{prediction.project}/{prediction.id}", write(prediction), expected=0)
        self._records.changes.tell(prediction.project, "prediction", prediction.id, section=prediction.section)


def border_name(prediction: Prediction) -> str:
    """Where a prediction's border lies: too large for the documents of a whole project, which are read to show marks."""
    return f"predictions/{prediction.project}/{prediction.id}_border.json"


def blob_name(prediction: Prediction, kind: RasterKind) -> str:
    """Where a prediction's raster lies."""
    return f"predictions/{prediction.project}/{prediction.id}_{kind}.png"
