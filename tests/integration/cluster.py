"""What tests with a real Slurm share."""

import pytest

from brodmann.lab.slurm import INSTALL, missing_programs

needs_slurm = pytest.mark.skipif(
    bool(missing_programs()), reason=f"NOT TESTED: Slurm is not installed ({', '.join(missing_programs())} missing): {INSTALL}"
)
