import pytest

from core.training.peers import Peers, PeersError


def test_a_batch_is_shared_without_loss_or_repetition():
    shares = [Peers(rank, 3).share(range(8)) for rank in range(3)]
    assert sorted(item for share in shares for item in share) == list(range(8))
    assert Peers().share(range(8)) == range(8)


def test_more_processes_than_patches_are_refused():
    with pytest.raises(PeersError, match="a batch of 2 patches cannot be shared by 3 processes; start fewer"):
        Peers(0, 3).share(range(2))
