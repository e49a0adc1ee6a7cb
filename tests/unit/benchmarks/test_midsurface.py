"""The benchmark's own measuring: what lies on the true surface must have no distance to it."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from benchmarks.midsurface import Points3, nodes_in_anatomy, true_midsurface
from core.anatomy.chain import transform_between
from core.contracts.datasets import Alignment
from core.datasets import BrainFolder
from core.geometry.affine import apply, invert
from core.phantom.assemble import alignment, state_of
from core.phantom.cutting import to_section
from core.phantom.presets import PRESETS
from tests.fakes.midsurfaces import flat_midsurface

SPEC = PRESETS["tiny"]


class KnownAlignment:
    """Of a brain folder what the measuring reads."""

    brain = type("Brain", (), {"sections": [type("Section", (), {"number": number}) for number in SPEC.numbers]})
    alignment: Alignment = alignment(SPEC)


@pytest.fixture(scope="module")
def truth() -> Points3:
    return true_midsurface(SPEC)


def test_points_of_the_true_midsurface_come_back_to_it_through_image_and_alignment(truth: Points3) -> None:
    known, base = KnownAlignment.alignment, KnownAlignment.alignment.base_section
    rows = []
    for number in SPEC.numbers[:3]:
        near = truth[np.abs(truth[:, 1] - SPEC.plane_mm(number)) < 0.05][:20]
        places = to_section(near[:, [0, 2]], state_of(SPEC, number).warp)
        x, y = apply(invert(transform_between(known, base, number)), places).T / 1000
        vertices = np.stack([x, near[:, 1] - SPEC.origin_mm, -y], axis=1)
        rows += [(number, vertex, place, point) for vertex, place, point in zip(vertices, places, near, strict=True)]
    numbers, vertices, places, points = (np.array(each) for each in zip(*rows, strict=True))
    surface = replace(
        flat_midsurface(), vertices_mm=vertices.astype(np.float32), section=numbers, point_um=places.astype(np.float32)
    )
    mesh, place = nodes_in_anatomy(surface, cast("BrainFolder", KnownAlignment()), SPEC)
    assert mesh == pytest.approx(points, abs=1e-3)
    assert place[:, [0, 2]] == pytest.approx(points[:, [0, 2]], abs=1e-3)


def test_the_true_midsurface_is_sampled_densely_around_the_sections(truth: Points3) -> None:
    planes = [SPEC.plane_mm(number) for number in SPEC.numbers]
    assert truth[:, 1].min() < min(planes)
    assert truth[:, 1].max() > max(planes)
    assert len(truth) > 10_000
