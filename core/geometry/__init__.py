"""Frames, polygons, transforms and rasters: pure functions on arrays; points are (n, 2), x right, y down."""
