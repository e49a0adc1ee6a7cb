"""Errors as answers: one table of statuses, one shape."""

from contextlib import suppress

from flask import Flask, Response, current_app, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from backend.domain import errors
from core.contracts.api import ErrorBody, ErrorResponse

HTTP_STATUS: dict[type[errors.BackendError], int] = {
    errors.MalformedError: 400,
    errors.NotLoggedInError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.LengthRequiredError: 411,
    errors.TooLargeError: 413,
    errors.UnsupportedMediaError: 415,
    errors.InvalidError: 422,
    errors.TooManyAttemptsError: 429,
    errors.UnreadableDataError: 500,
    errors.ComputeRefusedError: 502,
    errors.ResultAlteredError: 502,
    errors.BusyError: 503,
    errors.StoreUnavailableError: 503,
    errors.ComputeUnreachableError: 503,
}
# What Flask itself raises before a view runs, in our words.
HTTP_WORDS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request cannot be read. Reload the page and try again."),
    404: ("not_found", "There is nothing at this address. Check it for a typing error."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The request is larger than {limit_mb} MB, the most that is accepted. Send less at a time."),
    500: ("internal_error", "The backend made a mistake; its log says more. Nothing you saved before is lost. Try again."),
}
MOST_PROBLEMS = 10
DRAIN_BYTES = 256 << 20
DRAIN_CHUNK_BYTES = 1 << 16


def register(app: Flask) -> None:
    """Answer every error in the one shape."""
    app.register_error_handler(errors.BackendError, _backend_error)
    app.register_error_handler(ValidationError, _stored_wrongly)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_drain)


def answer(status: int, code: str, message: str, details: dict[str, object] | None = None) -> Response:
    """An error answer."""
    body = ErrorResponse(error=ErrorBody(code=code, message=message, details=details or {}))
    return Response(body.model_dump_json(), status=status, mimetype="application/json")


def describe(error: ValidationError) -> tuple[str, dict[str, object]]:
    """A request body's problems as one sentence and as details."""
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'the body'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:MOST_PROBLEMS]
    ]
    more = f" and {error.error_count() - 1} more" if error.error_count() > 1 else ""
    return f"The request does not fit: {problems[0]}{more}.", {"problems": problems}


def _backend_error(error: errors.BackendError) -> Response:
    response = answer(HTTP_STATUS[type(error)], error.code, error.message, error.details)
    if "retry_after_s" in error.details:
        response.headers["Retry-After"] = str(error.details["retry_after_s"])
    return response


def _stored_wrongly(error: ValidationError) -> Response:
    """Request bodies are checked before; a contract that fails later is our own mistake."""
    return _unexpected(error)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code, message = HTTP_WORDS.get(status, (error.name.lower().replace(" ", "_"), error.description or error.name))
    limit_mb = (current_app.config["MAX_CONTENT_LENGTH"] or 0) >> 20
    response = answer(status, code, message.format(limit_mb=limit_mb))
    if status == 405:
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or ())
    return response


def _unexpected(error: Exception) -> Response:
    current_app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return _http_error(InternalServerError())


def _drain(response: Response) -> Response:
    """Read and forget what is left of a refused body, or the client would see a broken connection in place of the answer."""
    if response.status_code >= 400:
        request.max_content_length = DRAIN_BYTES  # The request's own stream ends where the body does, whatever the server's.
        with suppress(RequestEntityTooLarge):
            while request.stream.read(DRAIN_CHUNK_BYTES):
                pass
    return response
