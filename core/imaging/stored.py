"""What a TIFF file stores: its levels with the place and the coding of every tile or strip, read once when it is opened."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.imaging.codecs import COMPRESSIONS, JPEG, JPEG_2000, NONE, Coding, Samples, decode, luminance_first
from core.imaging.errors import UnreadableImageError
from core.imaging.gray import BLACK_IS_ZERO, PALETTE, RGB, WHITE_IS_ZERO, YCBCR, as_gray, gray_palette
from core.imaging.resampling import Image
from core.imaging.scanners import stored_pixel_size_um, stored_window
from core.imaging.tags import Directory, TagError, TagFile

# What codecs raise on damaged or foreign content (found by fuzzing: benchmarks/fuzz_tiff.py).
DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError, struct.error)

_MAX_SIDE_PX = 1_000_000
_MAX_SEGMENTS = 1 << 23
_MAX_SEGMENT_BYTES = 1 << 27  # decoded, of codecs that give a segment as a whole only
_MAX_PX_PER_FILE_BYTE = 10_000  # beyond what any codec reaches on tissue, so that little files claim no vast images
_MAX_JPEG_2000_BYTES = 1 << 25  # its decoder takes more than ten times that
_CONVERT = "Convert it into a tiled 8-bit or 16-bit gray pyramid TIFF"
_COPY = "Copy the file again from its source"
_SAMPLES = {WHITE_IS_ZERO: (1, 2), BLACK_IS_ZERO: (1, 2), RGB: (3, 4), PALETTE: (1,), YCBCR: (3, 4)}
_ALPHA = (1, 2)
_TEXT_BYTES = 4 << 20
_TABLE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class StoredLevel:
    """One page of the file: a grid of segments (tiles, or strips as tiles of full width), once per plane."""

    width_px: int
    height_px: int
    segment_width_px: int
    segment_height_px: int
    tiled: bool
    offsets: NDArray[np.int64]
    byte_counts: NDArray[np.int64]
    coding: Coding
    palette: Image | None

    @property
    def columns(self) -> int:
        """Segments per row."""
        return -(-self.width_px // self.segment_width_px)

    @property
    def rows(self) -> int:
        """Rows of segments."""
        return -(-self.height_px // self.segment_height_px)

    @property
    def plain_jpeg(self) -> bool:
        """True when a segment is a gray JPEG as a browser shows it."""
        coding = self.coding
        return coding.compression == JPEG and (coding.photometric, coding.samples, coding.bits) == (BLACK_IS_ZERO, 1, 8)

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return self.coding.samples * self.coding.planes

    def segment_rows(self, row: int) -> int:
        """Rows that are stored in the segments of a row: the last strip ends with the image, tiles and codecs may not."""
        if self.tiled or self.coding.compression in (JPEG, *JPEG_2000):
            return self.segment_height_px
        return min(self.segment_height_px, self.height_px - row * self.segment_height_px)

    def decode(self, data: bytes, height_px: int) -> Samples:
        """The samples of one segment, or of some rows of it, (height, width, samples)."""
        return decode(self.coding, data, height_px, self.segment_width_px)

    def check_covers(self, index: int, part: tuple[int, int], planes: list[Samples]) -> None:
        """ValueError unless each plane of a segment, or its rows (first, number), fills what the image shows of it.

        An image codec may give a smaller picture than its segment: right at the border, wrong elsewhere.
        """
        row, column = divmod(index, self.columns)
        width = min(self.segment_width_px, self.width_px - column * self.segment_width_px)
        height = min(part[1], self.height_px - row * self.segment_height_px - part[0])
        for plane in planes:
            if plane.shape[0] < height or plane.shape[1] < width or plane.shape != planes[0].shape:
                raise ValueError(f"it holds {plane.shape[1]} x {plane.shape[0]} px of {width} x {height}")

    def gray(self, samples: Samples, data: bytes) -> Samples:
        """Gray (height, width) of the samples of all planes; `data` is the segment of the first."""
        return as_gray(self.coding, self.palette, samples, luminance_first(self.coding, data))


@dataclass(frozen=True, slots=True)
class StoredImage:
    """Everything an open file needs: level number (0 is full resolution, each halves) to stored level."""

    pixel_size_um: float
    levels: dict[int, StoredLevel]
    window: tuple[int, int] | None
    """(black, white) of 16-bit gray where the file says so."""


def read_structure(path: Path, descriptor: int, pixel_size_um: float | None = None) -> StoredImage:
    """Read the tags of an open image; UnreadableImageError when it is no TIFF, damaged, oversized or of unknown scale.

    A pixel size given here replaces the one that the file tells.
    """
    try:
        file = TagFile(descriptor)
        pages = file.directories()
        base = _stored_level(path, pages[0], file)
        levels = {0: base}
        for page in pages[1:]:
            level = _level_number(page, base)
            if level and level not in levels:
                stored = _stored_level(path, page, file)
                if _alike(stored.coding, base.coding):
                    levels[level] = stored
        description = pages[0].text(270, _TEXT_BYTES)
        size_um = pixel_size_um or stored_pixel_size_um(path, pages[0], description)
        window = stored_window(pages[0], description, base.coding.photometric == WHITE_IS_ZERO) if base.samples else None
    except DAMAGE as error:
        raise UnreadableImageError(path, f"it cannot be read as TIFF ({error})", _COPY) from error
    return StoredImage(size_um, levels, window)


def _level_number(page: Directory, base: StoredLevel) -> int:
    """How often the base was halved to give this page; 0 when it is no level of it (a label, a thumbnail, a mask)."""
    try:
        width, height, samples, bits = (page.number(tag, default) for tag, default in ((256, 0), (257, 0), (277, 1), (258, 1)))
    except TagError:
        return 0
    if not 0 < width < base.width_px or (samples, bits) != (base.samples, base.coding.bits):
        return 0
    level = round(np.log2(base.width_px / width))
    sides = ((base.width_px, width), (base.height_px, height))
    fits = all(abs(whole / 2**level - part) <= 1 for whole, part in sides)
    return level if fits else 0


def _alike(one: Coding, other: Coding) -> bool:
    return one.photometric == other.photometric or {one.photometric, other.photometric} == {RGB, YCBCR}


def _stored_level(path: Path, page: Directory, file: TagFile) -> StoredLevel:
    width, height = page.number(256), page.number(257)
    if not (0 < width <= _MAX_SIDE_PX and 0 < height <= _MAX_SIDE_PX):
        raise UnreadableImageError(path, f"it claims {width} x {height} px", _COPY)
    if width * height > _MAX_PX_PER_FILE_BYTE * file.size:
        raise UnreadableImageError(path, f"it claims {width} x {height} px in {file.size} bytes", _COPY)
    tiled = 322 in page
    # Without rows per strip there is one strip.
    across, down = (page.number(322), page.number(323)) if tiled else (width, min(page.number(278, height), height))
    if not (0 < across <= _MAX_SIDE_PX and 0 < down <= _MAX_SIDE_PX):
        raise UnreadableImageError(path, f"its tiles or strips are {across} x {down} px", _COPY)
    coding = _coding(path, page)
    _check_segment(path, coding, across, down)
    segments = -(-width // across) * -(-height // down) * coding.planes
    offsets, counts = _places(path, page, segments, tiled)
    if not counts.size and coding.compression == NONE:  # may be left out
        counts = np.full(segments, down * coding.row_bytes(across), np.int64)
    level = StoredLevel(
        width_px=width,
        height_px=height,
        segment_width_px=across,
        segment_height_px=down,
        tiled=tiled,
        offsets=offsets,
        byte_counts=counts,
        coding=coding,
        palette=gray_palette(page.numbers(320, 768)) if coding.photometric == PALETTE else None,
    )
    _check_places(path, level, file.size)
    return level


def _coding(path: Path, page: Directory) -> Coding:
    """How a page stores its samples; UnreadableImageError names what this reader does not read."""
    samples, planar, photometric = page.number(277, 1), page.number(284, 1), page.number(262)
    compression, predictor = page.number(259, 1), page.number(317, 1)
    bits, formats = (set(page.numbers(tag, 64).tolist()) or {1} for tag in (258, 339))
    extra = page.numbers(338, 64).tolist()
    refused = {
        f"its samples have {' and '.join(map(str, sorted(bits)))} bit": bits not in ({8}, {16}, {12}),
        "its samples are signed, fractions or complex": formats != {1},
        f"its compression is {compression}": compression not in COMPRESSIONS,
        f"its colours are of kind {photometric}": photometric not in _SAMPLES,
        f"its pixels have {samples} channels": samples not in _SAMPLES.get(photometric, (samples,)),
        "its pixels have 2 channels, none of them alpha": samples == 2 and extra not in ([alpha] for alpha in _ALPHA),
        f"its planes are arranged in way {planar}": planar not in (1, 2),
        "it is a volume": (page.number(32997, 1), page.number(32998, 1)) != (1, 1),
        "its bits run from right to left": page.number(266, 1) != 1 and compression not in (JPEG, *JPEG_2000),
        f"its predictor is {predictor}": predictor not in (1, 2) and compression not in (JPEG, *JPEG_2000),
        "its samples have 12 bit outside JPEG": bits == {12} and compression != JPEG,
        "its palette is not one of 256 colours": photometric == PALETTE and (bits != {8} or page.count(320) != 768),
        "its colours are subsampled": compression != JPEG and photometric == YCBCR and set(page.numbers(530, 2)) - {1} != set(),
    }
    for reason, holds in refused.items():
        if holds:
            raise UnreadableImageError(path, reason, _CONVERT)
    return Coding(
        compression=compression,
        predictor=predictor,
        photometric=photometric,
        bits=bits.pop(),
        samples=samples if planar == 1 else 1,
        planes=1 if planar == 1 else samples,
        extra_samples=bool(extra),
        byte_order=page.byte_order,
        jpeg_tables=page.data(347, _TABLE_BYTES) or None,
    )


def _check_segment(path: Path, coding: Coding, width_px: int, height_px: int) -> None:
    """A compressed tile or strip is decoded as a whole, so it must fit into memory."""
    if coding.by_rows:
        return
    limit = _MAX_JPEG_2000_BYTES if coding.compression in JPEG_2000 else _MAX_SEGMENT_BYTES
    if height_px * coding.row_bytes(width_px) * coding.planes > limit:
        told = f"its compressed tiles or strips are {width_px} x {height_px} px, too large to be decoded each as a whole"
        raise UnreadableImageError(path, told, "Save it again as a TIFF of tiles, 256 x 256 px for example")


def _places(path: Path, page: Directory, segments: int, tiled: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets and byte counts of the segments; their number is checked before any is read."""
    offset_tag, count_tag = (324, 325) if tiled or 324 in page else (273, 279)
    listed = {page.count(offset_tag), page.count(count_tag) or segments}
    if listed != {segments} or segments > _MAX_SEGMENTS:
        told = f"it lists {page.count(offset_tag)} tiles or strips in place of {segments}"
        raise UnreadableImageError(path, told if listed != {segments} else f"it has {segments} tiles or strips", _COPY)
    return page.numbers(offset_tag, _MAX_SEGMENTS), page.numbers(count_tag, _MAX_SEGMENTS)


def _check_places(path: Path, level: StoredLevel, size: int) -> None:
    """Every segment lies inside the file, is no larger than any codec makes it, and covers no part of another."""
    offsets, counts = level.offsets, level.byte_counts
    if counts.size != offsets.size:
        raise UnreadableImageError(path, "it does not say how long its tiles or strips are", _COPY)
    if offsets.min() < 0 or counts.min() < 0:
        raise UnreadableImageError(path, "its tiles or strips have no place in it", _COPY)
    plain = level.segment_height_px * level.coding.row_bytes(level.segment_width_px)
    if level.coding.by_rows:
        counts = np.minimum(counts, plain)
    elif counts.max() > plain * 3 // 2 + (1 << 16):
        raise UnreadableImageError(path, f"one of its tiles or strips claims {counts.max()} bytes for {plain}", _COPY)
    ends = offsets + counts
    if ends.max() > size:
        raise UnreadableImageError(path, f"it is truncated: {size} bytes of {ends.max()}", _COPY)
    if not (ends[:-1] <= offsets[1:]).all():
        places = np.unique(np.stack((offsets, ends), axis=1)[counts > 0], axis=0)
        if (places[1:, 0] < places[:-1, 1]).any():
            raise UnreadableImageError(path, "its tiles or strips overlap", _COPY)
