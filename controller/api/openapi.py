"""The OpenAPI document, made from the operations and their models: `python -m controller.api.openapi` prints it."""

import json
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from controller.api.operations import PATH_PATTERNS, Nothing, Operation
from controller.api.problems import PROBLEM_JSON, ProblemDetails

VERSION: Final = "1.0.0"
"""Of the API: the second number grows when something is added, the first when something is taken away."""

Document = dict[str, Any]
_REF: Final = "#/components/schemas/{model}"


def document(operations: tuple[Operation, ...]) -> Document:
    """OpenAPI 3.1."""
    references, definitions = _schemas(operations)
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ari-controller",
            "version": VERSION,
            "description": "Calls, records, events and control of a voice bot's telephone. Errors are problem+json.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def render(operations: tuple[Operation, ...]) -> str:
    return json.dumps(document(operations), indent=2, ensure_ascii=False) + "\n"


def _schemas(operations: tuple[Operation, ...]) -> tuple[dict[type[BaseModel], Document], dict[str, Any]]:
    used: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemDetails, "serialization"): None}
    for operation in operations:
        if operation.answer:
            used[operation.answer, "serialization"] = None
        if operation.has_body:
            used[operation.body, "validation"] = None
    by_model, whole = models_json_schema(list(used), ref_template=_REF)
    references = {model: by_model[model, mode] for model, mode in used}
    return references, whole.get("$defs", {})


def _operation(operation: Operation, references: dict[type[BaseModel], Document]) -> Document:
    described: Document = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [_tag(operation.path)],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": {str(status): answer for status, answer in _answers(operation, references)},
        "security": [{"token": []}] if operation.role else [],
    }
    if operation.role:
        described["description"] = f"Needs a token with the role {operation.role}."
    if operation.has_body:
        content = {"application/json": {"schema": references[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _tag(path: str) -> str:
    first, _, rest = path.strip("/").partition("/")
    return rest.partition("/")[0] if first == "v1" else "service"


def _path_parameters(operation: Operation) -> Iterator[Document]:
    for name in operation.path_names:
        schema = {"type": "string", "pattern": f"^{PATH_PATTERNS[name]}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(operation: Operation) -> Iterator[Document]:
    if operation.query is Nothing:
        return
    schema = operation.query.model_json_schema()
    for name, described in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": described}


def _answers(operation: Operation, references: dict[type[BaseModel], Document]) -> Iterator[tuple[int, Document]]:
    for status in (operation.status, *operation.also):
        yield status, _answer(operation, status, references)
    statuses = {*operation.problems, HTTPStatus.INTERNAL_SERVER_ERROR}
    if operation.role:
        statuses |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
    if operation.query is not Nothing or operation.has_body:
        statuses |= {HTTPStatus.UNPROCESSABLE_ENTITY}
    if operation.has_body:
        statuses |= {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        }
    schema = {"schema": references[ProblemDetails]}
    for status in sorted(statuses):
        yield status, {"description": HTTPStatus(status).phrase, "content": {PROBLEM_JSON: schema}}


def _answer(operation: Operation, status: int, references: dict[type[BaseModel], Document]) -> Document:
    described: Document = {"description": HTTPStatus(status).phrase}
    if operation.answer:
        described["content"] = {operation.media_type: {"schema": references[operation.answer]}}
    elif operation.media_type != "application/json":
        described["content"] = {operation.media_type: {"schema": {"type": "string"}}}
    return described


if __name__ == "__main__":
    from controller.api.catalogue import OPERATIONS

    sys.stdout.write(render(OPERATIONS))
