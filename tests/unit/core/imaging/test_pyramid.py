import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.imaging.pyramid import Pyramid, UnreadableImageError, open_pyramid
from core.imaging.resampling import halve
from core.imaging.writer import PyramidOptions, write_pyramid

PER_CM = {"resolution": (5000, 5000), "resolutionunit": "CENTIMETER"}  # 2 µm


def smooth_image(width_px: int = 700, height_px: int = 500) -> np.ndarray:
    y, x = np.mgrid[:height_px, :width_px]
    return np.round(127 + 60 * np.sin(x / 23) + 60 * np.cos(y / 31)).astype(np.uint8)


@pytest.fixture
def pyramid(tmp_path: Path) -> Pyramid:
    image = smooth_image()
    options = PyramidOptions(pixel_size_um=2.0, tile_size_px=128, jpeg_quality=95)
    write_pyramid(tmp_path / "a.tif", lambda first, count: image[first : first + count], 700, 500, options)
    return open_pyramid(tmp_path / "a.tif")


def test_it_says_what_was_written(pyramid: Pyramid) -> None:
    assert (pyramid.width_px, pyramid.height_px, pyramid.pixel_size_um, pyramid.tile_size_px) == (700, 500, 2.0, 128)
    assert [(level.level, level.width_px, level.height_px) for level in pyramid.levels] == [
        (0, 700, 500),
        (1, 350, 250),
        (2, 175, 125),
        (3, 88, 63),
    ]
    assert pyramid.stored_levels == (0, 1, 2, 3)


@pytest.mark.parametrize("window", [(0, 0, 700, 500), (100, 37, 300, 200), (-50, -60, 200, 150), (650, 470, 100, 100)])
def test_a_window_is_cut_out_of_the_image_and_filled_outside(pyramid: Pyramid, window: tuple[int, int, int, int]) -> None:
    x, y, width, height = window
    padded = np.pad(pyramid.read(0, 0, 0, 700, 500), 100, constant_values=7)
    assert np.abs(padded[100:-100, 100:-100].astype(int) - smooth_image()).max() <= 3
    assert np.array_equal(
        pyramid.read(0, x, y, width, height, fill=7), padded[100 + y : 100 + y + height, 100 + x : 100 + x + width]
    )


def test_a_window_beyond_the_image_is_all_fill(pyramid: Pyramid) -> None:
    assert (pyramid.read(0, 5000, 5000, 10, 10) == 255).all()


def test_stored_jpeg_tiles_pass_through_undecoded(pyramid: Pyramid) -> None:
    with tifffile.TiffFile(pyramid.path) as tiff:
        page = tiff.pages[1]
        offset, count = page.dataoffsets[4], page.databytecounts[4]
    assert pyramid.jpeg_tile(1, 1, 1) == pyramid.path.read_bytes()[offset : offset + count]


@pytest.mark.parametrize(("level", "column", "row"), [(0, 6, 0), (0, -1, 0), (0, 0, 4), (4, 0, 0), (-1, 0, 0)])
def test_a_tile_that_does_not_exist_is_an_index_error(pyramid: Pyramid, level: int, column: int, row: int) -> None:
    with pytest.raises(IndexError, match="no"):
        pyramid.jpeg_tile(level, column, row)


def test_many_threads_read_what_one_reads(pyramid: Pyramid) -> None:
    windows = [(level, 13 * k % 60, 7 * k % 60, 90, 80) for k in range(100) for level in range(3)]
    alone = [pyramid.read(*window) for window in windows]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda window: pyramid.read(*window), windows))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_a_closed_pyramid_says_so(pyramid: Pyramid) -> None:
    with pyramid:
        pass
    with pytest.raises(ValueError, match="closed"):
        pyramid.read(0, 0, 0, 10, 10)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits"])
@pytest.mark.parametrize("layout", [{"tile": (64, 64)}, {"rowsperstrip": 33}, {"tile": (64, 128)}, {}])
def test_plain_tiffs_are_read_exactly(tmp_path: Path, compression: str | None, layout: dict[str, object]) -> None:
    image = smooth_image(300, 200)
    tifffile.imwrite(tmp_path / "a.tif", image, compression=compression, **layout, **PER_CM)
    pyramid = open_pyramid(tmp_path / "a.tif")
    assert pyramid.pixel_size_um == pytest.approx(2.0)
    assert np.array_equal(pyramid.read(0, 0, 0, 300, 200), image)


def test_differences_between_neighbours_are_undone(tmp_path: Path) -> None:
    image = smooth_image(300, 200)
    tifffile.imwrite(tmp_path / "a.tif", image, compression="lzw", predictor=True, tile=(64, 64), **PER_CM)
    assert np.array_equal(open_pyramid(tmp_path / "a.tif").read(0, 0, 0, 300, 200), image)


def test_levels_that_are_not_stored_are_averaged_from_finer_ones(tmp_path: Path) -> None:
    image = smooth_image(3001, 1203)
    tifffile.imwrite(tmp_path / "a.tif", image, tile=(256, 256), **PER_CM)
    pyramid = open_pyramid(tmp_path / "a.tif")
    assert pyramid.stored_levels == (0,)
    expected = halve(halve(image))
    assert np.array_equal(pyramid.read(2, 0, 0, 751, 301), expected)
    assert np.array_equal(pyramid.read(2, 601, 250, 100, 40), expected[250:290, 601:701])


def test_pyramids_in_sub_directories_and_in_steps_of_four_are_read(tmp_path: Path) -> None:
    image = smooth_image(1024, 768)
    coarse = halve(halve(image))
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(image, tile=(128, 128), subifds=1, **PER_CM)
        tiff.write(coarse, tile=(128, 128), subfiletype=1)
    pyramid = open_pyramid(tmp_path / "a.tif")
    assert pyramid.stored_levels == (0, 2)
    assert np.array_equal(pyramid.read(2, 0, 0, 256, 192), coarse)


def test_pages_that_are_no_level_are_passed_over(tmp_path: Path) -> None:
    image = smooth_image(1024, 768)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(image, tile=(128, 128), **PER_CM)
        tiff.write(smooth_image(200, 200), photometric="minisblack")
    assert open_pyramid(tmp_path / "a.tif").stored_levels == (0,)


def test_colour_becomes_gray(tmp_path: Path) -> None:
    colour = np.zeros((128, 128, 3), np.uint8)
    colour[..., 1] = 200
    tifffile.imwrite(tmp_path / "a.tif", colour, photometric="rgb", tile=(64, 64), **PER_CM)
    assert set(np.unique(open_pyramid(tmp_path / "a.tif").read(0, 0, 0, 128, 128))) == {117}


def test_colour_jpeg_tiles_are_served_as_gray(tmp_path: Path) -> None:
    colour = np.full((128, 128, 3), (200, 150, 180), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", colour, photometric="rgb", compression="jpeg", tile=(128, 128), **PER_CM)
    tile = Image.open(io.BytesIO(open_pyramid(tmp_path / "a.tif").jpeg_tile(0, 0, 0)))
    assert tile.mode == "L"
    assert np.abs(np.asarray(tile).astype(int) - 168).max() <= 3


def test_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.full((64, 64), 10, np.uint8), photometric="miniswhite", tile=(64, 64), **PER_CM)
    assert (open_pyramid(tmp_path / "a.tif").read(0, 0, 0, 64, 64) == 245).all()


def test_shared_jpeg_tables_are_put_into_the_tile(tmp_path: Path) -> None:
    image = smooth_image(64, 64)
    whole = io.BytesIO()
    Image.fromarray(image).save(whole, "JPEG", quality=95)
    tables, tile = split_tables(whole.getvalue())
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(
            iter([tile]),
            shape=(64, 64),
            dtype=np.uint8,
            tile=(64, 64),
            compression="jpeg",
            jpegtables=tables,
            photometric=1,
            **PER_CM,
        )
    pyramid = open_pyramid(tmp_path / "a.tif")
    shown = np.asarray(Image.open(io.BytesIO(pyramid.jpeg_tile(0, 0, 0))))
    assert np.abs(shown.astype(int) - image).max() <= 4
    assert np.array_equal(shown, pyramid.read(0, 0, 0, 64, 64))


def split_tables(data: bytes) -> tuple[bytes, bytes]:
    """A JPEG as its tables (DQT, DHT) and the rest, each with start and, for the tables, end marker."""
    tables, rest, at = b"", b"", 2
    while data[at + 1] != 0xDA:
        length = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] in (0xDB, 0xC4):
            tables += data[at : at + length]
        else:
            rest += data[at : at + length]
        at += length
    return b"\xff\xd8" + tables + b"\xff\xd9", b"\xff\xd8" + rest + data[at:]


class TestUnreadable:
    @staticmethod
    def refuse(path: Path, reason: str) -> None:
        with pytest.raises(UnreadableImageError, match=reason) as caught:
            open_pyramid(path)
        assert str(path) in str(caught.value)
        assert len(caught.value.remedy) > 10

    @staticmethod
    def write(path: Path, image: np.ndarray | None = None, **options: object) -> Path:
        image = smooth_image(300, 200) if image is None else image
        tifffile.imwrite(path, image, **{"tile": (64, 64), **PER_CM, **options})
        return path

    def test_missing(self, tmp_path: Path) -> None:
        self.refuse(tmp_path / "a.tif", "no such file")

    def test_a_folder(self, tmp_path: Path) -> None:
        self.refuse(tmp_path, "no such file")

    @pytest.mark.parametrize("content", [b"", b"II*\0", b"hello world, this is text", b"II+\0\x08\0\0\0" + b"\xff" * 64])
    def test_not_a_tiff(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.tif").write_bytes(content)
        self.refuse(tmp_path / "a.tif", "cannot be read as TIFF")

    @pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
    def test_truncated(self, tmp_path: Path, part: float) -> None:
        path = self.write(tmp_path / "a.tif")
        path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
        self.refuse(path, "truncated|cannot be read")

    def test_truncated_pyramid(self, tmp_path: Path, pyramid: Pyramid) -> None:
        data = pyramid.path.read_bytes()
        for part in (0.3, 0.95, 0.999):
            (tmp_path / "b.tif").write_bytes(data[: int(part * len(data))])
            self.refuse(tmp_path / "b.tif", "truncated|cannot be read")

    def test_no_pixel_size(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "a.tif", resolution=(1, 1), resolutionunit="NONE")
        self.refuse(path, "pixel size")

    def test_screen_resolution(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "a.tif", resolution=(72, 72), resolutionunit="INCH")
        self.refuse(path, "screen")

    def test_pixels_that_are_not_square(self, tmp_path: Path) -> None:
        self.refuse(self.write(tmp_path / "a.tif", resolution=(5000, 2500)), "square")

    @pytest.mark.parametrize("kind", ["float32", "int16", "uint32"])
    def test_samples_that_are_no_brightness(self, tmp_path: Path, kind: str) -> None:
        self.refuse(self.write(tmp_path / "a.tif", smooth_image().astype(kind)), "32 bit|signed")

    def test_one_compressed_strip_larger_than_memory_allows(self, tmp_path: Path) -> None:
        with tifffile.TiffWriter(tmp_path / "a.tif", bigtiff=True) as tiff:
            strip = iter([bytes(500_000)])
            tiff.write(strip, shape=(60_000, 60_000), dtype=np.uint8, rowsperstrip=60_000, compression="zlib", **PER_CM)
        self.refuse(tmp_path / "a.tif", "strips are 60000 x 60000 px, too large")

    def test_vast_claims_of_little_files(self, tmp_path: Path) -> None:
        with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
            tiff.write(iter([b"x"]), shape=(60_000, 60_000), dtype=np.uint8, rowsperstrip=60_000, compression="zlib", **PER_CM)
        self.refuse(tmp_path / "a.tif", "claims 60000 x 60000 px in")

    def test_absurd_size(self, tmp_path: Path, pyramid: Pyramid) -> None:
        path = tmp_path / "b.tif"
        path.write_bytes(pyramid.path.read_bytes())
        with tifffile.TiffFile(path, mode="r+b") as tiff:
            tiff.pages[0].tags["ImageWidth"].overwrite(2**31)
        self.refuse(path, "claims 2147483648")

    def test_fewer_tiles_than_the_size_needs(self, tmp_path: Path, pyramid: Pyramid) -> None:
        path = tmp_path / "b.tif"
        path.write_bytes(pyramid.path.read_bytes())
        with tifffile.TiffFile(path, mode="r+b") as tiff:
            tiff.pages[0].tags["ImageWidth"].overwrite(7000)
        self.refuse(path, "lists 24 tiles")

    def test_a_damaged_tile_is_named_when_it_is_read(self, tmp_path: Path, pyramid: Pyramid) -> None:
        data = bytearray(pyramid.path.read_bytes())
        with tifffile.TiffFile(pyramid.path) as tiff:
            offset, count = tiff.pages[0].dataoffsets[7], tiff.pages[0].databytecounts[7]
        data[offset : offset + count] = bytes(count)
        (tmp_path / "b.tif").write_bytes(data)
        damaged = open_pyramid(tmp_path / "b.tif")
        assert damaged.read(0, 0, 0, 128, 128).shape == (128, 128)
        with pytest.raises(UnreadableImageError, match="strip 7 is damaged"):
            damaged.read(0, 0, 0, 700, 500)

    @pytest.mark.parametrize("kind", ["pyramid", "lzw tiles", "deflated strips"])
    def test_damage_anywhere_gives_an_image_or_a_named_error(self, tmp_path: Path, pyramid: Pyramid, kind: str) -> None:
        path = tmp_path / "b.tif"
        if kind == "lzw tiles":
            self.write(path, compression="lzw", predictor=True)
        elif kind == "deflated strips":
            self.write(path, compression="zlib", tile=None, rowsperstrip=20)
        whole = (pyramid.path if kind == "pyramid" else path).read_bytes()
        random = np.random.default_rng(len(kind))
        refused = []
        for part in range(120):
            data = bytearray(whole)
            # Header and directories stand at the beginning and the end; a third of the changes hits the pixels.
            place = (random.integers(0, 300), random.integers(len(data) - 1200, len(data)), random.integers(0, len(data)))
            data[place[part % 3]] ^= 1 << random.integers(0, 8)
            path.write_bytes(data)
            try:
                with open_pyramid(path) as damaged:
                    coarsest = damaged.levels[-1]
                    assert coarsest.width_px <= damaged.tile_size_px
                    damaged.read(0, 0, 0, 700, 500)
            except UnreadableImageError as error:
                refused.append(str(error))
        assert len(refused) > 5
        assert all(str(path) in message for message in refused)
