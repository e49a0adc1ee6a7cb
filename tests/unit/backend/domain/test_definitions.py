from datetime import UTC, datetime

import pytest

from backend.domain.definitions import Frozen, definition
from core.contracts.jobs import BrainReference
from core.contracts.presets import PRESETS
from core.contracts.projects import TaskRun, TrainingTask

RUN = TaskRun(sections=(901, 1021), train_job="a" * 32, predict_job="b" * 32, annotations=())
TASK = TrainingTask(
    id="c" * 32,
    project="demo",
    area="hOc1",
    preset="tiny",
    settings=PRESETS["tiny"].settings,
    runs=(RUN,),
    author="ada",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(("count", "elements"), [(11, 1), (119, 4)])
def test_a_prediction_of_many_sections_is_an_array_and_its_training_is_not(count, elements):
    frozen = Frozen(BrainReference(id="B20", fingerprint="0" * 64), (tuple(range(902, 902 + count)),), "test", 7200)
    train, predict = (definition(TASK, 0, kind, frozen, ()) for kind in ("train", "predict"))
    assert (train.resources.array, predict.resources.array) == (1, elements)
    assert predict.parameters.sections == frozen.between[0]
