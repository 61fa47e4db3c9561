"""What is true of every adapter in the registry. A new one is tested here without a line of its own."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.bot.adapters import PROTOCOLS, adapt, adapter_of
from controller.bot.adapters.adapter import Adapter, Behaviour, Handshake, Left, Opening, Speech, authorized
from controller.bot.protocol import Accept, AudioFormat, End, FromBot, Party, Reject, Start, ToBot
from controller.errors import ProtocolError
from tests.unit.bot.test_protocol import JSON, TO_BOT

START = Start(call_id="call-1", caller=Party(number="+4930111"), callee=Party(number="+4930222"), route="default")
PAGE = Path("docs/bot-protocols.md").read_text(encoding="utf-8")

every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def opened(protocol: str, **parameters: str) -> Adapter:
    start = START.model_copy(update={"audio": adapter_of(protocol).FORMATS[0]})
    return adapt(protocol, Opening("ws://bot.example/call", start, "secret", parameters=parameters, nonce="ab" * 16))


def is_step(step: object) -> bool:
    models = FromBot.__origin__.__args__  # type: ignore[attr-defined]
    return isinstance(step, (str, bytes, Speech, Left, *models))


@every_protocol
def test_the_handshake_is_one(protocol: str) -> None:
    handshake = opened(protocol).handshake()
    assert isinstance(handshake, Handshake)
    assert handshake.url.startswith("ws://bot.example/")
    assert all(part.isprintable() for header in handshake.headers for part in header)


@every_protocol
@settings(max_examples=50, deadline=None)
@given(messages=st.lists(TO_BOT, max_size=5), audio=st.binary(max_size=400).map(lambda data: data[: len(data) & ~1]))
def test_it_has_an_answer_to_all_that_we_may_say(protocol: str, messages: list[ToBot], audio: bytes) -> None:
    adapter = opened(protocol)
    for message in (adapter.opening.start, *messages, End(reason="failed")):
        steps = adapter.to_bot(message)
        assert isinstance(steps, list | tuple)
        assert all(is_step(step) for step in steps)
        assert isinstance(adapter.audio_to_bot(audio), str | bytes | None)


@every_protocol
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_text_of_a_bot_raises_anything_but_a_protocol_error(protocol: str, data: st.DataObject) -> None:
    adapter = opened(protocol)
    adapter.to_bot(adapter.opening.start)
    texts = st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode()), near_misses())
    for text in data.draw(st.lists(texts, max_size=5)):
        try:
            steps = adapter.text_from_bot(text)
        except ProtocolError:
            continue
        assert isinstance(steps, list | tuple)
        assert all(is_step(step) for step in steps)


def near_misses() -> st.SearchStrategy[bytes]:
    """Objects that have the words of all protocols, with anything in them."""
    words = sorted({word for path in Path("controller/bot/adapters").glob("*.py") for word in quoted(path)})
    word = st.sampled_from(words)
    values = st.one_of(word, JSON, st.integers(), st.dictionaries(word, st.one_of(word, JSON), max_size=4))
    return st.dictionaries(word, values, max_size=6).map(lambda value: json.dumps(value).encode())


def quoted(path: Path) -> set[str]:
    return set(re.findall(r'"([A-Za-z_.]+)"', path.read_text(encoding="utf-8"))) | {"type", "event"}


@every_protocol
@settings(deadline=None)
@given(part=st.binary(max_size=400))
def test_no_binary_frame_raises_anything_but_a_protocol_error(protocol: str, part: bytes) -> None:
    adapter = opened(protocol)
    try:
        steps = adapter.binary_from_bot(memoryview(part))
    except ProtocolError:
        return
    assert all(is_step(step) for step in steps)


@every_protocol
@pytest.mark.parametrize(
    "text", [b'{"a":' * 10_000, b"[" * 100_000, b"1" * 10_000, b'{"type":' + b"9" * 5_000 + b"}", b"\xff\xfe", b""]
)
def test_what_breaks_readers_of_json_does_not_break_ours(protocol: str, text: bytes) -> None:
    with pytest.raises(ProtocolError):
        opened(protocol).text_from_bot(text)


@every_protocol
def test_closing_with_any_code_is_answered(protocol: str) -> None:
    adapter = opened(protocol)
    adapter.to_bot(adapter.opening.start)
    for code in (1000, 1001, 1002, 1005, 1006, 1011, 4000, 4999):
        assert all(is_step(step) for step in adapter.closed_by_bot(code))


@every_protocol
def test_nothing_is_accepted_twice(protocol: str) -> None:
    adapter = opened(protocol)
    steps = adapter.to_bot(adapter.opening.start)
    assert sum(isinstance(step, Accept | Reject) for step in steps) <= 1


def test_an_audio_format_that_the_wire_does_not_carry_is_named() -> None:
    start = START.model_copy(update={"audio": AudioFormat(encoding="pcm16", sample_rate=24000)})
    with pytest.raises(ProtocolError, match=r"set to pcm16/24000, and twilio carries mulaw$"):
        adapt("twilio", Opening("ws://bot/", start))


def test_a_protocol_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ProtocolError, match=r"no bot protocol 'morse'; there are native, twilio"):
        adapter_of("morse")


@pytest.mark.parametrize(
    ("opening", "headers"),
    [
        ({}, {}),
        ({"token": "s3"}, {"Authorization": "Bearer s3"}),
        ({"token": "s3", "headers": {"X-A": "1"}}, {"Authorization": "Bearer s3", "X-A": "1"}),
        ({"token": "s3", "headers": {"authorization": "Basic eA=="}}, {"authorization": "Basic eA=="}),
    ],
)
def test_the_operators_own_headers_win(opening: dict[str, Any], headers: dict[str, str]) -> None:
    assert dict(authorized(Opening("ws://bot/", START, **opening))) == headers


@every_protocol
def test_the_page_says_what_the_protocol_cannot(protocol: str) -> None:
    cannot = adapter_of(protocol).CANNOT
    section = PAGE.partition(f"\n## `{protocol}`")[2].partition("\n## ")[0].partition("\n| Cannot |")[2]
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", section, re.MULTILINE))
    assert rows == {str(behaviour): reason for behaviour, reason in cannot.items()}
    assert set(cannot) <= set(Behaviour)
