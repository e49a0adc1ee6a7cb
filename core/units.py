"""Conversions between the units of the field; names carry them (`_um`, `_mm`, `_mm2`)."""

UM_PER_MM = 1000.0
UM2_PER_MM2 = 1_000_000.0


def mm_to_um(length_mm: float) -> float:
    """Millimetres to micrometres."""
    return length_mm * UM_PER_MM


def um_to_mm(length_um: float) -> float:
    """Micrometres to millimetres."""
    return length_um / UM_PER_MM


def um2_to_mm2(area_um2: float) -> float:
    """Square micrometres to square millimetres."""
    return area_um2 / UM2_PER_MM2
