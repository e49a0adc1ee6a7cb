"""Exported files, on every store: what is exported is what was drawn or predicted."""

import io
import json
import zipfile

import numpy as np
import pytest

from core.contracts.annotations import Outline
from core.formats.geojson import read_geojson
from core.formats.masks import read_mask_png, read_mask_tiff
from core.formats.shapes import Frame
from core.geometry.polygons import rings
from core.geometry.rasterise import rasterise
from tests.fakes.brain_folder import HEIGHT_PX, PIXEL_SIZE_UM, WIDTH_PX
from tests.fakes.predictions import GRID, disc
from tests.integration.backend.api import SQUARE, Backend, P, Person, error_of

FRAME = Frame(PIXEL_SIZE_UM, WIDTH_PX, HEIGHT_PX)
BOX = [[[807, 811], [2403, 811], [2403, 2397], [807, 2397]], [[1200, 1200], [1600, 1200], [1400, 1700]]]


class TestExportOfAnnotations:
    @pytest.fixture
    def ada(self, backend: Backend) -> Person:
        person = backend.person("ada")
        person.draw(901, BOX)
        person.draw(961, SQUARE)
        return person

    @pytest.mark.parametrize(("file_format", "read"), [("png", read_mask_png), ("tiff", read_mask_tiff)])
    def test_a_mask_opened_again_is_the_outline_on_its_pixels(self, ada: Person, file_format: str, read: object) -> None:
        answer = ada.get(f"{P}/export", format=file_format, section=901)
        assert answer.status_code == 200
        assert "attachment; filename=SMALL_0901_annotations." in answer.headers["Content-Disposition"]
        mask = read(answer.data)  # type: ignore[operator]
        grid = mask.legend.grid
        assert (grid.pixel_size_um, grid.width_px, grid.height_px) == (16.0, WIDTH_PX / 2, HEIGHT_PX / 2)
        drawn = [np.array(path, float) for path in BOX]
        assert np.array_equal(mask.area("hOc1"), rasterise(drawn, grid))
        assert [entry.area for entry in mask.legend.labels] == ["hOc1", "hOc2"]

    def test_geojson_opened_again_is_within_half_a_pixel(self, ada: Person) -> None:
        answer = ada.get(f"{P}/export", format="geojson", section=901)
        assert answer.mimetype == "application/geo+json"
        (found,) = read_geojson(json.loads(answer.data), FRAME).shapes
        assert found.name == "hOc1"
        corners = {tuple(point) for path in BOX for point in path}
        read_back = [point[:2] for path in found.paths for point in path]
        assert len(read_back) == len(corners)
        for point in read_back:
            assert min(np.hypot(point[0] - x, point[1] - y) for x, y in corners) < PIXEL_SIZE_UM / 2

    def test_the_table_has_square_millimetres_of_every_section(self, ada: Person) -> None:
        answer = ada.get(f"{P}/export", format="csv")
        lines = answer.text.split()
        assert lines[0] == "brain,section,area,source,area_mm2"
        size = (1596 * 1586 - 400 * 500 / 2) / 1e6
        assert lines[1:] == [f"SMALL,901,hOc1,annotation,{size:.6f}", "SMALL,961,hOc1,annotation,2.560000"]
        assert len(ada.get(f"{P}/export", format="csv", section=961).text.split()) == 2

    def test_all_sections_come_as_a_zip_with_the_legends_beside(self, ada: Person) -> None:
        answer = ada.get(f"{P}/export", format="png")
        assert "demo_annotations_png.zip" in answer.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.namelist() == [
                "SMALL_0901_annotations.png",
                "SMALL_0901_annotations.legend.json",
                "SMALL_0961_annotations.png",
                "SMALL_0961_annotations.legend.json",
            ]
            assert json.loads(archive.read("SMALL_0901_annotations.legend.json"))["grid"]["pixel_size_um"] == 16.0
            assert read_mask_png(archive.read("SMALL_0961_annotations.png")).area("hOc1").any()

    @pytest.mark.parametrize(
        ("query", "status", "words"),
        [
            ({}, 422, "format"),
            ({"format": "bmp"}, 422, "no export format 'bmp'"),
            ({"format": "png", "source": "x"}, 422, "no source"),
            ({"format": "png", "section": 921}, 404, "nothing to export"),
            ({"format": "png", "section": 5}, 404, "no section 5"),
            ({"format": "csv", "source": "predictions"}, 404, "nothing to export"),
            ({"format": "tiff", "source": "predictions"}, 404, "nothing to export"),
        ],
    )
    def test_what_cannot_be_exported_is_told(self, ada: Person, query: dict[str, object], status: int, words: str) -> None:
        assert words in error_of(ada.get(f"{P}/export", **query), status)["message"]


class TestExportOfPredictions:
    def test_a_mask_holds_exactly_the_predicted_pixels(self, backend: Backend) -> None:
        ada, _ = backend.predicted()
        mask = read_mask_png(ada.get(f"{P}/export", format="png", section=921, source="predictions").data)
        column, row = (round(offset / GRID.pixel_size_um) for offset in GRID.origin_um)
        expected = np.zeros((250, 350), bool)
        expected[row : row + GRID.height_px, column : column + GRID.width_px] = disc()
        assert np.array_equal(mask.area("hOc1"), expected)

    def test_outlines_differ_from_the_pixels_along_the_border_only(self, backend: Backend) -> None:
        ada, _ = backend.predicted()
        document = json.loads(ada.get(f"{P}/export", format="geojson", section=921, source="predictions").data)
        outlines = [Outline(area=one.name, paths=one.paths) for one in read_geojson(document, FRAME).shapes]
        filled = rasterise(rings(outlines[0].paths), GRID)
        assert np.count_nonzero(filled != disc()) < 60

    def test_the_table_gives_the_predicted_size(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        lines = ada.get(f"{P}/export", format="csv", source="predictions").text.split()
        assert lines[1] == f"SMALL,921,hOc1,prediction,{predictions[0]['area_mm2']:.6f}"

    def test_what_was_rejected_stays_behind(self, backend: Backend) -> None:
        ada, predictions = backend.predicted()
        ada.send("POST", f"{P}/predictions/{predictions[0]['id']}/review", {"verdict": "rejected"})
        with zipfile.ZipFile(io.BytesIO(ada.get(f"{P}/export", format="geojson", source="predictions").data)) as archive:
            assert archive.namelist() == ["SMALL_0941_predictions.geojson"]
