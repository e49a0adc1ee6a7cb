"""Keys that follow from other keys, so that doing something twice makes one thing."""

import hashlib
import re

from backend.domain.errors import InvalidError

KEY = re.compile(r"[0-9a-f]{32}")


def derived_key(*parts: str | int) -> str:
    """32 hexadecimal digits that depend on nothing but the parts and their order."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:32]


def check_key(value: str, what: str) -> None:
    """InvalidError unless the value is a key: 32 lower-case hexadecimal digits."""
    if not KEY.fullmatch(value):
        raise InvalidError(f"{what} is named by 32 lower-case hexadecimal digits, got {value[:64]!r}.", code="invalid_key")
