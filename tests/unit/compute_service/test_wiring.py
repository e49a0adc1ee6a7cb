import pytest

from compute_service.settings import Settings
from compute_service.wiring import job_environment


@pytest.fixture
def settings(tmp_path):
    return Settings(brains=tmp_path / "brains", jobs=tmp_path, token_file=tmp_path / "token", slots_cpus=2)


def test_a_job_gets_a_list_of_variables_and_no_secret(settings):
    service = {"PATH": "/bin", "BRODMANN_COMPUTE_TOKEN_FILE": "/token", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONSTARTUP": "y"}
    job = job_environment(settings, service)
    assert set(job) == {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "OMP_WAIT_POLICY", "BRODMANN_BRAINS"}
    assert job["BRODMANN_BRAINS"] == str(settings.brains)
