"""What differs from section to section: place on the slide, deformation, staining, damage; all from one seed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.contracts.datasets import RigidTransform
from core.phantom.cutting import Warp

Floats = NDArray[np.float64]
_WAVES = 12


@dataclass(frozen=True)
class Variation:
    """How strongly sections of a brain differ. Deformation waves are 5 to 10 mm long."""

    deformation_rms_um: float = 200.0
    rotation_sd_deg: float = 1.5
    shift_sd_um: float = 250.0
    stain_gain_sd: float = 0.04
    stain_offset_sd: float = 2.5
    stain_drift: float = 1.5


@dataclass(frozen=True)
class Crack:
    """A tear (tissue missing) or a fold (tissue double) along a polyline in the section frame."""

    kind: Literal["torn", "folded"]
    points_um: Floats
    width_um: float


@dataclass(frozen=True)
class SectionState:
    """One section's own differences. `drift` is (waves, 4): kx, ky, phase, amplitude of uneven staining."""

    warp: Warp
    placement: RigidTransform
    stain_gain: float
    stain_offset: float
    drift: Floats
    cracks: tuple[Crack, ...]
    cell_seed: int


@dataclass(frozen=True)
class Window:
    """The part of the anatomical plane a section shows: centre (x, z) in mm and extent in mm."""

    centre_mm: tuple[float, float]
    width_mm: float
    height_mm: float


def section_state(seed: int, number: int, variation: Variation, window: Window, damage: str | None = None) -> SectionState:
    """Draw a section's differences; the same seed and number always give the same."""
    rng = np.random.default_rng([seed, number])
    angle = np.deg2rad(rng.normal(0, variation.rotation_sd_deg))
    shift = rng.normal(0, variation.shift_sd_um, 2)
    waves = deformation_waves(rng, variation.deformation_rms_um)
    placement = _placement(float(angle), shift, window)
    gain = 1 + rng.normal(0, variation.stain_gain_sd)
    offset = rng.normal(0, variation.stain_offset_sd)
    drift = np.c_[_wave_vectors(rng, 3, 8_000, 20_000), rng.uniform(0, 2 * np.pi, 3), np.full(3, variation.stain_drift)]
    cell_seed = int(rng.integers(1, 2**62))
    cracks = (_crack(rng, damage, window),) if damage in ("torn", "folded") else ()
    return SectionState(Warp(waves, matrix_of(placement)[:2]), placement, float(gain), float(offset), drift, cracks, cell_seed)


def deformation_waves(rng: np.random.Generator, rms_um: float) -> Floats:
    """(waves, 5) kx, ky (1/µm), phase, ax, ay (µm); the displacement's root mean square is `rms_um`."""
    phases = rng.uniform(0, 2 * np.pi, _WAVES)
    amplitudes = rng.normal(0, 1, (_WAVES, 2))
    amplitudes *= rms_um / np.sqrt((amplitudes**2).sum() / 2)
    return np.hstack([_wave_vectors(rng, _WAVES, 5_000, 10_000), phases[:, None], amplitudes])


def matrix_of(transform: RigidTransform) -> Floats:
    """The (3, 3) matrix of a rigid transform without mirror."""
    c, s = np.cos(transform.angle_rad), np.sin(transform.angle_rad)
    return np.array([[c, -s, transform.dx_um], [s, c, transform.dy_um], [0, 0, 1]])


def between(source: RigidTransform, target: RigidTransform) -> RigidTransform:
    """From one section's frame to another's, both given as placements of the anatomical plane."""
    matrix = matrix_of(target) @ np.linalg.inv(matrix_of(source))
    return RigidTransform(angle_rad=target.angle_rad - source.angle_rad, dx_um=float(matrix[0, 2]), dy_um=float(matrix[1, 2]))


def residual_um(a: SectionState, b: SectionState, window: Window) -> float:
    """RMS distance that a rigid transform leaves between two sections: the difference of their deformations."""
    x, z = window.centre_mm
    xs = np.linspace(x - window.width_mm / 2, x + window.width_mm / 2, 24) * 1000
    ys = -np.linspace(z - window.height_mm / 2, z + window.height_mm / 2, 24) * 1000
    points = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    difference = displacement(points, a.warp.waves) - displacement(points, b.warp.waves)
    return float(np.sqrt((difference**2).sum(1).mean()))


def displacement(points_um: Floats, waves: Floats) -> Floats:
    """Displacement (n, 2) in µm at points of the anatomical plane (x right, y down, µm)."""
    result: Floats = np.sin(points_um @ waves[:, :2].T + waves[:, 2]) @ waves[:, 3:5]
    return result


def _placement(angle: float, shift: Floats, window: Window) -> RigidTransform:
    """The window's centre goes to the image's centre, turned and shifted."""
    centre = np.array([window.centre_mm[0], -window.centre_mm[1]]) * 1000
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    dx, dy = np.array([window.width_mm, window.height_mm]) * 500 + shift - turn @ centre
    return RigidTransform(angle_rad=angle, dx_um=float(dx), dy_um=float(dy))


def _wave_vectors(rng: np.random.Generator, count: int, shortest_um: float, longest_um: float) -> Floats:
    length, direction = rng.uniform(shortest_um, longest_um, count), rng.uniform(0, 2 * np.pi, count)
    vectors: Floats = 2 * np.pi / length[:, None] * np.stack([np.cos(direction), np.sin(direction)], 1)
    return vectors


def _crack(rng: np.random.Generator, kind: str, window: Window) -> Crack:
    """A wandering line from the rim inward."""
    size = np.array([window.width_mm, window.height_mm]) * 1000
    side = rng.uniform(0, 2 * np.pi)
    outward = np.array([np.cos(side), np.sin(side)])
    start, end = size * (0.5 + 0.5 * outward), size * (0.5 + 0.12 * outward + rng.normal(0, 0.05, 2))
    along = np.linspace(0, 1, 60)[:, None]
    wander = np.cumsum(rng.normal(0, 25, (60, 2)), axis=0)
    points = start + along * (end - start) + wander
    return Crack("torn" if kind == "torn" else "folded", points, float(rng.uniform(110, 190)))
