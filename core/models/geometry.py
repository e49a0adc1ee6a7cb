"""Sizes and alignment of the networks' inputs and outputs: pure functions, no torch.

A network maps one or two input squares to a centred output square of m × m label pixels. Because every convolution is
valid, the input is larger by a constant border, whatever m:

    HR: n = 8m + 1513, m = 16p − 64 for a bottleneck of p ≥ 5 px          (2025 -> 64)
    LR: n = m + 692,   m = 32b − 192 for a bottleneck of b ≥ 7 px         (756 -> 64)
    MS: n_high = 8m + 1513, n_low = m + 564, m = 32b − 64 for b ≥ 3 px    (2025 and 628 -> 64)

The low-resolution border is an even number of pixels, so low-resolution input and labels share one grid. The
high-resolution border is 756.5 px on each side; windows are put on the pixel grid with 756 px before and 757 px after, so
the high-resolution image sits half a high-resolution pixel (1 µm at 2 µm, 1/16 label pixel) off the labels.

Pooling makes the output depend on where a patch starts; outputs of differently sized tiles agree exactly when every tile
starts on a multiple of `phase_px` label pixels.
"""

from dataclasses import dataclass

from core.contracts.datasets import RasterGrid
from core.contracts.training import Architecture, SegmentationSettings

HIGH_PER_LOW = 8
HIGH_BORDER_BEFORE_PX, HIGH_BORDER_PX = 756, 1513
PHASE_PX: dict[Architecture, int] = {"hr_unet": 16, "lr_unet": 32, "ms_unet": 32}
LOW_BORDER_BEFORE_PX: dict[Architecture, int] = {"lr_unet": 346, "ms_unet": 282}
USES_HIGH: frozenset[Architecture] = frozenset({"hr_unet", "ms_unet"})


@dataclass(frozen=True, slots=True)
class InputWindow:
    """How one input lies around the output: `pixels_per_label` input pixels per label pixel, and a constant border."""

    pixels_per_label: int
    border_before_px: int
    border_px: int
    pixel_size_um: float

    def size_px(self, output_px: int) -> int:
        """Input pixels along one side for `output_px` label pixels."""
        return self.pixels_per_label * output_px + self.border_px

    def grid(self, output: RasterGrid) -> RasterGrid:
        """Where the input lies when the output lies on `output` (section frame)."""
        border_um = self.border_before_px * self.pixel_size_um
        return RasterGrid(
            pixel_size_um=self.pixel_size_um,
            origin_um=(output.origin_um[0] - border_um, output.origin_um[1] - border_um),
            width_px=self.size_px(output.width_px),
            height_px=self.size_px(output.height_px),
        )


@dataclass(frozen=True, slots=True)
class PatchGeometry:
    """Output square of a training patch and its inputs: `inputs` holds "high" and/or "low", in the network's order.

    Tiles may have other sizes than the patch, also uneven ones, as long as both sides are multiples of `phase_px`.
    """

    output_px: int
    output_pixel_size_um: float
    phase_px: int
    inputs: dict[str, InputWindow]

    @property
    def output_size_um(self) -> float:
        """Side of the output square."""
        return self.output_px * self.output_pixel_size_um

    @property
    def reach_um(self) -> float:
        """Distance from the output square's centre to the farthest corner of any input, at any rotation."""
        sides = [window.size_px(self.output_px) * window.pixel_size_um for window in self.inputs.values()]
        return float((max(sides) / 2 + self.output_pixel_size_um) * 2**0.5)


def patch_geometry(settings: SegmentationSettings, output_px: int | None = None, areas: int = 1) -> PatchGeometry:
    """Geometry of the settings' network for an output square of `output_px` (default: the training patch's).

    With `shape_input` there is an input more for each area, which lies as the low-resolution image does.
    ValueError when the size is not on the phase grid, or the pixel sizes are not 1 : 8 where the high resolution is used.
    """
    architecture = settings.architecture
    size = settings.output_px if output_px is None else output_px
    phase = PHASE_PX[architecture]
    if size < phase or size % phase:
        raise ValueError(f"{architecture} gives outputs of multiples of {phase} px, not {size} px; choose e.g. {phase * 4}")
    inputs: dict[str, InputWindow] = {}
    if architecture in USES_HIGH:
        _check_pixel_sizes(settings)
        inputs["high"] = InputWindow(HIGH_PER_LOW, HIGH_BORDER_BEFORE_PX, HIGH_BORDER_PX, settings.high_pixel_size_um)
    if architecture in LOW_BORDER_BEFORE_PX:
        before = LOW_BORDER_BEFORE_PX[architecture]
        inputs["low"] = InputWindow(1, before, 2 * before, settings.low_pixel_size_um)
    if settings.shape_input and "low" not in inputs:
        raise ValueError(f"{architecture} has no low-resolution input for shapes to lie beside; set shape_input to false")
    inputs |= dict.fromkeys(shape_names(areas), inputs["low"]) if settings.shape_input else {}
    return PatchGeometry(size, settings.low_pixel_size_um, phase, inputs)


def shape_names(areas: int) -> tuple[str, ...]:
    """Names of the inputs that hold the areas' shapes (core.sampling.shapes)."""
    return tuple(f"shape {index}" for index in range(areas))


def _check_pixel_sizes(settings: SegmentationSettings) -> None:
    high, low = settings.high_pixel_size_um, settings.low_pixel_size_um
    if abs(low - HIGH_PER_LOW * high) > 1e-6 * low:
        raise ValueError(
            f"{settings.architecture} needs a low pixel size {HIGH_PER_LOW} times the high one, got {high} and {low} µm; "
            f"set the low one to {HIGH_PER_LOW * high} µm"
        )
