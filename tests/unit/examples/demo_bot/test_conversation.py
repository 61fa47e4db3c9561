"""The demo bot without a socket: what it answers to messages, keys and voices."""

import json
from datetime import date
from typing import Any

import pytest

from controller.bot import protocol
from examples.demo_bot import conversation
from examples.demo_bot.conversation import Conversation, Frame
from examples.demo_bot.formats import Format
from examples.demo_bot.g711 import encode
from examples.demo_bot.speech import DIGITS
from tests.unit.examples.demo_bot.sounds import HummedSpeech, noise, silence, voice

SPEECH = HummedSpeech()


class Call:
    """A conversation, and what it sent last, read as the controller reads it."""

    def __init__(self, law: str = "mulaw", number: str | None = "+49-30", reject: str = "") -> None:
        self.law = law
        self.conversation = Conversation(SPEECH, reject, today=lambda: date(2026, 11, 30))
        start = {"type": "start", "call_id": "c", "from": {"number": number} if number else {}, "to": {}}
        self.greeting = self.read(self.conversation.receive({**start, "audio": {"encoding": law}}))

    def read(self, frames: list[Frame]) -> list[Any]:
        return [frame if isinstance(frame, bytes) else protocol.parse_from_bot(frame) for frame in frames]

    def receive(self, **message: Any) -> list[Any]:
        return self.read(self.conversation.receive(message))

    def press(self, digit: str) -> list[Any]:
        return self.receive(type="dtmf", digit=digit, duration_ms=100)

    def hear(self, audio: bytes) -> list[Any]:
        return self.read(self.conversation.hear(audio))

    def play_out(self, sent: list[Any]) -> list[Any]:
        """What the controller does once everything in `sent` has been heard."""
        (mark,) = of(sent, protocol.Mark)
        return self.receive(type="mark_reached", name=mark.name)


def of(sent: list[Any], kind: type[Any]) -> list[Any]:
    return [frame for frame in sent if isinstance(frame, kind)]


def says(law: str, *words: str) -> bytes:
    return SPEECH.say(*words, audio_format=Format(law))


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_it_accepts_first_and_greets_by_number(law: str) -> None:
    accept, audio, mark, transcript = Call(law).greeting
    assert accept == protocol.Accept(type="accept")
    digits = ["four", "nine", "three", "zero"]
    assert audio == says(law, conversation.FROM_NUMBER, *digits, conversation.MENU)
    assert transcript.text == f"Hello! You are calling from four nine three zero {conversation.MENU}"
    assert (transcript.role, transcript.final, transcript.id) == ("bot", True, mark.name)


@pytest.mark.parametrize("number", [None, "", "anonymous"])
def test_without_a_number_it_greets_all_the_same(number: str | None) -> None:
    assert Call(number=number).greeting[1] == says("mulaw", conversation.FROM_NOBODY, conversation.MENU)


@pytest.mark.parametrize("reason", ["busy", "unavailable"])
def test_it_can_be_told_to_reject(reason: Any) -> None:
    (reject,) = Call(reject=reason).greeting
    assert (type(reject), reject.reason) == (protocol.Reject, reason)


def test_speech_interrupts_it_within_60_ms() -> None:
    call = Call()
    assert call.hear(silence(0.5)) == []
    assert call.hear(voice(0.04)) == []
    clear, log = call.hear(voice(0.02))
    assert clear == protocol.Clear(type="clear")
    assert log.message == "interrupted"
    assert call.hear(voice(2)) == [], "once is enough"


def test_noise_does_not_interrupt_it() -> None:
    assert Call().hear(noise(5, level=200)) == []


def test_what_has_been_said_needs_no_interruption() -> None:
    call = Call()
    assert call.play_out(call.greeting) == []
    assert call.hear(voice(2)) == []


def test_1_books_an_appointment() -> None:
    call = Call()
    call.play_out(call.greeting)
    sent = call.press("1")
    (result,) = of(sent, protocol.Result)
    assert (result.name, result.data) == ("Appointment confirmed", {"date": "2026-12-01", "time": "10:00"})
    assert result.id
    assert of(sent, bytes) == [says("mulaw", conversation.BOOKED)]
    assert [transcript.text for transcript in of(sent, protocol.Transcript)] == [conversation.BOOKED]


def test_a_key_interrupts_it() -> None:
    sent = Call().press("1")
    assert sent[0] == protocol.Clear(type="clear")
    assert sent.index(of(sent, bytes)[0]) > 0


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_2_repeats_what_it_hears_bit_by_bit_until_another_key(law: str) -> None:
    call = Call(law)
    call.play_out(call.greeting)
    sent = call.press("2")
    (speak,) = of(sent, bytes)
    assert speak == says(law, conversation.SPEAK) + encode(conversation.BEEP, law)
    call.hear(voice(1, law))
    call.play_out(sent)
    for seconds in (0.5, 1.5):
        said = noise(seconds, 3000, law)
        assert of(call.hear(silence(1, law) + said), bytes) == []
        sent = call.hear(silence(0.7, law))
        (repeated,) = of(sent, bytes)
        assert said in repeated
        assert call.hear(voice(1, law)) == [], "its own words, back from a loudspeaker, are not repeated"
        assert call.play_out(sent) == []
    call.play_out(call.press("5"))
    assert call.hear(voice(1, law) + silence(1, law)) == []


def test_2_cuts_a_long_speech_after_5_seconds() -> None:
    call = Call()
    call.play_out(call.press("2"))
    assert [len(audio) for audio in of(call.hear(voice(6)), bytes)] == [5 * 8000]


def test_2_understands_a_telephone_that_sends_nothing_in_silence() -> None:
    call = Call()
    call.play_out(call.press("2"))
    assert call.read(call.conversation.hear_nothing()) == []
    said = voice(1)
    call.hear(said)
    assert of(call.read(call.conversation.hear_nothing()), bytes) == [said]
    assert call.read(call.conversation.hear_nothing()) == []


def test_0_says_so_and_asks_for_a_human() -> None:
    call = Call()
    call.play_out(call.greeting)
    sent = call.press("0")
    assert of(sent, bytes) == [says("mulaw", conversation.TRANSFER)]
    assert isinstance(sent[-1], protocol.Transfer), "after the audio, which is played before"
    for state in ("dialling", "ringing", "connected"):
        assert call.receive(type="transfer_progress", state=state, detail="") == []


@pytest.mark.parametrize("state", conversation.FAILED_TRANSFERS)
def test_after_a_failed_transfer_it_goes_on(state: str) -> None:
    call = Call()
    call.play_out(call.press("0"))
    sent = call.receive(type="transfer_progress", state=state, detail="486")
    assert of(sent, bytes) == [says("mulaw", conversation.NOBODY_THERE, conversation.MENU)]
    assert of(sent, protocol.Log)[0].data == {"state": state}
    assert of(call.press("1"), protocol.Result)


def test_9_says_goodbye_and_hangs_up() -> None:
    sent = Call().press("9")
    assert of(sent, bytes) == [says("mulaw", conversation.GOODBYE)]
    assert isinstance(sent[-1], protocol.Hangup)


@pytest.mark.parametrize("digit", ["3", "#", "*", "A"])
def test_any_other_key_repeats_the_menu(digit: str) -> None:
    assert of(Call().press(digit), bytes) == [says("mulaw", conversation.MENU)]


def test_ids_are_given_once_in_a_call() -> None:
    call = Call()
    sent = [*call.greeting, *[frame for digit in "1201120" for frame in call.press(digit)]]
    ids = [frame.id for frame in sent if isinstance(frame, protocol.Transcript | protocol.Result | protocol.Log)]
    assert len(ids) == len(set(ids)) > 10


@pytest.mark.parametrize(
    "message",
    [
        {"type": "answered"},
        {"type": "ack", "id": "said-1"},
        {"type": "cleared", "discarded_ms": 100, "marks": ["said-1"]},
        {"type": "error", "code": "malformed", "message": "x"},
        {"type": "mark_reached", "name": "of another time"},
        {"type": "weather", "rain": True},
    ],
)
def test_what_is_no_question_gets_no_answer(message: dict[str, Any]) -> None:
    call = Call()
    assert call.receive(**message) == []
    assert call.hear(voice(0.1)), "and it still speaks"


def test_the_end_is_the_end() -> None:
    call = Call()
    assert not call.conversation.ended
    assert call.receive(type="end", reason="caller_hung_up") == []
    assert call.conversation.ended


def test_every_frame_is_json_or_audio() -> None:
    frames = Conversation(SPEECH).receive({"type": "start", "from": {}, "audio": {"encoding": "mulaw"}})
    assert [json.loads(frame)["type"] for frame in frames if isinstance(frame, str)] == ["accept", "mark", "transcript"]
    assert set(DIGITS) == set("0123456789")
