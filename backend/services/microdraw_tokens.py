"""Tokens of Microdraw's compatibility routes: for a day, for these routes only, their hash alone in the store."""

import hashlib
import secrets
from datetime import timedelta

from backend.domain.collections import SESSIONS
from backend.domain.errors import NotLoggedInError
from backend.ports import Clock, DocumentStore, MissingDocumentError
from core.contracts.projects import User

LIFETIME = timedelta(hours=24)


class MicrodrawTokens:
    """Kept beside the sessions, whose sweep of what has expired takes them too; neither passes for the other."""

    def __init__(self, store: DocumentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def make(self, user: User) -> tuple[str, int]:
        """A new token, and when it ends in seconds since 1970."""
        token = secrets.token_urlsafe(32)
        expires_at = round((self._clock.now() + LIFETIME).timestamp())
        document = {"id": _id(token), "user": user.model_dump(mode="json"), "expires_at": expires_at}
        self._store.put(SESSIONS, _id(token), document, expected=0)
        return token, expires_at

    def user(self, token: str) -> User:
        """Whose token this is; NotLoggedInError."""
        try:
            document = self._store.get(SESSIONS, _id(token))
        except MissingDocumentError:
            document = {"expires_at": 0}
        if document["expires_at"] <= self._clock.now().timestamp():
            raise NotLoggedInError("The token is unknown or has ended. Ask for a new one at /token.")
        return User.model_validate(document["user"])


def _id(token: str) -> str:
    return "microdraw-" + hashlib.sha256(token.encode()).hexdigest()
