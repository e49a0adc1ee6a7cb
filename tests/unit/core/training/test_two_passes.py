import pytest
import torch
from torch import nn

from core.losses.contrastive import supervised_contrastive
from core.training.two_passes import backward, chunk_count

CLASSES = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


def network():
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 6)
    )
    return layers.double()


def images():
    return torch.rand(8, 1, 10, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def chunks_of(model, size):
    return [lambda part=part: model(part) for part in images().split(size)]


def loss_of(rows):
    return supervised_contrastive(rows, CLASSES)


def gradients(model):
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def close(found, wanted):
    assert all(float(value.abs().max()) > 1e-5 for value in wanted.values())
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("size", [2, 3])
def test_two_passes_find_the_gradients_of_one_where_normalisation_has_fixed_statistics(size):
    straight, chunked = network().eval(), network().eval()
    loss = loss_of(straight(images()))
    loss.backward()
    found = backward(chunked, chunks_of(chunked, size), loss_of)
    assert found.item() == pytest.approx(loss.item(), rel=1e-6)
    close(gradients(chunked), gradients(straight))


def test_two_passes_find_the_gradients_of_one_graph_over_chunks_that_are_normalised_by_themselves():
    straight, chunked = network(), network()
    loss = loss_of(torch.cat([chunk() for chunk in chunks_of(straight, 4)]))
    loss.backward()
    found = backward(chunked, chunks_of(chunked, 4), loss_of)
    assert found.item() == pytest.approx(loss.item(), rel=1e-6)
    close(gradients(chunked), gradients(straight))


def test_running_statistics_count_each_chunk_once():
    straight, chunked = network(), network()
    for chunk in chunks_of(straight, 4):
        chunk()
    backward(chunked, chunks_of(chunked, 4), loss_of)
    assert int(chunked[1].num_batches_tracked) == 2
    torch.testing.assert_close(chunked[1].running_mean, straight[1].running_mean)
    torch.testing.assert_close(chunked[1].running_var, straight[1].running_var)


def test_what_fits_is_computed_once():
    model, calls = network(), []

    def only():
        calls.append(1)
        return model(images())

    backward(model, [only], loss_of)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("batch", "processes", "pass_size", "chunks"), [(16, 1, None, 1), (16, 1, 4, 4), (16, 4, 2, 2), (10, 4, 2, 2), (5, 4, 1, 1)]
)
def test_all_processes_divide_their_shares_into_as_many_chunks(batch, processes, pass_size, chunks):
    assert chunk_count(batch, processes, pass_size) == chunks
    shares = [len(range(rank, batch, processes)) for rank in range(processes)]
    assert all(share >= chunks for share in shares)
