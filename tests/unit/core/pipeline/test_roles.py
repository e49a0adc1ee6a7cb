import pytest

from core.pipeline.roles import assigned
from core.pipeline.stage import StageError


def test_ranks_keep_to_the_controllers_of_their_node():
    assert assigned([0, 0, 0, 0], 1) == [0, 0, 0, 0]
    assert assigned([0, 5, 0, 5, 0, 5, 5, 0, 0], 2) == [0, 1, 2, 3, 0, 1, 3, 2, 0]


def test_a_node_without_a_worker_for_each_controller_is_refused_with_the_remedy():
    with pytest.raises(StageError, match=r"a node has 1 ranks.*Start 2 or more on every node"):
        assigned([0, 0, 1], 1)
