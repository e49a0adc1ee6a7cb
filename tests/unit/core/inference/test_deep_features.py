import numpy as np
import pytest
import torch

from core.graphs.node_features import on_sections
from core.inference.deep_features import FeatureFile, principal_components, projected
from core.inference.kept_features import KeptFeatures, features_name
from tests.fakes.midsurfaces import flat_midsurface

WIDTH = 3


@pytest.fixture
def surface():
    return flat_midsurface(columns=4)


@pytest.fixture
def file(surface, tmp_path):
    return FeatureFile(KeptFeatures(tmp_path, "x"), list(on_sections(surface)), WIDTH, len(surface.section))


def features_of(section, here):
    return np.full((len(here), WIDTH), section, np.float16)


def test_every_usable_node_gets_the_features_of_its_section(surface, file, tmp_path):
    for number, here in file.sections:
        file.parts.of(number, lambda: features_of(number, here))  # noqa: B023
    assert not file.is_joined
    file.join()
    stored = file.opened()
    assert stored.dtype == np.float16
    assert stored[:-1, 0].tolist() == surface.section[:-1].tolist()
    assert (stored[-1] == 0).all()
    assert [each.name for each in tmp_path.iterdir()] == ["x.npy"]  # what was kept of sections is needed no more


def test_features_of_a_section_that_was_done_are_not_computed_again(file, tmp_path):
    number, here = file.sections[0]
    asked = []

    def compute():
        asked.append(number)
        return features_of(number, here)

    first, again = (KeptFeatures(tmp_path, "x").of(number, compute) for _ in range(2))
    assert asked == [number]
    assert (first == again).all()
    file.parts.forget()
    assert not KeptFeatures(tmp_path, "x").has(number)


def test_a_section_that_is_missing_when_all_are_joined_is_told(file):
    with pytest.raises(FileNotFoundError, match="start again"):
        file.join()
    assert not file.is_joined


def test_another_encoder_or_other_places_never_find_these_features(surface):
    encoder = torch.nn.Linear(2, 2)
    name = features_name(encoder, "B20", surface.section, surface.point_um)
    assert name.startswith("features-B20-")
    assert features_name(encoder, "B20", surface.section, surface.point_um + 1) != name
    assert features_name(torch.nn.Linear(2, 2), "B20", surface.section, surface.point_um) != name
    assert features_name(encoder, "B20", surface.section, surface.point_um) == name


def test_components_keep_the_directions_of_most_variance():
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(500, 2)) * (10, 5)
    mixing = np.linalg.qr(generator.normal(size=(6, 6)))[0][:2]
    rows = (hidden @ mixing + 3 + 0.01 * generator.normal(size=(500, 6))).astype(np.float16)
    usable = np.arange(0, 500, 2)
    mean, components, share = principal_components([(rows, usable)], 2)
    assert share > 0.999
    found = projected(rows, usable, mean, components)
    assert found.shape == (500, 2)
    assert (found[1::2] == 0).all()
    apart = np.linalg.norm(found[0].astype(float) - found[2].astype(float))
    assert apart == pytest.approx(np.linalg.norm(hidden[0] - hidden[2]), rel=0.02)


def test_components_of_many_nodes_come_from_a_sample_of_every_brain(monkeypatch):
    monkeypatch.setattr("core.inference.deep_features.SAMPLE", 50)
    sources = [(np.full((400, 2), value, np.float16), np.arange(400)) for value in (0, 1)]
    mean, _, _ = principal_components(sources, 1)
    assert mean.tolist() == [0.5, 0.5]
