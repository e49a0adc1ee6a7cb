"""Path data and transforms of SVG 1.1, curves kept: quadratic ones raised to cubic, arcs cut into quarters."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

_NUMBER = re.compile(r"[\s,]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_FLAG = re.compile(r"[\s,]*([01])")
_COMMAND = re.compile(r"[\s,]*([MmZzLlHhVvCcSsQqTtAa])")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_TRANSFORM = re.compile(r"[\s,]*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)")


@dataclass(slots=True)
class Subpath:
    """Nodes as x, y, in_dx, in_dy, out_dx, out_dy, and whether a Z closed it."""

    nodes: list[list[float]] = field(default_factory=list)
    is_closed: bool = False

    def line(self, x: float, y: float) -> None:
        """Go straight to a point."""
        self.nodes.append([x, y, 0.0, 0.0, 0.0, 0.0])

    def cubic(self, first: complex, second: complex, end: complex) -> None:
        """Go along a curve with these control points to its end."""
        last = self.nodes[-1]
        last[4:] = [first.real - last[0], first.imag - last[1]]
        self.nodes.append([end.real, end.imag, second.real - end.real, second.imag - end.imag, 0.0, 0.0])


def subpaths(data: str) -> list[Subpath]:
    """Of an attribute `d`; ValueError with the place of what cannot be read."""
    found: list[Subpath] = []
    here, start, control = 0j, 0j, None
    for name, values in _commands(data):
        origin = here if name.islower() else 0j
        kind = name.upper()
        if kind == "M":
            here = start = origin + complex(*values)
            found.append(Subpath([[here.real, here.imag, 0.0, 0.0, 0.0, 0.0]]))
        elif kind == "Z":
            found[-1].is_closed = True
            here = start
        else:
            if found[-1].is_closed:
                found.append(Subpath([[start.real, start.imag, 0.0, 0.0, 0.0, 0.0]]))
            here, control = _draw(found[-1], kind, _absolute(kind, values, origin, here), (here, control))
            continue
        control = None
    return found


def _absolute(kind: str, values: list[float], origin: complex, here: complex) -> list[complex]:
    """Points of a command; an arc's radii, angle and flags stay numbers in front of its end."""
    if kind == "H":
        return [complex(values[0] + origin.real, here.imag)]
    if kind == "V":
        return [complex(here.real, values[0] + origin.imag)]
    if kind == "A":
        return [*map(complex, values[:5]), origin + complex(*values[5:])]
    return [origin + complex(*values[index : index + 2]) for index in range(0, len(values), 2)]


def _draw(
    path: Subpath, kind: str, points: list[complex], before: tuple[complex, tuple[str, complex] | None]
) -> tuple[complex, tuple[str, complex] | None]:
    """Draws one command; where the pen stands and the control point that the next one may mirror."""
    here, control = before
    end = points[-1]
    mirrored = 2 * here - control[1] if control and control[0] == {"S": "C", "T": "Q"}.get(kind) else here
    if kind in ("C", "S"):
        first, second = (points[0], points[1]) if kind == "C" else (mirrored, points[0])
        path.cubic(first, second, end)
        return end, ("C", second)
    if kind in ("Q", "T"):
        middle = points[0] if kind == "Q" else mirrored
        path.cubic(here + (middle - here) * 2 / 3, end + (middle - end) * 2 / 3, end)
        return end, ("Q", middle)
    if kind == "A":
        for curve in arc(here, [value.real for value in points[:5]], end):
            path.cubic(*curve)
        return end, None
    path.line(end.real, end.imag)
    return end, None


def arc(start: complex, shape: list[float], end: complex) -> Iterator[tuple[complex, complex, complex]]:
    """An elliptical arc as cubic curves of at most a quarter turn (SVG 1.1, appendix F.6)."""
    rx, ry, degrees, large, sweep = abs(shape[0]), abs(shape[1]), shape[2], shape[3] != 0, shape[4] != 0
    if start == end:
        return
    if not rx or not ry or not math.isfinite(abs(start) + abs(end) + rx + ry + degrees):
        yield start, end, end
        return
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    # In the frame where the ellipse is the unit circle.
    half = (start - end) / 2 / turn
    grow = max(1.0, math.hypot(half.real / rx, half.imag / ry))
    rx, ry = rx * grow, ry * grow
    unit = complex(half.real / rx, half.imag / ry)
    reach = math.sqrt(max(0.0, 1 / abs(unit) ** 2 - 1)) if abs(unit) else 0.0
    centre = unit * 1j * (reach if large == sweep else -reach)
    first, last = unit - centre, -unit - centre
    angle = math.atan2((last * first.conjugate()).imag, (last * first.conjugate()).real)
    if sweep and angle < 0:
        angle += 2 * math.pi
    elif not sweep and angle > 0:
        angle -= 2 * math.pi
    count = max(1, math.ceil(abs(angle) / (math.pi / 2) - 1e-9))
    step = angle / count
    pull = 4 / 3 * math.tan(step / 4)
    middle = (start + end) / 2

    def place(point: complex) -> complex:
        point += centre
        return middle + complex(point.real * rx, point.imag * ry) * turn

    for number in range(count):
        a = first * complex(math.cos(step * number), math.sin(step * number))
        b = first * complex(math.cos(step * (number + 1)), math.sin(step * (number + 1)))
        goal = end if number == count - 1 else place(b)
        yield place(a + a * 1j * pull), place(b - b * 1j * pull), goal


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    position, name, begun = _skipped(data, 0), "", False
    while position < len(data):
        if found := _COMMAND.match(data, position):
            name, position = found[1], found.end()
        elif not name or name in "Zz":
            raise _unreadable(data, position, "a command is expected")
        if not begun and name not in "Mm":
            raise ValueError("path data does not begin with M")
        begun = True
        values = []
        for index in range(_ARGUMENTS[name.upper()]):
            pattern = _FLAG if name in "Aa" and index in (3, 4) else _NUMBER
            if (value := pattern.match(data, position)) is None:
                raise _unreadable(data, position, f"{name} needs a number")
            values.append(float(value[1]))
            position = value.end()
        yield name, values
        name = {"M": "L", "m": "l"}.get(name, name)
        position = _skipped(data, position)


def _skipped(data: str, position: int) -> int:
    while position < len(data) and data[position] in " \t\r\n\f,":
        position += 1
    return position


def _unreadable(data: str, position: int, wanted: str) -> ValueError:
    return ValueError(f"path data at character {position + 1}: {wanted}, found {data[position : position + 12]!r}")


def transform(text: str) -> Matrix:
    """The matrix of an attribute `transform`; ValueError."""
    matrix, position = IDENTITY, 0
    while _skipped(text, position) < len(text):
        found = _TRANSFORM.match(text, position)
        if found is None:
            raise ValueError(f"the transform {text[position : position + 40]!r} cannot be read")
        matrix = times(matrix, _single(found[1], [float(value) for value in _NUMBER.findall(found[2])]))
        position = found.end()
    return matrix


def _single(kind: str, values: list[float]) -> Matrix:
    found: Matrix
    match kind, values:
        case "matrix", [a, b, c, d, tx, ty]:
            found = (a, b, c, d, tx, ty)
        case "translate", [tx, *rest] if len(rest) < 2:
            found = (1, 0, 0, 1, tx, rest[0] if rest else 0.0)
        case "scale", [sx, *rest] if len(rest) < 2:
            found = (sx, 0, 0, rest[0] if rest else sx, 0, 0)
        case "rotate", [degrees, *about] if len(about) in (0, 2):
            cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            x, y = about or (0.0, 0.0)
            found = (cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y)
        case "skewX", [degrees]:
            found = (1, 0, math.tan(math.radians(degrees)), 1, 0, 0)
        case "skewY", [degrees]:
            found = (1, math.tan(math.radians(degrees)), 0, 1, 0, 0)
        case _:
            raise ValueError(f"{kind} does not take {len(values)} numbers")
    return found


def times(outer: Matrix, inner: Matrix) -> Matrix:
    """First the inner, then the outer."""
    a, b, c, d, tx, ty = outer
    p, q, r, s, ux, uy = inner
    return a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * ux + c * uy + tx, b * ux + d * uy + ty


def moved(matrix: Matrix, node: list[float]) -> tuple[list[float], list[float]]:
    """A node's point and handles through a matrix."""
    a, b, c, d, tx, ty = matrix
    point = [a * node[0] + c * node[1] + tx, b * node[0] + d * node[1] + ty]
    handles = [value for x, y in (node[2:4], node[4:]) for value in (a * x + c * y, b * x + d * y)]
    return point, handles
