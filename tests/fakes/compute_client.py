"""A compute service in memory: jobs stand where the test puts them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError
from core.contracts.api import JobLog, JobProgress
from core.contracts.cluster import CheckedHop, ServiceCheck
from core.contracts.jobs import JobDefinition, JobReport, JobState, Progress, ResultState

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


class FakeComputeClient:
    """Keeps the promises of the service's API: the same key twice is one job, and other content under it is refused."""

    def __init__(self) -> None:
        self.definitions: dict[str, JobDefinition] = {}
        self.jobs: dict[str, JobReport] = {}
        self.files: dict[tuple[str, str], bytes] = {}
        self.submissions: list[str] = []
        self.reachable = True
        self.loses_answers = False
        self.refuses: ComputeRefusedError | None = None
        self.hops: tuple[CheckedHop, ...] = ()

    def scheduler(self) -> str:
        self._reached()
        return "local"

    def check(self) -> ServiceCheck:
        self._reached()
        return ServiceCheck(version=version("brodmann"), scheduler="local", brains={}, hops=self.hops)

    def submit(self, definition: JobDefinition) -> JobReport:
        self._reached()
        if self.refuses:
            raise self.refuses
        self.submissions.append(definition.key)
        known = self.definitions.setdefault(definition.key, definition)
        if known != definition:
            raise ComputeRefusedError("the key has other content", {"status": 409})
        if definition.key not in self.jobs:
            self.jobs[definition.key] = JobReport(
                key=definition.key,
                kind=definition.parameters.kind,
                title=definition.title,
                state=JobState.SUBMITTED,
                result_state=ResultState.WAITING,
                created_at=AT,
            )
        if self.loses_answers:
            raise ComputeUnreachableError("the answer got lost")
        return self.jobs[definition.key]

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        self._reached()
        return [self.jobs[key] for key in keys if key in self.jobs]

    def progress(self, key: str, offset: int) -> JobProgress:
        self._reached()
        lines = (Progress(at=AT, phase="Training", step=1, of=2, loss=0.5),)
        return JobProgress(lines=lines[offset:], next_offset=1)

    def log(self, key: str) -> JobLog:
        self._reached()
        return JobLog(text=f"log of {key}\n", truncated=False)

    def cancel(self, key: str) -> JobReport:
        self._reached()
        return self.set(key, JobState.CANCELLED, ResultState.INCOMPLETE)

    def result(self, key: str, path: str, most_bytes: int = 64 << 20) -> bytes:
        self._reached()
        try:
            content = self.files[key, path]
        except KeyError:
            raise ComputeRefusedError(f"job {key} has no result {path}", {"status": 404}) from None
        if len(content) > most_bytes:
            raise ComputeRefusedError(f"The result {path} of job {key} is larger than {most_bytes >> 20} MB.")
        return content

    def close(self) -> None:
        """Nothing is open."""

    def set(self, key: str, state: JobState, outcome: ResultState = ResultState.WAITING, **changes: object) -> JobReport:
        """Put a job into a state."""
        self.jobs[key] = self.jobs[key].model_copy(update={"state": state, "result_state": outcome, **changes})
        return self.jobs[key]

    def finish(self, key: str, files: dict[str, bytes]) -> None:
        """Let a job succeed with these result files."""
        self.files |= {(key, path): content for path, content in files.items()}
        self.set(key, JobState.SUCCEEDED, ResultState.READY, results=tuple(files))

    def _reached(self) -> None:
        if not self.reachable:
            raise ComputeUnreachableError("The compute service does not answer.")
