"""Job definitions for tests."""

from uuid import uuid4

from core.contracts.jobs import BrainReference, JobDefinition, JobInputs, Resources
from core.contracts.training import PredictParameters, TrainParameters


def training_job(**changes: object) -> JobDefinition:
    """A training job on a brain that nobody has."""
    fields: dict[str, object] = {
        "key": uuid4().hex,
        "title": "hOc1 between 901 and 1021",
        "parameters": TrainParameters(areas=("hOc1",), sections=(901, 1021)),
        "inputs": JobInputs(brain=BrainReference(id="NOWHERE", fingerprint="0" * 64)),
        "resources": Resources(cpus=1, time_limit_s=600),
        "code_version": "test",
        "submitted_by": "ada",
    }
    return JobDefinition.model_validate(fields | changes)


def prediction_job(after: JobDefinition, **changes: object) -> JobDefinition:
    """A prediction job that waits for a training job."""
    parameters = PredictParameters(model_job=after.key, sections=(911,))
    return training_job(title="predict", parameters=parameters, after=(after.key,), **changes)
