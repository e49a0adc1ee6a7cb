import pytest

from core.pipeline.roles import assigned
from core.pipeline.stage import StageError


def test_ranks_keep_to_the_controllers_of_their_node():
    assert assigned([0, 0, 0, 0], 3) == [0, 0, 0, 0]
    assert assigned([0, 5, 0, 5, 0, 5, 5, 0, 0, 0], 1) == [0, 1, 2, 3, 4, 1, 3, 0, 2, 4]
    assert assigned([0, 5, 0, 5, 0, 5, 5, 0, 0, 0], 0) == list(range(10))


def test_a_node_whose_ranks_cannot_be_shared_out_is_refused_with_the_remedy():
    with pytest.raises(StageError, match=r"a node has 1 ranks.*with 1 workers each. Start a multiple of 2 on every node"):
        assigned([0, 0, 1], 1)
