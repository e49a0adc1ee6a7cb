"""Typed settings of the compute service, read from the environment once and checked as a whole."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from compute_service.profile import ClusterProfile, ProfileError

MINIMUM_TOKEN_LENGTH = 32


class SettingsError(Exception):
    """Something in the environment is missing or wrong; the message lists everything at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The compute service cannot start:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the web process and the poller need to know."""

    brains: Path
    """Folder of brain datasets (`BRODMANN_BRAINS`)."""
    jobs: Path
    """Folder of job folders (`BRODMANN_JOBS`); made when it is not there."""
    token_file: Path
    """File with the token that callers must send (`BRODMANN_COMPUTE_TOKEN_FILE`)."""
    slots_cpus: int
    """Processors the local scheduler shares out (`BRODMANN_COMPUTE_SLOTS_CPUS`, default: all)."""
    poll_interval_s: float = 1.0
    """Pause between two looks of the poller (`BRODMANN_COMPUTE_POLL_INTERVAL_S`)."""
    stop_grace_s: float = 30.0
    """Time a job has for its checkpoint before it is killed (`BRODMANN_COMPUTE_STOP_GRACE_S`)."""
    cluster: ClusterProfile | None = None
    """Profile of the cluster whose Slurm runs the jobs (`BRODMANN_CLUSTER_PROFILE`); without it this machine does."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read and check every setting.

        Raises:
            SettingsError: naming all that is missing or wrong.
        """
        reader = _Reader(environment)
        settings = cls(
            brains=reader.folder("BRODMANN_BRAINS", "the folder of brain datasets"),
            jobs=reader.folder("BRODMANN_JOBS", "the folder for job folders", make=True),
            token_file=reader.token_file("BRODMANN_COMPUTE_TOKEN_FILE"),
            slots_cpus=reader.whole_number("BRODMANN_COMPUTE_SLOTS_CPUS", len(os.sched_getaffinity(0))),
            poll_interval_s=reader.seconds("BRODMANN_COMPUTE_POLL_INTERVAL_S", 1.0),
            stop_grace_s=reader.seconds("BRODMANN_COMPUTE_STOP_GRACE_S", 30.0),
            cluster=reader.profile("BRODMANN_CLUSTER_PROFILE"),
        )
        if reader.problems:
            raise SettingsError(reader.problems)
        return settings

    def token(self) -> str:
        """The token that callers must send."""
        return self.token_file.read_text(encoding="utf-8").strip()


class _Reader:
    """Reads settings one by one and collects what is wrong instead of stopping at the first."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def folder(self, name: str, meaning: str, *, make: bool = False) -> Path:
        path = self._path(name, meaning)
        if not self.environment.get(name):
            return path
        try:
            if make:
                path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            self.problems.append(f"{name}: {path} cannot be made ({error.strerror})")
            return path
        if not path.is_dir():
            self.problems.append(f"{name}: {path} is not a folder")
        elif make and not os.access(path, os.W_OK | os.X_OK):
            self.problems.append(f"{name}: {path} cannot be written to")
        return path

    def token_file(self, name: str) -> Path:
        path = self._path(name, "the file with the access token")
        if not self.environment.get(name):
            return path
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name}: {path} cannot be read ({error})")
            return path
        if len(token) < MINIMUM_TOKEN_LENGTH or not token.isascii():
            self.problems.append(f"{name}: the token in {path} must be at least {MINIMUM_TOKEN_LENGTH} ASCII characters")
        return path

    def whole_number(self, name: str, default: int) -> int:
        text = self.environment.get(name) or str(default)
        if text.isdecimal() and int(text) >= 1:
            return int(text)
        self.problems.append(f"{name}: must be a whole number of at least 1, got {text!r}")
        return default

    def seconds(self, name: str, default: float) -> float:
        text = self.environment.get(name) or str(default)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            self.problems.append(f"{name}: must be a number of seconds above 0, got {text!r}")
            return default
        return value

    def profile(self, name: str) -> ClusterProfile | None:
        if not self.environment.get(name):
            return None
        try:
            return ClusterProfile.read(Path(self.environment[name]).absolute())
        except ProfileError as error:
            self.problems += [f"{name}: {problem}" for problem in error.problems]
            return None

    def _path(self, name: str, meaning: str) -> Path:
        text = self.environment.get(name, "")
        if not text:
            self.problems.append(f"{name} is not set: it names {meaning}")
        return Path(text).absolute()
