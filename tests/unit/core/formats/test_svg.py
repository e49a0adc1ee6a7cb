import numpy as np
import pytest

from core.formats.shapes import FormatError, Frame, Shape
from core.formats.svg import read_svg
from core.formats.svg_path import moved, subpaths, transform
from core.formats.svg_writer import write_svg
from core.geometry.polygons import area_um2, rings

FRAME = Frame(1.0, 1000, 800)


def svg(content: str, attributes: str = 'viewBox="0 0 1000 800"') -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{content}</svg>'.encode()


def only(content: str) -> Shape:
    (shape,) = read_svg(svg(content), FRAME).shapes
    return shape


def points(data: str) -> list[tuple[float, float]]:
    return [(node[0], node[1]) for path in subpaths(data) for node in path.nodes]


@pytest.mark.parametrize(
    "data",
    [
        "M10 20 L30 20 L30 40 Z",
        "m10 20 20 0 0 20z",
        "M10,20H30V40z",
        "m 10 20 h 20 v 20 z",
        "M10 20 30 20 30 40Z",
        "M1e1,2.e1L30-20L30 40Z".replace("30-20", "30+20"),
    ],
)
def test_the_same_triangle_in_every_way_to_write_it(data: str) -> None:
    assert points(data) == [(10, 20), (30, 20), (30, 40)]
    assert subpaths(data)[0].is_closed


def test_curves_keep_their_handles_and_mirrored_ones_follow_the_last() -> None:
    (path,) = subpaths("M0 0 C10 10 20 10 30 0 S50 -10 60 0 Q70 10 80 0 T100 0")
    assert path.nodes[0] == [0, 0, 0, 0, 10, 10]
    assert path.nodes[1] == [30, 0, -10, 10, 10, -10]
    assert path.nodes[2][2:4] == [-10, -10]
    assert np.allclose(path.nodes[2][4:], [20 / 3, 20 / 3])
    assert np.allclose(path.nodes[3][4:], [20 / 3, -20 / 3])


@pytest.mark.parametrize(("flags", "share"), [("0 0", 0.25), ("0 1", 0.25), ("1 0", 0.75), ("1 1", 0.75), ("01", 0.25)])
def test_an_arc_is_a_circle_to_a_thousandth(flags: str, share: float) -> None:
    glued = f"A100 100 0 {flags}200 100" if flags == "01" else f"A100 100 0 {flags} 200 100"
    # Of the two circles through both ends: a positive sweep turns clockwise, as y runs down.
    centre = {"0 0": (100, 100), "0 1": (200, 200), "1 0": (200, 200), "1 1": (100, 100), "01": (200, 200)}[flags]
    shape = only(f'<path d="M100 200 {glued} L{centre[0]} {centre[1]}Z"/>')
    assert area_um2(rings(shape.paths, 0.01)) == pytest.approx(share * np.pi * 100**2, rel=2e-3)


def test_transforms_are_applied_from_the_inside_out() -> None:
    matrix = transform("translate(10,20) rotate(90) scale(2 3)")
    assert np.allclose(moved(matrix, [1, 1, 1, 0, 0, 1])[0], [10 - 3, 20 + 2])
    assert np.allclose(moved(matrix, [1, 1, 1, 0, 0, 1])[1], [0, 2, -3, 0])
    assert np.allclose(moved(transform("rotate(180 5 5)"), [0, 0, 0, 0, 0, 0])[0], [10, 10])
    assert np.allclose(moved(transform("skewX(45)"), [0, 1, 0, 0, 0, 0])[0], [1, 1])


def test_open_paths_without_a_filling_are_lines_and_with_one_regions() -> None:
    assert only('<path fill="none" d="M0 0 L10 0 L10 10"/>').kind == "line"
    assert only('<path d="M0 0 L10 0 L10 10"/>').kind == "region"
    assert only('<g style="fill: none"><path d="M0 0 L10 0 L10 10Z"/></g>').kind == "region"
    assert only('<path data-kind="line" d="M0 0 L10 0 L10 10Z"/>').paths[0][-1] == (0, 0)


def test_filling_follows_the_rule_of_the_drawing() -> None:
    data = "M0 0H100V100H0Z M10 10H20V20H10Z"
    assert area_um2(rings(only(f'<path d="{data}"/>').paths)) == 10_000
    assert area_um2(rings(only(f'<path fill-rule="evenodd" d="{data}"/>').paths)) == 9_900


def test_a_drawing_of_another_size_is_laid_over_the_image_and_wrong_proportions_are_told() -> None:
    rect = '<rect x="10" y="10" width="10" height="10"/>'
    half = read_svg(svg(rect, 'viewBox="5 5 500 400"'), FRAME)
    assert half.shapes[0].paths[0][0] == (10, 10)
    assert half.notes == ()
    (note,) = read_svg(svg(rect, 'width="500px" height="300"'), FRAME).notes
    assert "other proportions" in note


def test_texts_with_signs_that_xml_needs_come_back() -> None:
    shapes = [Shape("note", "a<b>&\"'c", (((1.0, 2.0),),), "1 < 2 && 'x'\nnew line", "#102030")]
    found = read_svg(write_svg(shapes, FRAME).encode(), FRAME).shapes
    assert [(one.name, one.text, one.colour) for one in found] == [(shapes[0].name, shapes[0].text, "#102030")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg><path", "line 1, column"),
        (b"<html/>", "<html>, no SVG"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "entities"),
        (b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>', "entities"),
        (b'<!DOCTYPE svg SYSTEM "http://example.org/a.dtd"><svg>&a;</svg>', "entities"),
        (b'<?xml version="1.0" encoding="none-such"?><svg/>', "encoding"),
        (b"<svg>" + b"<g>" * 200, "too deeply nested"),
        (svg('<path d="L1 1"/>'), "line 1, <path>: path data does not begin with M"),
        (svg('<path d="M1 1 L2 x"/>'), "L needs a number"),
        (svg('<path d="M1 1 Z 5"/>'), "a command is expected"),
        (svg('<path d="M1 1 A1 1 0 2 0 3 3"/>'), "A needs a number"),
        (svg('<path transform="spin(3)" d="M1 1"/>'), "the transform"),
        (svg('<g transform="scale(1 2 3)"/>'), "scale does not take 3"),
        (svg('<path d="M1e200 1L1 1L2 2Z"/>'), "metres away"),
        (svg('<rect width="5%" height="1"/>'), "width='5%'"),
        (svg('<polygon points="1 2 x 4"/>'), "'x' is no number"),
        (svg('<use href="#a"/>'), "clone"),
        (svg("", 'viewBox="0 0 0 5"'), "no width or height"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_svg(data, FRAME)
