"""The table of statuses."""

from backend.domain.errors import BackendError
from backend.routes.errors import HTTP_STATUS


def test_every_named_error_has_a_status() -> None:
    assert set(HTTP_STATUS) == set(BackendError.__subclasses__())


def test_every_named_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in HTTP_STATUS]
    assert len(set(codes)) == len(codes)
