"""docs/bot-protocol.md: every example is a real message, every message has an example, every bound is ours."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from controller.bot import framing, multiplex, protocol, resumption, websocket
from controller.config import Settings
from controller.errors import ProtocolError
from controller.media.playout import MARKS_MAX, PLAYOUT_MS_MAX, SAMPLES_PER_MS
from tests.unit.bot.test_protocol_schema import FROM_BOT_SCHEMA, SCHEMA, TO_BOT_SCHEMA, direction

PAGE = Path("docs/bot-protocol.md").read_text(encoding="utf-8")
EXAMPLES: list[dict[str, Any]] = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def types(direction: str) -> set[str]:
    names = [reference["$ref"].rpartition("/")[2] for reference in SCHEMA["$defs"][direction]["oneOf"]]
    return {SCHEMA["$defs"][name]["properties"]["type"]["const"] for name in names}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_every_example_is_a_message(example: dict[str, Any]) -> None:
    example = {name: value for name, value in example.items() if name != "call"}
    frame = json.dumps(example)
    message: protocol.ToBot | protocol.FromBot
    if example["type"] in types("ToBot"):
        TO_BOT_SCHEMA.validate(example)
        message = protocol.parse_to_bot(frame)
    if example["type"] in types("FromBot"):
        FROM_BOT_SCHEMA.validate(example)
        message = protocol.parse_from_bot(frame)
    written = json.loads(protocol.serialize(message))
    assert {name: written.get(name) for name in example} == example, "a field that the model does not know"


@pytest.mark.parametrize(
    "example", [example for example in EXAMPLES if "call" in example], ids=lambda example: example["type"]
)
def test_examples_of_many_calls_name_the_call(example: dict[str, Any]) -> None:
    to_bot = example["type"] in types("ToBot")
    schema = direction("MultiplexedToBot" if to_bot else "MultiplexedFromBot")
    schema.validate(example)
    assert not schema.is_valid({**example, "call": 0})
    assert not schema.is_valid({name: value for name, value in example.items() if name != "call"})
    assert framing.call_of(json.dumps(example).encode()) == example["call"]


def test_the_record_is_ours() -> None:
    message = bytearray()
    framing.append(message, 7, b"\xff\xfe\xfd")
    assert f"`{message.hex(' ')}` is one record" in PAGE


def test_every_message_has_an_example() -> None:
    assert {example["type"] for example in EXAMPLES} == types("ToBot") | types("FromBot")


def test_the_error_example_is_what_we_really_say() -> None:
    (example,) = [example for example in EXAMPLES if example["type"] == "error"]
    with pytest.raises(ProtocolError) as raised:
        protocol.parse_from_bot('{"type":"transcript","role":"dog","text":"Woof"}')
    assert (str(raised.value), raised.value.field) == (example["message"], example["field"])


@pytest.mark.parametrize("vocabulary", [protocol.EndReason, protocol.TransferState, protocol.ErrorCode])
def test_every_word_of_the_closed_vocabularies_is_explained(vocabulary: Any) -> None:
    for word in get_args(vocabulary):
        assert f"| `{word}` |" in PAGE


def test_the_bounds_are_ours() -> None:
    assert f"{protocol.TEXT_MESSAGE_BYTES_MAX:,} bytes" in PAGE
    assert f"| {websocket.FRAME_BYTES_MAX:,} bytes; a larger one ends the connection |" in PAGE
    assert f"| {PLAYOUT_MS_MAX:,} ms ({PLAYOUT_MS_MAX * SAMPLES_PER_MS:,} bytes of G.711) |" in PAGE
    assert f"beyond {PLAYOUT_MS_MAX // 1000} s of waiting audio" in PAGE
    assert f"| Marks waiting to be reached | {MARKS_MAX:,} |" in PAGE
    assert f"at {websocket.TEXT_WAITING_BYTES_MAX // 1024} KiB of unread messages" in PAGE
    assert f"at once and for {resumption.RESUME_SECONDS:g} s" in PAGE
    assert f"Come every {websocket.PING_SECONDS:g} s" in PAGE
    assert f"sign of life for {websocket.PONG_SECONDS:g} s" in PAGE
    assert f"`BOT_ACCEPT_SECONDS`, {Settings().bot_accept_seconds:g} s by default" in PAGE
    assert protocol.SUBPROTOCOL in PAGE
    assert f"| `{framing.SUBPROTOCOL_MUX}` |" in PAGE
    assert f'struct.unpack_from("{framing.RECORD_HEADER.format}"' in PAGE
    assert f"| 0 to {framing.RECORD_AUDIO_BYTES_MAX:,} |" in PAGE
    assert f"{websocket.FRAME_BYTES_MAX:,} bytes, as above, and {framing.RECORDS_MAX:,} records" in PAGE
    assert f"After {multiplex.IDLE_SECONDS:g} s" in PAGE


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE))))
def test_links_lead_somewhere(target: str) -> None:
    assert (Path("docs") / target).exists()


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", PAGE))))
def test_anchors_lead_somewhere(anchor: str) -> None:
    headings = [
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()) for line in PAGE.splitlines() if line.startswith("#")
    ]
    assert anchor in [heading.replace(" ", "-") for heading in headings]
