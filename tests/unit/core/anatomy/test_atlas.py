"""Sections in a reference space, checked against the phantom, whose place in the anatomy is known exactly."""

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from core.anatomy.atlas import NotMappedError, Volume, canonical, covering, load_space, load_volume, project
from core.contracts.atlas import AtlasMapping, SectionMapping
from core.datasets import BrainFolder, DatasetError, MissingFileError
from core.datasets.atlas import read_projection, write_mapping, write_projection
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from core.phantom import PRESETS, build
from core.phantom.anatomy import turning
from core.phantom.assemble import maps_of, state_of
from core.phantom.atlas import to_plane, write_atlas
from core.phantom.cutting import to_section
from core.phantom.presets import AREA
from core.phantom.variation import Variation

TINY = PRESETS["tiny"]
# A whole small volume; the rows of its affine are bytes 280 to 328.
SOMEWHERE = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4)).to_bytes()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> BrainFolder:
    folder = tmp_path_factory.mktemp("brains") / "TINY"
    build(folder, "tiny", workers=1)
    return BrainFolder(folder)


def plane_points() -> np.ndarray:
    """Points of the anatomical plane (x, z in mm) all over the window."""
    x, z = TINY.window.centre_mm
    return np.stack(np.meshgrid(np.linspace(x - 3, x + 3, 13), np.linspace(z - 3, z + 3, 13)), -1).reshape(-1, 2)


def volume_of_the_area() -> Volume:
    """The area as a map of the subject's space: the surfaces cut at every section's plane, nothing moved or deformed."""
    still = replace(TINY, variation=Variation(deformation_rms_um=0.0, rotation_sd_deg=0.0, shift_sd_um=0.0))
    layers = [maps_of(still, number).area_mask(AREA).T[:, ::-1] for number in TINY.numbers]
    size_mm = TINY.window.width_mm / layers[0].shape[0]
    (x, z), planes = TINY.window.centre_mm, [TINY.plane_mm(number) for number in TINY.numbers]
    to_world = np.diag([size_mm, planes[1] - planes[0], size_mm, 1.0])
    to_world[:3, 3] = x - 4 + size_mm / 2, planes[0], z - 4 + size_mm / 2
    return Volume(np.stack(layers, 1).astype(np.float32), to_world)


def test_a_section_point_comes_back_to_the_anatomy_it_was_cut_from() -> None:
    points = plane_points()
    warp = state_of(TINY, 911).warp
    back = to_plane(to_section(points, warp), warp) / 1000
    np.testing.assert_allclose(back * (1, -1), points, atol=1e-6)


def test_the_way_to_the_reference_space_ends_at_the_true_place_within_ten_micrometres(tiny: BrainFolder) -> None:
    space = load_space(tiny)
    for number in TINY.numbers:
        points = plane_points()
        truth = np.c_[points[:, 0], np.full(len(points), TINY.plane_mm(number)), points[:, 1]]
        found = space.points(number, to_section(points, state_of(TINY, number).warp))
        errors_um = 1000 * np.linalg.norm(found - truth, axis=1)
        assert np.median(errors_um) < 10
        assert errors_um.max() < 30


def test_a_tilted_brain_comes_back_to_the_upright_anatomy(tiny: BrainFolder, tmp_path: Path) -> None:
    spec = replace(TINY, pitch_deg=12.0, yaw_deg=-7.0)
    write_atlas(tmp_path, spec, {number: state_of(spec, number).warp for number in spec.numbers})
    (tmp_path / "brain.json").write_bytes((tiny.path / "brain.json").read_bytes())
    points, centre = plane_points(), np.asarray(spec.tilt_centre_mm)
    cut_at = np.c_[points[:, 0], np.full(len(points), spec.plane_mm(921)), points[:, 1]]
    upright = (cut_at - centre) @ turning(12.0, -7.0) + centre
    found = load_space(BrainFolder(tmp_path)).points(921, to_section(points, state_of(spec, 921).warp))
    assert np.median(np.linalg.norm(found - upright, axis=1)) < 0.01


def test_the_projected_map_of_an_area_lies_where_the_area_is(tiny: BrainFolder) -> None:
    volume = volume_of_the_area()
    for number in (901, 931):
        grid = covering(tiny.brain, number, 32.0)
        found = project(load_space(tiny), number, grid, {AREA: volume}, volume).probabilities[..., 0] > 0.5
        outline = next(one for one in tiny.truth(number).outlines if one.area == AREA)
        truth = rasterise(rings(outline.paths), grid)
        assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.93


def test_canonical_coordinates_run_from_minus_one_to_one_and_end_at_the_box() -> None:
    box = Volume(np.zeros((11, 21, 31), np.float32), np.diag([2.0, 1.0, 0.5, 1.0]))
    found = canonical(np.array([[0.0, 0, 0], [20, 20, 15], [10, 10, 7.5], [21, 10, 7.5]]), box)
    np.testing.assert_allclose(found[:3], [[-1, -1, -1], [1, 1, 1], [0, 0, 0]])
    assert np.isnan(found[3]).all()


def test_a_displacement_field_of_the_brain_frame_is_added(tiny: BrainFolder, tmp_path: Path) -> None:
    (tmp_path / "brain.json").write_bytes((tiny.path / "brain.json").read_bytes())
    (tmp_path / "atlas").mkdir()
    vectors = np.zeros((3, 3, 3, 1, 3), np.float32) + np.array([1.0, -2.0, 3.0], np.float32)
    nibabel.Nifti1Image(vectors, np.diag([50.0, 50, 50, 1])).to_filename(tmp_path / "atlas" / "field.nii.gz")
    flat = ((0.001, 0.0, 0.0), (0.0, 0.0, 4.0), (0.0, -0.001, 0.0))
    mapping = AtlasMapping(reference="R", field_file="field.nii.gz", sections=(SectionMapping(section=901, matrix=flat),))
    write_mapping(tmp_path, mapping)
    found = load_space(BrainFolder(tmp_path)).points(901, np.array([[2000.0, 1000.0]]))
    np.testing.assert_allclose(found, [[3.0, 2.0, 2.0]], atol=1e-5)


def test_a_projection_is_read_as_it_was_written_up_to_a_step_of_probability(tiny: BrainFolder) -> None:
    to_world = np.diag([4.0, 30, 4, 1.0])
    to_world[:3, 3] = -10, -80, -25
    volume = Volume(np.linspace(0, 1, 8**3, dtype=np.float32).reshape(8, 8, 8), to_world)
    made = project(load_space(tiny), 911, covering(tiny.brain, 911, 200.0), {"hOc1": volume}, volume)
    write_projection(tiny, 911, made)
    read = read_projection(tiny, 911)
    assert (read.grid, read.areas, read.reference) == (made.grid, ("hOc1",), "pycortex S1")
    np.testing.assert_array_equal(read.coordinates, made.coordinates)
    np.testing.assert_allclose(read.probabilities, made.probabilities, atol=0.5 / 255 + 1e-6)


def test_a_section_outside_the_mapping_is_named(tiny: BrainFolder) -> None:
    with pytest.raises(NotMappedError, match="section 777"):
        load_space(tiny).points(777, np.zeros((1, 2)))


def test_nothing_projected_yet_says_the_remedy(tiny: BrainFolder) -> None:
    with pytest.raises(MissingFileError, match="brodmann atlas"):
        read_projection(tiny, 941)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no volume", "not a readable NIfTI"),
        (nibabel.Nifti1Image(np.zeros((2, 2), np.float32), np.eye(4)).to_bytes(), "a volume"),
        (SOMEWHERE[:280] + bytes(48) + SOMEWHERE[328:], "affine"),
        (SOMEWHERE[:370], "not a readable NIfTI"),
    ],
)
def test_a_file_that_is_no_volume_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "map.nii"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=words) as error:
        load_volume(path)
    assert "map.nii" in str(error.value)


def test_a_damaged_projection_says_to_run_the_command_again(tiny: BrainFolder) -> None:
    path = tiny.path / "atlas" / "TINY_0921.h5"
    path.write_bytes(b"\x89HDF but not really")
    with pytest.raises(DatasetError, match="again"):
        read_projection(tiny, 921)
    path.unlink()
