"""Tell areas apart by the features of a trained encoder, and say how well that goes (thesis 6.1.1, 6.2.6 to 6.2.8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from core.contracts.features import (
    ClassificationReport,
    ClassifyPatchesParameters,
    FeaturesReport,
    PatchPoint,
    PatchStatistics,
    Robustness,
    Scores,
)
from core.contracts.jobs import JobDefinition
from core.inference.feature_picture import FEWEST, in_the_plane, nearest, principal, ward_clusters
from core.inference.kept_features import KeptFeatures, features_name
from core.inference.patch_features import features_at, load_encoder
from core.models.device import choose_device
from core.models.encoders import Encoder
from core.sampling.patch_sites import TEST, TRAIN, TRANSFER, PatchSites, epoch_order, statistics
from core.sampling.withheld import Withheld, sites_without
from core.tasks.annotated_brains import annotated_brains, check_transfer
from core.tasks.context import JobContext, JobInterruptedError
from core.tasks.model_files import write_text
from core.tasks.robustness import STEPS, Examined, robustness
from core.tasks.telling import tell
from core.training.checkpoint import write_tensors
from core.training.linear_classifier import LinearClassifier, fit, scores

CLASSIFIER_FILE, REPORT_FILE = "classifier.safetensors", "classification.json"
MOST_POINTS, POINTS_PER_AREA = 2000, 50
CHANGED_PATCHES = 500
"""Of the test patches, at most so many are changed on purpose: each change is a pass of its own."""


class ClassificationInputError(Exception):
    """Classification cannot start with what it was given."""


@dataclass(frozen=True, slots=True)
class Classified:
    """What is known of all sites: `features` (n, width), and the areas (n,) given to them."""

    sites: PatchSites
    features: NDArray[np.float16]
    classifier: LinearClassifier
    given: NDArray[np.intp]

    def scores(self, split: int) -> Scores:
        """Of the patches for TRAIN, TEST or TRANSFER."""
        there = self.sites.of(split)
        return scores(self.sites.areas, self.sites.area[there].astype(np.intp), self.given[there])


def classify_patches(definition: JobDefinition, context: JobContext) -> None:
    """Write `classifier.safetensors` and then `classification.json` into the results.

    ClassificationInputError, FeaturesFilesError, BrainsError or NoPatchesError say what is wrong with the inputs;
    JobInterruptedError when asked to stop: features of finished sections are kept for the next start.
    """
    parameters = definition.parameters
    if not isinstance(parameters, ClassifyPatchesParameters):
        raise ClassificationInputError(f"job {definition.key} is a {parameters.kind} job, not a classify_patches job")
    check_transfer(definition, parameters.transfer)
    encoder, trained = load_encoder(context.results_of(parameters.features_job), choose_device())
    tell(context.report, "finding patches", 0, 1)
    withheld = Withheld(parameters.transfer, parameters.transfer_areas)
    sites = sites_without(withheld, annotated_brains(definition, context), parameters.areas, trained.settings.patches)
    found = classified(sites, encoder, trained, parameters, context)
    stood, points = tuple[Robustness, ...](), tuple[PatchPoint, ...]()
    if not parameters.scores_only:
        examined = Examined(encoder, trained.settings, found.classifier)
        stood = tuple(_robustness(examined, found.sites, parameters.settings.seed, context))
        tell(context.report, "drawing the picture", 0, 1)
        points = _points(found, parameters.settings.seed)
    _write(found, trained, parameters, (stood, points), context)


def classified(
    sites: PatchSites, encoder: Encoder, trained: FeaturesReport, parameters: ClassifyPatchesParameters, context: JobContext
) -> Classified:
    """The features of all sites, and a classifier that learnt from those of training.

    Errors as of `features_at`; JobInterruptedError when asked to stop.
    """
    features = np.empty((len(sites), trained.feature_width), np.float16)
    kept = {
        number: KeptFeatures(context.checkpoints, features_name(encoder, brain.folder.brain.id, *_places(sites, number)))
        for number, brain in enumerate(sites.brains)
    }
    places = sorted({(int(brain), int(section)) for brain, section in zip(sites.brain, sites.section, strict=True)})
    for done, (brain, section) in enumerate(places):
        _go_on(context)
        tell(context.report, "computing features", done, len(places))
        here, folder = np.flatnonzero((sites.brain == brain) & (sites.section == section)), sites.brains[brain].folder
        features[here] = kept[brain].of(
            section,
            lambda: features_at(encoder, trained, folder, section, sites.centre_um[here]),  # noqa: B023 - used at once
        )
    tell(context.report, "learning to tell areas apart", 0, 1)
    train, settings = sites.of(TRAIN), parameters.settings
    row = np.zeros(len(sites), np.intp)
    row[train] = np.arange(len(train))
    order = partial(epoch_order, sites, trained.settings.patches, settings.seed)
    classifier = fit(
        features[train], sites.area[train].astype(np.intp), len(sites.areas), settings, lambda epoch: row[order(epoch)]
    )
    return Classified(sites, features, classifier, classifier.given(features))


def _places(sites: PatchSites, brain: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Where the patches of a brain are taken: sections and centres."""
    here = sites.brain == brain
    return sites.section[here], sites.centre_um[here]


def _robustness(examined: Examined, sites: PatchSites, seed: int, context: JobContext) -> Iterator[Robustness]:
    chosen = _some(sites, seed, CHANGED_PATCHES, CHANGED_PATCHES)
    if not len(chosen):
        return
    tell(context.report, "changing patches", 0, STEPS)
    for done, each in enumerate(robustness(examined, sites, chosen, seed), start=1):
        _go_on(context)
        tell(context.report, "changing patches", done, STEPS)
        yield each


def _some(sites: PatchSites, seed: int, most: int, per_area: int) -> NDArray[np.intp]:
    """Test sites at random, at most so many of an area and in all, in their order."""
    generator, test = np.random.default_rng(seed), sites.of(TEST)
    each = max(1, min(per_area, most // len(sites.areas)))
    by_area = [generator.permutation(test[sites.area[test] == area])[:each] for area in range(len(sites.areas))]
    return np.sort(np.concatenate(by_area))[:most]


def _points(found: Classified, seed: int) -> tuple[PatchPoint, ...]:
    """The picture of test patches; none where they are too few for one."""
    sites, chosen = found.sites, _some(found.sites, seed, MOST_POINTS, POINTS_PER_AREA)
    if len(chosen) < FEWEST:
        return ()
    components = principal(found.features[chosen])
    clusters, at, near = ward_clusters(components), in_the_plane(components, seed), nearest(found.features[chosen])
    return tuple(
        PatchPoint(
            brain=sites.brains[sites.brain[site]].folder.brain.id,
            section=int(sites.section[site]),
            centre_um=(float(sites.centre_um[site][0]), float(sites.centre_um[site][1])),
            area=sites.areas[sites.area[site]],
            given=sites.areas[found.given[site]],
            cluster=int(clusters[place]),
            at=(float(at[place][0]), float(at[place][1])),
            nearest=tuple(near[place].tolist()),
        )
        for place, site in enumerate(chosen)
    )


def _write(
    found: Classified,
    trained: FeaturesReport,
    parameters: ClassifyPatchesParameters,
    pictures: tuple[tuple[Robustness, ...], tuple[PatchPoint, ...]],
    context: JobContext,
) -> None:
    known = statistics(found.sites, trained.settings.patches)
    report = ClassificationReport(
        features_job=parameters.features_job,
        areas=parameters.areas,
        settings=parameters.settings,
        statistics=known,
        train=found.scores(TRAIN),
        test=found.scores(TEST),
        transfer=found.scores(TRANSFER) if len(found.sites.of(TRANSFER)) else None,
        robustness=pictures[0],
        points=pictures[1],
        warnings=(*known.warnings, *_seen(known, trained.statistics)),
    )
    weights = {"weight": torch.from_numpy(found.classifier.weight), "bias": torch.from_numpy(found.classifier.bias)}
    write_tensors(context.results / CLASSIFIER_FILE, weights, {})
    write_text(context.results / REPORT_FILE, report.model_dump_json(indent=1))


def _seen(here: PatchStatistics, trained: PatchStatistics) -> Iterator[str]:
    """What the encoder has learnt from is no honest test, nor does it transfer to it."""
    learnt = {each.brain: set(each.train) for each in trained.sections}
    for brain in here.sections:
        if set(brain.test) & learnt.get(brain.brain, set()):
            yield f"the encoder has learnt from sections of {brain.brain} that are for test here: its test score is too good"
        if brain.transfer and learnt.get(brain.brain):
            yield f"the encoder has learnt from {brain.brain}: its score there does not tell how well it transfers"


def _go_on(context: JobContext) -> None:
    if context.stop_requested():
        raise JobInterruptedError("classification was stopped")
