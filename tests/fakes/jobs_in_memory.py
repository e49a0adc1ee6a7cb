"""A compute service whose jobs are in memory and compute nothing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from core.contracts.jobs import JobDefinition, JobReport, JobState, Progress, ResultState

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


class JobsInMemory:
    """Each look takes every job a step further, those that others wait for first. A job takes 5 s.

    `results` names by kind the files a job leaves, `fails` says which jobs do, `content` what is in a file.
    """

    def __init__(
        self, results: Mapping[str, tuple[str, ...]], content: Callable[[JobDefinition, str], bytes] | None = None
    ) -> None:
        self.results, self._content = results, content or (lambda job, path: f"{path} of {job.key}".encode())
        self.definitions: dict[str, JobDefinition] = {}
        self.states: dict[str, JobState] = {}
        self.fails: Callable[[JobDefinition], bool] = lambda _job: False

    def submit(self, definition: JobDefinition) -> JobReport:
        assert all(parent in self.definitions for parent in definition.after)
        self.definitions[definition.key] = definition
        self.states[definition.key] = JobState.SUBMITTED
        return self.reports([definition.key])[0]

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        return [self._report(key) for key in keys if key in self.definitions]

    def result(self, key: str, path: str) -> bytes:
        return self._content(self.definitions[key], path)

    def look(self) -> None:
        for key, definition in self.definitions.items():
            before = [self.states[parent] for parent in definition.after]
            if JobState.FAILED in before:
                self.states[key] = JobState.CANCELLED
            elif not self.states[key].ended and all(state is JobState.SUCCEEDED for state in before):
                self.states[key] = JobState.FAILED if self.fails(definition) else JobState.SUCCEEDED

    def of(self, kind: str) -> list[JobDefinition]:
        return [one for one in self.definitions.values() if one.parameters.kind == kind]

    def _report(self, key: str) -> JobReport:
        state, kind = self.states[key], self.definitions[key].parameters.kind
        return JobReport(
            key=key,
            kind=kind,
            title=self.definitions[key].title,
            state=state,
            result_state=ResultState.READY if state is JobState.SUCCEEDED else ResultState.WAITING,
            reason="it broke" if state is JobState.FAILED else "",
            created_at=AT,
            started_at=AT,
            finished_at=AT + timedelta(seconds=5),
            progress=Progress(at=AT, phase="x", step=1, of=4),
            results=self.results[kind] if state is JobState.SUCCEEDED else (),
        )
