"""HTTP client of the compute service."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import requests
from pydantic import BaseModel, TypeAdapter, ValidationError
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from backend.clients.ssh.adapter import BASE_URL, mount
from backend.clients.ssh.errors import LinkError, NotSentError
from backend.clients.ssh.link import Link
from backend.domain.errors import ComputeRefusedError, ComputeUnreachableError, ResultAlteredError
from backend.ports import LARGEST_RESULT_BYTES
from core.contracts.api import ErrorResponse, JobLog, JobProgress
from core.contracts.cluster import ServiceCheck
from core.contracts.jobs import JobDefinition, JobReport

Shape = TypeVar("Shape", bound=BaseModel)
CONNECT_S, CHECK_S, READ_S = 2.0, 10.0, 20.0
CHUNK_BYTES = 1 << 18
RESULT_ATTEMPTS = 3
NEVER_SENT = (LinkError, NotSentError, NewConnectionError, ConnectTimeoutError)
REPORTS: TypeAdapter[dict[str, list[JobReport]]] = TypeAdapter(dict[str, list[JobReport]])


class HttpCompute:
    """Speaks to the compute service at `url` with a bearer token, which is read anew for every request.

    One connection pool per thread, because a requests session is not safe to share; the SSH connection, where there is
    a link, is one for all threads.

    ComputeUnreachableError says in its details whether the request may have arrived (`sent`), and at which `hop` there was
    no way. Every request may be repeated all the same: jobs have keys.
    """

    def __init__(self, url: str, token_file: Path | None, link: Link | None = None) -> None:
        self._url = url
        self._token_file = token_file
        self._link = link
        self._local = threading.local()

    def scheduler(self) -> str:
        """The name of its scheduler."""
        with self._answer("GET", "/health", timeout=(CONNECT_S, CONNECT_S)) as response:
            return str(_json(response).get("scheduler", ""))

    def check(self) -> ServiceCheck:
        """What it tells of itself, its scheduler, its disk and its brains."""
        with self._answer("GET", "/check", timeout=(CONNECT_S, CHECK_S)) as response:
            return _read(ServiceCheck, response)

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

    def result(self, key: str, path: str, most_bytes: int = LARGEST_RESULT_BYTES) -> bytes:
        """A result file as the service has it: one cut or altered on the way is fetched again.

        ComputeRefusedError for one of more than `most_bytes`, ResultAlteredError when it arrives altered every time.
        """
        for _ in range(RESULT_ATTEMPTS - 1):
            try:
                return self._result(key, path, most_bytes)
            except ResultAlteredError:
                continue
            except ComputeUnreachableError as error:
                if not error.details.get("sent"):
                    raise
        return self._result(key, path, most_bytes)

    def close(self) -> None:
        """End the connection that all threads share, where there is one."""
        if self._link is not None:
            self._link.close()

    def _result(self, key: str, path: str, most_bytes: int) -> bytes:
        content, digest = bytearray(), hashlib.sha256()
        with self._answer("GET", f"/jobs/{key}/results/{path}", stream=True) as response:
            for chunk in response.iter_content(CHUNK_BYTES):
                content += chunk
                digest.update(chunk)
                if len(content) > most_bytes:
                    raise ComputeRefusedError(f"The result {path} of job {key} is larger than {most_bytes >> 20} MB.")
        expected = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        if not hmac.compare_digest(response.headers.get("Repr-Digest", ""), expected):
            raise ResultAlteredError(
                f"The result {path} of job {key} is not what the compute service has: its checksum differs, or came not along. "
                "Nothing of it was kept. If it stays so: is a proxy between the two, are both the same version?"
            )
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
        url = (self._url if self._link is None else BASE_URL) + path
        request = requests.Request(method, url, data=data, headers=headers)
        try:
            with self._send(request, timeout, stream) as response:
                if not response.ok or response.is_redirect:
                    raise _refusal(response)
                yield response
        except requests.RequestException as error:
            raise _unreachable(self._url, error) from error

    def _send(self, request: requests.Request, timeout: tuple[float, float], stream: bool) -> requests.Response:
        """Send it; over a link once more when the connection broke meanwhile and repeating is free."""
        session = self._session()
        prepared = session.prepare_request(request)
        try:
            return session.send(prepared, timeout=timeout, stream=stream, allow_redirects=False)
        except requests.ConnectionError as error:
            causes = list(_causes(error))
            broke = self._link is not None and not any(isinstance(cause, LinkError) for cause in causes)
            if not broke or not (request.method == "GET" or any(isinstance(cause, NotSentError) for cause in causes)):
                raise
            return session.send(prepared, timeout=timeout, stream=stream, allow_redirects=False)

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
            self._local.session.trust_env = False  # no proxy and no .netrc between the two services
            if self._link is not None:
                mount(self._local.session, self._link)
        session: requests.Session = self._local.session
        return session


def _unreachable(url: str, error: requests.RequestException) -> ComputeUnreachableError:
    causes = list(_causes(error))
    details: dict[str, object] = {"sent": not any(isinstance(cause, NEVER_SENT) for cause in causes), "hop": "service"}
    for cause in causes:
        if isinstance(cause, LinkError):
            return ComputeUnreachableError(cause.message, details | {"hop": cause.hop})
    return ComputeUnreachableError(
        f"The compute service at {url} does not answer ({type(error).__name__}). "
        "Jobs wait until it is back; `brodmann cluster check` says what is wrong.",
        details,
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


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
