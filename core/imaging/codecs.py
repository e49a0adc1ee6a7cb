"""Decode one tile or strip of a TIFF into its samples, never into more memory than the file's directory announced.

The compressed bytes may lie as much as the directory: codecs that allocate what the data say (JPEG, JPEG 2000, LZMA)
are asked only after the data's own header was checked.
"""

import lzma
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.uint8 | np.uint16]

NONE, LZW, JPEG, JPEG_2000_YCBCR = 1, 5, 7, 33003
JPEG_2000 = (JPEG_2000_YCBCR, 33005, 34712)
_YCBCR, _RGB = 6, 2
_LZMA_MEMORY = 256 << 20
_MAX_SCANS = 100  # progressive JPEG has about ten; each scan costs a pass over the image
_MAX_PROGRESSIVE_BYTES = 1 << 26  # held as 16-bit coefficients until the last scan
_MAX_CODE_TILES = 1024
_CODE_STREAM = b"\xff\x4f\xff\x51"
_START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2, 0xC3})
_PROGRESSIVE, _START_OF_SCAN, _END = 0xC2, 0xDA, 0xD9


@dataclass(frozen=True, slots=True)
class Coding:
    """How the samples of a page are stored."""

    compression: int
    predictor: int
    photometric: int
    bits: int
    """8 or 16, or 12 in JPEG, which gives 16-bit samples up to 4095."""
    samples: int
    """Samples per pixel of a segment: 1 where the planes are apart."""
    planes: int
    """Segments that make up the samples of a pixel: 1 where they stand together."""
    extra_samples: bool
    byte_order: str
    jpeg_tables: bytes | None

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a decoded sample, in this machine's byte order."""
        return np.dtype(np.uint8 if self.bits == 8 else np.uint16)

    @property
    def by_rows(self) -> bool:
        """True when any row of a segment can be read without the rows above it."""
        return self.compression == NONE

    def row_bytes(self, width_px: int) -> int:
        """Bytes of one decoded row of a segment."""
        return width_px * self.samples * self.dtype.itemsize


def decode(coding: Coding, data: bytes, height_px: int, width_px: int) -> Samples:
    """The samples of a segment, (height, width, samples), or of its upper left part where an image codec gives less.

    ValueError and what the codecs raise, for data that do not hold what the directory says.
    """
    if coding.compression == JPEG:
        return _fitted(_decode_jpeg(coding, data, height_px, width_px), coding, height_px, width_px)
    if coding.compression in JPEG_2000:
        _check_jpeg_2000(coding, data, height_px, width_px)
        return _fitted(imagecodecs.jpeg2k_decode(data, numthreads=1), coding, height_px, width_px)
    size = height_px * coding.row_bytes(width_px)
    plain = _DECOMPRESSORS[coding.compression](data, size)
    if len(plain) < size:
        raise ValueError(f"it holds {len(plain)} bytes of {size}")
    stored = np.frombuffer(plain, f"{coding.byte_order}u{coding.dtype.itemsize}", size // coding.dtype.itemsize)
    samples: Samples = stored.astype(coding.dtype, copy=False).reshape(height_px, width_px, coding.samples)
    return np.asarray(imagecodecs.delta_decode(samples, axis=1), coding.dtype) if coding.predictor == 2 else samples


def _decompress_lzma(data: bytes, size: int) -> bytes:
    try:
        return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress(data, max_length=size)
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from error


def _decoder(function: Callable[..., Any]) -> Callable[[bytes, int], bytes]:
    return lambda data, size: function(data, out=size)


_DECOMPRESSORS: dict[int, Callable[[bytes, int], bytes]] = {
    NONE: lambda data, size: data,
    LZW: _decoder(imagecodecs.lzw_decode),
    8: _decoder(imagecodecs.deflate_decode),
    32946: _decoder(imagecodecs.deflate_decode),
    32773: _decoder(imagecodecs.packbits_decode),
    34925: _decompress_lzma,
    50000: _decoder(imagecodecs.zstd_decode),
    34926: _decoder(imagecodecs.zstd_decode),
}
COMPRESSIONS = frozenset({*_DECOMPRESSORS, JPEG, *JPEG_2000})


def _fitted(pixels: NDArray[Any], coding: Coding, height_px: int, width_px: int) -> Samples:
    """What an image codec gave as (height, width, samples), cut to the segment."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if pixels.dtype != coding.dtype or pixels.shape[2] != coding.samples:
        raise ValueError(f"it holds {pixels.shape[2]} samples of {pixels.dtype}, not {coding.samples} of {coding.dtype}")
    return pixels[:height_px, :width_px]


def _decode_jpeg(coding: Coding, data: bytes, height_px: int, width_px: int) -> NDArray[Any]:
    _check_jpeg(coding, data, height_px, width_px)
    stored: int | None = None
    wanted: int | None = None
    if not coding.extra_samples and coding.photometric == _YCBCR:
        wanted = _RGB
    elif not coding.extra_samples and coding.photometric == _RGB:
        # Without a JFIF mark, RGB is what it says (Aperio); with one, JPEG's own YCbCr.
        stored, wanted = None if data[6:10] == b"JFIF" else _RGB, _RGB
    if coding.planes > 1:
        wanted = 1  # each plane is a gray image
    pixels: NDArray[Any] = imagecodecs.jpeg8_decode(data, tables=coding.jpeg_tables, colorspace=stored, outcolorspace=wanted)
    return pixels


def _check_jpeg(coding: Coding, data: bytes, height_px: int, width_px: int) -> None:
    """Refuse a JPEG that is larger than its segment, or that takes its time with more scans than any encoder makes."""
    kind, width, height, samples = _jpeg_frame(data)
    # Encoders may round a segment up to whole blocks.
    if height > -(-height_px // 16) * 16 or width > -(-width_px // 16) * 16 or samples != coding.samples:
        raise ValueError(f"it is a JPEG of {width} x {height} px and {samples} samples")
    if kind == _PROGRESSIVE and height * width * samples > _MAX_PROGRESSIVE_BYTES:
        raise ValueError(f"it is a progressive JPEG of {width} x {height} px")
    if data.count(b"\xff\xda") > _MAX_SCANS:
        raise ValueError("it is a JPEG of endless scans")


def _jpeg_frame(data: bytes) -> tuple[int, int, int, int]:
    """Kind, width, height and samples of a JPEG, from the frame header that precedes its first scan."""
    position = 2
    while position + 10 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        if marker in (_START_OF_SCAN, _END):
            break
        if marker in _START_OF_FRAME:
            height, width, samples = struct.unpack_from(">HHB", data, position + 5)
            return marker, width, height, samples
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    raise ValueError("it is no JPEG, or one of an unusual kind")


def luminance_first(coding: Coding, data: bytes) -> bool:
    """Whether the first sample of a decoded segment of this page is its brightness, not its red."""
    if coding.compression == JPEG_2000_YCBCR:
        return not _subsampled(data)  # the decoder turns subsampled ones into RGB, and only those
    return coding.photometric == _YCBCR and (coding.compression != JPEG or coding.planes > 1)


def _subsampled(data: bytes) -> bool:
    """Whether the second sample of a JPEG 2000 code stream is stored in fewer pixels than the first."""
    # After the start mark (2 bytes), the size segment: its mark, length and kind (6), eight numbers (32), how many
    # samples (2), then three bytes for each: depth, and the steps across and down.
    second = data.find(_CODE_STREAM) + 42 + 3
    return data[second + 1 : second + 3] != b"\x01\x01"


def _check_jpeg_2000(coding: Coding, data: bytes, height_px: int, width_px: int) -> None:
    """Refuse a code stream that is larger than its segment or divided into countless tiles."""
    position = data.find(_CODE_STREAM)
    if position < 0:
        raise ValueError("it is no JPEG 2000 code stream")
    right, bottom, left, top, tile_width, tile_height, _, _, samples = struct.unpack_from(">8IH", data, position + 8)
    width, height = right - left, bottom - top
    if not (0 < width <= width_px and 0 < height <= height_px and samples == coding.samples):
        raise ValueError(f"it is a JPEG 2000 of {width} x {height} px and {samples} samples")
    if not tile_width or not tile_height or -(-right // tile_width) * -(-bottom // tile_height) > _MAX_CODE_TILES:
        raise ValueError("it is a JPEG 2000 of too many tiles")
