from datetime import UTC, datetime
from threading import Event
from uuid import uuid4

import pytest

from compute_service.ports import JobPaths
from compute_service.runner.surroundings import (
    BrainDiffersError,
    BrainMissingError,
    job_context,
    progress_writer,
    result_names,
    verified_brain,
    verified_brains,
)
from core.contracts.datasets import Brain
from core.contracts.jobs import BrainInputs, BrainReference, JobInputs, Progress
from core.datasets import BrainFolder, write_brain

BRAIN = Brain(id="B1", title="t", provenance="made for a test", pixel_size_um=1, section_thickness_um=20, sections=())


def a_step(step):
    return Progress(at=datetime(2026, 2, 1, tzinfo=UTC), phase="training", step=step, of=10)


class TestBrain:
    @pytest.fixture
    def brains(self, tmp_path):
        write_brain(tmp_path / "B1", BRAIN)
        return tmp_path

    def test_the_brain_with_the_right_fingerprint_is_found(self, brains):
        fingerprint = BrainFolder(brains / "B1").fingerprint()
        assert verified_brain(brains, BrainReference(id="B1", fingerprint=fingerprint)) == brains / "B1"

    def test_a_missing_brain_is_named_with_the_remedy(self, brains):
        with pytest.raises(BrainMissingError, match=r"Brain B2 is not on the compute machine\. Copy"):
            verified_brain(brains, BrainReference(id="B2", fingerprint="0" * 64))

    def test_another_brain_of_the_same_name_is_refused(self, brains):
        with pytest.raises(BrainDiffersError, match="Brain B1 on the compute machine differs"):
            verified_brain(brains, BrainReference(id="B1", fingerprint="0" * 64))

    def test_a_jobs_further_brains_are_verified_as_well(self, brains):
        write_brain(brains / "B2", BRAIN.model_copy(update={"id": "B2"}))
        own, other = (BrainReference(id=name, fingerprint=BrainFolder(brains / name).fingerprint()) for name in ("B1", "B2"))
        both = JobInputs(brain=own, more=(BrainInputs(brain=other),))
        assert verified_brains(brains, both) == {"B1": brains / "B1", "B2": brains / "B2"}
        changed = JobInputs(brain=own, more=(BrainInputs(brain=BrainReference(id="B2", fingerprint="0" * 64)),))
        with pytest.raises(BrainDiffersError, match="Brain B2 on the compute machine differs"):
            verified_brains(brains, changed)


class TestProgressWriter:
    def test_lines_are_appended_over_attempts(self, tmp_path):
        for step in (1, 2):
            progress_writer(tmp_path / "progress.jsonl")(a_step(step))
        lines = (tmp_path / "progress.jsonl").read_text().splitlines()
        assert [Progress.model_validate_json(line) for line in lines] == [a_step(1), a_step(2)]

    def test_a_line_torn_by_a_kill_does_not_spoil_the_next(self, tmp_path):
        (tmp_path / "progress.jsonl").write_text('{"at": "20')
        progress_writer(tmp_path / "progress.jsonl")(a_step(3))
        lines = (tmp_path / "progress.jsonl").read_text().splitlines()
        assert Progress.model_validate_json(lines[-1]) == a_step(3)


class TestLog:
    def test_a_phase_leaves_ten_lines_and_not_one_for_each_step(self, tmp_path, caplog):
        report = progress_writer(tmp_path / "progress.jsonl")
        with caplog.at_level("INFO", logger="compute_service.runner"):
            for step in range(1, 101):
                report(Progress(at=datetime(2026, 2, 1, tzinfo=UTC), phase="training", step=step, of=100, loss=0.5))
        assert len(caplog.messages) == 11
        assert caplog.messages[-1] == "training: 100 of 100, loss 0.5"


class TestResults:
    def test_names_are_relative_sorted_and_without_unfinished_files(self, tmp_path):
        (tmp_path / "predictions").mkdir()
        for name in ("model.json", "predictions/911.json", "predictions/.912.json.77", ".model.safetensors.77"):
            (tmp_path / name).write_text("")
        assert result_names(tmp_path) == ("model.json", "predictions/911.json")

    def test_the_results_of_another_job_are_found_by_its_key_alone(self, tmp_path):
        mine, other = (JobPaths(tmp_path / uuid4().hex) for _ in range(2))
        for paths in (mine, other):
            paths.folder.mkdir()
        other.results.mkdir()
        context = job_context(mine, {"B1": tmp_path}, Event().is_set)
        assert context.results_of(other.folder.name) == other.results
        for wrong in (uuid4().hex, "../" + other.folder.name, str(other.folder)):
            with pytest.raises(FileNotFoundError, match="whose results are needed"):
                context.results_of(wrong)
