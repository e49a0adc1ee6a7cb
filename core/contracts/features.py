"""Deep features of cortex patches (thesis chapter 6): parameters and reports of `features` and `classify_patches` jobs."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from core.contracts.base import XY, Contract, Identifier, Key
from core.contracts.datasets import SectionNumber

Encoder = Literal["base", "resnet18", "resnet50", "resnet101", "densenet121"]
FeatureLoss = Literal["cross_entropy", "supervised_contrastive", "self_supervised", "distance_and_location"]
Start = Literal["random", "distance_and_location"]
Areas = Annotated[tuple[Identifier, ...], Field(min_length=2, max_length=1000)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, max_length=100)]

SMALLEST_PX: dict[Encoder, int] = {"base": 128}
"""Of which something is left after all pooling; 64 for the others."""


class PatchSettings(Contract):
    """Where patches of the cortex are taken (thesis 6.1.2)."""

    pixel_size_um: PositiveFloat = 2.0
    patch_px: PositiveInt = 2048
    spacing_mm: PositiveFloat = Field(default=1.0, description="between the centres along the midline of an area")
    test_every: Annotated[int, Field(ge=2)] = Field(
        default=5, description="of the annotated sections each so-manieth is for test"
    )
    patches_per_area: PositiveInt | None = Field(
        default=None, description="in an epoch; null: so many that the median area is taken about once"
    )
    area_share: PositiveFloat = Field(default=1.0, description="factor on that number (thesis 6.2.5)")


class EncoderSettings(Contract):
    """How an encoder is trained. Defaults are the thesis's (6.1.3 to 6.1.5)."""

    encoder: Encoder = "resnet50"
    loss: FeatureLoss = "supervised_contrastive"
    patches: PatchSettings = PatchSettings()
    epochs: PositiveInt = 150
    start: Start = Field(
        default="random",
        description="what the encoder begins from: random weights, or those learnt by telling how far apart in the brain "
        "patches lie, and where (Spitzer et al., 2018)",
    )
    start_epochs: PositiveInt = Field(default=30, description="of that start, in which no area is used")
    batch_size: Annotated[int, Field(ge=2)] = 2048
    pass_size: PositiveInt | None = Field(
        default=None,
        description="patches a device holds at a time; with fewer than its share of a batch it goes over them twice",
    )
    learning_rate: PositiveFloat = 0.16
    momentum: NonNegativeFloat = 0.9
    weight_decay: NonNegativeFloat = 1e-4
    trust: PositiveFloat = Field(default=0.02, description="of LARS, eq. 2.11")
    temperature: PositiveFloat = 0.07
    shift_um: NonNegativeFloat = Field(default=200.0, description="farthest a centre is moved at random")
    intensity_variation: NonNegativeFloat = Field(default=1.0, description="factor on the ranges of 6.1.3; 0 varies nothing")
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    recompute: bool = Field(
        default=False, description="forget inner activations and compute them again: less memory, more time"
    )
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _large_enough(self) -> Self:
        least = SMALLEST_PX.get(self.encoder, 64)
        if self.patches.patch_px < least:
            raise ValueError(
                f"{self.encoder} wants patches of at least {least} px, not {self.patches.patch_px}; take larger patches or "
                "another encoder"
            )
        return self

    @model_validator(mode="after")
    def _can_be_normalised(self) -> Self:
        if self.pass_size == 1:
            raise ValueError("batch normalisation wants two patches at a time at least: pass_size 2 or more")
        return self


class FeaturesPreset(Contract):
    """A named choice of settings."""

    name: Identifier
    title: str
    description: str
    settings: EncoderSettings


class ClassifierSettings(Contract):
    """The linear classifier on frozen features (thesis 6.1.1, 6.1.4)."""

    epochs: PositiveInt = 30
    batch_size: PositiveInt = 2048
    learning_rate: PositiveFloat = 0.16
    seed: NonNegativeInt = 0


class _Patches(Contract):
    """Which areas, and what of them is learnt from."""

    areas: Areas
    transfer: tuple[Identifier, ...] = Field(
        default=(), description="brains nothing is learnt from; they tell how well it transfers"
    )
    transfer_areas: tuple[Identifier, ...] | None = Field(
        default=None,
        description="areas learnt from in those brains after all (thesis 6.2.3): these are then divided into sections for "
        "training and test as the others are, and those for test tell how well it transfers; null: nothing is, and all tell it",
    )

    @model_validator(mode="after")
    def _known_areas(self) -> Self:
        if strangers := set(self.transfer_areas or ()) - set(self.areas):
            raise ValueError(f"{', '.join(sorted(strangers))} cannot be learnt in the brains held out: not among the areas")
        return self


class FeaturesParameters(_Patches):
    """Parameters of a `features` job: an encoder learns from the annotated sections of one or several brains."""

    kind: Literal["features"] = "features"
    unseen: tuple[Identifier, ...] = Field(
        default=(), description="areas nothing is learnt from (thesis 6.2.4); sections are divided as if they were"
    )
    settings: EncoderSettings = EncoderSettings()

    @model_validator(mode="after")
    def _two_are_seen(self) -> Self:
        if strangers := set(self.unseen) - set(self.areas):
            raise ValueError(f"{', '.join(sorted(strangers))} cannot stay unseen: not among the areas")
        if len(self.areas) - len(set(self.unseen)) < 2:
            raise ValueError("two areas or more are wanted to learn from: leave fewer unseen")
        return self


class ClassifyPatchesParameters(_Patches):
    """Parameters of a `classify_patches` job: what a trained encoder's features tell about areas, which need not be those
    that it was trained with (thesis 6.2.4).
    """

    kind: Literal["classify_patches"] = "classify_patches"
    features_job: Key
    scores_only: bool = Field(default=False, description="neither change patches on purpose nor draw a picture of them")
    settings: ClassifierSettings = ClassifierSettings()


class AreaCount(Contract):
    """How many patches of an area there are, and how often an epoch takes each."""

    area: Identifier
    train: NonNegativeInt
    test: NonNegativeInt
    transfer: NonNegativeInt
    ratio: NonNegativeFloat = Field(description="patches taken in an epoch for each there is in training")


class SectionSplit(Contract):
    """Which sections of a brain are for what."""

    brain: Identifier
    train: tuple[SectionNumber, ...]
    test: tuple[SectionNumber, ...]
    transfer: tuple[SectionNumber, ...] = ()


class PatchStatistics(Contract):
    """The data set in numbers, for the page."""

    areas: tuple[AreaCount, ...]
    sections: tuple[SectionSplit, ...]
    patches_per_area: PositiveInt
    warnings: tuple[str, ...] = Field(default=(), description="areas with too few patches and the like, in words")


class FeaturesReport(Contract):
    """`results/features.json` of a features job; the encoder is `results/encoder.safetensors`, its settings here."""

    areas: Areas
    settings: EncoderSettings
    feature_width: PositiveInt
    statistics: PatchStatistics
    final_loss: float
    start_loss: float | None = Field(default=None, description="at the end of the start, where there was one")
    patches_per_s: NonNegativeFloat
    waiting_share: Share = Field(description="of the time of training: what was waited for patches")
    warnings: tuple[str, ...] = ()


class AreaScore(Contract):
    """How well an area is told from the others."""

    area: Identifier
    f1: Share
    precision: Share
    recall: Share
    patches: NonNegativeInt


class Scores(Contract):
    """A classifier on one set of patches."""

    macro_f1: Share
    areas: tuple[AreaScore, ...]
    confusion: tuple[tuple[NonNegativeInt, ...], ...] = Field(description="rows: true area, columns: given area")

    @model_validator(mode="after")
    def _square(self) -> Self:
        side = len(self.areas)
        if len(self.confusion) != side or any(len(row) != side for row in self.confusion):
            raise ValueError(f"the confusion of {side} areas has {side} rows of {side} numbers")
        return self


class Robustness(Contract):
    """Macro F1 on test patches that were changed on purpose (thesis 6.2.6)."""

    change: Name = Field(description="what was changed, e.g. `rotation`")
    value: float
    unit: Name
    macro_f1: Share


class PatchPoint(Contract):
    """A patch in the picture of all features (thesis 6.2.7), with the patches whose features are nearest (6.2.8)."""

    brain: Identifier
    section: SectionNumber
    centre_um: XY
    area: Identifier
    given: Identifier
    cluster: NonNegativeInt
    at: XY = Field(description="place in the t-SNE picture")
    nearest: tuple[NonNegativeInt, ...] = Field(description="indices of the nearest patches among these, nearest first")


class ClassificationReport(Contract):
    """`results/classification.json` of a classify_patches job; the classifier is `results/classifier.safetensors`."""

    features_job: Key
    areas: Areas
    settings: ClassifierSettings
    statistics: PatchStatistics
    train: Scores
    test: Scores
    transfer: Scores | None = None
    robustness: tuple[Robustness, ...] = ()
    points: tuple[PatchPoint, ...] = Field(default=(), description="of test patches, at most 2000")
    warnings: tuple[str, ...] = ()
