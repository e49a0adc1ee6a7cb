import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from compute_service.ports import DamagedJobError, JobNotFoundError, JobPaths, JobRecord, JobUnreadableError
from compute_service.services.jobs import LOG_TAIL_BYTES
from compute_service.stores.job_folder import JobFolderStore
from compute_service.stores.run_files import PROGRESS_CHUNK_BYTES
from core.contracts.jobs import JobState, Outcome, Progress
from tests.fakes.jobs import training_job

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RECORD = JobRecord(created_at=NOW)


@pytest.fixture
def store(tmp_path):
    return JobFolderStore(tmp_path)


@pytest.fixture
def key(store):
    definition = training_job()
    store.create(definition, RECORD)
    return definition.key


def line(step, **more):
    return Progress(at=NOW, phase="training", step=step, of=10, **more).model_dump_json().encode() + b"\n"


def test_what_was_created_is_read_back(store):
    definition = training_job()
    assert store.create(definition, RECORD)
    assert store.definition(definition.key) == definition
    assert store.record(definition.key) == RECORD


def test_a_key_is_created_once_and_keeps_its_first_definition(store):
    first = training_job()
    assert store.create(first, RECORD)
    assert not store.create(training_job(key=first.key, title="other"), RECORD)
    assert store.definition(first.key) == first


def test_of_many_writers_at_once_one_creates_the_job(store, tmp_path):
    definition = training_job()
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda _: store.create(definition, RECORD), range(16)))
    assert sum(created) == 1
    assert os.listdir(tmp_path) == [definition.key]


@pytest.mark.parametrize("key", ["0" * 32, "..", "../" + "a" * 29, "A" * 32, "", "a" * 33])
def test_a_key_that_names_no_job_is_not_found(store, key):
    for question in (store.definition, store.record, store.folder, store.files, store.request_cancel):
        with pytest.raises(JobNotFoundError):
            question(key)


def test_ended_jobs_are_not_unfinished(store, key):
    other = training_job().key
    store.create(training_job(key=other), RECORD)
    assert list(store.unfinished()) == sorted([key, other])
    store.save(key, RECORD.model_copy(update={"state": JobState.FAILED}))
    assert list(store.unfinished()) == [other]


def test_checkpoints_of_ended_jobs_are_removed_and_all_else_stays(store, key):
    ended = training_job().key
    store.create(training_job(key=ended), RECORD)
    for each in (key, ended):
        (JobPaths(store.folder(each)).checkpoints / "step.safetensors").write_text("large")
        (JobPaths(store.folder(each)).results / "model.json").write_text("{}")
    store.save(ended, RECORD.model_copy(update={"state": JobState.CANCELLED}))
    for _ in range(2):
        store.tidy()
    assert not JobPaths(store.folder(ended)).checkpoints.exists()
    assert (JobPaths(store.folder(ended)).results / "model.json").exists()
    assert store.definition(ended).key == ended
    assert (JobPaths(store.folder(key)).checkpoints / "step.safetensors").exists()


def test_a_draft_that_nobody_finishes_is_removed_after_a_day(store, tmp_path):
    fresh, dead = tmp_path / ".new-1", tmp_path / ".new-2"
    for draft in (fresh, dead):
        draft.mkdir()
    os.utime(dead, (0, 0))
    store.tidy()
    assert (fresh.exists(), dead.exists()) == (True, False)


def test_drafts_and_strangers_in_the_folder_are_no_jobs(store, tmp_path, key):
    (tmp_path / ".new-1").mkdir()
    (tmp_path / "lost+found").mkdir()
    assert list(store.unfinished()) == [key]


def test_a_damaged_record_names_file_and_job(store, key):
    JobPaths(store.folder(key)).record.write_text("{")
    with pytest.raises(DamagedJobError, match=rf"state.json of job {key}"):
        store.record(key)
    assert list(store.unfinished()) == [key]


def test_without_an_outcome_there_is_none(store, key):
    assert store.files(key).outcome() is None
    outcome = Outcome(state="failed", message="no", finished_at=NOW)
    JobPaths(store.folder(key)).outcome.write_text(outcome.model_dump_json())
    assert store.files(key).outcome() == outcome


def test_a_cancel_request_stays(store, key):
    assert not store.cancel_requested(key)
    store.request_cancel(key)
    store.request_cancel(key)
    assert store.cancel_requested(key)


class TestProgress:
    def write(self, store, key, content):
        JobPaths(store.folder(key)).progress.write_bytes(content)

    def test_before_the_first_line_there_is_nothing(self, store, key):
        assert store.files(key).last_progress() is None
        assert store.files(key).progress(0).lines == ()

    def test_reading_on_gives_each_line_once(self, store, key):
        self.write(store, key, line(1) + line(2))
        first = store.files(key).progress(0)
        self.write(store, key, line(1) + line(2) + line(3))
        second = store.files(key).progress(first.next_offset)
        assert [each.step for each in first.lines + second.lines] == [1, 2, 3]
        assert store.files(key).progress(second.next_offset).next_offset == second.next_offset

    def test_a_line_still_being_written_waits(self, store, key):
        self.write(store, key, line(1) + line(2)[:-9])
        assert [each.step for each in store.files(key).progress(0).lines] == [1]
        assert store.files(key).progress(0).next_offset == len(line(1))
        assert store.files(key).last_progress().step == 1

    def test_a_torn_line_is_passed_over(self, store, key):
        self.write(store, key, line(1) + line(2)[:20] + b"\n" + line(3))
        assert [each.step for each in store.files(key).progress(0).lines] == [1, 3]

    def test_a_long_history_comes_in_pieces_and_completely(self, store, key):
        count = 2 * PROGRESS_CHUNK_BYTES // len(line(1)) + 100
        self.write(store, key, b"".join(line(step) for step in range(count)))
        steps, offset = [], 0
        while (part := store.files(key).progress(offset)).lines:
            assert part.next_offset - offset <= PROGRESS_CHUNK_BYTES
            steps += [each.step for each in part.lines]
            offset = part.next_offset
        assert steps == list(range(count))
        assert store.files(key).last_progress().step == count - 1


class TestLog:
    def test_a_short_log_is_whole(self, store, key):
        JobPaths(store.folder(key)).log.write_text("läuft\n")
        assert store.files(key).log(LOG_TAIL_BYTES).model_dump() == {"text": "läuft\n", "truncated": False}

    def test_a_long_log_gives_its_last_whole_lines(self, store, key):
        lines = [f"line {number}" for number in range(LOG_TAIL_BYTES // 4)]
        JobPaths(store.folder(key)).log.write_text("\n".join(lines) + "\n")
        log = store.files(key).log(LOG_TAIL_BYTES)
        assert log.truncated
        assert len(log.text) <= LOG_TAIL_BYTES
        shown = log.text.splitlines()
        assert shown == lines[-len(shown) :]

    def test_bytes_that_are_no_text_do_not_hide_the_rest(self, store, key):
        JobPaths(store.folder(key)).log.write_bytes(b"\xff\xfe then words\n")
        assert "then words" in store.files(key).log(LOG_TAIL_BYTES).text


def test_a_draft_that_becomes_a_job_while_we_tidy_is_no_fault(store, key, tmp_path, monkeypatch):
    draft = tmp_path / ".new-0123"
    draft.mkdir()
    scandir = os.scandir

    def raced(path):
        entries = list(scandir(path))
        draft.rmdir()
        return entries

    monkeypatch.setattr(os, "scandir", raced)
    store.tidy()
    assert not draft.exists()


def test_a_record_that_the_disk_does_not_give_is_not_called_damaged(store, key, monkeypatch):
    def stale(_path):
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(Path, "read_bytes", stale)
    with pytest.raises(JobUnreadableError, match=f"state.json of job {key} cannot be read now: Stale file handle"):
        store.record(key)
