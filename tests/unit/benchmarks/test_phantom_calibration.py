"""The calibration check tells a phantom that agrees with its reference from one that does not."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.phantom_calibration import AREAS, DEPTHS, compare, reference

DEPTH = np.linspace(0, 1, DEPTHS)
REAL = {area: 180 + 4 * index - 10 * np.sin(2 * DEPTH + index / 9) for index, area in enumerate(AREAS)}


def _holds(phantom: dict) -> dict[str, bool | None]:
    return {figure.name: figure.holds for figure in compare(phantom, REAL)}


def test_a_phantom_equal_to_its_reference_holds_every_goal() -> None:
    assert False not in _holds(REAL).values()


def test_a_phantom_with_too_little_contrast_over_depth_is_caught() -> None:
    flat = {area: profile.mean() + 0.6 * (profile - profile.mean()) for area, profile in REAL.items()}
    holds = _holds(flat)
    assert not any(holds[f"phantom.{area}.depth_contrast_deviation"] for area in AREAS)
    assert all(holds[f"phantom.{area}.correlation"] for area in AREAS)


def test_a_phantom_upside_down_is_caught() -> None:
    assert not _holds({area: profile[::-1] for area, profile in REAL.items()})["phantom.hOc1.correlation"]


def test_a_phantom_whose_areas_are_alike_is_caught() -> None:
    alike = {area: profile - profile.mean() + 180 for area, profile in REAL.items()}
    assert not _holds(alike)["phantom.area_contrast_deviation"]


def test_the_reference_is_the_median_over_an_area_in_8_bit_levels(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(4), 3)
    levels = np.array([0, 65535 / 5, 65535])[np.tile(np.arange(3), 4)]
    profiles = np.repeat(levels[:, None], DEPTHS, 1).astype(np.uint16)
    np.savez(tmp_path / "r.npz", lh_profile=profiles, lh_mmp=labels, mmp_names=np.array(list(AREAS.values())))
    assert reference(tmp_path / "r.npz")["3b"] == pytest.approx(np.full(DEPTHS, 51))
