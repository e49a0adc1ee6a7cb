from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from core.contracts.datasets import RasterGrid
from core.contracts.training import SegmentationSettings
from core.inference.predict import Member, Predictor, ready
from core.inference.tiles import plan_tiles
from core.models.factory import SHAPE_WEIGHTS, build_model
from core.models.geometry import patch_geometry
from core.sampling.patches import Raster
from core.sampling.regions import PlacedMask

SECTION_PX = 320


def disc(centre, radius, origin_px=(0, 0), size_px=(SECTION_PX, SECTION_PX), pixel_size_um=16.0):
    rows, columns = np.indices(size_px)
    mask = (rows + origin_px[1] - centre[1]) ** 2 + (columns + origin_px[0] - centre[0]) ** 2 <= radius**2
    grid = RasterGrid(
        pixel_size_um=pixel_size_um,
        origin_um=(origin_px[0] * pixel_size_um, origin_px[1] * pixel_size_um),
        width_px=size_px[1],
        height_px=size_px[0],
    )
    return PlacedMask(7, mask, grid)


def noise_reader(seed=0):
    """A section of noise, white beyond its extent; the same pixel everywhere it is read."""
    images = {}

    def read(grid):
        side = round(SECTION_PX * 16.0 / grid.pixel_size_um)
        if side not in images:
            images[side] = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
        left, top = (round(origin / grid.pixel_size_um) for origin in grid.origin_um)
        found = np.full((grid.height_px, grid.width_px), 255, np.uint8)
        inside = images[side][max(top, 0) : max(top + grid.height_px, 0), max(left, 0) : max(left + grid.width_px, 0)]
        found[max(-top, 0) :, max(-left, 0) :][: inside.shape[0], : inside.shape[1]] = inside
        return found

    return read


@cache
def network(architecture, seed=1):
    """A network, the same for all tests, with scattered normalisation statistics, so that its outputs vary over the image."""
    model = build_model(architecture, seed=seed)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model.train()
        geometry = patch_geometry(SegmentationSettings(architecture=architecture), 32)
        for _ in range(2):
            model(*[torch.rand(1, 1, *(window.size_px(32),) * 2) * 2 - 1 for window in geometry.inputs.values()])
    return ready(model)


def predictor(architecture, tile_px, model=None, temperature=1.0):
    settings = SegmentationSettings(architecture=architecture)
    member = Member(model or network(architecture), temperature)
    return Predictor((member,), patch_geometry(settings), "float32", tile_px=tile_px)


def ignore(done, of):
    del done, of


@pytest.mark.parametrize("architecture", ["lr_unet", "ms_unet", "hr_unet"])
def test_tiled_and_patchwise_prediction_are_equal(architecture):
    phase = patch_geometry(SegmentationSettings(architecture=architecture), 32).phase_px
    region = disc((118, 101), 28, origin_px=(85, 70), size_px=(64, 67))
    tissue = np.ones(region.mask.shape, np.uint8)
    model = network(architecture)
    tiled = predictor(architecture, 128, model).predict(region, tissue, noise_reader(), ignore)
    patchwise = predictor(architecture, phase * 2, model).predict(region, tissue, noise_reader(), ignore)
    assert len(np.unique(tiled.labels[region.mask])) > 1
    assert (tiled.labels == patchwise.labels).mean() > 0.9999
    assert np.abs(tiled.confidence.astype(int) - patchwise.confidence).max() <= 1


def shape_prior(shape, seed=3):
    return np.random.default_rng(seed).normal(0, 3, (1, *shape)).astype(np.float32)


def test_tiled_and_patchwise_prediction_are_equal_with_prior_and_temperature():
    region = disc((118, 101), 28, origin_px=(85, 70), size_px=(64, 67))
    tissue, prior, model = np.ones(region.mask.shape, np.uint8), shape_prior(region.mask.shape), network("lr_unet")
    tiled, patchwise = (
        predictor("lr_unet", tile_px, model, 0.7).predict(region, tissue, noise_reader(), ignore, prior)
        for tile_px in (128, 32)
    )
    alone = predictor("lr_unet", 128, model, 0.7).predict(region, tissue, noise_reader(), ignore)
    assert (alone.labels != tiled.labels).any()
    assert (tiled.labels == patchwise.labels).mean() > 0.9999
    assert np.abs(tiled.probabilities.astype(int) - patchwise.probabilities).max() <= 1


def test_tiled_and_patchwise_prediction_are_equal_with_shapes():
    """The map is smaller than what tiles reach for: beyond it everything is far outside."""
    settings = SegmentationSettings(architecture="lr_unet", shape_input=True)
    model = ready(build_model("lr_unet", 1, shapes=1))
    model.get_parameter(SHAPE_WEIGHTS).data[:, 1:] = 0.3
    region = disc((118, 101), 28, origin_px=(85, 70), size_px=(64, 67))
    whole = RasterGrid(pixel_size_um=16.0, width_px=SECTION_PX, height_px=SECTION_PX)
    maps = [Raster(np.random.default_rng(2).integers(0, 256, (SECTION_PX, SECTION_PX), np.uint8), whole)]
    tissue = np.ones(region.mask.shape, np.uint8)
    tiled, patchwise, without = (
        Predictor((Member(model),), patch_geometry(settings), "float32", tile_px=tile_px).predict(
            region, tissue, noise_reader(), ignore, None, shapes
        )
        for tile_px, shapes in ((128, maps), (32, maps), (128, [Raster(np.zeros_like(maps[0].values), whole)]))
    )
    assert np.abs(tiled.probabilities.astype(int) - patchwise.probabilities).max() <= 1
    assert (tiled.probabilities != without.probabilities).any()


def test_the_temperature_changes_probabilities_but_no_label():
    region = disc((118, 101), 28, origin_px=(85, 70), size_px=(64, 67))
    tissue, prior, model = np.ones(region.mask.shape, np.uint8), shape_prior(region.mask.shape), network("lr_unet")
    cold, hot = (
        predictor("lr_unet", 128, model, temperature).predict(region, tissue, noise_reader(), ignore, prior)
        for temperature in (1.0, 3.0)
    )
    np.testing.assert_array_equal(cold.labels, hot.labels)
    assert (hot.confidence <= cold.confidence).all()
    assert (hot.entropy >= cold.entropy).all()
    assert (hot.confidence < cold.confidence).any()


def test_models_that_predict_together_average_their_calibrated_probabilities():
    region = disc((118, 101), 28, origin_px=(85, 70), size_px=(64, 67))
    tissue, prior = np.ones(region.mask.shape, np.uint8), shape_prior(region.mask.shape)
    members = (Member(network("lr_unet", 1), 0.7), Member(network("lr_unet", 2), 1.5))
    alone = predictor("lr_unet", 128, members[0].model)
    one, two = (replace(alone, members=(m,)).predict(region, tissue, noise_reader(), ignore, prior) for m in members)
    both = replace(alone, members=members).predict(region, tissue, noise_reader(), ignore, prior)
    mean = (one.probabilities.astype(float) + two.probabilities) / 2
    assert np.abs(both.probabilities - mean).max() <= 1
    inside = region.mask
    differ = inside & (one.labels != two.labels)
    assert differ.any()
    assert (both.confidence[differ] <= np.maximum(one.confidence, two.confidence)[differ]).all()
    assert both.entropy[inside].mean() > (one.entropy[inside].mean() + two.entropy[inside].mean()) / 2


def test_prediction_does_not_depend_on_where_the_region_starts():
    model = network("lr_unet")
    whole = disc((118, 101), 30, origin_px=(60, 60), size_px=(100, 120))
    shifted = disc((118, 101), 30, origin_px=(83, 67), size_px=(93, 97))
    one = predictor("lr_unet", 64, model).predict(whole, np.ones(whole.mask.shape, np.uint8), noise_reader(), ignore)
    two = predictor("lr_unet", 64, model).predict(shifted, np.ones(shifted.mask.shape, np.uint8), noise_reader(), ignore)
    np.testing.assert_array_equal(one.labels[7:, 23:], two.labels)


def test_outside_the_region_there_is_neither_label_nor_confidence():
    region = disc((100, 100), 20, origin_px=(70, 70), size_px=(60, 60))
    found = predictor("lr_unet", 64).predict(region, np.ones((60, 60), np.uint8), noise_reader(), ignore)
    assert (found.labels[~region.mask] == 255).all()
    assert (found.confidence[~region.mask] == 0).all()
    assert (found.labels[region.mask] < 4).all()


def test_tiles_of_the_slide_alone_are_background_without_being_read():
    region = PlacedMask(7, np.ones((64, 64), np.bool_), RasterGrid(pixel_size_um=16, width_px=64, height_px=64))
    tissue = np.zeros((64, 64), np.uint8)
    tissue[:32, :32] = 1
    reads = []

    def read(grid):
        reads.append(grid)
        return noise_reader()(grid)

    found = predictor("lr_unet", 32).predict(region, tissue, read, ignore)
    assert len(reads) == 1
    assert (found.labels[32:] == 0).all()
    assert (found.confidence[32:] == 255).all()


def test_confidence_is_the_probability_of_the_label():
    region = PlacedMask(7, np.ones((32, 32), np.bool_), RasterGrid(pixel_size_um=16, width_px=32, height_px=32))
    model = network("lr_unet")
    read = noise_reader()
    found = predictor("lr_unet", 32, model).predict(region, np.ones((32, 32), np.uint8), read, ignore)
    window = patch_geometry(SegmentationSettings(architecture="lr_unet"), 32).inputs["low"]
    image = torch.from_numpy(read(window.grid(region.grid)).copy())[None, None].float() / 255 * 2 - 1
    with torch.inference_mode():
        probabilities = model(image).softmax(dim=1)[0].numpy()
    np.testing.assert_array_equal(found.labels, probabilities.argmax(axis=0))
    np.testing.assert_allclose(found.confidence / 255, probabilities.max(axis=0), atol=0.5 / 255 + 1e-5)


@pytest.mark.parametrize(("tile_px", "phase_px"), [(64, 32), (128, 32), (48, 16), (16, 16)])
def test_tiles_cover_the_region_once_and_start_on_the_phase_grid(tile_px, phase_px):
    region = disc((118, 101), 28, origin_px=(85, 70), size_px=(64, 67))
    covered = np.zeros(region.mask.shape, int)
    for tile in plan_tiles(region, tile_px, phase_px):
        assert all(round(origin / 16) % phase_px == 0 for origin in tile.grid.origin_um)
        assert all(0 < side <= tile_px and side % phase_px == 0 for side in (tile.grid.width_px, tile.grid.height_px))
        rows, columns = (
            slice(max(start, 0), start + side)
            for start, side in ((tile.row, tile.grid.height_px), (tile.column, tile.grid.width_px))
        )
        covered[rows, columns] += 1
    assert (covered[region.mask] == 1).all()
    assert covered.max() == 1


def test_tiles_off_the_phase_grid_are_refused():
    with pytest.raises(ValueError, match="multiple of 32 px, got 40"):
        plan_tiles(disc((20, 20), 10), 40, 32)


def test_a_region_off_the_label_grid_is_refused():
    region = disc((20, 20), 10, size_px=(40, 40))
    off = replace(region, grid=region.grid.model_copy(update={"origin_um": (8.0, 0.0)}))
    with pytest.raises(ValueError, match=r"starts at 8\.0 µm, which is no multiple of 16"):
        plan_tiles(off, 64, 32)


def test_stopping_between_tiles_ends_the_prediction():
    class StopHereError(Exception):
        pass

    def stop(done, of):
        raise StopHereError

    region = disc((100, 100), 60)
    with pytest.raises(StopHereError):
        predictor("lr_unet", 32).predict(region, np.ones(region.mask.shape, np.uint8), noise_reader(), stop)
