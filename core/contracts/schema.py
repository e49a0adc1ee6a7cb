"""Generate the checked-in JSON Schemas and the OpenAPI document: `python -m core.contracts.schema`."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.contracts import anatomy, annotations, api, atlas, datasets, features, graphs, inspection, jobs, projects, training
from core.contracts.routes import ROUTES, Route

GENERATED = Path(__file__).parent / "generated"
API_REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"
# The documents that stand alone on disk or on the wire between services.
DOCUMENTS: tuple[type[BaseModel], ...] = (
    datasets.Brain,
    datasets.Alignment,
    annotations.Annotation,
    annotations.SectionOutlines,
    anatomy.SectionTissue,
    atlas.AtlasMapping,
    anatomy.TissueCorrection,
    jobs.JobDefinition,
    jobs.JobReport,
    jobs.Progress,
    jobs.Outcome,
    training.SectionPrediction,
    training.ModelReport,
    inspection.Inspection,
    features.FeaturesReport,
    features.ClassificationReport,
    graphs.MidsurfaceReport,
    graphs.GraphReport,
    projects.TrainingTask,
    projects.Prediction,
)
REFERENCE = "#/components/schemas/{model}"


def json_schemas() -> dict[str, str]:
    """File name to text of every stand-alone schema."""
    return {f"{model.__name__}.schema.json": _text(model.model_json_schema()) for model in DOCUMENTS}


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the backend, made from the route table."""
    models: set[type[BaseModel]] = {api.ErrorResponse, api.Conflict}
    models |= {model for route in ROUTES for model in (route.answer, route.body) if isinstance(model, type)}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, definitions = models_json_schema([(model, "serialization") for model in ordered], ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Brodmann", "version": "1", "description": "The backend's API. Positions are section micrometres."},
        "paths": paths,
        "components": {"schemas": definitions["$defs"]},
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"\{(\w+)\}", route.path)
        ]
        + [
            {"name": name, "in": "query", "schema": {"type": "integer" if kind is int else "string"}}
            for name, kind in route.query
        ],
        "responses": {
            str(route.status): _answer(route),
            "default": {"description": "What went wrong", "content": _content(api.ErrorResponse)},
        },
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    return operation


def _answer(route: Route) -> dict[str, Any]:
    if route.answer is None:
        return {"description": "Done"}
    if isinstance(route.answer, str):
        return {"description": route.summary, "content": {route.answer: {"schema": {"type": "string", "format": "binary"}}}}
    return {"description": route.summary, "content": _content(route.answer)}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(model=model.__name__)}}}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def generated_files() -> dict[str, str]:
    """File name to text of everything in `generated/`."""
    return json_schemas() | {"openapi.json": _text(openapi())}


def api_reference() -> str:
    """The routes as a page of the manual."""
    rows = [
        f"| {route.method} | `{route.path}` | {route.summary} | {_named(route.body)} | {_named(route.answer)} |"
        for route in ROUTES
    ]
    return "\n".join(
        [
            "# The backend's API",
            "",
            "Generated from `core/contracts/routes.py` by `make schemas`; the running backend serves the OpenAPI document at",
            "`/api/openapi.json`. Positions are section micrometres. Every change needs the header `X-CSRF-Token`,",
            "and every error has the shape `ErrorResponse`.",
            "",
            "| method | path | what | body | answer |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _named(shape: type[BaseModel] | str | None) -> str:
    return "" if shape is None else f"`{shape if isinstance(shape, str) else shape.__name__}`"


def main() -> None:
    """Write every generated file, and the manual's page where there is a manual."""
    GENERATED.mkdir(exist_ok=True)
    for name, text in generated_files().items():
        (GENERATED / name).write_text(text, encoding="utf-8")
    if API_REFERENCE.parent.is_dir():
        API_REFERENCE.write_text(api_reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
