"""XML of unknown origin as a tree, strictly: no entities, nothing from outside, bounded in size and depth."""

from dataclasses import dataclass, field
from xml.parsers import expat

from core.formats.shapes import FormatError

LARGEST_BYTES = 64 << 20
MOST_ELEMENTS = 200_000
_DEEPEST = 100
_LONGEST_TEXT = 10_000


@dataclass(slots=True)
class Element:
    """One element: its name and attributes without namespaces of their own, and the line it begins on."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    text: str = ""
    """Characters directly in it and, of its `tspan` children, in them."""


class _Builder:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.SkippedEntityHandler = self._entity
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise FormatError(
                f"line {self.parser.CurrentLineNumber}: too many or too deeply nested elements; simplify the drawing"
            )
        element = Element(
            _local(tag), {_local(name): value for name, value in attributes.items()}, self.parser.CurrentLineNumber
        )
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        if element.tag == "tspan" and self._open:
            self._open[-1].text = (self._open[-1].text + element.text)[:_LONGEST_TEXT]

    def _characters(self, data: str) -> None:
        if self._open and len(self._open[-1].text) < _LONGEST_TEXT:
            self._open[-1].text += data[:_LONGEST_TEXT]

    def _doctype(self, name: str, system: str | None, public: str | None, has_internal_subset: int) -> None:
        if has_internal_subset:
            raise _no_entities(self.parser.CurrentLineNumber)

    def _entity(self, *declaration: object) -> None:
        raise _no_entities(self.parser.CurrentLineNumber)


def _no_entities(line: int) -> FormatError:
    return FormatError(f"line {line}: the file defines entities, which are not read; save it as plain SVG")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def parse(data: bytes) -> Element:
    """The root element; FormatError with the line."""
    if len(data) > LARGEST_BYTES:
        raise FormatError(f"the file has {len(data) >> 20} MB, at most {LARGEST_BYTES >> 20} MB are read; simplify the drawing")
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise FormatError(
            f"line {error.lineno}, column {error.offset}: {expat.ErrorString(error.code)}; save it again"
        ) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"the file's encoding cannot be read ({error}); save it as UTF-8") from error
    if builder.root is None:
        raise FormatError("the file has no element; save the drawing again")
    return builder.root
