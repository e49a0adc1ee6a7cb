import math

import pytest
import torch

from core.losses.contrastive import self_supervised, supervised_contrastive

TAU = 0.07


def batch(count=9, width=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=generator, dtype=torch.float64)


def log_share(z, i, j):
    similarity = [float(torch.cosine_similarity(z[i], other, dim=0)) / TAU for other in z]
    return similarity[j] - math.log(sum(math.exp(similarity[k]) for k in range(len(z)) if k != i))


@pytest.mark.parametrize("divisor", ["class", "positives"])
def test_it_is_the_thesis_s_formula_written_out(divisor):
    z, classes = batch(), [0, 0, 1, 2, 2, 2, 0, 3, 1]
    expected = 0.0
    for i, own in enumerate(classes):
        same = [j for j, other in enumerate(classes) if other == own and j != i]
        count = len(same) + 1 if divisor == "class" else len(same)
        expected -= sum(log_share(z, i, j) for j in same) / count if same else 0.0
    found = supervised_contrastive(z, torch.tensor(classes), divisor=divisor)
    assert float(found) == pytest.approx(expected / len(classes), rel=1e-5)


def test_two_views_of_each_patch_are_each_other_s_positives():
    z = batch(8)
    expected = -sum(log_share(z, i, (i + 4) % 8) for i in range(8)) / 8
    assert float(self_supervised(z)) == pytest.approx(expected, rel=1e-5)
    patches = torch.arange(8) % 4
    assert float(supervised_contrastive(z, patches, divisor="positives")) == pytest.approx(expected, rel=1e-5)


def test_the_length_of_a_projection_does_not_matter():
    z, classes = batch(), torch.tensor([0, 0, 1, 1, 1, 2, 2, 2, 2])
    lengths = torch.linspace(0.1, 30, 9)[:, None]
    torch.testing.assert_close(supervised_contrastive(z * lengths, classes), supervised_contrastive(z, classes))


@pytest.mark.parametrize("divisor", ["class", "positives"])
def test_a_sample_alone_in_its_class_adds_nothing_and_leaves_gradients_finite(divisor):
    z = batch(3).requires_grad_()
    loss = supervised_contrastive(z, torch.tensor([0, 1, 2]), divisor=divisor)
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.equal(z.grad, torch.zeros_like(z))


def test_similar_projections_within_classes_cost_less():
    classes = torch.tensor([0, 0, 0, 1, 1, 1])
    apart = torch.nn.functional.one_hot(classes).double() + 0.01 * batch(6, 2)
    assert supervised_contrastive(apart, classes) < supervised_contrastive(apart, torch.tensor([0, 1, 0, 1, 0, 1]))


def test_half_precision_projections_are_compared_in_full():
    z, classes = batch().float(), torch.tensor([0, 0, 1, 1, 1, 2, 2, 2, 2])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = supervised_contrastive(z, classes)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, supervised_contrastive(z, classes))


@pytest.mark.parametrize(
    "wrong", [lambda: supervised_contrastive(batch(1), torch.tensor([0])), lambda: self_supervised(batch(3))]
)
def test_what_cannot_be_contrasted_is_refused(wrong):
    with pytest.raises(ValueError, match=r"two"):
        wrong()
