"""The quick soak: chance finds what nobody thought of."""

import tempfile
from pathlib import Path

from benchmarks.soak import drawn, soak
from tests.integration.cluster import needs_slurm

SEED, FAULTS, LIMIT_S = 6, 15, 45.0
pytestmark = needs_slurm


def test_random_faults_under_load_lose_double_and_belie_no_job() -> None:
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        found = soak(Path(folder) / "s", drawn(FAULTS, SEED), SEED, LIMIT_S)
    assert (found.lost, found.doubled, found.wrong_state) == ([], [], [])
    assert sum(found.faults.values()) >= 1
