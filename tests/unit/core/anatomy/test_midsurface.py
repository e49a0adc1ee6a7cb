from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.anatomy.midsurface import MESH_FILE, REPORT_FILE, MidsurfaceFilesError, read_midsurface, write_midsurface
from tests.fakes.midsurfaces import flat_midsurface


def test_a_midsurface_comes_back_as_it_was(tmp_path: Path) -> None:
    surface = flat_midsurface()
    write_midsurface(tmp_path, surface)
    found = read_midsurface(tmp_path)
    assert found.report == surface.report
    for name, values in surface.arrays().items():
        assert found.arrays()[name].dtype == values.dtype
        assert np.array_equal(found.arrays()[name], values), name


@pytest.mark.parametrize("missing", [REPORT_FILE, MESH_FILE])
def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path, missing: str) -> None:
    write_midsurface(tmp_path, flat_midsurface())
    (tmp_path / missing).unlink()
    with pytest.raises(MidsurfaceFilesError, match=rf"{missing} is missing.*run it again"):
        read_midsurface(tmp_path)


def test_a_damaged_mesh_is_refused(tmp_path: Path) -> None:
    write_midsurface(tmp_path, flat_midsurface())
    (tmp_path / MESH_FILE).write_bytes(b"no mesh")
    with pytest.raises(MidsurfaceFilesError, match="cannot be read"):
        read_midsurface(tmp_path)


def test_arrays_that_do_not_fit_the_report_are_refused(tmp_path: Path) -> None:
    surface = flat_midsurface()
    write_midsurface(tmp_path, replace(surface, section=surface.section[1:]))
    with pytest.raises(MidsurfaceFilesError, match="`section`"):
        read_midsurface(tmp_path)


def test_triangles_of_nodes_that_there_are_not_are_refused(tmp_path: Path) -> None:
    surface = flat_midsurface()
    write_midsurface(tmp_path, replace(surface, triangles=surface.triangles + 1))
    with pytest.raises(MidsurfaceFilesError, match="nodes that there are not"):
        read_midsurface(tmp_path)
