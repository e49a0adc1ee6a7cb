"""Which phantom brains there are: for tests, for the demo, for benchmarks, and for training start weights."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from core.phantom.anatomy import load_block
from core.phantom.variation import Variation, Window

AREA = "hOc1"
ANNOTATED_SECTIONS = (901, 1021)  # the ends of the demo brain's interval
Damage = Literal["torn", "folded"]


@dataclass(frozen=True, kw_only=True)
class PhantomSpec:
    """One phantom brain. Section number n is cut at y = `origin_mm` + n times the thickness (RAS, mm)."""

    brain_id: str
    title: str
    blocks: tuple[str, ...]
    numbers: tuple[int, ...]
    annotated_sections: tuple[int, int]
    """The ends of the interval that a demo project has annotated."""
    origin_mm: float
    window: Window
    pixel_size_um: float
    seed: int
    section_thickness_um: float = 20.0
    jpeg_quality: int = 75
    variation: Variation = field(default_factory=Variation)
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    damage: tuple[tuple[int, Damage], ...] = ()

    def plane_mm(self, number: int) -> float:
        """Where a section is cut along the posterior-anterior axis."""
        return self.origin_mm + number * self.section_thickness_um / 1000

    @property
    def tilt_centre_mm(self) -> tuple[float, float, float]:
        """The point about which the anatomy is tilted: the middle of the window and of the series."""
        planes = [self.plane_mm(number) for number in self.numbers]
        return self.window.centre_mm[0], (min(planes) + max(planes)) / 2, self.window.centre_mm[1]

    @property
    def megapixels(self) -> float:
        """Size of all full-resolution images together."""
        return len(self.numbers) * self.window.width_mm * self.window.height_mm / self.pixel_size_um**2


def _at(plane_mm: float, number: int, thickness_um: float = 20.0) -> float:
    """The origin that puts a section at a plane."""
    return plane_mm - number * thickness_um / 1000


PRESETS: dict[str, PhantomSpec] = {
    "tiny": PhantomSpec(
        brain_id="TINY",
        title="Tiny phantom",
        blocks=("occipital_right",),
        numbers=(901, 911, 921, 931, 941),
        annotated_sections=(901, 941),
        origin_mm=_at(-40.0, 921),
        window=Window((7.4, -10.3), 8.0, 8.0),
        pixel_size_um=4.0,
        seed=7,
        variation=Variation(deformation_rms_um=120.0, rotation_sd_deg=1.0, shift_sd_um=80.0),
    ),
    # 2 µm, not 1: thirteen sections with all of hOc1 and 5 mm around it are 13 Gpx at 1 µm, more than the budget of
    # 1 GB and four minutes holds.
    "demo": PhantomSpec(
        brain_id="B20",
        title="Demo brain",
        blocks=("occipital_right",),
        numbers=(881, 891, *range(901, 1022, 10), 1031, 1041),
        annotated_sections=ANNOTATED_SECTIONS,
        origin_mm=_at(-38.7, 961),
        window=Window((13.0, -2.0), 26.0, 33.0),
        pixel_size_um=2.0,
        seed=20,
        variation=Variation(deformation_rms_um=260.0),
        damage=((891, "folded"), (981, "torn")),
    ),
    "bench": PhantomSpec(
        brain_id="BENCH",
        title="Sections of real size",
        blocks=("occipital_left", "occipital_right"),
        numbers=(1301, 1311),
        annotated_sections=(1301, 1311),
        origin_mm=_at(-30.0, 1301),
        window=Window((2.0, 12.0), 132.0, 112.0),
        pixel_size_um=1.0,
        seed=3,
    ),
}


def start_weight_specs(count: int) -> list[PhantomSpec]:
    """Brains to train start weights on, none of them the demo brain: left hemisphere, other places, seeds and stains.

    Two sections each, 2.4 mm apart, at 2 µm, in a window of 26 x 30 mm around hOc1.
    """
    return [_start_weight_spec(index) for index in range(count)]


def _start_weight_spec(index: int) -> PhantomSpec:
    rng = np.random.default_rng([1909, index])
    # Van der Corput's sequence spreads any number of brains evenly along hOc1.
    share = sum(int(bit) / 2 ** (k + 1) for k, bit in enumerate(reversed(f"{index + 1:b}")))
    plane_mm = -50.0 + share * 20.0
    return PhantomSpec(
        brain_id=f"S{index:02d}",
        title=f"Phantom brain {index} for start weights",
        blocks=("occipital_left",),
        numbers=(901, 1021),
        annotated_sections=(901, 1021),
        origin_mm=_at(plane_mm, 961),
        window=Window(_centre_of_area("occipital_left", "BA17", plane_mm), 26.0, 30.0),
        pixel_size_um=2.0,
        seed=1000 + index,
        variation=Variation(stain_gain_sd=0.08, stain_offset_sd=5.0),
        pitch_deg=float(rng.uniform(-12, 12)),
        yaw_deg=float(rng.uniform(-12, 12)),
    )


def _centre_of_area(block: str, brodmann: str, plane_mm: float) -> tuple[float, float]:
    """Mean x and z of an area's vertices within 1.5 mm of a plane."""
    surface = load_block(block)
    labelled = surface.scores.argmax(1) == surface.names.index(brodmann)
    x, _, z = surface.white[labelled & (abs(surface.white[:, 1] - plane_mm) < 1.5)].mean(0)
    return float(x), float(z)
