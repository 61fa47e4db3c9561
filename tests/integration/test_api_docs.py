"""Every request that we make and every event field that we read, held against what this Asterisk says of itself."""

import dataclasses
import json
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import pytest

from controller.ari import events, operations
from controller.ari.operations import Operation
from tests.integration.stack.asterisks import Asterisk, Asterisks

pytestmark = pytest.mark.integration

OPERATIONS = [value for value in vars(operations).values() if isinstance(value, Operation)]
TYPES = {str: {"string", "Date"}, int: {"int", "long"}, bool: {"boolean"}}


@pytest.fixture(scope="module")
def docs(running_asterisks: Asterisks) -> dict[str, Any]:
    """All resource files by name."""
    bundled = running_asterisks.bundled
    listing = fetch(bundled, "resources.json")
    names = [api["path"].removeprefix("/api-docs/").format(format="json") for api in listing["apis"]]
    return {name: fetch(bundled, name) for name in names}


def fetch(asterisk: Asterisk, name: str) -> dict[str, Any]:
    credentials = b64encode(f"{asterisk.username}:{asterisk.password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - http to our own container
        f"{asterisk.url}/ari/api-docs/{name}", headers={"Authorization": f"Basic {credentials}"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        described: dict[str, Any] = json.load(answer)
        return described


def described(docs: Mapping[str, Any], operation: Operation) -> dict[str, Any]:
    for resource in docs.values():
        for api in resource["apis"]:
            for candidate in api["operations"]:
                if (candidate["httpMethod"], api["path"]) == (operation.method, operation.path):
                    found: dict[str, Any] = candidate
                    return found
    raise AssertionError(f"Asterisk knows no {operation.method} {operation.path}")


def test_the_tables_are_not_empty() -> None:
    assert len(OPERATIONS) > 20
    assert len(events.EVENTS) > 10


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_every_operation_is_known(docs: Mapping[str, Any], operation: Operation) -> None:
    parameters = {(p["paramType"], p["name"]): p for p in described(docs, operation).get("parameters", [])}
    for name in operation.query:
        assert ("query", name) in parameters
    for name in operation.path.split("{")[1:]:
        assert ("path", name.partition("}")[0]) in parameters
    if operation.body:
        assert ("body", operation.body) in parameters
    required = {name for (kind, name), p in parameters.items() if p.get("required") and kind == "query"}
    assert required <= set(operation.query)


@pytest.mark.parametrize("model", list(events.EVENTS.values()), ids=lambda model: model.__name__)
def test_every_field_that_we_read_is_sent(docs: Mapping[str, Any], model: type) -> None:
    models = {name: m for resource in docs.values() for name, m in resource.get("models", {}).items()}
    assert model.__name__ in models["Event"]["subTypes"] or model.__name__ in subtypes(models, "Event")
    check(models, model)


def subtypes(models: Mapping[str, Any], name: str) -> set[str]:
    direct = set(models.get(name, {}).get("subTypes", []))
    return direct.union(*(subtypes(models, child) for child in direct)) if direct else direct


def check(models: Mapping[str, Any], model: type) -> None:
    """Fields of one class, and of the classes that it is made of."""
    properties = models[model.__name__]["properties"]
    for name, (kind, required) in events.fields_read(model).items():
        assert name in properties, f"{model.__name__} has no {name}"
        if required:
            assert properties[name]["required"], f"{model.__name__}.{name} may be missing, and we rely on it"
        stated = properties[name]["type"]
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            assert stated == kind.__name__
            check(models, kind)
        elif get_origin(kind) is tuple:
            assert stated == f"List[{'string' if get_args(kind)[0] is str else get_args(kind)[0].__name__}]"
        elif get_origin(kind) is Mapping:
            assert stated == "object"
        else:
            assert stated in TYPES[kind]
