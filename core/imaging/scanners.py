"""Pixel sizes as scanners write them into a TIFF's description: OME-XML and Aperio SVS."""

import re

_PIXELS = re.compile(r"<(?:\w+:)?Pixels\b[^>]{0,4000}>")
_MPP = re.compile(r"\|\s*MPP\s*=\s*([0-9.eE+-]{1,32})")
# OME: the unit is µm when none is given.
_UM_PER_UNIT = {"": 1.0, "µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}


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
