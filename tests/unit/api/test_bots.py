"""How the bots are, from what is written about calls."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controller.api.bot_states import BotState, BotStates
from controller.records.items import CallClosed, CallOpened, StepTaken
from tests.unit.api.conftest import Api
from tests.unit.api.fakes import LIVE

BEGAN = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)


def call(states: BotStates, *steps: tuple[str, str], name: str = "c", response_ms: float | None = None) -> None:
    states.observe(CallOpened(name, BEGAN, None, None, None, "sales"))
    for place, (kind, detail) in enumerate(steps):
        states.observe(StepTaken(name, place, place * 1_000, kind, detail))
    statistics = {} if response_ms is None else {"bot_response_ms": response_ms}
    states.observe(CallClosed(name, BEGAN, "caller_hung_up", None, None, statistics))


def test_nothing_is_known_before_the_first_call() -> None:
    assert BotStates().of("reception").state is BotState.UNKNOWN


def test_what_the_latest_call_says() -> None:
    states = BotStates()
    call(states, ("rung", "bot reception"), ("bot_accepted", ""))
    assert (states.of("reception").state, states.of("reception").since) == (BotState.UP, BEGAN + timedelta(seconds=1))
    call(states, ("rung", "bot reception"), ("rung_left", "unreachable: nobody answers"), ("rung", "human desk"))
    assert (states.of("reception").state, states.of("reception").detail) == (
        BotState.DOWN,
        "unreachable: nobody answers",
    )
    call(states, ("rung", "bot reception"), ("rung_left", "busy"))
    assert states.of("reception").state is BotState.BUSY
    call(states, ("rung", "bot reception"), ("bot_accepted", ""), ("rung_left", "escape"))
    assert states.of("reception").state is BotState.UP


def test_each_has_its_own() -> None:
    states = BotStates()
    call(states, ("rung", "bot a"), ("rung_left", "stalled"), ("rung", "bot b"), ("bot_accepted", ""))
    assert (states.of("a").state, states.of("b").state) == (BotState.DOWN, BotState.UP)


async def test_the_list(api: Api) -> None:
    (bot,) = (await api.json("GET", "/v1/bots", "read"))["bots"]
    assert (bot["name"], bot["url"], bot["state"], bot["response_ms"], bot["demo"]) == (
        "reception", "ws://bot/", "unknown", None, False,
    )  # fmt: skip
    for response_ms in (300.0, 500.0, 900.0):
        call(api.parts.bots, ("rung", "bot reception"), ("bot_accepted", ""), response_ms=response_ms)
    api.calls.calls = [replace(LIVE, bot="reception")]
    (bot,) = (await api.json("GET", "/v1/bots", "read"))["bots"]
    assert (bot["state"], bot["response_ms"], bot["calls"]) == ("up", 500.0, 1)
