import json

from compute_service.schedulers.local_files import Entry, read_entry, write

ENTRY = Entry(
    queue_id="k.1.2", place="/jobs/k/elements/1", argv=("true",), cpus=1, time_limit_s=1, stop_grace_s=1, submitted_at=1
)


def test_an_entry_is_read_as_it_was_written(tmp_path):
    write(tmp_path / "entry", ENTRY)
    assert read_entry(tmp_path / "entry") == ENTRY
    assert str(ENTRY.paths.log) == "/jobs/k/elements/1/log.txt"


def test_what_an_older_release_queued_lies_in_its_job_folder(tmp_path):
    write(tmp_path / "entry", ENTRY)
    fields = json.loads((tmp_path / "entry").read_text())
    del fields["place"]
    (tmp_path / "entry").write_text(json.dumps(fields | {"job_dir": "/jobs/k"}))
    assert read_entry(tmp_path / "entry").place == "/jobs/k"
