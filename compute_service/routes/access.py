"""Who may call: whoever sends the token, compared in constant time."""

import hmac
from collections.abc import Callable

from flask import request


class UnauthorisedError(Exception):
    """The token is missing or wrong."""

    def __init__(self) -> None:
        super().__init__("The compute service wants its token as `Authorization: Bearer <token>`; it was missing or wrong.")


def token_check(token: str) -> Callable[[], None]:
    """A check to run before every request."""
    expected = f"Bearer {token}".encode()

    def check() -> None:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            raise UnauthorisedError

    return check
