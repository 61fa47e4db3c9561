"""Records and tags of the multiplexed protocol: what is written is read, and nothing that is read is trusted."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bot import framing, protocol
from controller.bot.framing import RECORD_AUDIO_BYTES_MAX, RECORD_HEADER, RECORDS_MAX, TornRecord, append, records
from controller.errors import ProtocolError

CALLS = st.integers(min_value=1, max_value=framing.CALL_MAX)
AUDIO = st.lists(st.tuples(CALLS, st.binary(max_size=400)), max_size=20)


def written(parts: list[tuple[int, bytes]]) -> bytes:
    message = bytearray()
    for call, audio in parts:
        append(message, call, audio)
    return bytes(message)


def read(message: bytes) -> tuple[list[tuple[int, bytes]], TornRecord | None]:
    """What came before the fault, and the fault."""
    whole: list[tuple[int, bytes]] = []
    try:
        whole.extend((call, bytes(audio)) for call, audio in records(memoryview(message)))
    except TornRecord as torn:
        # What `extend` had taken before the fault is in the list.
        return whole, torn
    return whole, None


def test_a_record_on_the_wire() -> None:
    assert written([(258, b"abc")]) == b"\x00\x00\x01\x02\x00\x03abc"


@given(AUDIO)
def test_what_is_written_is_read(parts: list[tuple[int, bytes]]) -> None:
    assert read(written(parts)) == (parts, None)


@given(AUDIO.filter(bool), st.data())
def test_a_message_that_was_cut_off_gives_what_is_whole_and_then_the_fault(
    parts: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    message = written(parts)
    cut = data.draw(st.integers(min_value=0, max_value=len(message) - 1))
    whole, torn = read(message[:cut])
    assert whole == parts[: len(whole)]
    ends = {len(written(parts[:count])) for count in range(len(parts) + 1)}
    assert (torn is None) == (cut in ends)
    if torn is not None:
        begun = cut - len(written(whole)) >= RECORD_HEADER.size
        assert torn.call == (parts[len(whole)][0] if begun else 0)


@given(st.binary(max_size=3_000))
def test_any_bytes_at_all_give_records_or_the_fault(message: bytes) -> None:
    whole, torn = read(message)
    used = len(written(whole))
    assert written(whole) == message[:used]
    assert (torn is None) == (used == len(message))


@given(CALLS, st.integers(min_value=1, max_value=RECORD_AUDIO_BYTES_MAX), st.binary(max_size=300))
def test_a_length_that_is_not_there_is_not_trusted(call: int, size: int, audio: bytes) -> None:
    audio = audio[: size - 1]
    whole, torn = read(written([(9, b"before")]) + RECORD_HEADER.pack(call, size) + audio)
    assert whole == [(9, b"before")]
    assert torn is not None
    assert torn.call == call
    assert str(size) in str(torn)


@pytest.mark.parametrize("size", [RECORD_AUDIO_BYTES_MAX, RECORD_AUDIO_BYTES_MAX + 1, 3 * RECORD_AUDIO_BYTES_MAX])
def test_audio_longer_than_a_record_is_several(size: int) -> None:
    audio = bytes(index % 251 for index in range(size))
    whole, torn = read(written([(3, audio)]))
    assert torn is None
    assert b"".join(part for _, part in whole) == audio
    assert {call for call, _ in whole} == {3}
    assert len(whole) == -(-size // RECORD_AUDIO_BYTES_MAX)


def test_a_message_has_so_many_records_and_no_more() -> None:
    whole, torn = read(written([(1, b"")] * (RECORDS_MAX + 1)))
    assert len(whole) == RECORDS_MAX
    assert torn is not None


@given(CALLS)
def test_the_tag_is_one_more_field(call: int) -> None:
    for message in (protocol.Answered(), protocol.MarkReached(name='"}{'), protocol.End(reason="failed")):
        text = protocol.serialize(message)
        tagged = framing.tag(call, text)
        assert json.loads(tagged) == {"call": call, **json.loads(text)}
        assert framing.call_of(tagged.encode()) == call


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", None),
        ("[]", None),
        ("7", None),
        ('{"type": "accept"}', "call"),
        ('{"type": "accept", "call": "1"}', "call"),
        ('{"type": "accept", "call": 1.0}', "call"),
        ('{"type": "accept", "call": true}', "call"),
        ('{"type": "accept", "call": 0}', "call"),
        ('{"type": "accept", "call": -1}', "call"),
        ('{"type": "accept", "call": 4294967296}', "call"),
        ('{"type": "accept", "call": NaN}', "call"),
        ("\udcff", None),
    ],
)
def test_a_text_that_names_no_call(text: str, field: str | None) -> None:
    with pytest.raises(ProtocolError) as raised:
        framing.call_of(text.encode(errors="surrogateescape"))
    assert raised.value.field == field


@given(st.binary(max_size=300))
def test_any_bytes_as_text(text: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert framing.call_of(text) >= 1
