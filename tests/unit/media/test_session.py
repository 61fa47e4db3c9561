"""One session by hand: no sockets, no clock."""

from typing import Any

import numpy as np
import pytest

from controller.bot.conversation import Message
from controller.bot.protocol import Clear, Hangup, Log, Mark, Pause, Resume, ToBot, Transcript, Transfer
from controller.media.audio import g711
from controller.media.control_messages import Report
from controller.media.playout import MARKS_MAX, PLAYOUT_MS_MAX
from controller.media.rtp import packet as rtp
from controller.media.session import Session
from tests.unit.media.peers import opening

FULL_BYTES = PLAYOUT_MS_MAX * 8


class Bot:
    """Stands in for the connection and keeps what it was given to send."""

    def __init__(self) -> None:
        self.tried_seconds = 0.0
        self.heard: list[ToBot] = []
        self.refused: list[str] = []
        self.audio: list[bytes] = []
        self.counters = {"unknown_messages": 0}
        self.reads = True

    def send(self, message: ToBot) -> None:
        self.heard.append(message)

    def send_audio(self, audio: bytes) -> bool:
        if self.reads:
            self.audio.append(bytes(audio))
        return self.reads

    def refuse(self, code: str, _message: str) -> None:
        self.refused.append(code)

    def watch(self, now: float) -> None:
        pass


class Reports:
    def __init__(self) -> None:
        self.all: list[Any] = []
        self.full = False

    def add(self, report: Report) -> None:
        self.all.append(report)

    def crowded(self, _session: str) -> bool:
        return self.full


class Call:
    def __init__(self, **values: Any) -> None:
        self.reports = Reports()
        self.bot = Bot()
        self.now = 0.0
        self.session = Session(opening("ws://bot/", **values), self.reports, lambda: self.now)
        self.session.bot = self.bot  # type: ignore[assignment]
        self.session.play(0.0)
        self.bot.heard.clear()

    def tick(self) -> bytes:
        frame = self.session.downlink.next_frame() if self.session.downlink.speaking else b""
        self.session.downlink.settle()
        return frame

    def says(self, *messages: Message) -> None:
        for message in messages:
            self.session.on_message(message)

    def reported(self) -> list[str]:
        return [getattr(report, "message", {}).get("type", report.type) for report in self.reports.all]


@pytest.fixture
def call() -> Call:
    return Call()


def test_too_much_audio_is_dropped_counted_and_told_once(call: Call) -> None:
    call.session.on_audio(memoryview(bytes(FULL_BYTES)))
    assert call.bot.refused == []
    call.session.on_audio(memoryview(bytes(800)))
    call.session.on_audio(memoryview(bytes(800)))
    assert call.bot.refused == ["overrun"]
    assert call.session.statistics(0)["dropped_ms"] == 200
    call.says(Clear(type="clear"))
    call.session.on_audio(memoryview(bytes(FULL_BYTES)))
    assert call.bot.refused == ["overrun"]
    # The queue was empty meanwhile: the next overrun is news again.
    call.session.on_audio(memoryview(b"\x00"))
    assert call.bot.refused == ["overrun"] * 2


def test_hangup_and_transfer_outlive_a_clear_and_marks_do_not(call: Call) -> None:
    call.session.on_audio(memoryview(bytes(1600)))
    call.says(Mark(type="mark", name="m"), Transfer(type="transfer"), Hangup(type="hangup"))
    assert call.reported() == []
    call.says(Clear(type="clear"))
    assert call.reported() == ["transfer", "hangup"]
    assert [message.model_dump() for message in call.bot.heard] == [
        {"type": "cleared", "discarded_ms": 200, "played_ms": 0, "marks": ["m"]}
    ]


def test_a_pause_is_silent_and_forgets_nothing(call: Call) -> None:
    call.session.on_audio(memoryview(b"\x01" * 160 + b"\x02" * 160))
    assert call.tick() == b"\x01" * 160
    call.says(Pause(type="pause"))
    call.session.on_audio(memoryview(b"\x03" * 160))
    assert [call.tick(), call.tick()] == [b"", b""]
    call.says(Resume(type="resume"))
    assert [call.tick(), call.tick(), call.tick()] == [b"\x02" * 160, b"\x03" * 160, b""]


@pytest.mark.parametrize("message", [Clear(type="clear"), Hangup(type="hangup"), Transfer(type="transfer")])
def test_what_ends_a_pause(call: Call, message: Message) -> None:
    call.says(Pause(type="pause"), message)
    call.session.on_audio(memoryview(b"\x01" * 160))
    assert call.tick() == b"\x01" * 160


def test_cleared_tells_where_the_bot_was_stopped(call: Call) -> None:
    for _ in range(2):
        call.session.on_audio(memoryview(bytes(800)))
        call.tick()
        call.tick()
        call.says(Clear(type="clear"))
    assert [message.model_dump()["played_ms"] for message in call.bot.heard] == [40, 80]


def test_a_lost_bot_is_reported_at_once_unless_its_hangup_waits(call: Call) -> None:
    call.session.on_audio(memoryview(bytes(160)))
    call.says(Mark(type="mark", name="m"))
    call.session.on_lost("the bot went")
    assert call.reported() == ["disconnected"]
    second = Call()
    second.session.on_audio(memoryview(bytes(160)))
    second.says(Hangup(type="hangup"))
    second.session.on_lost("the bot went")
    assert second.reported() == []
    second.tick()
    assert second.reported() == ["first_audio", "hangup", "disconnected"]


def test_a_flood_of_marks_or_reports_is_refused(call: Call) -> None:
    call.session.on_audio(memoryview(bytes(160)))
    call.says(*(Mark(type="mark", name=str(number)) for number in range(MARKS_MAX + 1)))
    assert call.bot.refused == ["overrun"]
    call.reports.full = True
    call.says(Log(type="log", message="too much"))
    assert call.bot.refused == ["overrun"] * 2
    assert call.reports.all == []


def test_a_last_part_of_a_frame_is_played_and_the_end_counted(call: Call) -> None:
    call.session.on_audio(memoryview(b"\x01" * 200))
    assert [call.tick(), call.tick(), call.tick()] == [b"\x01" * 160, b"\x01" * 40, b""]
    statistics = call.session.statistics(0)
    assert (statistics["underruns"], statistics["bytes_out"]) == (1, 200)


def test_the_caller_is_not_heard_before_the_call_is_answered() -> None:
    call = Call()
    call.session = Session(opening("ws://bot/"), call.reports, lambda: 0.0)
    call.session.bot = call.bot  # type: ignore[assignment]
    datagram = rtp.build(rtp.RtpPacket(0, 1, 1, 1, b"early"))
    call.session.uplink.receive_unusual(memoryview(datagram), 1.0)
    assert call.bot.audio == []
    call.session.play(1.0)
    call.session.uplink.receive(0, 2, 1, 1, memoryview(b"now" * 60), 1.0)
    assert call.bot.audio == [b"now" * 60]


def hear(call: Call, *packets: tuple[int, float]) -> list[bytes]:
    """Packets by sequence number and arrival; the payload of each is its number."""
    for sequence, now in packets:
        payload = memoryview(bytes([sequence]) * 160)
        call.session.uplink.receive(0, sequence, sequence * 160, 1, payload, now)
        call.session.uplink.look(now)
    return [audio[:1] for audio in call.bot.audio]


def test_a_packet_that_was_overtaken_is_heard_in_its_place(call: Call) -> None:
    assert hear(call, (1, 0.0), (3, 0.020), (2, 0.021), (2, 0.022), (4, 0.060)) == [b"\1", b"\2", b"\3", b"\4"]
    statistics = call.session.statistics(0)
    assert (statistics["late"], statistics["duplicates"], statistics["lost"]) == (1, 1, 0)


def test_a_packet_that_is_lost_holds_the_others_up_for_a_moment_only(call: Call) -> None:
    assert hear(call, (1, 0.0), (3, 0.020)) == [b"\1"]
    # In place of the second one there is what was before it, fading out.
    assert hear(call, (4, 0.041)) == [b"\1", b"\1", b"\3", b"\4"]
    statistics = call.session.statistics(0)
    assert (statistics["packets_in"], statistics["lost"]) == (3, 1)
    assert 1.0 < statistics["mos"] < 3.0


def test_a_clean_call_has_a_good_score(call: Call) -> None:
    hear(call, *((sequence, sequence * 0.020) for sequence in range(200)))
    assert call.session.statistics(0)["mos"] >= 4.3


def test_of_a_long_gap_only_what_time_did_not_fill_is_concealed(call: Call) -> None:
    hear(call, (1, 0.0))
    for step in range(1, 30):
        call.session.uplink.look(step * 0.020)
    assert call.session.statistics(0)["filled_ms"] == 400
    hear(call, (40, 0.590), (41, 0.690))
    statistics = call.session.statistics(0)
    assert (statistics["lost"], statistics["concealed_ms"]) == (38, 180)
    assert b"".join(call.bot.audio) == b"\1" * 160 + b"\xff" * 160 * 20 + call.bot.audio[21] + b"".join(
        bytes([number]) * 160 for number in (40, 41)
    )
    assert len(call.bot.audio[21]) == 160 * 9


def test_a_caller_who_has_fallen_silent_is_heard_as_silence(call: Call) -> None:
    """From 200 ms on; a packet of comfort noise says no more than that, and is no loss."""
    hear(call, (1, 0.0))
    call.session.uplink.receive(13, 2, 320, 1, memoryview(b"\x40"), 0.020)
    call.session.uplink.look(0.199)
    assert len(call.bot.audio) == 1
    call.session.uplink.look(0.201)
    assert call.bot.audio[1:] == [b"\xff" * 160]
    call.session.uplink.look(0.209)
    call.session.uplink.look(0.221)
    assert len(call.bot.audio) == 3
    hear(call, (3, 0.230), (4, 0.250))
    assert len(call.bot.audio) == 5
    statistics = call.session.statistics(0)
    assert (statistics["comfort_noise_packets"], statistics["lost"], statistics["filled_ms"]) == (1, 0, 40)
    assert statistics["other_payload_types"] == 0


def test_a_key_in_the_callers_packets_is_counted_and_not_heard(call: Call) -> None:
    hear(call, (1, 0.0))
    for number in range(2, 6):
        call.session.uplink.receive(101, number, 320, 1, memoryview(b"\5\0\0\xa0"), number * 0.020)
    hear(call, (6, 0.120))
    assert [audio[:1] for audio in call.bot.audio] == [b"\1", b"\6"]
    statistics = call.session.statistics(0)
    assert (statistics["key_packets"], statistics["lost"], statistics["packets_in"]) == (4, 0, 6)


def test_what_has_no_place_in_the_stream_is_counted_only(call: Call) -> None:
    hear(call, (1, 0.0))
    call.session.uplink.receive(9, 700, 320, 5, memoryview(bytes(160)), 0.020)
    hear(call, (2, 0.020))
    statistics = call.session.statistics(0)
    assert (statistics["other_payload_types"], statistics["packets_in"], statistics["restarts"]) == (1, 2, 0)


SPEECH_FRAMES = 20
BOT_AUDIO = b"\x01" * 160 * 200


def speaks(call: Call, frames: bytes, start: int) -> None:
    for number in range(len(frames) // 160):
        sequence = start + number
        payload = memoryview(frames[number * 160 : (number + 1) * 160])
        call.session.uplink.receive(0, sequence, sequence * 160, 1, payload, sequence * 0.020)


def vowel() -> bytes:
    time = np.arange(SPEECH_FRAMES * 160) / 8_000
    tone = np.sum([np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 20)], axis=0)
    return g711.encode_mulaw((4_000 * tone).astype(np.int16)).tobytes()


def interrupted(voice: str) -> Call:
    call = Call(voice=voice)
    call.session.on_audio(memoryview(BOT_AUDIO))
    call.tick()
    speaks(call, b"\xff" * 160 * 10 + vowel(), 0)
    return call


def test_a_caller_who_speaks_is_told_with_its_time() -> None:
    call = interrupted("tell")
    speaks(call, b"\xff" * 160 * 40, 30)
    started, stopped = (message.model_dump() for message in call.bot.heard)
    assert started == {"type": "speech_started", "at_ms": 200, "paused": False}
    assert stopped["type"] == "speech_stopped"
    assert 600 <= stopped["at_ms"] <= 800
    assert call.tick() == b"\x01" * 160


def test_local_barge_in_holds_the_bot_until_it_decides() -> None:
    call = interrupted("barge_in")
    assert [message.model_dump()["paused"] for message in call.bot.heard] == [True]
    assert call.tick() == b""
    call.says(Clear(type="clear"))
    call.session.on_audio(memoryview(b"\x02" * 160))
    assert call.tick() == b"\x02" * 160


def test_a_bot_that_does_not_decide_goes_on_when_the_caller_stops() -> None:
    call = interrupted("barge_in")
    speaks(call, b"\xff" * 160 * 40, 30)
    assert call.tick() == b"\x01" * 160


def test_a_pause_of_the_bots_own_is_not_ended_by_the_caller() -> None:
    call = Call(voice="barge_in")
    call.session.on_audio(memoryview(BOT_AUDIO))
    call.says(Pause(type="pause"))
    speaks(call, vowel() + b"\xff" * 160 * 40, 0)
    assert call.tick() == b""


def test_how_long_the_bot_takes_to_answer_and_to_fall_silent() -> None:
    call = interrupted("tell")
    call.now = 0.3
    call.says(Clear(type="clear"))
    call.tick()
    speaks(call, b"\xff" * 160 * 40, 30)
    call.now = 1.0
    call.session.on_audio(memoryview(BOT_AUDIO))
    call.tick()
    call.tick()
    told = call.session.statistics(0)
    # On this clock the caller is found to speak at 0, after 60 ms, and to be silent at 0.3 s, after 500 ms.
    assert (told["barge_in_ms"], told["barge_ins"]) == (360.0, 1)
    assert told["bot_responses"] == 1
    assert told["bot_response_ms"] == 1_200


def test_a_bot_that_goes_on_after_an_interruption_answers_nothing() -> None:
    call = interrupted("barge_in")
    speaks(call, b"\xff" * 160 * 40, 30)
    call.tick()
    assert "bot_responses" not in call.session.statistics(0)
    assert call.session.statistics(0)["barge_ins"] == 1, "the caller did not hear it for a while"


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_where_nobody_listens_the_bots_transcript_tells_the_last_word(late: bool) -> None:
    call = Call()
    said = [
        Transcript(type="transcript", role="caller", text="To", end_ms=1_500),
        Transcript(type="transcript", role="caller", text="To book", end_ms=2_000, final=False),
        Transcript(type="transcript", role="bot", text="Yes", end_ms=2_400),
    ]
    if not late:
        call.says(*said)
    call.now = 2.25
    call.session.on_audio(memoryview(BOT_AUDIO))
    call.tick()
    if late:
        call.says(*said)
    call.session.on_audio(memoryview(BOT_AUDIO))
    call.tick()
    assert call.session.statistics(0)["bot_response_ms"] == 750.0
    assert call.session.statistics(0)["bot_responses"] == 1


def test_without_voice_activity_nothing_is_said() -> None:
    assert interrupted("off").bot.heard == []


def seconds_go_by(call: Call, start: int, end: int) -> None:
    """The caller speaks, and once a second somebody looks."""
    for second in range(start, end):
        call.session.send_to_bot(b"\x05" * 160)
        call.session.watch(float(second), 60.0)


def test_a_bot_that_takes_no_audio_has_stalled(call: Call) -> None:
    seconds_go_by(call, 1, 3)
    call.bot.reads = False
    seconds_go_by(call, 3, 20)
    assert call.reported() == ["first_audio", "stalled"]
    call.bot.reads = True
    seconds_go_by(call, 20, 22)
    call.bot.reads = False
    seconds_go_by(call, 22, 40)
    assert call.reported() == ["first_audio", "stalled", "stalled"]


def test_the_route_says_how_long_a_bot_may_take_nothing() -> None:
    call = Call(stall_seconds=12.0)
    call.bot.reads = False
    seconds_go_by(call, 1, 11)
    assert call.reported() == []
    seconds_go_by(call, 11, 30)
    assert [report.seconds for report in call.reports.all] == [12.0]


def test_a_caller_who_says_nothing_is_not_the_bots_fault(call: Call) -> None:
    for second in range(1, 20):
        call.session.watch(float(second), 60.0)
    assert call.reported() == []


def test_the_packets_of_a_key_are_not_lost(call: Call) -> None:
    """Asterisk keeps them to itself: the next audio comes ten numbers later."""
    hear(call, (1, 0.0), (2, 0.02))
    call.session.uplink.key_pressed(100)
    hear(call, (13, 0.24), (14, 0.26))
    assert call.session.statistics(0)["lost"] == 0
    hear(call, (20, 0.38), (21, 0.40), (22, 0.6), (23, 0.7))
    assert call.session.statistics(0)["lost"] == 5
