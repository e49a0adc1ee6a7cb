"""Parameters of local segmentation models (thesis 5.1) and their presets; no torch here, the backend reads it too."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from core.contracts.base import Contract, Identifier, Key
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
    """Parameters of a `predict` job: one model over sections that lie between its training sections."""

    kind: Literal["predict"] = "predict"
    model_job: Key
    sections: tuple[SectionNumber, ...] = Field(min_length=1)


class SectionPrediction(Contract):
    """`results/predictions/<section>_<area>.json` of a predict job; its rasters are PNG files beside it."""

    section: SectionNumber
    area: Identifier
    grid: RasterGrid
    label_file: str = Field(description="8-bit PNG of class numbers; 255 outside the region of interest")
    confidence_file: str = Field(description="8-bit PNG, probability of the given label times 255")
    area_mm2: NonNegativeFloat
    mean_confidence: float = Field(ge=0, le=1)


class Preset(Contract):
    """A named choice of settings offered in the wizard."""

    name: Identifier
    title: str
    description: str
    settings: SegmentationSettings
