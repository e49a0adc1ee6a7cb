"""The checked-in schemas are what the models say, and the models accept and refuse what the fixtures say.

A golden fixture is a whole document. A negative fixture changes one place of the golden one: `at` is the way there,
`value` what to put there (or `remove`), `rule` what that breaks, `says` a part of the message.
"""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from core.contracts.routes import ROUTES
from core.contracts.schema import DOCUMENTS, GENERATED, generated_files, openapi

FIXTURES = Path(__file__).parent / "fixtures"
MODELS = {model.__name__: model for model in DOCUMENTS}


def fixture(kind: str, name: str) -> Any:
    return json.loads((FIXTURES / kind / f"{name}.json").read_text(encoding="utf-8"))


NEGATIVES = [(name, case) for name in MODELS for case in fixture("negative", name)]


def changed(document: Any, case: dict[str, Any]) -> Any:
    document = deepcopy(document)
    *way, last = case["at"]
    place = document
    for step in way:
        place = place[step]
    if case.get("remove"):
        del place[last]
    else:
        place[last] = case["value"]
    return document


def test_the_checked_in_files_are_current() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in GENERATED.iterdir()}
    assert stored == generated_files(), "run `python -m core.contracts.schema` and commit the result"


def test_every_document_has_fixtures_and_every_fixture_a_document() -> None:
    for kind in ("golden", "negative"):
        assert {path.stem for path in (FIXTURES / kind).iterdir()} == set(MODELS)


@pytest.mark.parametrize("model", DOCUMENTS, ids=lambda model: model.__name__)
def test_a_golden_document_is_read_and_written_unchanged(model: type[BaseModel]) -> None:
    document = fixture("golden", model.__name__)
    assert json.loads(model.model_validate_json(json.dumps(document)).model_dump_json()) == document


@pytest.mark.parametrize(("name", "case"), NEGATIVES, ids=lambda part: part if isinstance(part, str) else part["rule"])
def test_a_broken_rule_is_refused_in_words(name: str, case: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        MODELS[name].model_validate_json(json.dumps(changed(fixture("golden", name), case)))
    assert case["says"] in str(caught.value)
    places = {error["loc"][0] for error in caught.value.errors() if error["loc"]}
    assert places <= {case["at"][0]}, "only the change is at fault"


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_every_reference_of_the_openapi_document_resolves() -> None:
    document = openapi()
    found = references(document)
    assert found
    for reference in found:
        name = re.fullmatch(r"#/components/schemas/(\w+)", reference)
        assert name is not None, reference
        assert name[1] in document["components"]["schemas"]


def test_every_route_is_in_the_openapi_document_with_its_parameters() -> None:
    paths = openapi()["paths"]
    assert sum(len(methods) for methods in paths.values()) == len(ROUTES)
    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        assert operation["operationId"] == route.name
        named = {parameter["name"] for parameter in operation["parameters"]}
        assert named == {*re.findall(r"\{(\w+)\}", route.path), *(name for name, _ in route.query)}
        assert ("requestBody" in operation) == (route.body is not None)


def test_route_names_and_addresses_are_unique() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
