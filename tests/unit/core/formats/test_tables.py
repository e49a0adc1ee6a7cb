import csv
import io

import pytest

from core.formats.tables import AreaRow, areas_csv, outline_area_mm2

SQUARE_MM = ((0.0, 0.0), (1000.0, 0.0), (1000.0, 1000.0), (0.0, 1000.0))


def test_the_table_has_a_heading_and_a_line_per_area() -> None:
    rows = [AreaRow("B20", 901, "hOc1", "annotation", 12.5), AreaRow("B20", 911, "hOc1", "prediction", 0.1234567)]
    assert list(csv.reader(io.StringIO(areas_csv(rows)))) == [
        ["brain", "section", "area", "source", "area_mm2"],
        ["B20", "901", "hOc1", "annotation", "12.500000"],
        ["B20", "911", "hOc1", "prediction", "0.123457"],
    ]


def test_words_with_commas_and_quotes_stay_one_cell() -> None:
    text = areas_csv([AreaRow("B20", 1, "hOc1", 'from "file", corrected', 1.0)])
    assert next(csv.DictReader(io.StringIO(text)))["source"] == 'from "file", corrected'


def test_an_outline_of_one_millimetre_squared_is_one() -> None:
    assert outline_area_mm2((SQUARE_MM,)) == pytest.approx(1.0)
    hole = tuple((0.5 * x + 100, 0.5 * y + 100) for x, y in SQUARE_MM)
    assert outline_area_mm2((SQUARE_MM, hole)) == pytest.approx(0.75)
