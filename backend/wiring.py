"""The one place that chooses the database, the blob store, the compute client and the clock."""

import contextlib
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from argon2 import PasswordHasher

from backend.clients.compute import HttpCompute
from backend.clients.ssh.link import Credentials, Link
from backend.domain.mapping import MAPPING_KINDS
from backend.ports import BlobStore, Clock, ComputeClient, DocumentStore
from backend.services.accounts import Accounts
from backend.services.alignment import AlignmentByHand
from backend.services.annotations import Annotations
from backend.services.brain_jobs import BrainJobs, stored_definition
from backend.services.brains import Brains
from backend.services.changes import Changes
from backend.services.clock import SystemClock
from backend.services.derived import Derived
from backend.services.dispatch import Definitions, Dispatch
from backend.services.export import Export
from backend.services.fetching import Bring, Fetching
from backend.services.health import HealthCheck
from backend.services.images import Images
from backend.services.imports import Imports
from backend.services.inspected import Inspected
from backend.services.inspections import Inspections
from backend.services.jobs import Jobs
from backend.services.mapped import Mapped
from backend.services.mapping import Mapping, mapping_definition
from backend.services.mapping_inputs import MappingInputs
from backend.services.microdraw import Microdraw
from backend.services.microdraw_tokens import MicrodrawTokens
from backend.services.predicted import Predicted
from backend.services.predictions import Predictions
from backend.services.presence import Presence
from backend.services.projects import Projects
from backend.services.proposals import Proposals
from backend.services.publishing import Publishing
from backend.services.records import Records
from backend.services.section_lists import SectionLists
from backend.services.sessions import Sessions
from backend.services.stored_imports import StoredImports
from backend.services.suggestions import Suggestions
from backend.services.task_jobs import TaskJobs, task_definition
from backend.services.tasks import Tasks
from backend.services.tissue import Tissue
from backend.services.work import WorkReader
from backend.settings import Settings, SettingsError
from backend.stores.blobs import FileBlobs
from backend.stores.mongo import MongoStore
from backend.stores.sqlite import SqliteStore

DATABASE_FILE = "brodmann.sqlite3"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case of the backend, and what to close at the end."""

    accounts: Accounts
    sessions: Sessions
    health: HealthCheck
    brains: Brains
    images: Images
    derived: Derived
    brain_jobs: BrainJobs
    tissue: Tissue
    alignment: AlignmentByHand
    projects: Projects
    annotations: Annotations
    section_lists: SectionLists
    tasks: Tasks
    task_jobs: TaskJobs
    jobs: Jobs
    inspections: Inspections
    mapping: Mapping
    predictions: Predictions
    proposals: Proposals
    suggestions: Suggestions
    export: Export
    imports: Imports
    stored_imports: StoredImports
    microdraw: Microdraw
    microdraw_tokens: MicrodrawTokens
    changes: Changes
    presence: Presence
    dispatch: Dispatch
    fetching: Fetching
    store: DocumentStore
    compute: ComputeClient

    def close(self) -> None:
        """Give back what is open."""
        self.store.close()
        self.compute.close()


@dataclass(frozen=True, slots=True)
class Outside:
    """The adapters the services are built on."""

    store: DocumentStore
    blobs: BlobStore
    compute: ComputeClient
    clock: Clock
    hasher: PasswordHasher = field(default_factory=PasswordHasher)


def build(settings: Settings) -> Services:
    """The services of a backend with these settings; makes the store's folder and the secret when they are missing."""
    settings.store.mkdir(parents=True, exist_ok=True, mode=0o700)
    outside = Outside(
        store=_store(settings),
        blobs=FileBlobs(settings.store / "blobs"),
        compute=compute_client(settings),
        clock=SystemClock(),
    )
    return assemble(outside, settings.brains, _secret(settings.secret_file))


def compute_client(settings: Settings) -> HttpCompute:
    """The compute service at its address, over SSH where that says so."""
    link = None
    if settings.compute_ssh is not None and settings.ssh_key_file is not None and settings.ssh_known_hosts is not None:
        link = Link(settings.compute_ssh, Credentials(settings.ssh_key_file, settings.ssh_known_hosts))
    return HttpCompute(settings.compute_url, settings.compute_token_file, link)


def assemble(outside: Outside, brains_folder: Path, secret: bytes) -> Services:
    """The services on given adapters."""
    store, compute = outside.store, outside.compute
    changes = Changes(store, outside.clock)
    records = Records(store, outside.clock, changes)
    accounts = Accounts(store, outside.clock, outside.hasher)
    brains = Brains(brains_folder)
    projects = Projects(records, accounts, brains)
    annotations = Annotations(records, projects)
    stored_imports = StoredImports(records, projects, annotations)
    dispatch = Dispatch(records, compute, _definitions(store, annotations))
    task_jobs = TaskJobs(records, dispatch)
    derived = Derived(brains)
    work = WorkReader(store)
    predictions = Predictions(records, outside.blobs, projects, annotations)
    return Services(
        accounts=accounts,
        sessions=Sessions(store, outside.clock, secret),
        health=HealthCheck(store, compute),
        brains=brains,
        images=Images(brains, outside.blobs),
        derived=derived,
        brain_jobs=BrainJobs(records, compute, projects, derived, dispatch),
        tissue=Tissue(brains, projects),
        alignment=AlignmentByHand(brains, projects),
        projects=projects,
        annotations=annotations,
        section_lists=SectionLists(store, projects),
        tasks=Tasks(records, projects, derived, annotations, task_jobs),
        task_jobs=task_jobs,
        jobs=Jobs(records, compute, projects, dispatch),
        inspections=Inspections(records, outside.blobs, projects, derived, dispatch),
        mapping=Mapping(
            records, compute, outside.blobs, MappingInputs(records.store, projects, annotations, derived), dispatch
        ),
        predictions=predictions,
        proposals=Proposals(projects, annotations, brains),
        suggestions=Suggestions(work, projects),
        export=Export(work, projects, annotations, predictions),
        imports=Imports(projects, annotations, stored_imports),
        stored_imports=stored_imports,
        microdraw=Microdraw(projects, annotations),
        microdraw_tokens=MicrodrawTokens(store, outside.clock),
        changes=changes,
        presence=Presence(store, outside.clock, projects),
        dispatch=dispatch,
        fetching=Fetching(store, dispatch, _bringers(records, outside, brains)),
        store=store,
        compute=compute,
    )


def _definitions(store: DocumentStore, annotations: Annotations) -> Definitions:
    """What a job is made of, by its kind."""
    of_task = partial(task_definition, store, annotations)
    stored = ("inspect", "tissue", "align")
    of_mapping = partial(mapping_definition, annotations)
    return {
        **{"train": of_task, "predict": of_task},
        **dict.fromkeys(stored, stored_definition),
        **dict.fromkeys(MAPPING_KINDS, of_mapping),
    }


def _bringers(records: Records, outside: Outside, brains: Brains) -> dict[str, Bring]:
    """What is done with a job's results, by its kind; a model stays where it was trained."""
    publishing = Publishing(outside.compute, brains)
    predicted = Predicted(records, outside.compute, outside.blobs)
    inspected = Inspected(records, outside.compute, outside.blobs)
    mapped = Mapped(records, outside.compute, outside.blobs, predicted)
    return {
        "predict": predicted.bring,
        "inspect": inspected.bring,
        "tissue": publishing.tissue,
        "align": publishing.alignment,
        **dict.fromkeys(MAPPING_KINDS, mapped.bring),
    }


def _store(settings: Settings) -> DocumentStore:
    if settings.mongo_uri is not None:
        return MongoStore(settings.mongo_uri)
    return SqliteStore(settings.store / DATABASE_FILE)


def _secret(path: Path) -> bytes:
    """The key of the CSRF tokens; made once, whole, by whichever process comes first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        Path(temporary).unlink()
    secret = path.read_bytes()
    if len(secret) < SECRET_BYTES:
        raise SettingsError(f"{path} is too short for a secret ({len(secret)} bytes). Delete it; a new one is made.")
    return secret
