"""The AsyncAPI 3 document of the bot protocol, generated from its models: what tools read to make clients and pages.

`python -m controller.bot.asyncapi` writes `docs/bot-protocol.asyncapi.json`; `--check` is as for `bot.schema`.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from controller.bot import schema
from controller.bot.protocol import SUBPROTOCOL

ASYNCAPI_PATH: Final = Path("docs/bot-protocol.asyncapi.json")
"""Relative to the root of the repository."""

_SERVERS: Final = {
    "bot": {
        "host": "{host}",
        "protocol": "wss",
        "description": "Your bot. ari-controller is the WebSocket client, and opens one connection for each call.",
        "variables": {"host": {"description": "What the operator has set as BOT_URL.", "default": "bot.example.com"}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    }
}

_AUDIO: Final = {
    "name": "audio",
    "title": "audio",
    "summary": "Raw audio in the format that `start` names, in chunks of any size. The only binary frames.",
    "contentType": "application/octet-stream",
}


def build() -> dict[str, Any]:
    """The document, as seen from ari-controller: what it sends and what it receives."""
    definitions = schema.build()["$defs"]
    to_bot, from_bot = (_names(definitions[union]) for union in ("ToBot", "FromBot"))
    messages = {name: _message(name, definitions[name]) for name in (*to_bot, *from_bot)} | {"Audio": _AUDIO}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ari-controller bot protocol",
            "version": "1",
            "description": f"Subprotocol `{SUBPROTOCOL}`. The page for people is bot-protocol.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            "call": {
                "address": "/",
                "description": "One call: one WebSocket.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "headers": {
                            "type": "object",
                            "properties": {"Sec-WebSocket-Protocol": {"type": "string", "const": SUBPROTOCOL}},
                            "required": ["Sec-WebSocket-Protocol"],
                        },
                    }
                },
            }
        },
        "operations": {
            "tellBot": _operation("send", "What the bot is told.", [*to_bot, "Audio"]),
            "hearBot": _operation("receive", "What the bot says.", [*from_bot, "Audio"]),
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "messages": messages,
            "schemas": _moved({name: d for name, d in definitions.items() if "Multiplexed" not in name}),
        },
    }


def render() -> str:
    """The document as the text of its file."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def _names(union: dict[str, Any]) -> list[str]:
    return [reference["$ref"].rpartition("/")[2] for reference in union["oneOf"]]


def _message(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    word = definition["properties"]["type"]["const"]
    summary = definition["description"].partition("\n")[0]
    return {"name": word, "title": word, "summary": summary, "payload": {"$ref": f"#/components/schemas/{name}"}}


def _operation(action: str, summary: str, names: list[str]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/call/messages/{name}"} for name in names]
    return {"action": action, "channel": {"$ref": "#/channels/call"}, "summary": summary, "messages": messages}


def _moved(value: Any) -> Any:
    """The same schemas where references lead to their new place."""
    if isinstance(value, dict):
        return {name: _moved(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_moved(part) for part in value]
    return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value


if __name__ == "__main__":
    sys.exit(schema.write_or_check(ASYNCAPI_PATH, render(), "controller.bot.asyncapi", sys.argv[1:]))
