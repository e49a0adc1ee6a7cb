"""A compute service without processes: a store on disk, a scheduler in memory, and a poller that looks when told to."""

from datetime import UTC, datetime

from compute_service.ports import JobPaths, QueueState
from compute_service.services.following import Policy
from compute_service.services.jobs import JobService
from compute_service.services.reconcile import Reconciler
from compute_service.stores.job_folder import JobFolderStore
from core.contracts.jobs import JobState, Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.jobs import training_job
from tests.fakes.scheduler import ENDLESS, FakeScheduler

POLICY = Policy(max_attempts=3, outcome_grace_s=10, unknown_limit_s=600)


class World:
    """A store on disk, a scheduler in memory, and a poller that looks when told to."""

    def __init__(self, folder):
        self.clock = FakeClock()
        self.jumped_s = 0.0
        self.folder = folder
        self.scheduler = FakeScheduler(ends=lambda _: ENDLESS)
        self.restart()

    def restart(self):
        self.store = JobFolderStore(self.folder)
        self.jobs = JobService(self.store, self.clock)
        command = lambda folder: ("run", str(folder))  # noqa: E731
        self.reconciler = Reconciler(self.store, self.scheduler, self.clock, command, POLICY, self.steady_s)

    def steady_s(self):
        return self.clock.now().timestamp() - self.jumped_s

    def clock_jumps(self, seconds):
        self.clock.advance(seconds)
        self.jumped_s += seconds

    def submitted(self, definition=None):
        definition = definition or training_job()
        self.jobs.submit(definition)
        self.clock.advance(1)
        return definition.key

    def running(self, definition=None):
        key = self.submitted(definition)
        self.look(3)
        assert self.report(key).state is JobState.RUNNING
        return key

    def look(self, times=1):
        for _ in range(times):
            self.reconciler.look()

    def report(self, key):
        return self.jobs.report(key)

    def queue_id(self, key, element=None):
        record = self.store.record(key)
        return (record if element is None else record.elements[element]).queue_id

    def ends_at_the_scheduler(self, key, state=QueueState.FAILED, reason="", element=None):
        self.scheduler.end(self.queue_id(key, element), state, reason)
        self.look()
        self.clock.advance(POLICY.outcome_grace_s)

    def leaves_outcome(self, key, state, element=None, **more):
        if element is not None:  # Its scheduler made the folder.
            JobPaths(self.store.folder(key)).element(element).folder.mkdir(parents=True, exist_ok=True)
        outcome = Outcome(state=state, message=f"it {state}", finished_at=datetime(2026, 2, 1, tzinfo=UTC), **more)
        self.store.files(key, element).conclude(outcome)
