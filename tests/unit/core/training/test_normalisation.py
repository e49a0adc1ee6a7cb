import pytest
import torch
from torch import nn

from core.training.normalisation import recalibrate
from core.training.patch_source import Batch


def batch(seed):
    image = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return Batch({"high": image}, torch.zeros(2, 8, 8, dtype=torch.uint8))


def test_statistics_become_the_average_over_the_batches_and_weights_stay():
    layer = nn.BatchNorm2d(1)
    layer.weight.data.fill_(3.0)
    recalibrate(nn.Sequential(layer), [batch(1), batch(2)], "float32")
    seen = [batch(seed).inputs["high"] * 2 - 1 for seed in (1, 2)]
    assert layer.running_mean.item() == pytest.approx(float(torch.stack([image.mean() for image in seen]).mean()), abs=1e-6)
    assert layer.running_var.item() == pytest.approx(float(torch.stack([image.var() for image in seen]).mean()), abs=1e-6)
    assert layer.momentum == 0.1
    assert layer.weight.item() == 3.0


def test_no_batch_is_refused():
    with pytest.raises(ValueError, match="no batch to take statistics from"):
        recalibrate(nn.Sequential(nn.BatchNorm2d(1)), [], "float32")
