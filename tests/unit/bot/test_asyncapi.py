"""The AsyncAPI document is whole, and the file in docs/ is the one that the models generate."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from controller.bot import asyncapi, schema

DOCUMENT = asyncapi.build()


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def at(reference: str) -> Any:
    found: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_the_file_is_what_the_models_say() -> None:
    assert asyncapi.ASYNCAPI_PATH.read_text(encoding="utf-8") == asyncapi.render()


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert found
    assert all(isinstance(at(reference), dict) for reference in found)


def test_every_message_of_both_directions_is_in_it() -> None:
    definitions = schema.build()["$defs"]
    for operation, union in (("tellBot", "ToBot"), ("hearBot", "FromBot")):
        told = [at(at(message["$ref"])["$ref"]) for message in DOCUMENT["operations"][operation]["messages"]]
        words = {
            definitions[m["$ref"].rpartition("/")[2]]["properties"]["type"]["const"]
            for m in definitions[union]["oneOf"]
        }
        assert {message["name"] for message in told} == words | {"audio"}


def test_the_payload_of_a_message_is_its_schema() -> None:
    payload = {"$ref": "#/components/schemas/Mark", "components": DOCUMENT["components"]}
    assert Draft202012Validator(payload).is_valid({"type": "mark", "name": "a"})
    assert not Draft202012Validator(payload).is_valid({"type": "mark", "name": ""})
