"""Parameters of local segmentation models (thesis 5.1) and their presets; no torch here, the backend reads it too."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from core.contracts.base import XY, Contract, Identifier, Key
from core.contracts.datasets import RasterGrid, SectionNumber

Architecture = Literal["hr_unet", "lr_unet", "ms_unet"]
Precision = Literal["float32", "bfloat16"]

# The classes of thesis 5.1.2, as they stand in label rasters and in the networks' output channels: three auxiliary ones, then
# the areas in the order the model names them. In the label raster of a prediction, which is of one area, that area is AREA.
BACKGROUND, WHITE_MATTER, OTHER_GRAY_MATTER, AREA = range(4)
AUXILIARY_CLASSES = ("background", "white matter", "other gray matter")


class SegmentationSettings(Contract):
    """How a local segmentation model is trained. Defaults are the thesis's (5.1.2 to 5.1.5)."""

    architecture: Architecture = "ms_unet"
    high_pixel_size_um: PositiveFloat = Field(default=2.0, description="of the high-resolution input")
    low_pixel_size_um: PositiveFloat = Field(default=16.0, description="of the low-resolution input and of the labels")
    output_px: PositiveInt = Field(default=64, description="side of a training patch's label square")
    iterations: PositiveInt = 3000
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 0.04
    halve_learning_rate_at: tuple[PositiveInt, ...] = (1000, 1400, 1800, 2200, 2600)
    momentum: NonNegativeFloat = 0.9
    weight_decay: NonNegativeFloat = 1e-4
    roi_radius_mm: PositiveFloat = 5.0
    roi_enlargement: PositiveFloat = Field(default=1.05, description="factor on the radius for prediction, eq. 5.65")
    weight_classes: bool = Field(default=True, description="weight the loss by the inverse share of each class in the regions")
    intensity_variation: NonNegativeFloat = Field(default=1.0, description="factor on the ranges of 5.1.3; 0 varies nothing")
    precision: Precision = "bfloat16"
    start_weights: Identifier | None = Field(default=None, description="name of packaged weights to start from")
    shape_prior: NonNegativeFloat = Field(
        default=1.0, description="weight of the outlines interpolated between training sections; 0: the texture alone decides"
    )
    shape_input: bool = Field(
        default=False, description="the network sees the outlines interpolated between training sections beside the image"
    )
    validation_share: float = Field(
        default=0.1,
        ge=0,
        le=0.5,
        description="share of the training regions held out in blocks, to validate and calibrate",
    )
    seed: NonNegativeInt = 0


class TrainParameters(Contract):
    """Parameters of a `train` job: a model of one or several areas, trained on the sections where they are annotated.

    Two sections make a local model (thesis 5.1.1), all annotated ones a global model (5.2.1).
    """

    kind: Literal["train"] = "train"
    areas: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=200)]
    sections: Annotated[tuple[SectionNumber, ...], Field(min_length=2, max_length=10_000)]
    settings: SegmentationSettings = SegmentationSettings()
    start_model: Key | None = Field(default=None, description="the training job whose model to go on from")

    @model_validator(mode="after")
    def _in_order(self) -> "TrainParameters":
        if list(self.sections) != sorted(set(self.sections)):
            raise ValueError(f"training sections must be different and in increasing order, got {self.sections[:20]}")
        if len(set(self.areas)) < len(self.areas):
            raise ValueError(f"an area is named twice among {self.areas}")
        return self


class PredictParameters(Contract):
    """Parameters of a `predict` job: one model over sections that lie between its training sections, or several together."""

    kind: Literal["predict"] = "predict"
    model_job: Key
    more_models: tuple[Key, ...] = Field(
        default=(),
        max_length=9,
        description="further training jobs of the same areas, sections and network: the models' probabilities are averaged",
    )
    sections: tuple[SectionNumber, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _different_models(self) -> "PredictParameters":
        if len({self.model_job, *self.more_models}) <= len(self.more_models):
            raise ValueError("a model is named twice: only models that differ know more together")
        return self


class BorderStretch(Contract):
    """A stretch of a predicted border with how doubtful it is, from 0 (certain) to 1."""

    points: Annotated[tuple[XY, ...], Field(min_length=2, max_length=10_000)]
    length_mm: NonNegativeFloat
    doubt: float = Field(ge=0, le=1)


class SectionPrediction(Contract):
    """`results/predictions/<section>_<area>.json` of a predict job; its rasters are PNG files beside it."""

    section: SectionNumber
    area: Identifier
    grid: RasterGrid
    label_file: str = Field(description="8-bit PNG of class numbers; 255 outside the region of interest")
    confidence_file: str = Field(description="8-bit PNG, probability of the given label times 255")
    probability_file: str = Field(description="8-bit PNG, calibrated probability of the area times 255")
    entropy_file: str = Field(description="8-bit PNG, entropy over the classes, from 0 to that of an even guess, times 255")
    area_mm2: NonNegativeFloat
    mean_confidence: float = Field(ge=0, le=1)
    doubt: float = Field(ge=0, le=1, description="expected share of the area's extent that is wrong; orders the review queue")
    border: tuple[BorderStretch, ...] = Field(default=(), description="the area's border in stretches, most doubtful first")
    alignment_doubt: str = Field(
        default="",
        description="why no chain of the alignment from a training section can be trusted, in words; empty when one can",
    )


class ReliabilityBin(Contract):
    """Pixels whose given label had a probability in one interval: how sure the model was, and how often it was right."""

    confidence: float = Field(ge=0, le=1)
    accuracy: float = Field(ge=0, le=1)
    share: float = Field(ge=0, le=1)


class Calibration(Contract):
    """The temperature that makes probabilities honest on held-out parts of the training regions (Guo et al. 2017)."""

    temperature: PositiveFloat = 1.0
    ece_before: float = Field(ge=0, le=1, description="expected calibration error without it")
    ece_after: float = Field(ge=0, le=1)
    bins: tuple[ReliabilityBin, ...] = Field(default=(), description="after calibration")


class ModelReport(Contract):
    """`results/report.json` of a train job: how good the model is, as far as the training sections can tell."""

    areas: tuple[Identifier, ...]
    sections: tuple[SectionNumber, ...]
    iterations: PositiveInt
    final_loss: NonNegativeFloat
    training_f1: dict[str, float] = Field(description="by area, over the last reported stretch of training")
    validation_f1: dict[str, float] = Field(default_factory=dict, description="by area, on held-out blocks; empty without any")
    calibration: Calibration | None = None
    warnings: tuple[str, ...] = Field(default=(), description="what a person should know, in words")


class Preset(Contract):
    """A named choice of settings offered in the wizard."""

    name: Identifier
    title: str
    description: str
    settings: SegmentationSettings
