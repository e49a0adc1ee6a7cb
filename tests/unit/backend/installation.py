"""Services on a store that dies at a chosen write, and can be started again on what it holds."""

from pathlib import Path
from uuid import uuid4

from backend.domain.collections import Collection
from backend.monitor import run_once
from backend.ports import Document, Query
from backend.services.clock import SystemClock
from backend.stores.blobs import FileBlobs
from backend.wiring import Outside, Services, assemble
from core.contracts.api import NewProject, NewTask, SaveAnnotation
from tests.fakes.compute_client import FakeComputeClient
from tests.fakes.memory_store import MemoryStore
from tests.integration.backend.api import QUICK_HASHER, SQUARE

NEW = NewTask(key="a" * 32, area="hOc1", pairs=((901, 961),), preset="tiny")


class Crash(BaseException):
    """The process is gone."""


class CrashingStore(MemoryStore):
    """Dies at the n-th write from now on, before or after it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.dies_at: int | None = None
        self.after_writing = False

    def put(self, collection: Collection, document_id: str, document: Document, expected: int) -> Document:
        self.writes += 1
        dies = self.writes == self.dies_at
        if dies and not self.after_writing:
            raise Crash
        stored = super().put(collection, document_id, document, expected)
        if dies:
            raise Crash
        return stored


class Installation:
    """Services that can be started again on the same store."""

    def __init__(self, brains: Path, folder: Path) -> None:
        self.store, self.compute = CrashingStore(), FakeComputeClient()
        self._brains, self._folder = brains, folder
        self.services = self.started()
        self.services.accounts.add("ada", "Ada", "correct horse")
        self.services.projects.create("ada", NewProject(id="demo", title="Demo", brain="SMALL", areas=("hOc1",)))
        for section in (901, 961):
            wanted = SaveAnnotation.model_validate({"section": section, "area": "hOc1", "paths": SQUARE, "version": 0})
            self.services.annotations.save("ada", "demo", uuid4().hex, wanted)

    def started(self) -> Services:
        blobs = FileBlobs(self._folder)
        return assemble(Outside(self.store, blobs, self.compute, SystemClock(), QUICK_HASHER), self._brains, b"s" * 32)

    def crash_at(self, write: int, after_writing: bool) -> None:
        self.store.dies_at, self.store.after_writing = self.store.writes + write, after_writing

    def train(self) -> bool:
        """False when the process died."""
        try:
            self.services.tasks.create("ada", "demo", NEW)
        except Crash:
            return False
        return True

    def monitor(self) -> bool:
        """Rounds until nothing is left to do; False when the process died."""
        try:
            for _ in range(4):
                run_once(self.services)
        except Crash:
            return False
        return True

    def count(self, collection: Collection) -> int:
        return len(self.store.find(collection, Query()))
