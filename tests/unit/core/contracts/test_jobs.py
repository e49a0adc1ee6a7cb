import pytest
from pydantic import ValidationError

from core.contracts.cluster import CheckParameters
from core.contracts.jobs import MOST_ELEMENTS, Resources, elements_for
from core.contracts.training import PredictParameters
from tests.fakes.jobs import training_job


@pytest.mark.parametrize(("sections", "elements"), [(0, 1), (1, 1), (32, 1), (33, 2), (119, 4), (10**6, MOST_ELEMENTS)])
def test_a_prediction_of_many_sections_is_shared_out(sections, elements):
    assert elements_for(sections) == elements


def test_no_element_is_without_a_section():
    parameters = PredictParameters(model_job="0" * 32, sections=(911, 921))
    training_job(parameters=parameters, resources=Resources(array=2))
    with pytest.raises(ValidationError, match="work for 2 elements, not 3"):
        training_job(parameters=parameters, resources=Resources(array=3))


def test_readers_are_started_with_those_they_read_for():
    resources = Resources(processes=8, readers=11, nodes=2)
    assert resources.ranks == 96
    assert training_job(resources=resources).resources.ranks == 96
    with pytest.raises(ValidationError, match="8 processes with 1000 readers each are more than 4096"):
        Resources(processes=8, readers=1000)
    with pytest.raises(ValidationError, match="one process each"):
        Resources(array=2, readers=1)


def test_only_jobs_that_read_ahead_have_readers():
    with pytest.raises(ValidationError, match="a check job has nothing for readers to do: only train and features jobs"):
        training_job(parameters=CheckParameters(), resources=Resources(readers=1))


def test_an_array_has_no_element_of_several_processes():
    with pytest.raises(ValidationError, match="one process each"):
        Resources(array=2, processes=2)
