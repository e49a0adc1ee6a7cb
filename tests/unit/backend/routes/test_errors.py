"""The table of statuses, and what is left of the body of a refused request."""

import io
from collections.abc import Callable

import pytest
from flask import Flask, request

from backend.domain.errors import BackendError, InvalidError, UnsupportedMediaError
from backend.routes import errors
from backend.routes.errors import HTTP_STATUS


def test_every_named_error_has_a_status() -> None:
    assert set(HTTP_STATUS) == set(BackendError.__subclasses__())


def test_every_named_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in HTTP_STATUS]
    assert len(set(codes)) == len(codes)


def _refused_before_reading() -> str:
    raise UnsupportedMediaError("no")


def _refused_after_reading() -> str:
    request.get_data(cache=False)
    raise InvalidError("no")


@pytest.mark.parametrize(
    ("view", "size", "status"),
    [(_refused_before_reading, 5000, 415), (_refused_after_reading, 5000, 422), (_refused_after_reading, 20_000, 413)],
    ids=["unread", "read", "larger than is taken"],
)
def test_of_a_refused_request_the_body_is_taken_and_nothing_after_it(view: Callable[[], str], size: int, status: int) -> None:
    app, connection = Flask("refusing"), io.BytesIO(size * b"x" + b"GET / HTTP/1.1")
    app.config["MAX_CONTENT_LENGTH"] = 10_000
    app.add_url_rule("/", view_func=view, methods=["POST"])
    errors.register(app)
    answer = app.test_client().post("/", input_stream=connection, environ_overrides={"CONTENT_LENGTH": str(size)})
    assert answer.status_code == status
    assert connection.read() == b"GET / HTTP/1.1"


def test_a_refused_body_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "DRAIN_BYTES", 100_000)
    app, endless = Flask("refusing"), io.BytesIO(1_000_000 * b"x")
    app.add_url_rule("/", view_func=_refused_before_reading, methods=["POST"])
    errors.register(app)
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = app.test_client().post("/", input_stream=endless, environ_overrides=chunked)
    assert answer.status_code == 415
    assert 0 < endless.tell() <= 100_000 + errors.DRAIN_CHUNK_BYTES
