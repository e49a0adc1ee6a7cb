"""The areas of a project through the API, on every store: where they come from, and how its managers change them."""

from typing import Any

import pytest

from tests.integration.backend.api import Backend, P, error_of


def area(name: str, colour: str = "#123456", **more: object) -> dict[str, object]:
    return {"name": name, "long_name": f"Area {name}", "colour": colour, **more}


def project_of(backend: Backend) -> Any:
    return backend.person("ada").read(P)


def save(backend: Backend, *areas: dict[str, object], who: str = "ada", version: int | None = None) -> Any:
    version = version or project_of(backend)["project"]["version"]
    return backend.person(who).send("PUT", f"{P}/areas", {"areas": areas, "version": version})


def test_the_nomenclature_offers_areas_with_lobe_colour_and_other_names(backend: Backend) -> None:
    areas = {one["name"]: one for one in backend.person("max").read("/api/nomenclature")["areas"]}
    assert len(areas) == 113
    assert areas["hOc1"]["lobe"] == "occipital lobe"
    assert "V1" in areas["hOc1"]["aliases"]


def test_a_project_may_have_areas_its_brain_does_not_name(backend: Backend) -> None:
    new = {"id": "motor", "title": "Motor", "brain": "SMALL", "areas": ["4a", "hOc1"]}
    ada = backend.person("ada")
    assert ada.send("POST", "/api/projects", new).status_code == 201
    shown = [one["area"] for one in ada.read("/api/projects/motor")["progress"]]
    assert [one["name"] for one in shown] == ["4a", "hOc1"]
    assert shown[0]["lobe"] == "frontal lobe"


def test_an_area_nobody_knows_is_refused_with_the_way_to_name_it(backend: Backend) -> None:
    new = {"id": "motor", "title": "Motor", "brain": "SMALL", "areas": ["hOc1", "mine"]}
    assert "mine" in error_of(backend.person("ada").send("POST", "/api/projects", new), 422)["message"]


def test_a_project_begins_with_areas_of_its_own(backend: Backend) -> None:
    own = [area("mine", "#00aa55"), area("hOc1", "#000000")]
    new = {"id": "own", "title": "Own", "brain": "SMALL", "areas": ["mine", "hOc1"], "own": own}
    ada = backend.person("ada")
    assert ada.send("POST", "/api/projects", new).status_code == 201
    shown = {one["area"]["name"]: one["area"]["colour"] for one in ada.read("/api/projects/own")["progress"]}
    assert shown["mine"] == "#00aa55"
    assert shown["hOc1"] != "#000000"  # what the brain or the nomenclature knows stays as it is
    twice = new | {"id": "twice", "areas": ["mine", "Mine"], "own": [area("mine"), area("Mine")]}
    assert "capital" in error_of(ada.send("POST", "/api/projects", twice), 422)["message"]


def test_a_manager_names_and_colours_areas_in_an_order_of_choice(backend: Backend) -> None:
    saved = save(backend, area("mine", aliases=["my area"]), area("hOc2", "#abcdef"), area("hOc1"))
    assert saved.status_code == 200
    shown = [(one["area"]["name"], one["area"]["colour"]) for one in project_of(backend)["progress"]]
    assert shown == [("mine", "#123456"), ("hOc2", "#abcdef"), ("hOc1", "#123456")]
    body = {"section": 901, "area": "mine", "paths": [[[1, 1], [9, 1], [9, 9]]], "version": 0}
    assert backend.person("ada").send("PUT", f"{P}/annotations/{'a' * 32}", body).status_code == 200


def test_an_area_in_use_cannot_be_left_out(backend: Backend) -> None:
    backend.person("ada").draw(901)
    error = error_of(save(backend, area("hOc2")), 409)
    assert error["code"] == "area_in_use"
    assert "hOc1" in error["message"]
    assert save(backend, area("hOc1")).status_code == 200


def test_of_two_who_change_the_areas_at_once_the_second_is_told(backend: Backend) -> None:
    version = project_of(backend)["project"]["version"]
    assert save(backend, area("hOc1"), version=version).status_code == 200
    assert "somebody else" in error_of(save(backend, area("hOc2"), version=version), 409)["message"]


@pytest.mark.parametrize(
    ("areas", "words"),
    [
        ([], "areas"),
        ([area("hOc1"), area("HOC1")], "named twice"),
        ([area("Area 17")], "pattern"),
        ([area("hOc1", "red")], "colour"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(backend: Backend, areas: list[dict[str, object]], words: str) -> None:
    assert words in error_of(save(backend, *areas), 422)["message"]


def test_only_a_manager_changes_areas(backend: Backend) -> None:
    version = project_of(backend)["project"]["version"]
    assert "manager" in error_of(save(backend, area("hOc1"), who="vera", version=version), 403)["message"]
