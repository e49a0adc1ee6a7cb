import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contracts.datasets import RasterGrid
from core.contracts.training import SegmentationSettings
from core.models.geometry import patch_geometry


def output_at(x_px, y_px, geometry):
    size_um = geometry.output_pixel_size_um
    side = geometry.output_px
    return RasterGrid(pixel_size_um=size_um, origin_um=(x_px * size_um, y_px * size_um), width_px=side, height_px=side)


@given(st.integers(5, 80))
def test_hr_sizes_follow_the_bottleneck(p):
    geometry = patch_geometry(SegmentationSettings(architecture="hr_unet"), 16 * p - 64)
    assert geometry.inputs["high"].size_px(16 * p - 64) == 128 * p + 1001


@given(st.integers(7, 80))
def test_lr_sizes_follow_the_bottleneck(b):
    geometry = patch_geometry(SegmentationSettings(architecture="lr_unet"), 32 * b - 192)
    assert geometry.inputs["low"].size_px(32 * b - 192) == 32 * b + 500


@given(st.integers(3, 80))
def test_ms_sizes_follow_the_bottleneck(b):
    geometry = patch_geometry(SegmentationSettings(), 32 * b - 64)
    assert tuple(window.size_px(32 * b - 64) for window in geometry.inputs.values()) == (256 * b + 1001, 32 * b + 500)


def test_windows_are_centred_on_the_output_but_for_half_a_high_resolution_pixel():
    geometry = patch_geometry(SegmentationSettings())
    output_centre_um = 320.0 + geometry.output_size_um / 2
    offsets_um = {}
    for name, window in geometry.inputs.items():
        grid = window.grid(output_at(20, 20, geometry))
        offsets_um[name] = grid.origin_um[0] + grid.width_px * grid.pixel_size_um / 2 - output_centre_um
    assert offsets_um == {"high": 1.0, "low": 0.0}


def test_windows_stay_on_the_section_pixel_grid():
    geometry = patch_geometry(SegmentationSettings())
    for window in geometry.inputs.values():
        origin_px = window.grid(output_at(37, 5, geometry)).origin_um[0] / window.pixel_size_um
        assert origin_px == round(origin_px)


def test_geometry_scales_with_other_pixel_sizes():
    settings = SegmentationSettings(high_pixel_size_um=4, low_pixel_size_um=32)
    geometry = patch_geometry(settings)
    assert geometry.output_size_um == 64 * 32
    assert geometry.inputs["high"].grid(output_at(0, 0, geometry)).origin_um == (-756 * 4, -756 * 4)
    assert geometry.inputs["low"].grid(output_at(0, 0, geometry)).origin_um == (-282 * 32, -282 * 32)


def test_each_area_s_shape_lies_as_the_low_resolution_image_does():
    geometry = patch_geometry(SegmentationSettings(shape_input=True), areas=2)
    assert tuple(geometry.inputs) == ("high", "low", "shape 0", "shape 1")
    assert geometry.inputs["shape 1"] == geometry.inputs["low"]
    with pytest.raises(ValueError, match="hr_unet has no low-resolution input for shapes"):
        patch_geometry(SegmentationSettings(architecture="hr_unet", shape_input=True))


def test_sizes_off_the_phase_grid_are_refused():
    with pytest.raises(ValueError, match="multiples of 32 px, not 48"):
        patch_geometry(SegmentationSettings(), 48)


def test_pixel_sizes_that_are_not_one_to_eight_are_refused():
    with pytest.raises(ValueError, match="low pixel size 8 times the high one"):
        patch_geometry(SegmentationSettings(high_pixel_size_um=4.0))


def test_low_resolution_network_needs_no_high_pixel_size():
    geometry = patch_geometry(SegmentationSettings(architecture="lr_unet", high_pixel_size_um=3.0))
    assert list(geometry.inputs) == ["low"]


def test_inputs_of_an_uneven_tile_follow_each_side():
    geometry = patch_geometry(SegmentationSettings())
    tile = RasterGrid(pixel_size_um=16, width_px=96, height_px=32)
    grid = geometry.inputs["low"].grid(tile)
    assert (grid.width_px, grid.height_px) == (96 + 564, 32 + 564)
