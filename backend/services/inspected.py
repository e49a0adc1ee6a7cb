"""Results of jobs that look inside a model: pictures into blobs, and after them the document that names them."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from pydantic import ValidationError

from backend.domain.errors import UnreadableDataError
from backend.ports import BlobStore, ComputeClient, Document
from backend.services.records import Records
from backend.services.results import beside, read_png, read_raster
from core.contracts.inspection import Inspection
from core.contracts.jobs import JobReport

DOCUMENT = "inspection.json"


class Inspected:
    """Names follow from project and job, so that fetching again after a crash writes the same things to the same places."""

    def __init__(self, records: Records, compute: ComputeClient, blobs: BlobStore) -> None:
        self._records = records
        self._compute = compute
        self._blobs = blobs

    def bring(self, job: Document, report: JobReport, places: Sequence[PurePosixPath]) -> None:
        """Store the look at these places of the job's results (there is one); UnreadableDataError."""
        for place in places:
            content = self._compute.result(report.key, str(place))
            try:
                found = Inspection.model_validate_json(content)
            except ValidationError as error:
                raise UnreadableDataError(f"The result {place} of job {report.key} is not a look inside: {error}") from error
            self._bring_pictures(job, report, place, found)
            # Where it stands, its pictures stand too.
            self._blobs.write(inspection_blob(job["project"], report.key, DOCUMENT), content)
            self._records.changes.tell(job["project"], "job", report.key, section=found.section)

    def _bring_pictures(self, job: Document, report: JobReport, place: PurePosixPath, found: Inspection) -> None:
        on_grid = {found.image_file, *(file for each in found.occlusions for file in each.probability_files)}
        for name in found.files:
            content = self._compute.result(report.key, beside(place, name, report))
            if name in on_grid:
                read_raster(content, found.grid, name)
            else:
                read_png(content, name)
            self._blobs.write(inspection_blob(job["project"], report.key, name), content)


def inspection_blob(project: str, key: str, name: str) -> str:
    """Where a file of a look lies."""
    return f"inspections/{project}/{key}/{name}"
