"""Annotation files in: what is asked, what is found, what is stored."""

from typing import Literal

from pydantic import Base64Bytes, Field, NonNegativeInt, PositiveInt

from core.contracts.annotations import ShapeKind, Strokes
from core.contracts.base import Contract, Identifier, Key, Moment
from core.contracts.datasets import SectionNumber


class ImportFile(Contract):
    """An annotation file, or a zip of such files."""

    name: str = Field(min_length=1, max_length=200)
    content: Base64Bytes


class RecogniseImport(Contract):
    """Files to look into; nothing is stored. `section` is what they are about; without it their names and they say."""

    files: tuple[ImportFile, ...] = Field(min_length=1, max_length=1_000)
    section: SectionNumber | None = None
    coordinates: Literal["units", "pixels"] | None = Field(
        default=None, description="what the numbers of a Microdraw file mean, where the likelier meaning is wrong"
    )
    outlines: bool = Field(default=True, description="whether to answer with the outlines, to be shown, or with counts only")


class FoundShape(Contract):
    """One shape of a file, before it has an area."""

    name: str
    shape: ShapeKind
    paths: Strokes
    text: str = ""


class FoundSection(Contract):
    """What a file holds of one section."""

    file: str
    section: SectionNumber | None = Field(
        default=None, description="null where neither name nor content says one of the brain's"
    )
    format: str = ""
    words: str = Field(default="", description="the format, and what was taken for granted")
    coordinates: Literal["", "units", "pixels"] = ""
    shapes: tuple[FoundShape, ...] = Field(default=(), description="empty unless asked for")
    regions: NonNegativeInt = 0
    lines: NonNegativeInt = 0
    texts: NonNegativeInt = Field(default=0, description="notes in words")
    notes: tuple[str, ...] = Field(default=(), description="what was left out or is doubtful")
    problem: str = Field(default="", description="why it cannot be imported; empty when it can")


class FoundName(Contract):
    """A name in the files and the area it is taken for."""

    name: str
    shapes: PositiveInt
    area: Identifier | None = None


class RecognisedImport(Contract):
    """What files hold, section by section; nothing is stored."""

    sections: tuple[FoundSection, ...]
    names: tuple[FoundName, ...]


class NewImport(RecogniseImport):
    """Files to import. `key` is made by the client: the same key twice is the same import.

    Shapes whose name is not in `areas` are left out.
    """

    key: Key
    areas: dict[str, Identifier] = Field(max_length=2_000)


class ImportedSection(Contract):
    """What was imported of one file on one section: all of it or nothing."""

    file: str
    section: SectionNumber | None
    uids: tuple[Key, ...] = ()
    left_out: NonNegativeInt = Field(default=0, description="shapes without an area")
    problem: str = Field(default="", description="why nothing was stored; empty when all was")


class ImportResult(Contract):
    """What an import stored. Taking it back by its key deletes what nobody has changed since."""

    key: Key
    sections: tuple[ImportedSection, ...]


class StoredImport(Contract):
    """An import that was done, and whether it was taken back."""

    key: Key
    project: Identifier
    author: Identifier
    created_at: Moment
    finished: bool = Field(default=False, description="false while it runs, and where it broke off")
    sections: NonNegativeInt = Field(default=0, description="on how many it stored something")
    regions: NonNegativeInt = 0
    lines: NonNegativeInt = 0
    texts: NonNegativeInt = Field(default=0, description="notes in words")
    taken_back_at: Moment | None = None
    kept: NonNegativeInt = Field(default=0, description="how many taking it back left alone")


class StoredImportList(Contract):
    """The newest imports of a project, newest first."""

    imports: tuple[StoredImport, ...]


class LeftAlone(Contract):
    """A shape that stays as it is because somebody has changed it since."""

    uid: Key
    section: SectionNumber
    area: Identifier
    why: str = Field(description="in words, e.g. `changed by ada`")


class ImportTakenBack(Contract):
    """How many shapes of an import were deleted, and which stay because somebody has changed them since."""

    deleted: NonNegativeInt
    kept: tuple[LeftAlone, ...] = ()


class ImportRestored(Contract):
    """How many shapes are there again, and which stay deleted because somebody has changed or deleted them since."""

    restored: NonNegativeInt
    kept: tuple[LeftAlone, ...] = ()
