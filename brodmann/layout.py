"""The data folder of one installation: where brains, jobs, documents, secrets and logs lie."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import click

DATA_VARIABLE = "BRODMANN_DATA"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Every path below one data folder."""

    root: Path

    @property
    def brains(self) -> Path:
        """Brain datasets, one folder each."""
        return self.root / "brains"

    @property
    def jobs(self) -> Path:
        """Job folders of the compute service."""
        return self.root / "jobs"

    @property
    def store(self) -> Path:
        """The backend's documents and blobs."""
        return self.root / "store"

    @property
    def logs(self) -> Path:
        """One log file per service."""
        return self.root / "logs"

    @property
    def services_file(self) -> Path:
        """Process ids of the running services, by name; absent when nothing runs."""
        return self.root / "services.json"

    @property
    def compute_token_file(self) -> Path:
        """The secret the backend shows to the compute service."""
        return self.root / "secrets" / "compute_token"

    @property
    def session_secret_file(self) -> Path:
        """The secret that protects sessions."""
        return self.root / "secrets" / "session"

    def create(self) -> None:
        """Make what is missing; secrets are readable by their owner only and never overwritten."""
        for folder in (self.brains, self.jobs, self.store, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        for file in (self.compute_token_file, self.session_secret_file):
            file.parent.mkdir(mode=0o700, exist_ok=True)
            if not file.exists():
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as stream:
                    stream.write(secrets.token_urlsafe(32))

    def environment(self) -> dict[str, str]:
        """The settings that services read, without their addresses."""
        return {
            "BRODMANN_BRAINS": str(self.brains),
            "BRODMANN_JOBS": str(self.jobs),
            "BRODMANN_STORE": str(self.store),
            "BRODMANN_COMPUTE_TOKEN_FILE": str(self.compute_token_file),
            "BRODMANN_SECRET_FILE": str(self.session_secret_file),
        }


def data_folder(_context: click.Context, _parameter: click.Parameter, value: Path) -> DataFolder:
    """What an option with a data folder gives its command."""
    return DataFolder(value.resolve())


data_option = click.option(
    "--data",
    envvar=DATA_VARIABLE,
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data"),
    show_default=True,
    callback=data_folder,
    help="The data folder of this installation.",
)
