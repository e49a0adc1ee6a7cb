"""The collections of the document store and the indexes their queries need.

Rules for indexes (they hold for SQLite and for MongoDB): equality fields first, the ranged field last, ascending.
Key fields are strings or integers at the top of a document.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents and the field tuples by which it can be queried.

    `synced`: a write waits until the disk has it, so that it survives a loss of power too; where it need not, a later
    synced write takes it along.
    """

    name: str
    indexes: tuple[tuple[str, ...], ...] = ()
    synced: bool = True

    @property
    def key_fields(self) -> tuple[str, ...]:
        """Every field some index has, each once, in order of appearance."""
        return tuple(dict.fromkeys(field for index in self.indexes for field in index))


USERS = Collection("users")
SESSIONS = Collection("sessions", (("expires_at",),))
PROJECTS = Collection("projects")
ANNOTATIONS = Collection(
    "annotations", (("project", "state", "section", "area", "shape"), ("project", "state", "area", "section", "shape"))
)
# A state is copied here just before it is replaced, and that write is synced.
REVISIONS = Collection("revisions", (("annotation",),), synced=False)
TASKS = Collection("tasks", (("project", "created_at"), ("stage",)))
# A job belongs to a project (its tasks, its maps) or to a brain: it has one of the two fields.
JOBS = Collection("jobs", (("project", "created_at"), ("brain", "created_at"), ("stage",)))
PREDICTIONS = Collection("predictions", (("project", "section"),))
REVIEWS = Collection("reviews", (("prediction", "seq"), ("project",)))
CHANGES = Collection("changes", (("project", "seq"),))
IMPORTS = Collection("imports", (("project", "created_at"),))
# One of a file on a section: which shapes it stored, and at which version they were left.
IMPORTED = Collection("imported", (("import",),))
PRESENCE = Collection("presence", (("project",),), synced=False)

COLLECTIONS = (
    *(USERS, SESSIONS, PROJECTS, ANNOTATIONS, REVISIONS, TASKS, JOBS),
    *(PREDICTIONS, REVIEWS, CHANGES, IMPORTS, IMPORTED, PRESENCE),
)
