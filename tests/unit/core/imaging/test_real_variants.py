"""TIFF files as other programs write them: those in tests/data/tiff, and all that scripts/fetch_tiff_variants.py fetched."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.imaging.pyramid import UnreadableImageError, open_pyramid
from tests.unit.core.imaging.tifffile_peer import tifffile_samples

ALWAYS = Path(__file__).parents[3] / "data/tiff"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "brodmann" / "tiff-variants"
FETCHED = Path(os.environ.get("BRODMANN_TIFF_VARIANTS") or CACHE)

# What is no section image, by the part of the name that says so, and how it is refused.
REFUSED = {
    ".b1.": "1 bit",
    ".u4.": "32 bit",
    ".u8.": "64 bit",
    ".f2.": "fractions",
    ".f4.": "32 bit|fractions",
    ".f8.": "64 bit|fractions",
    ".i1.": "signed",
    ".i2.": "signed",
    ".i4.": "32 bit|signed",
    ".i8.": "64 bit|signed",
    ".c8.": "64 bit|complex",
    ".c16.": "128 bit|complex",
    ".lerc.": "compression is 34887",
    ".webp.": "compression is 50001",
    ".png.": "compression is 34933",
    ".jpegxr.": "compression is 22610|compression is 34934",
    "gray.contig.": "5 channels",
    "gray.separate.": "5 channels",
    ".depth.": "volume",
}


def check(path: Path) -> None:
    """The same samples as tifffile's, or refused for the reason that its name gives."""
    reason = next((reason for part, reason in REFUSED.items() if part in path.name), None)
    if reason is not None:
        with pytest.raises(UnreadableImageError, match=reason):
            open_pyramid(path, 1.0)
        return
    expected = tifffile_samples(path)
    with open_pyramid(path, 1.0) as image:
        found = image.read_raw(0, 0, 0, image.width_px, image.height_px)
        gray = image.read(0, 0, 0, image.width_px, image.height_px)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)
    assert gray.shape == expected.shape[:2]


@pytest.mark.parametrize("path", sorted(ALWAYS.glob("*.tif")), ids=lambda path: path.stem)
def test_a_variant_is_read_as_tifffile_reads_it_or_refused_by_name(path: Path) -> None:
    check(path)


def test_the_variants_are_there() -> None:
    assert len(list(ALWAYS.glob("*.tif"))) == 18


@pytest.mark.skipif(not FETCHED.is_dir(), reason="scripts/fetch_tiff_variants.py has not been run")
@pytest.mark.parametrize("path", sorted(FETCHED.glob("*.tif")), ids=lambda path: path.stem)
def test_a_fetched_variant_is_read_as_tifffile_reads_it_or_refused_by_name(path: Path) -> None:
    check(path)
