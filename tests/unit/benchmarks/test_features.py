import pytest

from benchmarks.features import ORDER, SIZES, order_figures

F1 = dict(zip(ORDER, (0.2, 0.3, 0.4, 0.5, 0.6), strict=True))


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
