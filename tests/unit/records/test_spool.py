"""What is on disk survives: a kill at any byte, a full disk, another controller, lines that nobody can read."""

import errno
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.records import items
from controller.records.item_lines import NoLine, from_line, to_line
from controller.records.items import CallHeld, StepTaken, Writable
from controller.records.spool import Spool, SpoolFull
from tests.unit.records.examples import START, whole_call

ALL = 1_000

MORE: tuple[Writable, ...] = (
    items.DtmfPressed("c1", "d1", 1, "#", 120, "human"),
    items.TransferChanged("c1", "t1", 2.5, 1, "sales", "ringing", "SIP 180", "wants a table"),
    items.VoicemailLeft("c1", "v1", 3, "c1-voicemail.wav", 4000),
    items.CallbackAsked("c1", "callback", 4, "+49301", "soon", START),
    items.HandoffOffered("c1", "h1", 5, "hash", "all of it", START, {"a": [1]}),
    items.MetadataAdded("c1", "m1", 6, "sip", {"x": {"y": None}}),
    items.RecordingMade("c1", "r1", 7, "rec", "wav", 1000, 16_044, "abc"),
    CallHeld("c1", {"call": {"state": "talking", "legs": [1, 2]}}),
)


def step(number: int) -> StepTaken:
    return StepTaken("c1", number, float(number), "step", "ü\n\u2028👋")


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def rest(spool: Spool) -> list[Writable]:
    """All that is waiting, read as it is stored."""
    found: list[Writable] = []
    while spool.waiting:
        found += await spool.first(3)
        await spool.stored()
    return found


@pytest.mark.parametrize("item", [*whole_call(), *MORE], ids=lambda item: type(item).__name__)
def test_every_item_is_the_same_when_it_comes_back(item: Writable) -> None:
    line = to_line(item)
    assert from_line(line) == item
    assert line.count(b"\n") == 1


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.dictionaries(st.text("ab\x00é"), st.integers()))
def test_any_words_come_back(words: str, data: dict[str, int]) -> None:
    item = items.ResultReported("c1", "r1", 1.5, words, data)
    assert from_line(to_line(item)) == item


def test_what_no_line_can_hold_is_said() -> None:
    with pytest.raises(NoLine, match="StepTaken of call c1"):
        to_line(StepTaken("c1", 0, 0, "\ud800"))


async def test_order_is_kept_over_files_of_several_controllers(tmp_path: Path) -> None:
    for number in range(3):
        dead = Spool(tmp_path)
        await dead.append([step(10 * number + n) for n in range(5)])
        dead.close()
    spool = Spool(tmp_path)
    await spool.open()
    assert spool.waiting == 15
    await spool.append([step(99)])
    assert await spool.first(2) == await spool.first(2) == [step(0), step(1)]
    assert await rest(spool) == [step(10 * number + n) for number in range(3) for n in range(5)] + [step(99)]
    assert files(tmp_path) == []
    await spool.append([step(1)])
    assert await rest(spool) == [step(1)]
    spool.close()


async def test_a_kill_at_any_byte_loses_only_what_was_not_acknowledged(tmp_path: Path) -> None:
    writing = Spool(tmp_path / "whole")
    await writing.append([step(0), step(1)])
    writing.close()
    (path,) = files(tmp_path / "whole")
    kept = path.read_bytes()
    after = to_line(step(2))
    for cut in range(len(after)):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        (folder / path.name).write_bytes(kept + after[:cut])
        spool = Spool(folder)
        await spool.open()
        await spool.append([step(3)])
        assert await rest(spool) == [step(0), step(1), step(3)], f"{cut} bytes of the last line"
        spool.close()


async def test_a_tail_of_zeros_and_a_rotten_line_are_passed_over(tmp_path: Path) -> None:
    lines = [to_line(step(0)), b"\x00\x01 rotten\n", b'{"kind":"Unknown","item":{}}\n', to_line(step(1)), b"\x00" * 300]
    (tmp_path / "1.jsonl").write_bytes(b"".join(lines))
    spool = Spool(tmp_path)
    await spool.open()
    assert await rest(spool) == [step(0), step(1)]
    assert spool.unreadable == 2
    assert files(tmp_path) == []
    spool.close()


async def test_a_living_controllers_file_is_its_own(tmp_path: Path) -> None:
    living = Spool(tmp_path)
    await living.append([step(0)])
    other = Spool(tmp_path)
    await other.open()
    assert other.waiting == 0
    await other.append([step(1)])
    assert await rest(living) == [step(0)]
    assert await rest(other) == [step(1)]
    living.close()
    other.close()


async def test_a_full_disk_takes_nothing_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    await spool.append([step(0)])
    room = 10

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        part, room = data[:room], max(0, room - len(data))
        return os.write(descriptor, part) if os.lseek(descriptor, offset, os.SEEK_SET) == offset else 0

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(OSError, match="No space"):
        await spool.append([step(1)])
    monkeypatch.undo()
    await spool.append([step(2)])
    spool.close()
    after = Spool(tmp_path)
    await after.open()
    assert await rest(after) == [step(0), step(2)]
    after.close()


async def test_it_is_bounded_and_held_calls_make_room_first(tmp_path: Path) -> None:
    bound = Spool(tmp_path, bytes_max=1_000)
    added = await fill(bound, [CallHeld("c1", {"n": "x" * 50}), step(0)])
    held = [item for item in await bound.first(ALL) if isinstance(item, CallHeld)]
    assert 0 < len(held) < added, "past half of it, only records are taken"
    assert bound.size <= 1_000
    bound.close()


async def fill(spool: Spool, batch: Sequence[Writable]) -> int:
    """How often it fits."""
    for count in range(ALL):
        try:
            await spool.append(batch)
        except SpoolFull:
            return count
    raise AssertionError("it is never full")


async def test_times_are_the_same_instant(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    at = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
    await spool.append([items.CallClosed("c1", at, "bot_hung_up", None, None, {"mos": 4.4, "packets_in": 3})])
    assert await rest(spool) == [items.CallClosed("c1", at, "bot_hung_up", None, None, {"mos": 4.4, "packets_in": 3})]
    spool.close()
