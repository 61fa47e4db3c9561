from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.heard import Loss
from tests.chaos.judge import HEADING, Bounds, Outcome, row, wrong

CLEAN = Loss(lost_ms=0, silent_ms=40, repeated=0, foreign=0)
HELD = Outcome("killed", 7, live=2, lost=0, losses=(CLEAN, CLEAN), records_lost=0, recovered_ms=900)


def test_nothing_lost_is_held() -> None:
    assert wrong(HELD, Bounds()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"live": 0}, "no call was up"),
        ({"lost": 1}, "1 of 2 calls lost"),
        ({"losses": (CLEAN, Loss(20, 40, 0, 0))}, "20 ms of a call's audio lost, 0 at most"),
        ({"losses": (CLEAN, Loss(0, 40, 0, 3))}, "3 frames of another call"),
        ({"records_lost": 1}, "1 records lost"),
        ({"recovered_ms": None}, "not recovered"),
        ({"recovered_ms": 10_001}, "recovered after 10001 ms"),
        ({"left_behind": ("PJSIP/trunk-1",)}, "left behind in Asterisk: PJSIP/trunk-1"),
    ],
)
def test_each_loss_is_found(changed: dict[str, Any], said: str) -> None:
    (found,) = wrong(replace(HELD, **changed), Bounds())
    assert found.startswith(said)


def test_calls_that_cannot_be_saved_keep_their_records() -> None:
    gone = replace(HELD, lost=2, losses=(Loss(6_000, 6_000, 0, 0),))
    assert wrong(gone, Bounds(lost_all=True)) == []
    assert wrong(replace(gone, records_lost=2), Bounds(lost_all=True)) == ["2 records lost"]


def test_a_line_has_what_is_promised() -> None:
    assert {"fault", "live", "lost", "audio_lost_ms", "records_lost", "recovered_ms"} <= set(HELD.line)
    assert row(HELD.line, []).endswith("held")
    assert row(HELD.line, ["20 ms lost"]).endswith("20 ms lost")
    assert HEADING.startswith("fault")


def test_only_an_asterisk_takes_its_calls_with_it() -> None:
    assert [name for name, fault in FAULTS.items() if fault.bounds.lost_all] == ["asterisk_killed"]
