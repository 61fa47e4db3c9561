"""What is kept of a call in progress is kept when it changes, and read again by whoever goes on with it."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.call import events as e
from controller.call.call import Call
from controller.call.encoding import Unreadable
from controller.records.items import CallHeld
from controller.records.store import Held
from controller.routing.route import Decision, Route
from controller.session.holding import Holding, resume
from tests.unit.call.calls import ARRIVAL, BOT, HUMAN, make_call

NOW = datetime(2026, 11, 22, 16, 30, 12, tzinfo=UTC)
SECRET = replace(BOT, token="hidden")


def held() -> tuple[Holding, list[CallHeld]]:
    call, kept = make_call(SECRET, HUMAN), list[CallHeld]()
    call.begin()
    return Holding(call, "1795.1", kept.append, lambda: "2026"), kept


async def test_only_what_has_changed_is_kept_again() -> None:
    holding, kept = held()
    holding.keep(NOW, {})
    holding.keep(NOW, {})
    holding.keep(NOW, {"packets_in": 7})
    assert [one.state["statistics"] for one in kept] == [{}, {"packets_in": 7}]


async def test_what_was_kept_is_a_call_again_with_its_secrets() -> None:
    taken: list[CallHeld] = []
    call = make_call(SECRET, HUMAN)
    call.begin()
    Holding(call, "1795.1", taken.append, lambda: "2026").keep(NOW, {"packets_in": 7})
    state = json.loads(json.dumps(taken[0].state))
    resumed = resume(Held("id", state, 5), {SECRET.key: SECRET})
    assert (resumed.caller_channel, resumed.started_at, resumed.steps, resumed.asterisk) == ("1795.1", NOW, 5, "2026")
    assert resumed.call.route == call.route
    assert resumed.call.receive(e.BotAccepted(1), now=resumed.call.started + 1)


async def resumed_after(started_at: datetime, boot: str = "") -> float:
    """For how long the call lasts already, to the next controller, on this machine or another; it is 7 s."""
    now, taken = asyncio.get_running_loop().time(), list[CallHeld]()
    call = Call("id", ARRIVAL, Decision(Route("test", (SECRET, HUMAN), None), "test"), now=now - 7)
    call.begin()
    Holding(call, "1795.1", taken.append, lambda: "2026").keep(started_at, {})
    state = json.loads(json.dumps(taken[0].state))
    if boot:
        state["steady"]["boot"] = boot
    return asyncio.get_running_loop().time() - resume(Held("id", state, 5), {SECRET.key: SECRET}).call.started


@pytest.mark.parametrize("hours", [-3, 0, 3])
async def test_a_clock_that_was_set_moves_no_deadline(hours: int) -> None:
    lasts = await resumed_after(datetime.now(UTC) - timedelta(hours=hours, seconds=7))
    assert 7 <= lasts < 60


async def test_on_another_machine_the_time_of_day_is_all_there_is() -> None:
    lasts = await resumed_after(datetime.now(UTC) - timedelta(seconds=7), boot="another")
    assert 7 <= lasts < 60
    lasts = await resumed_after(datetime.now(UTC) - timedelta(hours=3), boot="another")
    assert lasts >= 3 * 3600


@pytest.mark.parametrize("state", [{}, {"version": 2}, {"version": 1}, {"version": 1, "started_at": "yesterday"}])
async def test_what_cannot_be_read_is_said(state: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        resume(Held("id", state, 0), {})
