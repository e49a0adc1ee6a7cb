"""What a stage found is computed once, for just these inputs, and again where its file is damaged."""

from pathlib import Path

import numpy as np

from core.tasks.kept_stages import Arrays, KeptStages


class Stage:
    """Counts how often it was asked for."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Arrays:
        self.times += 1
        return {"numbers": np.arange(3.0), "sum": np.int64(3)}


def test_a_stage_is_computed_once_and_comes_back_as_it_was(tmp_path: Path) -> None:
    stage = Stage()
    for _ in range(2):
        kept = KeptStages.of_inputs(tmp_path, "surface", {"edge_um": 300.0})
        found = kept.of("volume", stage)
        assert found["numbers"].dtype == np.float64
        assert found["numbers"].tolist() == [0.0, 1.0, 2.0]
        assert int(found["sum"]) == 3
    assert stage.times == 1
    kept.forget()
    assert not list(tmp_path.iterdir())


def test_what_was_found_from_other_inputs_is_removed_and_other_tasks_files_are_left(tmp_path: Path) -> None:
    stage = Stage()
    KeptStages.of_inputs(tmp_path, "surface", {"edge_um": 300.0}).of("volume", stage)
    (tmp_path / "features-1").mkdir()
    kept = KeptStages.of_inputs(tmp_path, "surface", {"edge_um": 400.0})
    kept.of("volume", stage)
    assert stage.times == 2
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "features-1", kept.folder])


def test_a_damaged_file_is_computed_again(tmp_path: Path) -> None:
    stage = Stage()
    kept = KeptStages.of_inputs(tmp_path, "surface", [])
    kept.of("volume", stage)
    (file,) = kept.folder.iterdir()
    whole = file.read_bytes()
    for broken in (b"", b"nothing of the kind", whole[: len(whole) // 2], whole[:60] + b"\xff" * 20 + whole[80:]):
        file.write_bytes(broken)
        assert kept.of("volume", stage)["numbers"].tolist() == [0.0, 1.0, 2.0]
    assert stage.times == 5
