"""Errors of the services become HTTP here and nowhere else; every error answer is a core.contracts.api.ErrorResponse."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from compute_service import ports
from compute_service.routes.access import UnauthorisedError
from core.contracts.api import ErrorBody, ErrorResponse

HTTP_STATUS: dict[type[Exception], HTTPStatus] = {
    UnauthorisedError: HTTPStatus.UNAUTHORIZED,
    ports.JobNotFoundError: HTTPStatus.NOT_FOUND,
    ports.ResultNotFoundError: HTTPStatus.NOT_FOUND,
    ports.KeyConflictError: HTTPStatus.CONFLICT,
    ports.UnknownDependencyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ports.DamagedJobError: HTTPStatus.INTERNAL_SERVER_ERROR,
    ports.JobUnreadableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
DRAIN_LIMIT_BYTES = 1 << 30
DRAIN_CHUNK_BYTES = 1 << 20


def register_error_handlers(app: Flask) -> None:
    """Give the application its error answers."""
    for kind, status in HTTP_STATUS.items():
        app.register_error_handler(kind, _named_error(status))
    app.register_error_handler(ValidationError, _invalid)
    app.register_error_handler(HTTPException, _http_error)


def answer(status: int, code: str, message: str, details: dict[str, object] | None = None) -> Response:
    """An error answer in the one shape."""
    body = ErrorResponse(error=ErrorBody(code=code, message=message, details=details or {}))
    response = Response(body.model_dump_json(), status=status, mimetype="application/json")
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _named_error(status: HTTPStatus) -> Callable[[Exception], Response]:
    def handle(error: Exception) -> Response:
        return answer(status, _code(type(error).__name__.removesuffix("Error")), str(error))

    return handle


def _invalid(error: ValidationError) -> Response:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return answer(HTTPStatus.BAD_REQUEST, "malformed_json", f"The body is not JSON: {found[0]['msg']}.")
    problems = [{"where": ".".join(str(part) for part in item["loc"]), "what": item["msg"]} for item in found[:20]]
    words = "; ".join(f"{problem['where'] or 'document'}: {problem['what']}" for problem in problems[:3])
    message = f"The {error.title} is not valid: {words}."
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message, {"problems": problems})


def _http_error(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _too_large()
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return answer(status, "internal_error", "The compute service made a mistake; its log has the details.")
    return answer(status, _code(error.name.replace(" ", "")), error.description or error.name)


def _too_large() -> Response:
    # Without this a caller that is still sending would see a broken connection in place of the answer.
    stream = request.environ["wsgi.input"]
    drained = 0
    while drained < DRAIN_LIMIT_BYTES and (chunk := stream.read(DRAIN_CHUNK_BYTES)):
        drained += len(chunk)
    limit_mib = (request.max_content_length or 0) >> 20
    message = f"The body is larger than {limit_mib} MiB, the most a job definition may have. Use fewer annotations in one job."
    return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", message)


def _code(name: str) -> str:
    """JobNotFound -> job_not_found."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
