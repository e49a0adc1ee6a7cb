"""Features and graphs over HTTP: what a project's mapping page asks for and is told."""

from typing import Annotated

from pydantic import Field

from core.contracts.base import Contract, Identifier, Key
from core.contracts.features import (
    ClassificationReport,
    ClassifierSettings,
    ClassifyPatchesParameters,
    EncoderSettings,
    FeaturesParameters,
    FeaturesReport,
)
from core.contracts.graphs import GraphParameters, GraphReport, GraphSettings, MidsurfaceParameters, MidsurfaceReport
from core.contracts.jobs import JobReport

MappingParameters = Annotated[
    FeaturesParameters | ClassifyPatchesParameters | MidsurfaceParameters | GraphParameters, Field(discriminator="kind")
]


class NewMapping(Contract):
    """Starts one of the four jobs with the annotations of a project, and of others on further brains."""

    key: Key = Field(description="made by the client; the same again gives the same job")
    parameters: MappingParameters
    more_projects: tuple[Identifier, ...] = Field(default=(), max_length=100, description="on other brains, that you may see")


class MappingJob(Contract):
    """One of these jobs as the page lists it."""

    report: JobReport
    parameters: MappingParameters
    brains: tuple[Identifier, ...]
    author: Identifier


class MappingPreset(Contract):
    """A named choice of settings for all four kinds of jobs, offered on the page."""

    name: Identifier
    title: str
    description: str
    encoder: EncoderSettings
    classifier: ClassifierSettings
    midsurface: MidsurfaceParameters
    graph: GraphSettings


class MappingJobs(Contract):
    """The newest first; and what can be chosen for a new one."""

    jobs: tuple[MappingJob, ...]
    presets: tuple[MappingPreset, ...]


class MappingResult(Contract):
    """What an ended job found; the one field of its kind is set."""

    features: FeaturesReport | None = None
    classification: ClassificationReport | None = None
    midsurface: MidsurfaceReport | None = None
    graph: GraphReport | None = None
