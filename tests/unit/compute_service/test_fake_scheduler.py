from pathlib import Path

import pytest

from compute_service.ports import Scheduler
from tests.contract.scheduler_contract import SchedulerContract
from tests.fakes.scheduler import FakeScheduler


class TestFakeScheduler(SchedulerContract):
    @pytest.fixture
    def scheduler(self, jobs: Path) -> Scheduler:
        return FakeScheduler()

    def restarted(self, scheduler: Scheduler) -> Scheduler:
        return scheduler
