"""Jobs on a brain."""

from backend.routes.binding import Views, user
from backend.services.brain_jobs import BrainJobs
from core.contracts.api import BrainJob, BrainJobList, JobLog, NewBrainJob


def brain_job_views(jobs: BrainJobs) -> Views:
    """Views of jobs on brains; every logged-in user may look."""

    def list_brain_jobs(brain: str) -> BrainJobList:
        return jobs.all(brain)

    def create_brain_job(brain: str, body: NewBrainJob) -> BrainJob:
        return jobs.create(user(), brain, body)

    def read_brain_job_log(brain: str, job: str) -> JobLog:
        return jobs.log(brain, job)

    def cancel_brain_job(brain: str, job: str) -> BrainJob:
        return jobs.cancel(user(), brain, job)

    return {
        "list_brain_jobs": list_brain_jobs,
        "create_brain_job": create_brain_job,
        "read_brain_job_log": read_brain_job_log,
        "cancel_brain_job": cancel_brain_job,
    }
