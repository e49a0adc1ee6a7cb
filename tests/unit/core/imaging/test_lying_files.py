"""Files that say what cannot be are refused by name before anything is read or held for them."""

import lzma
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

from core.imaging.pyramid import UnreadableImageError, open_pyramid
from core.imaging.tags import TagFile

MAX_OPENING_BYTES = 32 << 20


def write(path: Path, **options: Any) -> Path:
    y, x = np.mgrid[:200, :300]
    pixels = (127 + 60 * np.sin(x / 23) + 60 * np.cos(y / 31)).astype(np.uint8)
    tifffile.imwrite(path, pixels, **{"tile": (64, 64), "photometric": "minisblack", "metadata": None, **options})
    return path


def set_tag(path: Path, tag: str, value: Any) -> None:
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages[0].tags[tag].overwrite(value)


def patch(path: Path, position: int, form: str, *values: int) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, position, *values)
    path.write_bytes(data)


def entry_position(path: Path, tag: int) -> int:
    """Where a tag's entry begins in the first directory of a little-endian Classic TIFF."""
    data = path.read_bytes()
    (position,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, position)
    return next(at for at in range(position + 2, position + 2 + 12 * count, 12) if struct.unpack_from("<H", data, at)[0] == tag)


def refuse(path: Path, reason: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableImageError, match=reason) as caught:
            open_pyramid(path, 1.0)
        assert tracemalloc.get_traced_memory()[1] < MAX_OPENING_BYTES
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert len(caught.value.remedy) > 10


def test_directories_that_lead_back_to_themselves(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif")
    data = path.read_bytes()
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    patch(path, first + 2 + 12 * count, "<I", first)
    refuse(path, "loop")


def test_a_sub_directory_that_is_its_parent(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(np.zeros((64, 64), np.uint8), subifds=1, metadata=None)
        tiff.write(np.zeros((32, 32), np.uint8), subfiletype=1, metadata=None)
    (first,) = struct.unpack_from("<I", (tmp_path / "a.tif").read_bytes(), 4)
    patch(tmp_path / "a.tif", entry_position(tmp_path / "a.tif", 330) + 8, "<I", first)
    refuse(tmp_path / "a.tif", "loop")


@pytest.mark.parametrize("at", [1, 7, 1 << 31])
def test_directories_that_are_nowhere(tmp_path: Path, at: int) -> None:
    path = write(tmp_path / "a.tif")
    patch(path, 4, "<I", at)
    refuse(path, "cannot be read as TIFF")


@pytest.mark.parametrize(("width", "height"), [(10**9, 10**9), (2**32 - 1, 1), (0, 5), (1_000_000, 1_000_000)])
def test_sizes_that_cannot_be(tmp_path: Path, width: int, height: int) -> None:
    path = write(tmp_path / "a.tif")
    set_tag(path, "ImageWidth", width)
    set_tag(path, "ImageLength", height)
    refuse(path, f"claims {width} x {height}")


@pytest.mark.parametrize("side", [0, 2**32 - 1, 2_000_000])
def test_tiles_that_cannot_be(tmp_path: Path, side: int) -> None:
    path = write(tmp_path / "a.tif")
    patch(path, entry_position(path, 322) + 2, "<HII", 4, 1, side)
    refuse(path, "tiles or strips are")


@pytest.mark.parametrize("count", [0, 19, 2**32 - 1])
def test_more_or_fewer_tiles_than_there_are(tmp_path: Path, count: int) -> None:
    path = write(tmp_path / "a.tif")
    patch(path, entry_position(path, 324) + 4, "<I", count)
    refuse(path, "lists")


def test_countless_tiles_of_one_pixel(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", bigtiff=False)
    for tag, value in ((256, 60_000), (257, 3_000), (322, 1), (323, 1)):
        patch(path, entry_position(path, tag) + 2, "<HII", 4, 1, value)
    for tag in (324, 325):
        patch(path, entry_position(path, tag) + 4, "<I", 180_000_000)
    refuse(path, "it has 180000000 tiles")


def test_offsets_beyond_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", compression="zlib")
    (offsets,) = struct.unpack_from("<I", path.read_bytes(), entry_position(path, 324) + 8)
    patch(path, offsets + 8, "<I", 2**32 - 5)
    refuse(path, "truncated")


@pytest.mark.parametrize("kind", ["zlib", "lzw", "zstd", "packbits"])
def test_one_strip_of_gigabytes(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "a.tif", compression=kind, tile=None, rowsperstrip=200)
    patch(path, entry_position(path, 279) + 2, "<HII", 4, 1, 2**31)
    refuse(path, "claims 2147483648 bytes")


def test_tiles_that_overlap(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", compression="zlib")
    (offsets,) = struct.unpack_from("<I", path.read_bytes(), entry_position(path, 324) + 8)
    (first,) = struct.unpack_from("<I", path.read_bytes(), offsets)
    patch(path, offsets + 4, "<I", first + 10)
    refuse(path, "overlap")


def test_tiles_that_share_their_bytes_are_no_lie(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif")
    (offsets,) = struct.unpack_from("<I", path.read_bytes(), entry_position(path, 324) + 8)
    (first,) = struct.unpack_from("<I", path.read_bytes(), offsets)
    patch(path, offsets + 4, "<I", first)
    with open_pyramid(path, 1.0) as image:
        assert np.array_equal(image.read(0, 0, 0, 64, 64), image.read(0, 64, 0, 64, 64))


def test_tags_without_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", bigtiff=True)
    (first,) = struct.unpack_from("<Q", path.read_bytes(), 8)
    patch(path, first, "<Q", 2**63)
    refuse(path, "has 9223372036854775808 tags")


@pytest.mark.parametrize("values", [2**32 - 1, 2**20])
def test_values_without_end(tmp_path: Path, values: int) -> None:
    path = write(tmp_path / "a.tif")
    patch(path, entry_position(path, 256) + 4, "<I", values)
    refuse(path, "more than")


@pytest.mark.parametrize("scale", ["1e-9", "1e12"])
def test_pixel_sizes_that_cannot_be_are_not_taken(tmp_path: Path, scale: str) -> None:
    path = write(tmp_path / "a.tif", description=f'{{"pixel_size_um": {scale}}}')
    with pytest.raises(UnreadableImageError, match="its pixel size"):
        open_pyramid(path)
    path = write(tmp_path / "b.tif", description=f"Aperio\n1x1|MPP = {scale}")
    with pytest.raises(UnreadableImageError, match="claims pixels"):
        open_pyramid(path)


def test_a_description_of_nothing_but_brackets_ends_soon(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", description='{"a":' + "[" * 100_000)
    refuse_size(path)
    path = write(tmp_path / "b.tif", description="<Pixels " * 100_000)
    refuse_size(path)


def refuse_size(path: Path) -> None:
    with pytest.raises(UnreadableImageError, match="pixel size"):
        open_pyramid(path)


class TestBombs:
    """Tiles whose data are small and would become vast."""

    @staticmethod
    def tiled(path: Path, tile: bytes, compression: Any, dtype: type = np.uint8) -> Path:
        with tifffile.TiffWriter(path) as tiff:
            tiff.write(
                iter([tile]), shape=(64, 64), dtype=dtype, tile=(64, 64), compression=compression, photometric=1, metadata=None
            )
        return path

    @staticmethod
    def refuse_tile(path: Path, reason: str) -> None:
        tracemalloc.start()
        try:
            with open_pyramid(path, 1.0) as image, pytest.raises(UnreadableImageError, match=reason):
                image.read(0, 0, 0, 64, 64)
            assert tracemalloc.get_traced_memory()[1] < MAX_OPENING_BYTES
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("codec", ["zlib", "zstd", "packbits"])
    def test_compressed_zeros_beyond_the_tile(self, tmp_path: Path, codec: str) -> None:
        encoded = getattr(imagecodecs, f"{codec}_encode")(bytes(5000))
        self.refuse_tile(self.tiled(tmp_path / "a.tif", encoded, codec), "damaged")

    def test_zeros_beyond_the_tile_are_not_unpacked_where_the_codec_goes_piece_by_piece(self, tmp_path: Path) -> None:
        path = self.tiled(tmp_path / "a.tif", imagecodecs.lzma_encode(bytes(64 << 20)), "lzma")
        tracemalloc.start()
        try:
            with open_pyramid(path, 1.0) as image:
                assert (image.read(0, 0, 0, 64, 64) == 0).all()
            assert tracemalloc.get_traced_memory()[1] < MAX_OPENING_BYTES
        finally:
            tracemalloc.stop()

    def test_a_jpeg_larger_than_its_tile(self, tmp_path: Path) -> None:
        jpeg = imagecodecs.jpeg8_encode(np.zeros((512, 2048), np.uint8), level=50)
        self.refuse_tile(self.tiled(tmp_path / "a.tif", jpeg, "jpeg"), "JPEG of 2048 x 512")

    def test_a_jpeg_2000_larger_than_its_tile(self, tmp_path: Path) -> None:
        stream = imagecodecs.jpeg2k_encode(np.zeros((512, 2048), np.uint8), level=50)
        self.refuse_tile(self.tiled(tmp_path / "a.tif", stream, "jpeg2000"), "JPEG 2000 of 2048 x 512")

    @pytest.mark.parametrize("codec", ["jpeg8", "jpeg2k"])
    def test_a_picture_smaller_than_its_tile(self, tmp_path: Path, codec: str) -> None:
        small = getattr(imagecodecs, f"{codec}_encode")(np.zeros((40, 64), np.uint8), level=50)
        path = self.tiled(tmp_path / "a.tif", small, {"jpeg8": "jpeg", "jpeg2k": "jpeg2000"}[codec])
        self.refuse_tile(path, "holds 64 x 40 px of 64 x 64")

    def test_a_jpeg_of_endless_scans(self, tmp_path: Path) -> None:
        jpeg = imagecodecs.jpeg8_encode(np.zeros((64, 64), np.uint8), level=50)
        scan = jpeg[jpeg.index(b"\xff\xda") : -2]
        self.refuse_tile(self.tiled(tmp_path / "a.tif", jpeg[:-2] + 200 * scan + b"\xff\xd9", "jpeg"), "endless scans")

    def test_lzma_that_wants_gigabytes(self, tmp_path: Path) -> None:
        stream = bytearray(lzma.compress(bytes(4096), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]))
        header = bytearray(stream[12:24])
        header[4] = 40  # the code for a dictionary of 4 GiB - 1
        header[8:12] = struct.pack("<I", zlib.crc32(bytes(header[:8])))
        stream[12:24] = header
        self.refuse_tile(self.tiled(tmp_path / "a.tif", bytes(stream), "lzma"), "damaged.*[Mm]emory")


def test_rows_of_one_vast_strip_are_read_one_by_one(tmp_path: Path) -> None:
    """30,000 x 10,000 px in one strip, sparse on disk: a window takes no more memory than its rows."""
    path = tmp_path / "a.tif"
    width, height = 10_000, 30_000
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        tiff.write(np.zeros((1, width), np.uint8), rowsperstrip=1, photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tags = tiff.pages[0].tags
        tags["ImageLength"].overwrite(height)
        tags["RowsPerStrip"].overwrite(height)
        tags["StripByteCounts"].overwrite(width * height)
        offset = tiff.pages[0].dataoffsets[0]
    with path.open("r+b") as file:
        file.truncate(offset + width * height)
        file.seek(offset + 20_000 * width + 5_000)
        file.write(b"\x07")
    tracemalloc.start()
    try:
        with open_pyramid(path, 1.0) as image:
            assert image.read(0, 4_990, 19_990, 20, 20)[10, 10] == 7
            assert image.read(0, 4_990, 0, 20, height).shape == (height, 20)
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


def test_a_directory_is_read_by_its_own_byte_order(tmp_path: Path) -> None:
    for order in "<>":
        path = write(tmp_path / "a.tif", byteorder=order)
        with path.open("rb") as file:
            assert TagFile(file.fileno()).directories()[0].number(256) == 300
