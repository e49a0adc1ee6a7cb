"""The list of a section that is put together from what was sent before is the one that a whole reading gives."""

from random import Random
from uuid import uuid4

import pytest

from backend.ports import DocumentStore
from backend.services import section_lists
from backend.services.section_lists import SectionLists
from core.contracts.api import AnnotationList
from tests.integration.backend.api import Backend, P, Person


def edit(ada: Person, random: Random, known: dict[str, tuple[int, int]]) -> None:
    """Draw, change, delete or restore a region of one of two sections; `known` has their sections and versions."""
    uid = random.choice([*known, uuid4().hex])
    section, version = known.get(uid, (random.choice([901, 921]), 0))
    if version and random.random() < 0.4:
        answer = ada.send("DELETE", f"{P}/annotations/{uid}", version=version)
    else:
        x = 800 + 10 * random.randrange(100)
        body = {"section": section, "area": "hOc1", "paths": [[[x, 800], [2400, 800], [2400, 2400]]], "version": version}
        answer = ada.send("PUT", f"{P}/annotations/{uid}", {**body, "order": random.randrange(3)})
    assert answer.status_code == 200, answer.text
    known[uid] = section, answer.json["annotation"]["version"]


@pytest.mark.parametrize("many", [0, section_lists.MANY])
def test_lists_of_two_processes_are_what_the_store_holds_after_every_edit(
    backend: Backend, store: DocumentStore, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(section_lists, "MANY", many)
    random, known = Random(3), dict[str, tuple[int, int]]()
    ada, services = backend.person("ada"), backend.services
    # The second one has room for a region or two.
    processes = [SectionLists(store, services.projects), SectionLists(store, services.projects, most_bytes=900)]
    for _ in range(30):
        edit(ada, random, known)
        section = random.choice([901, 921])
        expected = AnnotationList(annotations=services.annotations.drawn("demo", section=section))
        lists = random.choice(processes)
        assert lists.whole("ada", "demo", section).decode() == expected.model_dump_json()
        assert lists.versions("ada", "demo", section).versions == {one.uid: one.version for one in expected.annotations}


def test_only_what_changed_is_read_again(backend: Backend, store: DocumentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = backend.person("ada")
    uids = [ada.draw(901).json["annotation"]["uid"] for _ in range(4)]
    lists = SectionLists(store, backend.services.projects)
    lists.whole("ada", "demo", 901)
    ada.draw(901, uid=uids[2], version=1)
    ada.send("DELETE", f"{P}/annotations/{uids[0]}", version=1)
    asked: list[list[str]] = []
    many = store.many
    monkeypatch.setattr(store, "many", lambda collection, names: asked.append(names) or many(collection, names))
    monkeypatch.setattr(store, "find", None)
    lists.whole("ada", "demo", 901)
    assert asked == [[f"demo/{uids[2]}"]]


def test_a_page_asks_for_versions_and_then_for_what_it_has_in_another_one(backend: Backend) -> None:
    ada, vera = backend.person("ada"), backend.person("vera")
    first, second, third = (ada.draw(901).json["annotation"]["uid"] for _ in range(3))
    other = ada.draw(921).json["annotation"]["uid"]
    changed = ada.draw(901, uid=second, version=1).json["annotation"]
    ada.send("DELETE", f"{P}/annotations/{third}", version=1)
    assert vera.read(f"{P}/sections/901/versions") == {"versions": {first: 1, second: 2}}
    named = vera.read(f"{P}/sections/901/annotations", only=f"{second},{third},{other},{uuid4().hex}")
    assert named == {"annotations": [changed]}
    assert vera.read(f"{P}/sections/901/annotations", only="") == {"annotations": []}
    too_many = vera.get(f"{P}/sections/901/annotations", only=",".join(uuid4().hex for _ in range(101)))
    assert (too_many.status_code, "at most 100" in too_many.json["error"]["message"]) == (422, True)
    for path, query in (("versions", {}), ("annotations", {"only": first}), ("annotations", {})):
        assert backend.person("max").get(f"{P}/sections/901/{path}", **query).status_code == 404
        assert vera.get(f"{P}/sections/999/{path}", **query).status_code == 404
