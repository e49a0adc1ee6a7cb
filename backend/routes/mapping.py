"""Jobs of features and graphs, and what they found."""

from flask import Response

from backend.routes.binding import Views, user
from backend.routes.predictions import KEPT
from backend.services.mapping import Mapping
from core.contracts.api import JobLog
from core.contracts.api_mapping import MappingJob, MappingJobs, MappingResult, NewMapping


def mapping_views(mapping: Mapping) -> Views:
    """Views of such jobs; every member of the project may look."""

    def list_mapping(project: str) -> MappingJobs:
        return mapping.all(user(), project)

    def create_mapping(project: str, body: NewMapping) -> MappingJob:
        return mapping.create(user(), project, body)

    def read_mapping_log(project: str, job: str) -> JobLog:
        return mapping.log(user(), project, job)

    def cancel_mapping(project: str, job: str) -> MappingJob:
        return mapping.cancel(user(), project, job)

    def read_mapping_result(project: str, job: str) -> MappingResult:
        return mapping.result(user(), project, job)

    def read_surface(project: str, job: str, brain: str) -> Response:
        content = mapping.surface(user(), project, job, brain)
        return Response(content, mimetype="application/octet-stream", headers={"Cache-Control": KEPT})

    def read_packed_surface(project: str, job: str, brain: str) -> Response:
        content = mapping.packed_surface(user(), project, job, brain)
        headers = {"Cache-Control": KEPT, "Content-Encoding": "gzip"}
        return Response(content, mimetype="application/octet-stream", headers=headers)

    return {
        "list_mapping": list_mapping,
        "create_mapping": create_mapping,
        "read_mapping_log": read_mapping_log,
        "cancel_mapping": cancel_mapping,
        "read_mapping_result": read_mapping_result,
        "read_surface": read_surface,
        "read_packed_surface": read_packed_surface,
    }
