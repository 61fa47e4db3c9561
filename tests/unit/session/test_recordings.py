"""Recordings while Asterisk does not do as it is told, and whatever it has left of them."""

import asyncio
import errno
import hashlib
import os
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.ari import ids
from controller.ari.events import StasisEnd
from controller.call import events as e
from controller.records.items import CallClosed, Item, RecordingMade, StepTaken
from controller.routing.route import Recording
from controller.session import recorder
from controller.session import recordings as module
from controller.session.recordings import Part, Parts, Recordings, group
from controller.sounds import stereo
from tests.unit.session.fakes import CALL, CALLER, FakeAri, Stage, channel


class Items(list[Item]):
    """A store; or one where there is no such call."""

    forgotten = False

    def submit(
        self, item: Item, stored: Callable[[], None] | None = None, refused: Callable[[], None] | None = None
    ) -> None:
        self.append(item)
        if tell := refused if self.forgotten else stored:
            tell()


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


async def test_on_a_full_disk_it_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    ari, items = FakeAri(), Items()
    parts = Parts(CALL, 1, 0)
    ari.stored = {part.name: bytes(44) + bytes(16_000) for part in parts.both}
    recordings = Recordings(ari, tmp_path, items.submit)
    monkeypatch.setattr(stereo, "join", full)
    recordings.keep(parts)
    await recordings.close()
    assert items == []
    assert len(ari.stored) == 2
    assert names(tmp_path) == []


def test_names_tell_a_later_controller_all() -> None:
    parts = Parts(CALL, 3, 4711)
    human = Part(ids.other_id(CALL, 2), ids.part_name(ids.other_id(CALL, 2), 3, 9000), 9000)
    whole, left_over = group([*(part.name for part in parts.both), human.name, f"{CALL}-voicemail", "x"])
    assert whole == [replace(parts, others=(human,))]
    assert left_over == []


def test_what_is_left_of_a_recording_that_is_kept_makes_no_other() -> None:
    parts = Parts(CALL, 1, 0)
    human = ids.part_name(ids.other_id(CALL, 1), 1, 9000)
    assert group([parts.both[1].name, human]) == ([], sorted([parts.both[1].name, human]))


# --- humans -------------------------------------------------------------------------------------------------


async def with_human(stage: Stage) -> None:
    stage.session.post(e.TransferRequested(1))
    await stage.settle(lambda: "dial" in stage.ari.asked)
    stage.session.post(e.HumanAnswered(2))
    await stage.settle(lambda: "human_joined" in stage.steps())


async def test_the_human_is_recorded_too_and_fills_what_the_caller_heard(tmp_path: Path) -> None:
    stage = await talking(tmp_path)
    await with_human(stage)
    await stage.settle(lambda: stage.ari.asked.count("record") == 3)
    assert [what for what in stage.ari.asked if "snoop" in what] == ["snoop in", "snoop out", "snoop in"]
    deaf = next(name for name in stage.ari.recording if "-heard" in name)
    stage.ari.silent.add(deaf)
    await hung_up(stage)
    await stage.settle(lambda: bool(made(stage)) and not stage.ari.stored)
    (item,) = made(stage)
    with wave.open(str(tmp_path / f"{item.name}.wav")) as file:
        right = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[:, 1]
    assert right.any()
    assert stage.ari.there == {CALLER}


async def test_a_human_who_comes_in_a_pause_is_recorded_after_it(tmp_path: Path) -> None:
    stage = await talking(tmp_path)
    await stage.settle(lambda: "recording_recording" in stage.steps())
    stage.session.post(e.OperatorRecorded("desk", "pause"))
    await stage.settle(lambda: "recording_paused" in stage.steps())
    await with_human(stage)
    assert stage.ari.asked.count("record") == 2
    stage.session.post(e.OperatorRecorded("desk", "resume"))
    await stage.settle(lambda: stage.ari.asked.count("record") == 3)
    stage.session.post(e.OperatorRecorded("desk", "pause"))
    await stage.settle(lambda: stage.ari.asked.count("mute") == 2 + 3)
    await hung_up(stage)


async def test_a_human_who_cannot_be_recorded_does_no_harm(tmp_path: Path) -> None:
    stage = await talking(tmp_path)
    await stage.settle(lambda: "recording_recording" in stage.steps())
    stage.ari.refuse.add("snoop in")
    await with_human(stage)
    await stage.settle(lambda: stage.ari.asked.count("snoop in") == 2)
    await hung_up(stage)
    await stage.settle(lambda: bool(made(stage)))
    assert "recording_failed" not in stage.steps()


# --- what else may be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("codecs", "how"), [("(ulaw)", "record"), ("(alaw|g722)", "record wav16")])
async def test_a_wideband_caller_is_recorded_so(tmp_path: Path, codecs: str, how: str) -> None:
    stage = Stage(folder=tmp_path, recording=Recording("always"))
    stage.ari.codecs = codecs
    await stage.talk()
    await stage.settle(lambda: stage.ari.asked.count(how) == 2)
    await hung_up(stage)


async def test_a_side_that_is_lost_is_noticed_and_the_rest_is_recorded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "LOST_SECONDS", 0.01)
    stage = await talking(tmp_path)
    await stage.settle(lambda: "recording_recording" in stage.steps())
    stage.session.asterisk_event(StasisEnd(channel(ids.heard_id(CALL, 1))))
    await stage.settle(lambda: stage.steps().count("recording_recording") == 2)
    (failed,) = [item for item in stage.items if isinstance(item, StepTaken) and item.kind == "recording_failed"]
    assert failed.detail == "what the caller hears was not recorded any more"
    await hung_up(stage)
    await stage.settle(lambda: len(made(stage)) == 2)


async def test_a_recording_that_ends_with_its_caller_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "LOST_SECONDS", 0.01)
    stage = await talking(tmp_path)
    await stage.settle(lambda: "recording_recording" in stage.steps())
    stage.session.asterisk_event(StasisEnd(channel(ids.said_id(CALL, 1))))
    await hung_up(stage)
    await asyncio.sleep(0.02)
    assert "recording_failed" not in stage.steps()


async def test_the_file_of_a_forgotten_call_is_removed(tmp_path: Path) -> None:
    ari, items = FakeAri(), Items()
    items.forgotten = True
    parts = Parts(CALL, 1, 0)
    ari.stored = dict.fromkeys([part.name for part in parts.both], bytes(44) + b"x" * 16_000)
    recordings = Recordings(ari, tmp_path, items.submit)
    recordings.keep(parts)
    async with asyncio.timeout(5):
        while ari.stored:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await recordings.close()
    assert len(items) == 1
    assert names(tmp_path) == []
