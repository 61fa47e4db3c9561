"""The document is what the code says, and the running server is what the document says."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from controller.api import openapi
from controller.api.catalogue import OPERATIONS
from controller.records.items import CallbackAsked, VoicemailLeft
from tests.unit.api.conftest import SECRETS, Api
from tests.unit.api.fakes import LIVE
from tests.unit.api.test_tasks import handoff
from tests.unit.records.examples import opened, whole_call

KEPT = Path(__file__).parents[3] / "docs/openapi.json"
EXAMPLES = 5
"""Requests of each operation, by chance but the same every time."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
THERE = {"call_id": [LIVE.id, "c1", "unknown"], "number": ["1", "2"], "handoff_id": ["h1", "h2"]}
STREAMS = {operation.id for operation in OPERATIONS if operation.media_type == "text/event-stream"}


def test_the_kept_document_is_of_this_code() -> None:
    mend = "run: python -m controller.api.openapi > docs/openapi.json"
    assert KEPT.read_text(encoding="utf-8") == openapi.render(OPERATIONS), mend


def test_ids_of_operations_are_unique() -> None:
    ids = [operation.id for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


async def test_the_document_is_served(api: Api) -> None:
    assert await api.json("GET", "/v1/openapi.json", "read") == json.loads(KEPT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.id not in STREAMS], ids=lambda one: one.id)
async def test_the_running_server_is_as_the_document_says(api: Api, operation: Any) -> None:
    await api.store.write(
        [
            *whole_call(),
            opened(LIVE.id),
            handoff(),
            CallbackAsked("c1", "cb", 1.0, "+4930"),
            VoicemailLeft("c1", "v", 1.0, "v", 1),
        ]
    )
    document = openapi.document(OPERATIONS)
    # Mostly calls that exist: the others end in 404 before they show anything.
    for path in document["paths"].values():
        for method in path.values():
            for parameter in method["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = {"enum": THERE[parameter["name"]]}
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=api.url)
    await asyncio.to_thread(_try, schema[operation.path][operation.method], api.url)


def _try(operation: Any, url: str) -> None:
    modes = [schemathesis.GenerationMode.POSITIVE]
    if operation.definition.raw["parameters"] or operation.body:
        modes.append(schemathesis.GenerationMode.NEGATIVE)
    for mode in modes:

        @seed(1)
        @given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis_settings(
            max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
            database=None,
        )  # fmt: skip
        def ask(case: Any) -> None:
            headers = {"Authorization": f"Bearer {SECRETS['admin']}"}
            answer = case.call(base_url=url, headers=headers)
            case.validate_response(answer, checks=CHECKS)

        ask()
