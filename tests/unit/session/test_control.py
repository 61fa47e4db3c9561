"""What the API can do to a running call, and what it is told where that cannot be done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.api.control import CallNotFound, NotAllowed, NotNow, Placement, Playable, Recording, Way
from controller.ari.events import Playback, PlaybackFinished
from controller.bot.twiml import Hangup, Say
from controller.call import events as e
from controller.errors import SoundError
from controller.media import control_messages as media
from controller.records.items import MetadataAdded, StepTaken
from controller.records.keys import Keys
from controller.records.store import RecordStore
from controller.session import voices as voices_module
from controller.session.call_session import CallSession
from controller.session.control import LiveCalls
from controller.session.speaking import WhoSpeaks
from controller.session.voices import Voices
from controller.sounds import wav
from controller.sounds.sounds import Sounds
from tests.unit.session.fakes import CALL, Stage

BEEP = Playable(sound="beep")


class Running:
    """A dispatcher with the one call of a stage."""

    def __init__(self, stage: Stage, voices: Voices) -> None:
        self.stage = stage
        self.voices = voices
        self.speaking = WhoSpeaks(lambda _: "default")
        self.placed: list[tuple[Placement, str, str]] = []
        self.refuse = False

    def place(self, placement: Placement, by: str, call_id: str) -> None:
        if self.refuse:
            raise NotNow("not now")
        self.placed.append((placement, by, call_id))

    @property
    def sessions(self) -> Mapping[str, CallSession]:
        return {} if self.stage.running.done() else {CALL: self.stage.session}


@pytest.fixture
async def voices(tmp_path: Path) -> Voices:
    sounds = Sounds(tmp_path)
    await sounds.open()
    return Voices(sounds)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.session.post(e.CallerGone())
    await stage.ended()


@pytest.fixture
def running(stage: Stage, voices: Voices) -> Running:
    return Running(stage, voices)


@pytest.fixture
async def keys(tmp_path: Path) -> AsyncIterator[Keys]:
    store = await RecordStore.open(f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3")
    yield Keys(store.database)
    await store.close()


@pytest.fixture
def calls(running: Running, keys: Keys) -> LiveCalls:
    return LiveCalls(running, keys)


def details(stage: Stage, kind: str) -> list[str]:
    return [item.detail for item in stage.items if isinstance(item, StepTaken) and item.kind == kind]


async def test_a_call_is_shown_as_it_is(stage: Stage, calls: LiveCalls) -> None:
    (call,) = calls.live()
    assert (call.id, call.state, call.answered_at, call.bot) == (CALL, "offering", None, "ws://bot/")
    await stage.talk()
    (call,) = calls.live()
    assert (call.from_number, call.from_name, call.to_number, call.route) == ("1", None, "2", "test")
    assert call.answered_at is not None
    assert call.started_at <= call.answered_at
    assert call.human == ""
    assert (call.rung, call.trigger) == ("bot ws://bot/", "")
    await calls.transfer(CALL, "", Way.BRIDGE, "", "desk")
    await stage.settle(lambda: calls.live()[0].human == "PJSIP/human")


async def test_hang_up_at_any_time(stage: Stage, calls: LiveCalls) -> None:
    await calls.hang_up(CALL, "desk")
    closed = await stage.ended()
    assert closed.ending == "operator_hung_up"
    assert details(stage, "operator_hung_up") == ["by desk"]
    assert calls.live() == []


async def test_a_transfer_goes_where_the_fence_lets_it(stage: Stage, calls: LiveCalls) -> None:
    await stage.talk()
    for refused in (calls.transfer(CALL, "+19005550000", Way.BRIDGE, "", "desk"), calls.take_over(CALL, "x", "desk")):
        with pytest.raises(NotAllowed):
            await refused
    assert "transfer_requested" not in stage.steps()
    await calls.transfer(CALL, "human", Way.BRIDGE, "urgent", "desk")
    await stage.settle(lambda: "dial" in stage.ari.asked)
    assert details(stage, "transfer_requested") == ["human by bridge, by desk"]
    assert "close" not in stage.worker.kinds()


async def test_who_takes_over_sends_the_bot_away(stage: Stage, calls: LiveCalls) -> None:
    await stage.talk()
    await calls.take_over(CALL, "", "desk")
    await stage.settle(lambda: "dial" in stage.ari.asked and "close" in stage.worker.kinds())
    assert details(stage, "taken_over") == ["by desk"]


async def test_play_text_sound_and_file(
    stage: Stage, calls: LiveCalls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = wav.write(np.zeros(800, np.float32), 8_000)

    async def fetch(_url: str) -> bytes:
        return content

    monkeypatch.setattr(voices_module, "fetch", fetch)
    await stage.talk()
    await calls.play(CALL, BEEP, "desk")
    await stage.settle(lambda: "play sound:beep" in stage.ari.asked)
    await calls.play(CALL, Playable(url="https://a.example/b.wav?secret=1"), "desk")
    await stage.settle(lambda: any(asked.startswith(f"play sound:{tmp_path}") for asked in stage.ari.asked))
    assert details(stage, "played") == ["beep, by desk", "a.example/b.wav, by desk"]


async def test_what_cannot_be_played_is_told(stage: Stage, calls: LiveCalls) -> None:
    await stage.talk()
    with pytest.raises(SoundError):
        await calls.play(CALL, Playable(sound="no-such-sound"), "desk")
    with pytest.raises(SoundError):
        await calls.play(CALL, Playable(url="http://127.0.0.1:1/a.wav"), "desk")
    stage.worker.report(media.BotMessage(session="s", message={"type": "hold"}))
    await stage.settle(lambda: "moh music" in stage.ari.asked)
    with pytest.raises(NotNow, match="on hold"):
        await calls.play(CALL, BEEP, "desk")


async def test_digits(stage: Stage, calls: LiveCalls) -> None:
    await stage.talk()
    await calls.press(CALL, "12#", "desk")
    await stage.settle(lambda: "dtmf 12#" in stage.ari.asked)
    assert details(stage, "dtmf_sent") == ["12#, by desk"]


async def test_metadata_is_stored_shown_and_told_to_the_bot(stage: Stage, calls: LiveCalls) -> None:
    await stage.talk()
    await calls.add_metadata(CALL, {"customer": 4711}, "desk")
    await stage.settle(lambda: "send" in stage.worker.kinds())
    told = stage.worker.told[-1]
    assert isinstance(told, media.Send)
    assert told.message == {"type": "metadata_update", "data": {"customer": 4711}}
    stored = [item for item in stage.items if isinstance(item, MetadataAdded)]
    assert [(item.source, item.data) for item in stored] == [("api", {"customer": 4711})]
    assert details(stage, "metadata") == ["customer, by desk"]
    assert calls.live()[0].metadata == {"customer": 4711}
    with pytest.raises(NotAllowed):
        await calls.add_metadata(CALL, {"much": float("inf")}, "desk")


async def test_a_later_bot_knows_it_from_the_start(stage: Stage, calls: LiveCalls) -> None:
    await stage.talk()
    await calls.add_metadata(CALL, {"customer": 4711}, "desk")
    stage.session.worker_lost(stage.worker, "the media worker went away")
    await stage.settle(lambda: stage.worker.kinds().count("open") == 2)
    opened = [message for message in stage.worker.told if isinstance(message, media.Open)]
    assert [one.start.metadata for one in opened] == [{}, {"customer": 4711}]


async def test_a_document_takes_the_call_from_its_bot(stage: Stage, calls: LiveCalls) -> None:
    await stage.talk()
    await calls.carry_out(CALL, [Say("hello"), Hangup()], "twilio AC1")
    await stage.settle(lambda: any(asked.startswith("play ") for asked in stage.ari.asked))
    assert "close" in stage.worker.kinds()
    stage.session.asterisk_event(PlaybackFinished(Playback(f"{CALL}-sound-1", "channel:x", "done")))
    assert (await stage.ended()).ending == "operator_hung_up"
    assert details(stage, "steered") == ["by twilio AC1: announcement 'hello'"]


async def test_a_document_that_only_hangs_up_does_so_at_any_time(stage: Stage, calls: LiveCalls) -> None:
    await calls.carry_out(CALL, [Hangup()], "twilio AC1")
    assert (await stage.ended()).ending == "operator_hung_up"


WORK: dict[str, Callable[[LiveCalls, str], Awaitable[Any]]] = {
    "hang_up": lambda calls, call: calls.hang_up(call, "desk"),
    "transfer": lambda calls, call: calls.transfer(call, "", Way.BRIDGE, "", "desk"),
    "take_over": lambda calls, call: calls.take_over(call, "", "desk"),
    "play": lambda calls, call: calls.play(call, BEEP, "desk"),
    "press": lambda calls, call: calls.press(call, "1", "desk"),
    "add_metadata": lambda calls, call: calls.add_metadata(call, {"a": 1}, "desk"),
    "record": lambda calls, call: calls.record(call, Recording.START, "desk"),
    "carry_out": lambda calls, call: calls.carry_out(call, [Say("hello"), Hangup()], "desk"),
}


@pytest.mark.parametrize("name", WORK)
async def test_a_call_that_does_not_exist(calls: LiveCalls, name: str) -> None:
    with pytest.raises(CallNotFound):
        await WORK[name](calls, "20261122-000000-xxxxxx")


@pytest.mark.parametrize("name", ["transfer", "take_over", "play", "press", "carry_out"])
async def test_a_call_that_rings(stage: Stage, calls: LiveCalls, name: str) -> None:
    with pytest.raises(NotNow, match="rings while a bot is asked"):
        await WORK[name](calls, CALL)
    assert not stage.running.done()


@pytest.mark.parametrize("name", WORK)
async def test_a_call_that_ends(stage: Stage, calls: LiveCalls, name: str) -> None:
    await stage.talk()
    stage.ari.hold = {"hangup"}
    await calls.hang_up(CALL, "desk")
    await stage.settle(lambda: calls.live()[0].state == "ending")
    with pytest.raises(NotNow, match="ends"):
        await WORK[name](calls, CALL)
    stage.ari.let_go.set()
    await asyncio.wait({stage.running})


async def test_asked_twice_with_one_key_nobody_is_called_twice(running: Running, keys: Keys) -> None:
    calls = LiveCalls(running, keys)
    placement = Placement("+493012345678", idempotency_key="order-7")
    first = await calls.place(placement, "desk")
    after_a_restart = LiveCalls(running, keys)
    assert await after_a_restart.place(placement, "desk") == first
    assert len(running.placed) == 1
    assert await calls.place(placement, "crm") != first, "another's key is another"
    with pytest.raises(NotNow, match="idempotency_key"):
        await calls.place(Placement("+493087654321", idempotency_key="order-7"), "desk")
    plain = Placement("+493012345678")
    assert await calls.place(plain, "desk") != await calls.place(plain, "desk")
    assert running.placed[0][2] == first


async def test_a_call_that_was_not_placed_can_be_asked_for_again(running: Running, keys: Keys) -> None:
    calls, placement = LiveCalls(running, keys), Placement("+493012345678", idempotency_key="order-7")
    running.refuse = True
    with pytest.raises(NotNow):
        await calls.place(placement, "desk")
    running.refuse = False
    call_id = await calls.place(placement, "desk")
    assert [placed[2] for placed in running.placed] == [call_id]


async def test_a_route_without_recordings(calls: LiveCalls) -> None:
    with pytest.raises(NotAllowed, match="route test"):
        await calls.record(CALL, Recording.START, "desk")
