"""What files say about their pixels beside them: pixel sizes of scanners, of resolution tags, of our own descriptions."""

import json
import re
from pathlib import Path
from typing import Any

from core.imaging.errors import UnreadableImageError
from core.imaging.tags import Directory

_PIXELS = re.compile(r"<(?:\w{1,32}:)?Pixels\b[^<>]{0,4000}>")
_MPP = re.compile(r"\|\s{0,8}MPP\s{0,8}=\s{0,8}([0-9.eE+-]{1,32})")
# OME: the unit is µm when none is given.
_UM_PER_UNIT = {"": 1.0, "µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}
_UM_PER_RESOLUTION_UNIT = {2: 25_400.0, 3: 10_000.0}
# Resolutions outside are those of screens and printers (72, 96, 300 per inch), written by programs that know none.
_PLAUSIBLE_PIXEL_SIZES_UM = (0.01, 80.0)
_DESCRIBED_PIXEL_SIZES_UM = (1e-3, 1e5)
_NO_SIZE = "it does not say its pixel size"
_GIVE_SIZE = "Ingest it with --pixel-size-um, or write XResolution, YResolution and ResolutionUnit (centimetre) into it"
_WHITE_16 = 65535


def stored_pixel_size_um(path: Path, page: Directory, description: str) -> float:
    """From the description that our writer (exact) or a scanner leaves, else from the resolution tags.

    UnreadableImageError when there is none, when it is a screen's or printer's, or when pixels are not square.
    """
    smallest, largest = _DESCRIBED_PIXEL_SIZES_UM
    exact = _described(description).get("pixel_size_um")
    if isinstance(exact, int | float) and smallest <= exact <= largest:
        return float(exact)
    scanned = scanner_pixel_size_um(description)
    if scanned is not None:
        if not smallest <= min(scanned) <= max(scanned) <= largest:
            raise UnreadableImageError(path, f"it claims pixels of {scanned[0]:g} x {scanned[1]:g} µm", _GIVE_SIZE)
        return _square(path, *scanned)
    ratios, unit = (page.ratio(282), page.ratio(283)), _UM_PER_RESOLUTION_UNIT.get(page.number(296, 2))
    if unit is None or 296 not in page or not all(ratio is not None and min(ratio) > 0 for ratio in ratios):
        raise UnreadableImageError(path, _NO_SIZE, _GIVE_SIZE)
    width_um, height_um = (unit * ratio[1] / ratio[0] for ratio in ratios if ratio is not None)
    smallest, largest = _PLAUSIBLE_PIXEL_SIZES_UM
    if not smallest <= _square(path, width_um, height_um) <= largest:
        told = f"its resolution tags give {width_um:g} µm per pixel, a screen's or printer's"
        raise UnreadableImageError(path, told, _GIVE_SIZE)
    return width_um


def stored_window(page: Directory, description: str, white_is_zero: bool) -> tuple[int, int] | None:
    """(black, white) of 16-bit gray by our description or by the tags SMinSampleValue, SMaxSampleValue; None without."""
    about = _described(description)
    found = about.get("black"), about.get("white")
    if None in found and 340 in page and 341 in page:
        found = page.number(340), page.number(341)
        if white_is_zero:
            found = _WHITE_16 - found[1], _WHITE_16 - found[0]
    black, white = found
    if not isinstance(black, int) or not isinstance(white, int):
        return None
    return (black, white) if 0 <= black < white <= _WHITE_16 else None


def scanner_pixel_size_um(description: str) -> tuple[float, float] | None:
    """(width, height) of a pixel in µm by OME's PhysicalSize or Aperio's MPP; None when the description says neither."""
    if description.startswith("Aperio"):
        found = _MPP.search(description)
        size = _positive(found.group(1)) if found else None
        return None if size is None else (size, size)
    pixels = _PIXELS.search(description)
    if pixels is None:
        return None
    width, height = (_physical_size_um(pixels.group(), axis) for axis in "XY")
    return None if width is None or height is None else (width, height)


def _physical_size_um(pixels: str, axis: str) -> float | None:
    size, unit = (re.search(rf'\bPhysicalSize{axis}{what}="([^"]{{1,32}})"', pixels) for what in ("", "Unit"))
    factor = _UM_PER_UNIT.get(unit.group(1).replace("&#181;", "µ").replace("&#xB5;", "µ") if unit else "")
    value = _positive(size.group(1)) if size else None
    return None if value is None or factor is None else value * factor


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


def _square(path: Path, width_um: float, height_um: float) -> float:
    if abs(width_um - height_um) > 0.01 * width_um:
        told = f"its pixels are not square ({width_um:g} x {height_um:g} µm)"
        raise UnreadableImageError(path, told, "Resample it to square pixels")
    return width_um


def _described(description: str) -> dict[str, Any]:
    """What our writer says about an image, as JSON in its description; nothing for other texts."""
    if not description.startswith("{"):
        return {}
    try:
        about = json.loads(description)
    except (ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}
