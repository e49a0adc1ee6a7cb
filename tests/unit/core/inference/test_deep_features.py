import numpy as np
import pytest

from core.inference import deep_features
from core.inference.deep_features import FeatureFile, compute_features, principal_components, projected
from tests.fakes.midsurfaces import flat_midsurface


class Folder:
    """A brain that only its name is asked for."""


def fake_features(asked):
    def features_at(_encoder, _report, _folder, section, centres_um):
        asked.append(section)
        return np.c_[np.full(len(centres_um), section), centres_um].astype(np.float16)

    return features_at


@pytest.fixture
def surface():
    return flat_midsurface(columns=4)


def test_every_usable_node_gets_the_features_of_its_place(surface, tmp_path, monkeypatch):
    monkeypatch.setattr(deep_features, "features_at", fake_features([]))
    stored = compute_features((None, None), Folder(), surface, FeatureFile(tmp_path / "x.npy", 3, 12), lambda *_: None)
    assert stored.dtype == np.float16
    assert stored[:-1, 0].tolist() == surface.section[:-1].tolist()
    assert (stored[-1] == 0).all()


def test_sections_that_are_done_are_not_computed_again(surface, tmp_path, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(deep_features, "features_at", fake_features(asked))
    file = FeatureFile(tmp_path / "x.npy", 3, 12)

    def stop_after_one(done: int, _of: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute_features((None, None), Folder(), surface, file, stop_after_one)
    stored = compute_features((None, None), Folder(), surface, file, lambda *_: None)
    assert asked == [901, 911, 921]
    assert stored[0, 0] == 901


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
    monkeypatch.setattr(deep_features, "SAMPLE", 50)
    sources = [(np.full((400, 2), value, np.float16), np.arange(400)) for value in (0, 1)]
    mean, _, _ = principal_components(sources, 1)
    assert mean.tolist() == [0.5, 0.5]
