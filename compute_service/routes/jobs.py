"""`/jobs`: submit, look, read, stop."""

import base64
import hashlib
from pathlib import Path

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from compute_service.services.jobs import JobService
from core.contracts.base import Key
from core.contracts.jobs import JobDefinition, JobReport

# Gunicorn takes request lines of 4094 characters.
MOST_KEYS = 100


class KeysQuery(BaseModel):
    """Query of the job list."""

    model_config = ConfigDict(title="query")

    keys: tuple[Key, ...] = Field(max_length=MOST_KEYS)


class ProgressQuery(BaseModel):
    """Query of the progress."""

    model_config = ConfigDict(title="query")

    offset: NonNegativeInt = 0


class Reports(BaseModel):
    """Answer of the job list."""

    jobs: list[JobReport]


def job_routes(jobs: JobService) -> Blueprint:
    """The routes over one job service."""
    routes = Blueprint("jobs", __name__, url_prefix="/jobs")

    @routes.post("")
    def submit() -> Response:
        report, is_new = jobs.submit(JobDefinition.model_validate_json(request.get_data()))
        return _json(report, 201 if is_new else 200)

    @routes.get("")
    def list_jobs() -> Response:
        query = KeysQuery.model_validate({"keys": [key for key in request.args.get("keys", "").split(",") if key]})
        return _json(Reports(jobs=jobs.reports(query.keys)))

    @routes.get("/<key>")
    def read(key: str) -> Response:
        return _json(jobs.report(key))

    @routes.get("/<key>/progress")
    def read_progress(key: str) -> Response:
        query = ProgressQuery.model_validate(request.args.to_dict())
        return _json(jobs.progress(key, query.offset))

    @routes.get("/<key>/log")
    def read_log(key: str) -> Response:
        return _json(jobs.log(key))

    @routes.post("/<key>/cancel")
    def cancel(key: str) -> Response:
        return _json(jobs.cancel(key))

    @routes.get("/<key>/results/<path:name>")
    def read_result(key: str, name: str) -> Response:
        file = jobs.result_file(key, name)
        response = send_file(file, as_attachment=True, max_age=0)
        response.headers["Repr-Digest"] = _digest(file)
        return response

    return routes


def _digest(file: Path) -> str:
    """The whole file's checksum as RFC 9530 writes it: who gets only a part, or other bytes, can tell."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def _json(document: BaseModel, status: int = 200) -> Response:
    return Response(document.model_dump_json(), status=status, mimetype="application/json")
