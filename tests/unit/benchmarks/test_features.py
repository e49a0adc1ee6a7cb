import pytest

from benchmarks.features import MODELS, ORDER, SIZES, only_training, order_figures, settings_of
from core.contracts.annotations import Outline, SectionOutlines
from core.datasets import BrainFolder, write_truth
from tests.fakes.brain_folder import NUMBERS, write_small_brain

F1 = dict(zip(ORDER, (0.2, 0.3, 0.4, 0.5, 0.6), strict=True))
PATHS = (((0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0)),)


def test_the_order_is_told_only_when_all_rows_are_there() -> None:
    for name in ORDER:
        assert order_figures({other: value for other, value in F1.items() if other != name}) == []


@pytest.mark.parametrize(
    ("changes", "holds"), [({}, True), ({"resnet50_ce": 0.1}, False), ({"graph_maps": 0.5}, False), ({"base_ce": 0.29}, True)]
)
def test_the_order_holds_where_each_row_is_better_than_the_one_before(changes: dict[str, float], holds: bool) -> None:
    (found,) = order_figures(F1 | changes)
    assert found.name == "features.order_holds"
    assert found.holds is holds


def test_every_size_is_one_the_encoders_take() -> None:
    assert all(size.patches.patch_px >= 128 for size in SIZES.values())


@pytest.mark.parametrize("size", SIZES)
def test_encoders_see_as_many_patches_each_and_differ_in_what_the_row_is_about_alone(size: str) -> None:
    own = {"encoder", "loss", "learning_rate", "batch_size"}
    alike = {settings_of(SIZES[size], name).model_copy(update=dict.fromkeys(own)).model_dump_json() for name in MODELS}
    assert len(alike) == 1


def test_what_settings_are_chosen_on_has_no_test_section(tmp_path) -> None:
    folder = write_small_brain(tmp_path)
    for number in NUMBERS:
        write_truth(folder, "SMALL", SectionOutlines(section=number, outlines=(Outline(area="hOc1", paths=PATHS),)))
    kept = {each.section for each in only_training(BrainFolder(folder), test_every=4).annotations}
    assert kept == set(NUMBERS) - {NUMBERS[2]}
