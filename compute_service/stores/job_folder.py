"""Jobs as folders on a shared disk, one per job, named by its key.

<jobs>/<key>/job.json  state.json  progress.jsonl  log.txt  checkpoints/  results/  outcome.json
<jobs>/<key>/elements/<number>/progress.jsonl  log.txt  outcome.json    of each element, where the job is an array
"""

import os
import shutil
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from compute_service.ports import DamagedJobError, JobNotFoundError, JobPaths, JobRecord, JobUnreadableError, is_key
from compute_service.stores.run_files import RunFolder, read, write
from core.contracts.jobs import JobDefinition

DRAFT, DEAD_DRAFT_S = ".new-", 86_400.0


class JobFolderStore:
    """Every question is answered from the disk, so any number of processes may ask."""

    def __init__(self, jobs: Path) -> None:
        self._jobs = jobs
        # An ended job never changes: no need to read it again at every look, nor to tidy it twice.
        self._ended: set[str] = set()
        self._tidied: set[str] = set()

    def create(self, definition: JobDefinition, record: JobRecord) -> bool:
        """Make the folder complete under another name, then rename it: one of two writers wins, the other gets False."""
        final = self._jobs / definition.key
        if final.exists():
            return False
        draft = JobPaths(self._jobs / f"{DRAFT}{uuid.uuid4().hex}")
        draft.folder.mkdir(mode=0o700)
        try:
            draft.results.mkdir()
            draft.checkpoints.mkdir()
            write(draft.definition, definition)
            write(draft.record, record)
            return _renamed(draft.folder, final)
        finally:
            shutil.rmtree(draft.folder, ignore_errors=True)

    def definition(self, key: str) -> JobDefinition:
        """The job as submitted; raises JobNotFoundError, DamagedJobError."""
        return read(self._paths(key).definition, JobDefinition)

    def record(self, key: str) -> JobRecord:
        """Where the job is in its life; raises JobNotFoundError, DamagedJobError."""
        return read(self._paths(key).record, JobRecord)

    def save(self, key: str, record: JobRecord) -> None:
        """Replace the record at once and completely."""
        write(self._paths(key).record, record)

    def unfinished(self) -> Iterable[str]:
        """Keys of the jobs that have not ended, and of those whose record cannot be read."""
        for key in sorted(entry.name for entry in os.scandir(self._jobs) if is_key(entry.name)):
            if not self._has_ended(key):
                yield key

    def tidy(self) -> None:
        """Remove the checkpoints of jobs that have ended, and drafts of jobs whose writer died; results stay."""
        for entry in list(os.scandir(self._jobs)):
            if is_key(entry.name) and entry.name not in self._tidied and self._has_ended(entry.name):
                shutil.rmtree(JobPaths(Path(entry.path)).checkpoints, ignore_errors=True)
                self._tidied.add(entry.name)
            elif entry.name.startswith(DRAFT):
                with suppress(FileNotFoundError):  # It became a job while we looked.
                    if time.time() - entry.stat().st_mtime > DEAD_DRAFT_S:
                        shutil.rmtree(entry.path, ignore_errors=True)

    def folder(self, key: str) -> Path:
        """The job's folder; raises JobNotFoundError."""
        return self._paths(key).folder

    def request_cancel(self, key: str) -> None:
        """Leave word in the folder that the job is to be stopped."""
        self._paths(key).cancel_request.touch(mode=0o600)

    def cancel_requested(self, key: str) -> bool:
        """Whether someone asked for the job's end."""
        return self._paths(key).cancel_request.exists()

    def files(self, key: str, element: int | None = None) -> RunFolder:
        """What the job's process, or that of one of its elements, leaves behind; raises JobNotFoundError."""
        paths = self._paths(key)
        return RunFolder(paths if element is None else paths.element(element))

    def _paths(self, key: str) -> JobPaths:
        if not is_key(key) or not (self._jobs / key).is_dir():
            raise JobNotFoundError(key)
        return JobPaths(self._jobs / key)

    def _has_ended(self, key: str) -> bool:
        if key not in self._ended:
            try:
                if not self.record(key).state.ended:
                    return False
            except (DamagedJobError, JobNotFoundError, JobUnreadableError):
                return False
            self._ended.add(key)
        return True


def _renamed(draft: Path, final: Path) -> bool:
    try:
        draft.rename(final)
    except OSError:
        if final.is_dir():
            return False
        raise
    return True
