"""Results of a brain's own jobs, put into the brain's folder, where training and all else read them."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import ValidationError

from backend.domain.brain_work import images_of, with_next
from backend.domain.errors import UnreadableDataError
from backend.ports import ComputeClient, Document
from backend.services.brain_lock import changing
from backend.services.brains import Brains
from backend.services.results import beside, read_raster
from core.anatomy.by_hand import merged
from core.contracts.anatomy import SectionTissue
from core.contracts.base import Contract
from core.contracts.datasets import Alignment, AlignmentStep, Brain
from core.contracts.jobs import JobReport
from core.datasets import BrainFolder, write_alignment, write_tissue

Shape = TypeVar("Shape", bound=Contract)


class Publishing:
    """Publishing again after a crash writes the same files; each is replaced whole or not at all."""

    def __init__(self, compute: ComputeClient, brains: Brains) -> None:
        self._compute = compute
        self._brains = brains

    def tissue(self, job: Document, report: JobReport, places: Sequence[PurePosixPath]) -> None:
        """Put the tissue classes at these places of the job's results into the brain; UnreadableDataError."""
        folder = self._folder(job, report)
        for place in places:
            found = self._read(SectionTissue, report, place)
            if found.section not in job["sections"]:
                raise UnreadableDataError(f"{place} of job {report.key} is about section {found.section}, not asked for.")
            name = beside(place, found.label_file, report)
            labels = read_raster(self._compute.result(report.key, name), found.grid, name)
            try:
                with changing(folder):
                    write_tissue(folder.path, folder.brain.id, found.section, labels, found.grid)
            except ValueError as error:
                raise UnreadableDataError(f"{name} of job {report.key} holds no tissue classes: {error}") from error

    def alignment(self, job: Document, report: JobReport, places: Sequence[PurePosixPath]) -> None:
        """Take the steps of the job's sections over; those set by hand meanwhile stay. UnreadableDataError."""
        folder = self._folder(job, report)
        for place in places:
            found = self._read(Alignment, report, place)
            steps = _checked_steps(folder.brain, job["sections"], found.steps, report)
            with changing(folder):
                write_alignment(folder.path, merged(self._brains.alignment(folder.brain.id), steps))

    def _folder(self, job: Document, report: JobReport) -> BrainFolder:
        """The brain the job was for; UnreadableDataError when its images are others by now."""
        folder = self._brains.newest(job["brain"])
        if images_of(folder.brain, job["kind"], job["sections"]) != job["images"]:
            raise UnreadableDataError(
                f"The images of brain {folder.brain.id} changed since job {report.key} was started. Start it again."
            )
        return folder

    def _read(self, shape: type[Shape], report: JobReport, place: PurePosixPath) -> Shape:
        try:
            return shape.model_validate_json(self._compute.result(report.key, str(place)))
        except ValidationError as error:
            raise UnreadableDataError(f"The result {place} of job {report.key} is no {shape.__name__}: {error}") from error


def _checked_steps(
    brain: Brain, sections: Iterable[int], steps: Iterable[AlignmentStep], report: JobReport
) -> list[AlignmentStep]:
    wanted, following = set(sections), dict(with_next(brain))
    computed = [step for step in steps if step.section in wanted and not step.hand_set]
    if wrong := [step.section for step in computed if following.get(step.section) != step.successor]:
        raise UnreadableDataError(f"The alignment of job {report.key} leads from section {wrong[0]} not to the next one.")
    return computed
