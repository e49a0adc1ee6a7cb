"""Train an encoder of cortex patches on the annotated sections of one or several brains (thesis chapter 6)."""

from contextlib import nullcontext
from dataclasses import dataclass, replace

from core.contracts.features import FeaturesParameters, FeaturesReport, PatchStatistics
from core.contracts.jobs import JobDefinition
from core.inference.patch_features import ENCODER_FILE, REPORT_FILE
from core.models.encoders import encoder_for
from core.sampling.patch_sites import statistics
from core.sampling.site_places import site_places
from core.sampling.withheld import Withheld, sites_without
from core.tasks.annotated_brains import annotated_brains, check_transfer
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.model_files import write_text
from core.tasks.start_encoder import start_encoder, start_settings
from core.tasks.telling import say_nothing, tell
from core.training.checkpoint import write_tensors
from core.training.crops import CropReader, crop_stage
from core.training.encoder_batches import CropChunks
from core.training.encoder_loop import EncoderResult, Learner, recalibration, train_encoder
from core.training.normalisation import recalibrate_by
from core.training.peers import Peers, joined


class FeaturesInputError(Exception):
    """Training cannot start with what it was given."""


@dataclass(frozen=True, slots=True)
class _Trained:
    learner: Learner
    statistics: PatchStatistics
    result: EncoderResult
    start_loss: float | None
    notes: tuple[str, ...]


def train_features(definition: JobDefinition, context: JobContext) -> None:
    """Write `encoder.safetensors` and then `features.json` into the results; resumes from a checkpoint.

    FeaturesInputError, BrainsError, NoPatchesError, PlacesError or TrainingDivergedError say what is wrong with the inputs or
    the settings; JobInterruptedError when asked to stop, after writing a checkpoint. Several processes, started as torchrun
    does, train one encoder together; the first one reports and writes. PeersError when they do not find or lose one another.
    """
    parameters = definition.parameters
    if not isinstance(parameters, FeaturesParameters):
        raise FeaturesInputError(f"job {definition.key} is a {parameters.kind} job, not a features job")
    check_transfer(definition, parameters.transfer)
    with joined() as peers:
        trained = _train(definition, parameters, context if peers.speaks else replace(context, report=say_nothing), peers)
    if peers.speaks:
        write_tensors(context.results / ENCODER_FILE, trained.learner.encoder.state_dict(), {})
        write_text(context.results / REPORT_FILE, _report(trained, parameters).model_dump_json(indent=1))


def _train(definition: JobDefinition, parameters: FeaturesParameters, context: JobContext, peers: Peers) -> _Trained:
    """What all processes do together."""
    settings = parameters.settings
    tell(context.report, "finding patches", 0, 1)
    brains = annotated_brains(definition, context)
    withheld = Withheld(parameters.transfer, parameters.transfer_areas, parameters.unseen)
    sites = sites_without(withheld, brains, parameters.areas, settings.patches)
    reader, encoder, start = CropReader(brains, sites, settings), encoder_for(settings), None
    by_place = settings.loss == "distance_and_location"
    places = site_places(sites) if by_place or settings.start != "random" else None
    with crop_stage(context.open_stage, reader) if context.open_stage else nullcontext() as readers:
        if settings.start != "random":
            first = start_settings(settings)
            start = start_encoder(encoder, CropChunks(reader, first, peers, places, readers), first, context, peers)
        source = CropChunks(reader, settings, peers, places if by_place else None, readers)
        learner = Learner(encoder, settings, len(parameters.areas))
        result = train_encoder(learner, source, settings, context, peers)
        if not result.finished:
            of = settings.epochs * source.steps_per_epoch
            raise JobInterruptedError(f"training was stopped after {result.steps} of {of} steps")
        tell(context.report, "taking statistics", 0, 1)
        recalibrate_by(learner, recalibration(source, learner, settings))
    notes = (*([places.note] if places else []), *(start.warnings if start else []), *result.warnings)
    return _Trained(learner, statistics(sites, settings.patches), result, start.loss if start else None, notes)


def _report(trained: _Trained, parameters: FeaturesParameters) -> FeaturesReport:
    result = trained.result
    return FeaturesReport(
        areas=parameters.areas,
        settings=parameters.settings,
        feature_width=trained.learner.encoder.feature_width,
        statistics=trained.statistics,
        final_loss=result.loss,
        start_loss=trained.start_loss,
        patches_per_s=result.patches_per_s,
        waiting_share=result.waiting_share,
        warnings=(*trained.statistics.warnings, *trained.notes),
    )
