"""Recordings while Asterisk does not do as it is told, and whatever it has left of them."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.ari import ids
from controller.ari.events import StasisEnd
from controller.call import events as e
from controller.records.items import CallClosed, Item, RecordingMade
from controller.routing.route import Recording
from controller.session import recordings as module
from controller.session.recordings import Parts, Recordings
from tests.unit.session.fakes import CALL, CALLER, FakeAri, Stage, channel


class Items(list[Item]):
    def submit(self, item: Item, stored: Callable[[], None] | None) -> None:
        self.append(item)
        if stored:
            stored()


async def talking(folder: Path) -> Stage:
    stage = Stage(folder=folder, recording=Recording("always"))
    await stage.talk()
    return stage


def made(stage: Stage) -> list[RecordingMade]:
    return [item for item in stage.items if isinstance(item, RecordingMade)]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def hung_up(stage: Stage) -> CallClosed:
    stage.session.asterisk_event(StasisEnd(channel(CALLER)))
    return await stage.ended()


async def test_both_sides_become_one_file(tmp_path: Path) -> None:
    stage = await talking(tmp_path)
    await stage.settle(lambda: "recording_recording" in stage.steps())
    await hung_up(stage)
    await stage.settle(lambda: bool(made(stage)) and not stage.ari.stored)
    (item,) = made(stage)
    (file,) = names(tmp_path)
    assert file == f"{item.name}.wav" == f"{CALL}-recording-1.wav"
    assert item.duration_ms == 1000
    assert item.sha256 == hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
    assert stage.ari.there == {CALLER}, "the snoop channels are gone"


@pytest.mark.parametrize("refused", ["snoop in", "snoop out", "record"])
async def test_a_recording_that_cannot_begin_does_not_harm_the_call(tmp_path: Path, refused: str) -> None:
    stage = Stage(folder=tmp_path, recording=Recording("always"))
    stage.ari.refuse.add(refused)
    await stage.talk()
    await stage.settle(lambda: "recording_failed" in stage.steps())
    assert (await hung_up(stage)).ending == "caller_hung_up"
    assert made(stage) == []
    assert names(tmp_path) == []


async def test_what_cannot_be_paused_is_ended(tmp_path: Path) -> None:
    stage = await talking(tmp_path)
    await stage.settle(lambda: "recording_recording" in stage.steps())
    stage.ari.refuse.add("mute")
    stage.session.post(e.OperatorRecorded("desk", "pause"))
    await stage.settle(lambda: "recording_failed" in stage.steps())
    assert stage.ari.recording == {}, "nothing that must not be recorded is"
    await hung_up(stage)
    await stage.settle(lambda: bool(made(stage)))


async def test_pause_and_resume(tmp_path: Path) -> None:
    stage = await talking(tmp_path)
    stage.session.post(e.OperatorRecorded("desk", "pause"))
    stage.session.post(e.OperatorRecorded("desk", "resume"))
    await stage.settle(lambda: stage.steps().count("recording_recording") == 2)
    assert [what for what in stage.ari.asked if "mute" in what] == ["mute", "mute", "unmute", "unmute"]
    await hung_up(stage)


async def test_what_an_earlier_controller_left_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FINISH_SECONDS", 0.0)
    ari, items = FakeAri(), Items()
    parts = Parts(CALL, 1, 1234)
    others = {"20261122-163012-k3v9qx-voicemail": b"", "something": b""}
    ari.stored = dict.fromkeys([part.name for part in parts.both], b"x" * 44 + bytes(16_000)) | others
    recordings = Recordings(ari, tmp_path, items.submit)
    in_hand = Parts(CALL, 2, 5000)
    recordings.begun(in_hand)
    ari.stored[in_hand.both[0].name] = b""
    recordings.rescue()
    async with asyncio.timeout(5):
        while ari.stored.keys() & {part.name for part in parts.both}:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await recordings.close()
    (item,) = items
    assert isinstance(item, RecordingMade)
    assert (item.call_id, item.at_ms, item.duration_ms) == (CALL, 1234, 1000)
    assert ari.stored.keys() == {*others, in_hand.both[0].name}, "what is being made is let alone"


async def test_what_cannot_be_fetched_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FINISH_SECONDS", 0.0)
    ari, items = FakeAri(), Items()
    parts = Parts(CALL, 1, 0)
    ari.stored = {part.name: bytes(44) + bytes(16_000) for part in parts.both}
    ari.refuse.add("fetch")
    recordings = Recordings(ari, tmp_path, items.submit)
    recordings.keep(parts)
    await recordings.close()
    assert items == []
    assert len(ari.stored) == 2
    assert names(tmp_path) == []
    ari.refuse.clear()
    recordings.rescue()
    async with asyncio.timeout(5):
        while ari.stored:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await recordings.close()
    assert len(items) == 1


def test_names_tell_a_later_controller_all() -> None:
    for part in Parts(CALL, 3, 4711).both:
        parsed = ids.parse_part(part.name)
        assert parsed
        assert (parsed[0].call_id, parsed[0].attempt, parsed[1]) == (CALL, 3, 4711)
