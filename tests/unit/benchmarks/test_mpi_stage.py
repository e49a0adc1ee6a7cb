import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from compute_service.schedulers.mpiexec import find_mpiexec


@pytest.mark.skipif(find_spec("mpi4py") is None or find_mpiexec() is None, reason="needs MPI: pip install 'brodmann[mpi]'")
def test_every_way_is_measured_in_every_round():
    ranks = (find_mpiexec(), "-n", "2", sys.executable, "-m", "benchmarks.mpi_stage_ranks", "2", "5")
    rates = json.loads(subprocess.run(ranks, capture_output=True, text=True, timeout=60, check=True).stdout)
    assert {name: len(values) for name, values in rates.items()} == {"one": 2, "several": 2, "stage": 2}
    assert all(rate > 0 for values in rates.values() for rate in values)
