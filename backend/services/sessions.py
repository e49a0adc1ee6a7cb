"""Sessions of logged-in people: a random token in a cookie, only its hash in the store, an end, and a CSRF token."""

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from backend.domain.collections import SESSIONS
from backend.domain.errors import ForbiddenError, NotLoggedInError
from backend.ports import Clock, DocumentStore, MissingDocumentError, Query, Range
from core.contracts.api import Session
from core.contracts.projects import User

LIFETIME = timedelta(days=14)
REMEMBERED_S = 5.0
REMEMBERED_SESSIONS = 4096
REMOVED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Remembered:
    user: User
    until: float


class Sessions:
    """Opens, checks and ends sessions.

    A session once looked up is believed for five seconds without asking the store, because every tile is a request; a
    logout in one process is therefore noticed by the others within five seconds.
    """

    def __init__(self, store: DocumentStore, clock: Clock, secret: bytes) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, user: User) -> tuple[str, Session]:
        """A new session: the token for the cookie, and what the client is told."""
        token = secrets.token_urlsafe(32)
        expires_at = round((self._clock.now() + LIFETIME).timestamp())
        document = {"id": _hashed(token), "user": user.model_dump(mode="json"), "expires_at": expires_at}
        self._store.put(SESSIONS, _hashed(token), document, expected=0)
        return token, Session(user=user, csrf_token=self._csrf(token))

    def user(self, token: str | None) -> User:
        """Whose session this is; NotLoggedInError when there is none or it has ended."""
        if not token:
            raise NotLoggedInError("You are not logged in. Log in and try again.")
        hashed = _hashed(token)
        with self._lock:
            remembered = self._remembered.get(hashed)
        if remembered and remembered.until > time.monotonic():
            return remembered.user
        return self._look_up(hashed)

    def session(self, token: str | None) -> Session:
        """The session as the client is told; NotLoggedInError."""
        return Session(user=self.user(token), csrf_token=self._csrf(token or ""))

    def check_csrf(self, token: str, sent: str | None) -> None:
        """ForbiddenError unless the request carries the CSRF token of its own session."""
        if not hmac.compare_digest(self._csrf(token).encode(), (sent or "").encode()):
            raise ForbiddenError(
                "The request carries no valid X-CSRF-Token. Reload the page and try again.", code="csrf_token_missing"
            )

    def end(self, token: str) -> None:
        """Log out."""
        with self._lock:
            self._remembered.pop(_hashed(token), None)
        self._store.delete(SESSIONS, _hashed(token))

    def end_all(self, name: str, but: str = "") -> None:
        """End a user's sessions and tokens, but for the one with this token; other processes notice within five seconds."""
        kept = _hashed(but)
        for document in self._store.find(SESSIONS, Query(within=Range("expires_at", above=0))):
            if document["user"]["name"] == name and document["id"] != kept:
                self._store.delete(SESSIONS, document["id"])
                with self._lock:
                    self._remembered.pop(document["id"], None)

    def forget_expired(self) -> None:
        """Remove the sessions that have ended by themselves."""
        now = round(self._clock.now().timestamp())
        while ended := self._store.find(SESSIONS, Query(within=Range("expires_at", below=now), limit=REMOVED_AT_ONCE)):
            for document in ended:
                self._store.delete(SESSIONS, document["id"])

    def _look_up(self, hashed: str) -> User:
        try:
            document = self._store.get(SESSIONS, hashed)
        except MissingDocumentError as error:
            raise NotLoggedInError("Your session has ended. Log in again; what you saved is kept.") from error
        if document["expires_at"] <= self._clock.now().timestamp():
            self._store.delete(SESSIONS, hashed)
            raise NotLoggedInError("Your session has ended. Log in again; what you saved is kept.")
        user = User.model_validate(document["user"])
        with self._lock:
            self._remembered[hashed] = _Remembered(user, time.monotonic() + REMEMBERED_S)
            while len(self._remembered) > REMEMBERED_SESSIONS:
                self._remembered.popitem(last=False)
        return user

    def _csrf(self, token: str) -> str:
        return hmac.new(self._secret, token.encode(), hashlib.sha256).hexdigest()


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
