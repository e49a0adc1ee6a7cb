"""Named errors of the backend. A message says what happened, to which object, and what to do."""


class BackendError(Exception):
    """Root of everything the backend refuses; `code` is for programs, the message for people."""

    code = "error"

    def __init__(self, message: str, details: dict[str, object] | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}
        self.code = code or type(self).code


class NotFoundError(BackendError):
    """There is no such object, or it is not for this user to see."""

    code = "not_found"


class InvalidError(BackendError):
    """The request is understood and breaks a rule."""

    code = "invalid"


class MalformedError(BackendError):
    """The request cannot be read at all."""

    code = "malformed_json"


class LengthRequiredError(BackendError):
    """The body comes in chunks, so nobody can tell beforehand how long it will be."""

    code = "length_required"


class UnsupportedMediaError(BackendError):
    """The body is not JSON."""

    code = "unsupported_media_type"


class NotLoggedInError(BackendError):
    """Nobody is logged in, or the session has ended."""

    code = "not_logged_in"


class ForbiddenError(BackendError):
    """The user's role does not allow this."""

    code = "forbidden"


class ConflictError(BackendError):
    """The object is in a state, or at a version, that excludes this change."""

    code = "conflict"


class TooManyAttemptsError(BackendError):
    """Too many failed logins; `details.retry_after_s` says when to try again."""

    code = "too_many_attempts"


class TooLargeError(BackendError):
    """More than the backend or its database takes in one piece."""

    code = "too_large"


class BusyError(BackendError):
    """The backend has no room for this now; there is another way or a later time."""

    code = "busy"


class UnreadableDataError(BackendError):
    """A file of a brain dataset, or a stored raster, cannot be read."""

    code = "unreadable_data"


class StoreUnavailableError(BackendError):
    """The database does not answer, or cannot write."""

    code = "store_unavailable"


class ComputeUnreachableError(BackendError):
    """The compute service does not answer."""

    code = "compute_unreachable"


class ComputeRefusedError(BackendError):
    """The compute service answered with an error; `details.status` is its HTTP status."""

    code = "compute_refused"


class ResultAlteredError(BackendError):
    """A result did not arrive as the compute service has it."""

    code = "result_altered"
