"""HTTP client of the compute service."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import requests
from pydantic import BaseModel, TypeAdapter, ValidationError

from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError
from core.contracts.api import ErrorResponse, JobLog, JobProgress
from core.contracts.jobs import JobDefinition, JobReport

Shape = TypeVar("Shape", bound=BaseModel)
CONNECT_S, READ_S = 2.0, 20.0
LARGEST_RESULT_BYTES = 64 << 20
CHUNK_BYTES = 1 << 16
REPORTS: TypeAdapter[dict[str, list[JobReport]]] = TypeAdapter(dict[str, list[JobReport]])


class HttpCompute:
    """Speaks to the compute service at `url` with a bearer token, which is read anew for every request.

    One connection pool per thread, because a requests session is not safe to share.
    """

    def __init__(self, url: str, token_file: Path | None) -> None:
        self._url = url
        self._token_file = token_file
        self._local = threading.local()

    def scheduler(self) -> str:
        """The name of its scheduler."""
        with self._answer("GET", "/health", timeout=(CONNECT_S, CONNECT_S)) as response:
            return str(_json(response).get("scheduler", ""))

    def submit(self, definition: JobDefinition) -> JobReport:
        """Send a job; sending the same one twice gives the first."""
        with self._answer("POST", "/jobs", data=definition.model_dump_json().encode()) as response:
            return _read(JobReport, response)

    def reports(self, keys: Sequence[str]) -> list[JobReport]:
        """Where these jobs stand; unknown ones are left out."""
        with self._answer("GET", f"/jobs?keys={','.join(keys)}") as response, _readable(response):
            return REPORTS.validate_json(response.content)["jobs"]

    def progress(self, key: str, offset: int) -> JobProgress:
        """Lines of progress from `offset` on."""
        with self._answer("GET", f"/jobs/{key}/progress?offset={offset}") as response:
            return _read(JobProgress, response)

    def log(self, key: str) -> JobLog:
        """The end of the log."""
        with self._answer("GET", f"/jobs/{key}/log") as response:
            return _read(JobLog, response)

    def cancel(self, key: str) -> JobReport:
        """Stop a job."""
        with self._answer("POST", f"/jobs/{key}/cancel") as response:
            return _read(JobReport, response)

    def result(self, key: str, path: str) -> bytes:
        """A result file of at most 64 MB."""
        content = bytearray()
        with self._answer("GET", f"/jobs/{key}/results/{path}", stream=True) as response:
            for chunk in response.iter_content(CHUNK_BYTES):
                content += chunk
                if len(content) > LARGEST_RESULT_BYTES:
                    raise ComputeRefusedError(f"The result {path} of job {key} is larger than {LARGEST_RESULT_BYTES >> 20} MB.")
        return bytes(content)

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        timeout: tuple[float, float] = (CONNECT_S, READ_S),
        stream: bool = False,
    ) -> Iterator[requests.Response]:
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        try:
            with self._session().request(
                method, self._url + path, data=data, headers=headers, timeout=timeout, stream=stream, allow_redirects=False
            ) as response:
                if not response.ok or response.is_redirect:
                    raise _refusal(response)
                yield response
        except requests.RequestException as error:
            raise ComputeUnreachableError(
                f"The compute service at {self._url} does not answer ({type(error).__name__}). "
                "Jobs wait until it is back; `brodmann doctor` says what is wrong."
            ) from error

    def _token(self) -> str:
        if self._token_file is None:
            return ""
        try:
            return self._token_file.read_text("utf-8").strip()
        except OSError as error:
            raise ComputeUnreachableError(
                f"The token for the compute service cannot be read from {self._token_file}: {error.strerror}."
            ) from error

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False  # no proxy and no .netrc between two services of one machine
        session: requests.Session = self._local.session
        return session


def _refusal(response: requests.Response) -> ComputeRefusedError:
    try:
        body = ErrorResponse.model_validate_json(response.content).error
        message, code = body.message, body.code
    except ValidationError:
        message, code = f"The compute service answered with status {response.status_code}.", "compute_refused"
    return ComputeRefusedError(message, {"status": response.status_code, "compute_code": code})


@contextmanager
def _readable(response: requests.Response) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError) as error:  # pydantic's ValidationError is a ValueError
        raise ComputeRefusedError(
            f"The compute service gave an answer to {response.url} that this version cannot read. Are both the same version?",
            {"status": response.status_code},
        ) from error


def _read(shape: type[Shape], response: requests.Response) -> Shape:
    with _readable(response):
        return shape.model_validate_json(response.content)


def _json(response: requests.Response) -> dict[str, object]:
    with _readable(response):
        document = response.json()
        if not isinstance(document, dict):
            raise ValueError("not an object")
        return document
