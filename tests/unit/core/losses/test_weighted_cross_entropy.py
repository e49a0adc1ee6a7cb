import numpy as np
import pytest
import torch

from core.losses.weighted_cross_entropy import weighted_cross_entropy


def test_loss_is_the_weighted_mean_of_minus_log_probability():
    logits = torch.tensor([[2.0, 0.0, -1.0, 0.5], [0.0, 1.0, 0.0, 3.0]]).T.reshape(1, 4, 1, 2)
    labels = torch.tensor([[[0, 3]]], dtype=torch.uint8)
    weights = np.array([0.5, 1.0, 1.0, 3.0])
    probabilities = np.exp(logits.numpy()[0, :, 0]) / np.exp(logits.numpy()[0, :, 0]).sum(axis=0)
    expected = (0.5 * -np.log(probabilities[0, 0]) + 3.0 * -np.log(probabilities[3, 1])) / 3.5
    assert weighted_cross_entropy(logits, labels, torch.from_numpy(weights)).item() == pytest.approx(expected, rel=1e-5)


def test_unlabelled_pixels_do_not_count():
    logits = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.full((2, 3, 3), 255, dtype=torch.uint8)
    labels[0, 0, 0] = 2
    alone = weighted_cross_entropy(logits[:1, :, :1, :1], labels[:1, :1, :1], torch.ones(4))
    assert weighted_cross_entropy(logits, labels, torch.ones(4)).item() == pytest.approx(alone.item())


def test_scaling_all_weights_changes_nothing():
    logits = torch.randn(1, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(25).reshape(1, 5, 5) % 4
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert weighted_cross_entropy(logits, labels, weights).item() == pytest.approx(
        weighted_cross_entropy(logits, labels, 7 * weights).item()
    )


def test_a_batch_without_any_label_is_refused():
    with pytest.raises(ValueError, match="no pixel of the batch carries a label"):
        weighted_cross_entropy(torch.zeros(1, 4, 2, 2), torch.full((1, 2, 2), 255), torch.ones(4))
