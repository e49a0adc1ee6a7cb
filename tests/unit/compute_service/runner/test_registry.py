from typing import get_args

from compute_service.runner.registry import TASKS, task_for
from core.contracts.jobs import JobReport


def test_every_kind_of_job_has_a_task_that_takes_definition_and_context():
    assert set(TASKS) == set(get_args(JobReport.model_fields["kind"].annotation))
    for kind in TASKS:
        assert list(task_for(kind).__annotations__) == ["definition", "context", "return"]
