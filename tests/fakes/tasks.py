"""Run training and prediction tasks in a folder, the way a job would, on a brain whose truth is known."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from core.contracts.annotations import FrozenAnnotation
from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, JobParameters, Progress
from core.contracts.presets import PRESETS
from core.contracts.training import PredictParameters, SegmentationSettings, TrainParameters
from core.datasets import BrainFolder
from core.tasks.context import JobContext
from core.tasks.predict_sections import predict
from core.tasks.train_segmentation import train

TRAIN_KEY, PREDICT_KEY, START_KEY = "a" * 32, "b" * 32, "c" * 32
AREA = "hOc1"

Frozen = tuple[FrozenAnnotation, ...]


@dataclass
class LocalRun:
    """A brain, a folder for what comes out, and what was reported."""

    brain: BrainFolder
    folder: Path
    settings: SegmentationSettings = PRESETS["tiny"].settings
    sections: tuple[int, ...] = (901, 941)
    areas: tuple[str, ...] = (AREA,)
    start: "LocalRun | None" = None
    stop: bool = False
    element: int = 0
    reports: list[Progress] = field(default_factory=list)

    def results_of(self, key: str) -> Path:
        """The results folder of a job; of the other training where that is asked for."""
        if key == START_KEY and self.start is not None:
            return self.start.results_of(TRAIN_KEY)
        return self.folder / key / "results"

    def context(self, key: str) -> JobContext:
        """The surroundings of a job, its folders made."""
        for name in ("results", "checkpoints"):
            (self.folder / key / name).mkdir(parents=True, exist_ok=True)
        return JobContext(
            brain_folder=self.brain.path,
            results=self.results_of(key),
            checkpoints=self.folder / key / "checkpoints",
            results_of=self.results_of,
            report=self.reports.append,
            stop_requested=lambda: self.stop,
        )

    def annotations(self) -> tuple[FrozenAnnotation, ...]:
        """The truth of both training sections as annotations."""
        return tuple(
            FrozenAnnotation(uid=uuid4().hex, version=1, section=number, area=outline.area, paths=outline.paths)
            for number in self.sections
            for outline in self.brain.truth(number).outlines
            if outline.area in self.areas
        )

    def definition(self, key: str, parameters: JobParameters, annotations: Frozen | None = None) -> JobDefinition:
        """A job definition on this brain, with the truth as annotations unless others are given."""
        used = self.annotations() if annotations is None else annotations
        return JobDefinition(
            key=key,
            title="test",
            parameters=parameters,
            inputs=JobInputs(
                brain=BrainReference(id=self.brain.brain.id, fingerprint=self.brain.fingerprint()), annotations=used
            ),
            code_version="test",
            submitted_by="tester",
        )

    def train(self, annotations: Frozen | None = None) -> Path:
        """Train; the results folder."""
        parameters = TrainParameters(
            areas=self.areas, sections=self.sections, settings=self.settings, start_model=START_KEY if self.start else None
        )
        train(self.definition(TRAIN_KEY, parameters, annotations), self.context(TRAIN_KEY))
        return self.results_of(TRAIN_KEY)

    def predict(self, sections: tuple[int, ...], elements: int = 1, **changes: Any) -> Path:
        """Predict, as one element of several where that is asked for; the results folder."""
        values = {"model_job": TRAIN_KEY, "sections": sections} | changes
        context = replace(self.context(PREDICT_KEY), element=self.element, elements=elements)
        predict(self.definition(PREDICT_KEY, PredictParameters(**values)), context)
        return self.results_of(PREDICT_KEY)
