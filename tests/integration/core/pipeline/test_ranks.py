"""The data stage over MPI ranks, four of them."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.stage_work import table

MPIEXEC = Path(sys.executable).with_name("mpiexec")
pytestmark = pytest.mark.skipif(
    find_spec("mpi4py") is None or not MPIEXEC.exists(), reason="needs MPI: pip install 'brodmann[mpi]'"
)


def four_ranks(folder, case):
    command = [str(MPIEXEC), "-n", "4", sys.executable, "-m", "tests.integration.core.pipeline.stage_ranks", str(folder), case]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_three_workers_send_one_controller_all_in_order_from_what_their_node_holds_once(tmp_path):
    done = four_ranks(tmp_path, "one_controller")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("dismissed: done") == 3
    (found,) = (np.load(file) for file in tmp_path.glob("*.npz"))
    assert found["numbers"].tolist() == [*range(40), 5]
    np.testing.assert_array_equal(found["rows"], table()[:40])
    np.testing.assert_array_equal(found["reverse"], table()[[1, 0]])
    makers = {tuple(each) for each in found["made_by"].tolist()}
    assert len(makers) == 3
    assert all(shared for _, shared in makers)


def test_two_controllers_with_a_worker_each_do_not_meddle_with_one_another(tmp_path):
    done = four_ranks(tmp_path, "two_controllers")
    assert done.returncode == 0, done.stderr
    first, second = (np.load(tmp_path / f"{rank}.npz") for rank in (0, 1))
    assert first["numbers"].tolist() == [*range(40), 5]
    assert second["numbers"].tolist() == [*range(1, 40), 5]
    np.testing.assert_array_equal(second["rows"], table()[1:40])
    makers = [{pid for pid, _ in each["made_by"].tolist()} for each in (first, second)]
    assert [len(each) for each in makers] == [1, 1]
    assert makers[0] != makers[1]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("fails", "rank 0: data worker on rank 3 failed: ValueError: row -1 is not in the table\n\nTraceback"),
        ("not_made", "rank 0: data worker on rank 1 failed: OSError: the file is not on this node"),
        ("too_few", "a node has 4 ranks, which cannot be shared out to controllers with 2 workers each. Start a multiple of 3"),
    ],
)
def test_what_goes_wrong_reaches_the_controller_and_nobody_hangs(tmp_path, case, says):
    done = four_ranks(tmp_path, case)
    assert done.returncode == 4
    assert says in done.stdout


def test_a_dead_worker_ends_all(tmp_path):
    assert four_ranks(tmp_path, "dies").returncode == 9
    assert not list(tmp_path.iterdir())
