import numpy as np
import pytest
import torch

from core.losses.distance_location import CODE, LOCATION, PLACE_WIDTH, distance_and_location


def plain(rows, places):
    """The loss as it is told in words, number by number."""

    def huber(error):
        return error**2 / 2 if abs(error) <= 1 else abs(error) - 0.5

    distances = [
        huber(np.sqrt(((rows[k, 3:] - rows[k + 1, 3:]) ** 2).sum()) - np.sqrt(((places[k] - places[k + 1]) ** 2).sum()))
        for k in range(0, len(rows), 2)
    ]
    locations = [huber(rows[k, axis] - places[k, axis]) for k in range(len(rows)) for axis in range(3)]
    return np.mean(distances) + np.mean(locations)


def drawn(count=6, width=PLACE_WIDTH, spread=1.0):
    generator = np.random.default_rng(4)
    return spread * generator.normal(size=(count, width)), generator.uniform(-1, 1, (count, 3))


@pytest.mark.parametrize("spread", [0.2, 3.0])
def test_the_loss_is_that_of_its_words(spread):
    rows, places = drawn(spread=spread)
    found = distance_and_location(torch.tensor(rows), torch.tensor(places))
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(plain(rows, places), rel=1e-5)


def test_the_gradient_is_that_of_its_words():
    rows, places = drawn(4, width=LOCATION + 2)
    asked = torch.tensor(rows, dtype=torch.float32, requires_grad=True)
    distance_and_location(asked, torch.tensor(places)).backward()
    step, expected = 1e-6, np.zeros_like(rows)
    for at in np.ndindex(rows.shape):
        more, less = rows.copy(), rows.copy()
        more[at] += step
        less[at] -= step
        expected[at] = (plain(more, places) - plain(less, places)) / (2 * step)
    np.testing.assert_allclose(asked.grad.numpy(), expected, atol=1e-5)


def test_nothing_is_lost_where_distances_and_locations_are_found():
    places = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.3, 0.4]])
    code = torch.zeros(2, CODE)
    code[1, 0] = 0.5
    assert float(distance_and_location(torch.cat([places, code], dim=1), places)) == pytest.approx(0, abs=1e-7)


def test_two_patches_of_one_code_have_a_gradient():
    rows = torch.zeros(2, PLACE_WIDTH, requires_grad=True)
    distance_and_location(rows, torch.zeros(2, 3)).backward()
    assert torch.isfinite(rows.grad).all()


def test_a_patch_without_a_partner_is_refused():
    with pytest.raises(ValueError, match="pairs of patches with their places are wanted, got 3 patches"):
        distance_and_location(torch.zeros(3, PLACE_WIDTH), torch.zeros(3, 3))
