"""The wizard, tasks and jobs."""

from backend.routes.binding import Views, user
from backend.services.jobs import Jobs
from backend.services.tasks import Tasks
from core.contracts.api import (
    JobList,
    JobLog,
    JobProgress,
    NewTask,
    ProjectJob,
    TaskList,
    TrainingOffer,
)
from core.contracts.projects import TrainingTask
from core.contracts.training import ModelReport


def training_views(tasks: Tasks, jobs: Jobs) -> Views:
    """Views of training tasks and their jobs."""

    def read_training_offer(project: str, area: str) -> TrainingOffer:
        return tasks.offer(user(), project, area)

    def list_tasks(project: str) -> TaskList:
        return tasks.all(user(), project)

    def create_task(project: str, body: NewTask) -> TrainingTask:
        return tasks.create(user(), project, body)

    def list_jobs(project: str) -> JobList:
        return jobs.all(user(), project)

    def read_job(project: str, job: str) -> ProjectJob:
        return jobs.get(user(), project, job)

    def read_job_progress(project: str, job: str, offset: int | None) -> JobProgress:
        return jobs.progress(user(), project, job, offset or 0)

    def read_model_report(project: str, job: str) -> ModelReport:
        return jobs.model_report(user(), project, job)

    def read_job_log(project: str, job: str) -> JobLog:
        return jobs.log(user(), project, job)

    def cancel_job(project: str, job: str) -> ProjectJob:
        return jobs.cancel(user(), project, job)

    return {
        "read_training_offer": read_training_offer,
        "list_tasks": list_tasks,
        "create_task": create_task,
        "list_jobs": list_jobs,
        "read_job": read_job,
        "read_job_progress": read_job_progress,
        "read_model_report": read_model_report,
        "read_job_log": read_job_log,
        "cancel_job": cancel_job,
    }
