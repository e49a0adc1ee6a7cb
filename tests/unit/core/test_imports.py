import subprocess
import sys

import pytest

HEAVY = {"torch", "numba", "matplotlib", "skimage", "scipy", "h5py"}
# What the backend's web process imports of core.
LIGHT = [
    "core.contracts.routes",
    "core.geometry.polygons",
    "core.geometry.rasterise",
    "core.imaging.sections",
    "core.imaging.writer",
    "core.datasets",
    "core.formats.geojson",
    "core.formats.masks",
    "core.formats.recognise",
    "core.formats.tables",
]


@pytest.mark.parametrize("module", LIGHT)
def test_web_processes_start_without_heavy_libraries(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert not HEAVY & set(loaded)
