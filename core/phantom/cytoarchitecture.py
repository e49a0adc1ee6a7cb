"""How areas differ under the microscope: layers, cells and mean stain of each, in few numbers.

Sources, all summary statistics: layer fractions are medians of the BigBrain's layer thicknesses over the area (Wagstyl
et al. 2020), stain levels are fitted per layer to the median stain over depth of the BigBrain (Amunts et al. 2013;
8 bit, 255 is white), left hemisphere; densities and sizes of cells start from one segmented BigBrain patch, factors per
area follow the textbook: hOc1 has two to three times the cells of its neighbours in layer IV, split by the light stripe
of Gennari (IVb); area 4 has no layer IV and giant cells in V. `benchmarks.phantom_calibration` checks the result.
The small areas at the rims of the anatomy (16, 28, 36, 41, 43) are not fitted: they follow descriptions (Brodmann 1909).
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import Area

DEPTH_BINS = 256
_BORDER_SOFTNESS = 0.02  # of depth: how far one layer blends into the next
WHITE_MATTER = 0  # its row in the tables


@dataclass(frozen=True)
class Layer:
    """One layer: share of cortical thickness, cells per mm² of section, cell area and its spread, mean stain."""

    name: str
    fraction: float
    stain: float
    density_per_mm2: float
    median_area_um2: float
    log_sd: float
    elongation: float = 0.8

    def cells(self, density: float = 1.0, size: float = 1.0, log_sd: float | None = None) -> "Layer":
        """The same layer with more or fewer, larger or smaller cells."""
        return replace(
            self,
            density_per_mm2=self.density_per_mm2 * density,
            median_area_um2=self.median_area_um2 * size,
            log_sd=self.log_sd if log_sd is None else log_sd,
        )


@dataclass(frozen=True)
class Profile:
    """An area (or white matter) as its layers from pia to white matter."""

    area: Area
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class TissueTables:
    """Rows: white matter, then areas; columns: equal steps of depth; fields as in Layer, `log_area` natural."""

    names: tuple[str, ...]
    stain: NDArray[np.float32]
    density: NDArray[np.float32]
    log_area: NDArray[np.float32]
    log_sd: NDArray[np.float32]
    elongation: NDArray[np.float32]


# A section 20 µm thick shows about as many cells out of focus again, which the segmentation leaves out.
_OUT_OF_FOCUS = 2.0
# Layers I, II, III (upper and lower half), IV, V, VI of the segmented patch: density, median area, its log-sd, shape.
_PATCH = {
    "I": (309.0, 34.0, 0.50, 0.85),
    "II": (934.0, 32.0, 0.42, 0.80),
    "IIIa": (917.0, 38.0, 0.55, 0.62),
    "IIIb": (917.0, 52.0, 0.70, 0.55),
    "IV": (909.0, 40.0, 0.50, 0.82),
    "V": (1081.0, 44.0, 0.74, 0.55),
    "VI": (1125.0, 42.0, 0.65, 0.70),
}
_WHITE = Layer("WM", 1.0, 199.0, 1101.0, 32.0, 0.45, 0.85)


def _layers(fractions: tuple[float, ...], stains: tuple[float, ...]) -> tuple[Layer, ...]:
    """Fractions of I, II, III, IV, V, VI; stain levels of I, II, upper III, lower III, IV, V, VI."""
    one, two, three, *rest = fractions
    shares = (one, two, three / 2, three / 2, *rest)
    total = sum(shares)
    return tuple(
        Layer(name, share / total, stain, *cells).cells(_OUT_OF_FOCUS)
        for (name, cells), share, stain in zip(_PATCH.items(), shares, stains, strict=True)
    )


def _adapt(layers: tuple[Layer, ...], **factors: tuple[float, ...]) -> tuple[Layer, ...]:
    return tuple(layer.cells(*factors[layer.name]) if layer.name in factors else layer for layer in layers)


def _striate() -> tuple[Layer, ...]:
    """Layers of hOc1: layer IV in three, its middle light and sparse, the others the densest of the cortex."""
    base = {layer.name: layer for layer in _layers((0.11, 0.08, 0.23, 0.25, 0.14, 0.19), (182, 179, 176, 169, 165, 167, 176.5))}
    four = base["IV"]
    return (
        base["I"],
        base["II"].cells(1.5, 0.9),
        base["IIIa"].cells(1.4, 0.85),
        base["IIIb"].cells(1.5, 0.75, 0.6),
        replace(four, name="IVa", fraction=0.05, stain=163.5).cells(2.6, 0.75),
        replace(four, name="IVb", fraction=0.08, stain=173.0).cells(0.9, 1.1, 0.65),
        replace(four, name="IVc", fraction=0.12, stain=158.0).cells(3.6, 0.65, 0.4),
        base["V"].cells(0.75, 0.95),
        base["VI"].cells(1.5, 0.9),
    )


def _area(name: str, long_name: str, colour: str) -> Area:
    return Area(name=name, long_name=long_name, colour=colour)


def _brodmann(number: str, colour: str) -> Area:
    return _area(number, f"Brodmann's area {number}", colour)


_HOC2 = _adapt(
    _layers((0.111, 0.106, 0.288, 0.115, 0.178, 0.202), (182, 182, 178, 168, 161, 165, 176)),
    II=(1.3, 1.0), IIIb=(0.95, 1.45, 0.75), IV=(1.4, 0.9), V=(0.9, 1.0), VI=(1.1, 1.0),
)  # fmt: skip
_HOC3 = _adapt(
    _layers((0.109, 0.102, 0.281, 0.104, 0.194, 0.209), (183, 181, 177, 167, 159, 164, 175)),
    II=(1.15, 1.0), IIIb=(0.9, 1.7, 0.8), IV=(1.25, 0.95), V=(1.0, 1.15),
)  # fmt: skip
_MOTOR = _adapt(
    _layers((0.112, 0.09, 0.259, 0.08, 0.2, 0.259), (190, 187, 184, 178, 176.5, 177.5, 185.5)),
    II=(0.8, 1.0), IIIa=(0.75, 1.2), IIIb=(0.75, 1.6), IV=(0.75, 1.2, 0.6), V=(0.7, 1.8, 0.95), VI=(0.8, 1.2),
)  # fmt: skip
_SENSORY = _adapt(
    _layers((0.119, 0.098, 0.271, 0.1, 0.19, 0.223), (190, 186, 181, 173, 170, 175, 184)),
    II=(1.3, 0.9), IIIa=(1.3, 0.85), IIIb=(1.3, 0.85), IV=(2.0, 0.8), V=(0.8, 0.9),
)  # fmt: skip
_PARIETAL = _layers((0.101, 0.103, 0.294, 0.085, 0.195, 0.222), (187, 188, 187, 178, 171, 174, 179))
_SUPERIOR = _layers((0.101, 0.103, 0.277, 0.109, 0.204, 0.205), (183, 180, 178, 166, 160, 162, 171))
_FUSIFORM = _layers((0.096, 0.104, 0.278, 0.095, 0.208, 0.219), (182, 184, 180, 169, 159, 165, 172))
_CINGULATE = _layers((0.111, 0.109, 0.314, 0.07, 0.178, 0.217), (186, 191, 187, 182, 180, 179, 185))
_RETROSPLENIAL = _layers((0.1, 0.098, 0.27, 0.078, 0.21, 0.245), (188, 188, 184, 180, 178, 177, 181))
_TEMPORAL = _layers((0.089, 0.094, 0.262, 0.073, 0.208, 0.274), (181, 187, 187, 179, 173, 173, 176))
_PREMOTOR = _layers((0.088, 0.079, 0.246, 0.059, 0.224, 0.305), (188, 189, 186, 179, 174, 176, 182))
_INSULAR = _adapt(
    _layers((0.12, 0.1, 0.25, 0.05, 0.19, 0.29), (186, 182, 185, 183, 175, 170, 174)),
    II=(1.1, 0.9), IV=(0.7, 0.9), VI=(1.2, 1.3),
)  # fmt: skip
_ENTORHINAL = _adapt(  # islands of large cells in II, a light stripe instead of IV
    _layers((0.15, 0.11, 0.26, 0.08, 0.17, 0.23), (189, 168, 184, 182, 192, 172, 180)),
    II=(0.9, 2.6, 0.7), IIIb=(0.9, 1.2), IV=(0.25, 0.9), V=(0.8, 1.7),
)  # fmt: skip
_PERIRHINAL = _adapt(
    _layers((0.13, 0.09, 0.25, 0.04, 0.22, 0.27), (187, 178, 187, 184, 183, 168, 172)),
    II=(1.0, 1.4, 0.7), IV=(0.6, 1.0), V=(0.95, 1.5), VI=(1.2, 1.0),
)  # fmt: skip
_AUDITORY = _adapt(  # koniocortex: small cells in all layers, dense II to IV, light V
    _layers((0.1, 0.11, 0.28, 0.15, 0.15, 0.21), (185, 174, 172, 168, 158, 180, 174)),
    II=(1.7, 0.7), IIIa=(1.5, 0.75), IIIb=(1.5, 0.7, 0.6), IV=(2.3, 0.65, 0.4), V=(0.6, 0.8), VI=(1.2, 0.8),
)  # fmt: skip
_SUBCENTRAL = _adapt(
    _layers((0.11, 0.11, 0.27, 0.12, 0.18, 0.21), (189, 180, 178, 170, 165, 178, 186)),
    II=(1.4, 0.9), IIIb=(1.0, 1.3, 0.75), IV=(1.6, 0.75), V=(0.8, 1.1),
)  # fmt: skip
_PRECUNEUS = _layers((0.112, 0.096, 0.246, 0.094, 0.2, 0.252), (190, 187, 186, 178, 173, 175, 180))

OTHER = Profile(_area("other", "cortex outside the areas mapped here", "#9a9a9a"), _PARIETAL)
PROFILES: dict[str, Profile] = {
    "BA17": Profile(_area("hOc1", "Area hOc1 (V1, 17, calcarine sulcus)", "#bd8492"), _striate()),
    "BA18": Profile(_area("hOc2", "Area hOc2 (V2, 18)", "#4f9fc4"), _HOC2),
    "BA19": Profile(_area("hOc3", "Brodmann's area 19 as one, where hOc3 to hOc5 lie", "#d9a441"), _HOC3),
    "BA4": Profile(_area("4", "Area 4, primary motor cortex", "#b5523b"), _MOTOR),
    "BA1_3": Profile(_area("3b", "Area 3b, standing for Brodmann's areas 1 and 3", "#5b8c5a"), _SENSORY),
    "BA2": Profile(_brodmann("2", "#8fb339"), _PARIETAL),
    "BA5": Profile(_brodmann("5", "#7a6fb0"), _PRECUNEUS),
    "BA6": Profile(_brodmann("6", "#c7788f"), _PREMOTOR),
    "BA7": Profile(_brodmann("7", "#6aa58e"), _SUPERIOR),
    "BA20": Profile(_brodmann("20", "#b08f6a"), _TEMPORAL),
    "BA21": Profile(_brodmann("21", "#a0a860"), _TEMPORAL),
    "BA22": Profile(_brodmann("22", "#6f8fa8"), _TEMPORAL),
    "BA23": Profile(_brodmann("23", "#a879b8"), _CINGULATE),
    "BA26_29_30": Profile(_area("30", "Brodmann's areas 26, 29 and 30 as one", "#8a5a7a"), _RETROSPLENIAL),
    "BA31": Profile(_brodmann("31", "#c9b458"), _CINGULATE),
    "BA37": Profile(_brodmann("37", "#5f7fbf"), _FUSIFORM),
    "BA39": Profile(_brodmann("39", "#d08c5b"), _PARIETAL),
    "BA40": Profile(_brodmann("40", "#7fb0c8"), _PARIETAL),
    "BA16": Profile(_brodmann("16", "#b3a06f"), _INSULAR),
    "BA28": Profile(_brodmann("28", "#a0566b"), _ENTORHINAL),
    "BA35_36": Profile(_area("36", "Brodmann's areas 35 and 36 as one", "#6b8fb5"), _PERIRHINAL),
    "BA41_42_52": Profile(_area("41", "Brodmann's areas 41, 42 and 52 as one", "#c0a03d"), _AUDITORY),
    "BA43": Profile(_brodmann("43", "#7d9a5c"), _SUBCENTRAL),
}


@cache
def tables() -> TissueTables:
    """Every profile sampled over depth, layers blending into one another; the row after white matter is OTHER."""
    profiles = (OTHER, *PROFILES.values())
    rows = [np.tile(_values(_WHITE), (DEPTH_BINS, 1)), *(_sampled(profile.layers) for profile in profiles)]
    stain, density, log_area, log_sd, elongation = np.ascontiguousarray(np.stack(rows).transpose(2, 0, 1), np.float32)
    names = ("WM", *(profile.area.name for profile in profiles))
    return TissueTables(names, stain, density, log_area, log_sd, elongation)


def row_of(brodmann: str) -> int:
    """The table row of one of Brodmann's areas, OTHER's where it has no profile."""
    names = list(PROFILES)
    return names.index(brodmann) + 2 if brodmann in names else 1


def _values(layer: Layer) -> NDArray[np.float64]:
    return np.array([layer.stain, layer.density_per_mm2, np.log(layer.median_area_um2), layer.log_sd, layer.elongation])


def _sampled(layers: tuple[Layer, ...]) -> NDArray[np.float64]:
    """(DEPTH_BINS, 5): at each depth the mix of the layers around it."""
    depth = (np.arange(DEPTH_BINS) + 0.5) / DEPTH_BINS
    borders = np.cumsum([layer.fraction for layer in layers])[:-1]
    below = 1 / (1 + np.exp(-(depth[:, None] - borders) / (_BORDER_SOFTNESS / 1.7)))
    ones, zeros = np.ones((DEPTH_BINS, 1)), np.zeros((DEPTH_BINS, 1))
    share = np.hstack([ones, below]) - np.hstack([below, zeros])
    mixed: NDArray[np.float64] = share @ np.stack([_values(layer) for layer in layers])
    return mixed
