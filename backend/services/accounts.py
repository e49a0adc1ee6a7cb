"""Local accounts: names, argon2 hashes of passwords, and a brake on guessing."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from pydantic import TypeAdapter, ValidationError

from backend.domain.collections import USERS
from backend.domain.errors import ConflictError, InvalidError, NotFoundError, NotLoggedInError, TooManyAttemptsError
from backend.ports import Clock, Document, DocumentStore, MissingDocumentError, VersionConflictError
from backend.services.documents import read, write
from core.contracts.base import Identifier
from core.contracts.projects import User

LEAST_PASSWORD_LENGTH = 8
FREE_ATTEMPTS = 5
LONGEST_WAIT_S = 60.0
REMEMBERED_NAMES = 10_000
HASHED_AT_ONCE = 4
_NAME: TypeAdapter[str] = TypeAdapter(Identifier)


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    blocked_until: float


class LoginBrake:
    """After five failures for a name each further one doubles the wait, up to a minute. Held per process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, name: str) -> None:
        """TooManyAttemptsError while the name has to wait."""
        with self._lock:
            failures = self._failures.get(name)
        wait_s = failures.blocked_until - self._clock.now().timestamp() if failures else 0.0
        if wait_s > 0:
            raise TooManyAttemptsError(
                f"Too many failed logins for {name}. Try again in {wait_s:.0f} s.", {"retry_after_s": max(1, round(wait_s))}
            )

    def failed(self, name: str) -> None:
        """Count a failure."""
        with self._lock:
            before = self._failures.pop(name, None)
            count = (before.count if before else 0) + 1
            wait_s = min(LONGEST_WAIT_S, 2.0 ** (count - FREE_ATTEMPTS)) if count >= FREE_ATTEMPTS else 0.0
            self._failures[name] = _Failures(count, self._clock.now().timestamp() + wait_s)
            while len(self._failures) > REMEMBERED_NAMES:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures."""
        with self._lock:
            self._failures.pop(name, None)


class Accounts:
    """Who has an account, and whether a password is theirs."""

    def __init__(self, store: DocumentStore, clock: Clock, hasher: PasswordHasher) -> None:
        self._store = store
        self._hasher = hasher
        self._brake = LoginBrake(clock)
        # Each takes 64 MB for a moment; many logins at once must not take them all at once.
        self._hashing = threading.BoundedSemaphore(HASHED_AT_ONCE)
        # Verified for unknown names too, so that the time of an answer does not tell which names exist.
        self._nobody = self._hasher.hash("nobody's password")

    def add(self, name: str, display_name: str, password: str) -> User:
        """Create an account; ConflictError when the name is taken, InvalidError for a bad name or short password."""
        try:
            user = User(name=_NAME.validate_python(name), display_name=display_name)
        except ValidationError as error:
            raise InvalidError(
                f"{name!r} cannot be an account: use letters, digits, '_', '.', '-', at most 64, and a display name up to 100."
            ) from error
        try:
            self._store.put(USERS, name, write(user, password_hash=self._hash(password)), expected=0)
        except VersionConflictError as error:
            raise ConflictError(f"There is already an account named {name}. Choose another name.") from error
        return user

    def set_password(self, name: str, password: str) -> None:
        """Give an account a new password; NotFoundError."""
        document = self._document(name)
        self._store.put(USERS, name, {**document, "password_hash": self._hash(password)}, expected=document["version"])

    def change_password(self, name: str, current: str, wanted: str) -> None:
        """A person's own change; InvalidError for a wrong current password or a short new one, TooManyAttemptsError."""
        try:
            self.check(name, current)
        except NotLoggedInError:
            raise InvalidError("The current password is wrong.", code="wrong_password") from None
        self.set_password(name, wanted)

    def user(self, name: str) -> User:
        """The account with this name; NotFoundError."""
        return read(User, self._document(name))

    def exists(self, name: str) -> bool:
        """Whether there is an account with this name."""
        try:
            self._store.get(USERS, name)
        except MissingDocumentError:
            return False
        return True

    def check(self, name: str, password: str) -> User:
        """The user whose name and password these are; NotLoggedInError, TooManyAttemptsError."""
        self._brake.check(name)
        try:
            document = self._store.get(USERS, name)
        except MissingDocumentError:
            document = {}
        try:
            with self._hashing:
                self._hasher.verify(document.get("password_hash", self._nobody), password)
            user = read(User, document)
        except (VerificationError, ValidationError) as error:
            self._brake.failed(name)
            raise NotLoggedInError("Name or password is wrong.", code="wrong_password") from error
        self._brake.succeeded(name)
        return user

    def _document(self, name: str) -> Document:
        try:
            return self._store.get(USERS, name)
        except MissingDocumentError as error:
            raise NotFoundError(f"There is no account named {name}. Accounts are made with `brodmann user add`.") from error

    def _hash(self, password: str) -> str:
        if len(password) < LEAST_PASSWORD_LENGTH:
            raise InvalidError(f"A password needs at least {LEAST_PASSWORD_LENGTH} characters.")
        return self._hasher.hash(password)
