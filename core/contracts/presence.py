"""Who has which page of a project open just now."""

from pydantic import Field

from core.contracts.base import Contract, Identifier, Key
from core.contracts.datasets import SectionNumber


class Here(Contract):
    """A page that is open in a project, told again every 15 s. `page` is made by the client."""

    page: Key
    section: SectionNumber | None = Field(default=None, description="null: on the project's own page")


class PersonHere(Contract):
    """A person with a page open in a project."""

    page: Key
    user: Identifier
    display_name: str
    section: SectionNumber | None = None


class PresenceList(Contract):
    """Who is in a project just now, in order of names; also the data of the event `presence`."""

    people: tuple[PersonHere, ...]
