"""The experiments of thesis 6.2.1 to 6.2.5 as a table: what each varies, everything else being as in its size.

A row that changes nothing is the thesis's R50-SCL, the encoder and loss of the size; `CROSS_ENTROPY` is its R50-CE. Rows of
several experiments that come to the same training are trained once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.contracts.features import ClassifierSettings, EncoderSettings, PatchSettings
from core.contracts.features import Encoder as EncoderName
from core.contracts.presets import FEATURES_PRESETS

Side = Literal["small", "large"]
Changes = dict[str, str]
CROSS_ENTROPY: Changes = {"loss": "cross_entropy"}
BASE_SCRATCH: Changes = {"loss": "cross_entropy", "encoder": "base"}
BASE_STARTED: Changes = BASE_SCRATCH | {"start": "distance_and_location"}


@dataclass(frozen=True, slots=True)
class Variation:
    """One row of an experiment: `changes` to the size's settings, and of what how much is learnt from.

    `value` is its place on the horizontal axis of a plot; None where rows have no order. `drawn` rows choose areas at random
    and are repeated.
    """

    label: str
    changes: Changes = field(default_factory=dict)
    side: Side = "large"
    value: float | None = None
    areas_share: float = 1.0
    transfer_share: float | None = None
    patches_share: float = 1.0

    @property
    def drawn(self) -> bool:
        """Whether areas are chosen at random."""
        return self.areas_share < 1 or self.transfer_share not in (None, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A table of the thesis: what is varied, from row to row.

    `encoders` stands for a row for each encoder of the size, `brains` for a row for each brain being the one held out.
    `best_rate`: each row is trained with all learning rates of the size, and the best by its test score counts.
    """

    title: str
    section: str
    figure: str
    varied: str
    rows: tuple[Variation, ...] = ()
    encoders: bool = False
    brains: bool = False
    best_rate: bool = False


@dataclass(frozen=True, slots=True)
class GridSize:
    """How large a run of the experiments is. `patch_px` holds small and large patches, `base_px` those of the base encoder.

    `cross_entropy_epochs` are as many as contrast and classifier take together (thesis 6.2.1).
    """

    settings: EncoderSettings
    encoders: tuple[EncoderName, ...]
    patch_px: Mapping[Side, int]
    base_px: Mapping[Side, int]
    cross_entropy_epochs: int
    learning_rates: tuple[float, ...]
    repetitions: int
    classifier: ClassifierSettings


EXPERIMENTS: dict[str, Experiment] = {
    "baseline": Experiment(
        "Baseline by cross-entropy", "6.2.1", "6.4", "encoder, start and size of patches",
        (
            Variation("base, small patches", BASE_SCRATCH, "small"),
            Variation("base, started by distance and location, small patches", BASE_STARTED, "small"),
            Variation("base, large patches", BASE_SCRATCH),
            Variation("base, started by distance and location, large patches", BASE_STARTED),
            Variation("larger encoder, small patches", CROSS_ENTROPY, "small"),
            Variation("larger encoder, large patches", CROSS_ENTROPY),
        ),
        best_rate=True,
    ),
    "architectures": Experiment(
        "Encoders by supervised contrast", "6.2.2", "6.5", "encoder; one by cross-entropy beside them",
        (Variation("cross-entropy", CROSS_ENTROPY),), encoders=True, best_rate=True,
    ),
    "transfer_brains": Experiment("Each brain held out", "6.2.3", "6.6", "brain held out", brains=True),
    "transfer_areas": Experiment(
        "Areas annotated in the brain held out", "6.2.3", "6.7", "share of areas learnt from in the brain held out (%)",
        tuple(Variation(f"{each} %", value=each, transfer_share=each / 100) for each in (0, 25, 50, 75, 100)),
    ),
    "unseen_areas": Experiment(
        "Areas the encoder has not seen", "6.2.4", "6.8", "share of areas the encoder learns from (%)",
        tuple(Variation(f"{each} %", value=each, areas_share=each / 100) for each in (25, 50, 75, 100)),
    ),
    "sample_counts": Experiment(
        "Patches of an area", "6.2.5", "6.9", "patches of each area in an epoch, of the usual number (%)",
        tuple(Variation(f"{each} %", value=each, patches_share=each / 100) for each in (25, 50, 75, 100, 133, 166)),
    ),
}  # fmt: skip

SIZES: dict[str, GridSize] = {
    "demo": GridSize(
        settings=EncoderSettings(
            encoder="resnet18",
            patches=PatchSettings(pixel_size_um=16.0, patch_px=256, spacing_mm=2.0, patches_per_area=12),
            epochs=4,
            start_epochs=2,
            batch_size=24,
            intensity_variation=0.25,
        ),
        encoders=("base", "resnet18", "resnet50"),
        patch_px={"small": 128, "large": 256},
        base_px={"small": 128, "large": 256},
        cross_entropy_epochs=5,
        learning_rates=(0.16,),
        repetitions=1,
        classifier=ClassifierSettings(batch_size=256),
    ),
    "standard": GridSize(
        settings=FEATURES_PRESETS["standard"].settings.model_copy(update={"learning_rate": 0.08}),
        encoders=("base", "resnet18", "resnet50", "resnet101", "densenet121"),
        patch_px={"small": 1024, "large": 2048},
        base_px={"small": 1129, "large": 2025},
        cross_entropy_epochs=180,
        learning_rates=(0.16, 0.08),
        repetitions=3,
        classifier=ClassifierSettings(),
    ),
}
RECOMPUTED: tuple[EncoderName, ...] = ("resnet101", "densenet121")
"""Encoders that want gradient checkpointing (thesis 6.1.5)."""
