"""The JSON Schema (2020-12) of the bot protocol, generated from its models.

`python -m controller.bot.schema` writes `docs/bot-protocol.schema.json`; with `--check` it writes nothing and
ends with status 1 if that file is not what it would write.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

from controller.bot.framing import SUBPROTOCOL_MUX, OfCall
from controller.bot.protocol import SUBPROTOCOL, FromBot, ToBot

SCHEMA_PATH: Final = Path("docs/bot-protocol.schema.json")
"""Relative to the root of the repository."""

_MODES: Final[dict[str, JsonSchemaMode]] = {"ToBot": "serialization", "FromBot": "validation"}
_UNIONS: Final[dict[str, Any]] = {"ToBot": ToBot, "FromBot": FromBot}


class _AsWritten(GenerateJsonSchema):
    """Describes what `serialize` writes to a bot: every field that has a value, defaults included, and no None."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().nullable_schema(schema)

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        inner = field["schema"]
        if self.mode == "serialization" and inner["type"] == "default":
            return inner.get("default", ...) is not None
        return super().field_is_required(field, total)


def build() -> dict[str, Any]:
    """One schema for both directions: any message is valid; `$defs` names the directions and each message."""
    models = [(model, mode) for name, mode in _MODES.items() for model in _members(name)]
    _, generated = models_json_schema(models, schema_generator=_AsWritten)
    definitions = {name: _tidy(definition) for name, definition in generated["$defs"].items()}
    for name in _UNIONS:
        definitions[name] = {"oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in _members(name)]}
    definitions |= _multiplexed()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Bot protocol {SUBPROTOCOL}",
        "description": "Text frames between ari-controller and a bot. ToBot: sent to the bot; FromBot: sent by it.",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in _UNIONS],
        "$defs": definitions,
    }


def render() -> str:
    """The schema as the text of its file."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def _multiplexed() -> dict[str, Any]:
    """The same messages where one socket carries many calls."""
    of_call, error = {"$ref": "#/$defs/OfCall"}, {"$ref": "#/$defs/Error"}
    to_bot, from_bot = ({"allOf": [{"$ref": f"#/$defs/{name}"}, of_call]} for name in _UNIONS)
    about = f"On a socket of {SUBPROTOCOL_MUX}"
    return {
        "OfCall": _tidy(OfCall.model_json_schema()),
        "MultiplexedToBot": {
            "description": f"{about}, to the bot; an error about something that belongs to no call has no `call`.",
            "anyOf": [to_bot, error],
        },
        "MultiplexedFromBot": {"description": f"{about}, from the bot.", **from_bot},
    }


def _members(union: str) -> tuple[Any, ...]:
    return get_args(get_args(_UNIONS[union])[0])


def _tidy(definition: dict[str, Any]) -> dict[str, Any]:
    """Make one definition say what a reader on the other side needs.

    Our models forbid unknown fields in what we send, to catch our own mistakes; a bot must not, because a newer
    controller may send more. Titles only repeat the names.
    """
    definition.pop("additionalProperties", None)
    definition.pop("title", None)
    for property_schema in definition.get("properties", {}).values():
        property_schema.pop("title", None)
    return definition


def write_or_check(path: Path, text: str, module: str, arguments: list[str]) -> int:
    """Write or check a generated file. Returns the exit status."""
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{path} is not what the models say: run python -m {module}", file=sys.stderr)  # noqa: T201
    return 1


def main(arguments: list[str]) -> int:
    """Write or check the schema's file. Returns the exit status."""
    return write_or_check(SCHEMA_PATH, render(), "controller.bot.schema", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
