"""Between contracts and documents: a document is the flat JSON of a contract, with further key fields beside it."""

from typing import TypeVar

from backend.ports import Document
from core.contracts.base import Contract

Shape = TypeVar("Shape", bound=Contract)


def write(model: Contract, **keys: str | int) -> Document:
    """The model as a document, with the key fields its collection is queried by."""
    return {**model.model_dump(mode="json"), **keys}


def read(shape: type[Shape], document: Document) -> Shape:
    """The model in a document, without the further fields."""
    return shape.model_validate({name: document[name] for name in shape.model_fields if name in document})
