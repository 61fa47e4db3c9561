"""The kit against bots that are right and bots that are wrong: it must tell which is which."""

import asyncio
import json
from typing import Any

import pytest

from controller.bot import sdk
from controller.bot.adapters.adapter import Behaviour
from controller.carrier.sounds import tone
from controller.conformance import steps
from controller.conformance.line import BotLine, Target
from controller.conformance.report import Check, Outcome, as_json, as_text, passed
from controller.conformance.run import run
from controller.conformance.steps import Wishes
from tests.bots.openai_server import KEY, Session, serving_model
from tests.unit.bot.scripted_bot import Line, accept, serving

SPEECH = tone(440, 0.1)
LONG = bytes(range(256)) * 100
"""3.2 s of G.711."""


@pytest.fixture
def quick(sooner: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - behind it
    """For what does not come: what comes is not waited for any longer than it takes."""
    for name in ("REACTION_SECONDS", "TURN_SECONDS", "INTERRUPTION_SECONDS"):
        monkeypatch.setattr(steps, name, 0.5)


@pytest.fixture(autouse=True)
def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REACTION_SECONDS", "TURN_SECONDS", "INTERRUPTION_SECONDS"):
        monkeypatch.setattr(steps, name, 2.0)
    monkeypatch.setattr(steps, "GRACE_SECONDS", 0.2)


def outcomes(checks: list[Check]) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in checks}


def good_bot() -> sdk.Bot:
    bot = sdk.Bot(token="secret")

    @bot.call
    async def lead(call: sdk.Call) -> None:
        await call.accept()
        await call.send(bytes(800))
        async for event in call:
            match event:
                case sdk.Dtmf(digit="0"):
                    await call.transfer(summary="pressed 0")
                    await call.send(bytes(800))
                case sdk.Dtmf(digit="9"):
                    return
                case sdk.Dtmf():
                    call.result("Pressed", {"key": event.digit})
                case sdk.SpeechStarted():
                    await call.clear()
                case sdk.Audio() if any(byte != 0xFF for byte in event.audio):
                    await call.send(LONG[: 8 * 400])

    return bot


async def test_a_good_bot_passes() -> None:
    async with good_bot().serving() as url:
        checks = await run(Target(url, token="secret"), Wishes(SPEECH, transfer_key="0", hangup_key="9"))
    assert [check.name for check in checks if check.outcome is Outcome.FAILED] == []
    assert passed(checks)
    seen = outcomes(checks)
    for name in ("accepts", "speaks", "hears", "takes keys", "is interrupted", "transfers", "hangs up", "lets go",
                 "refuses a wrong token", "goes on after a break", "survives a broken connection"):  # fmt: skip
        assert seen[name] is Outcome.PASSED, name


@pytest.mark.usefixtures("quick")
async def test_a_bot_that_says_nothing_and_lets_everybody_in_fails() -> None:
    async def mute(line: Line) -> None:
        await accept(line)
        while await line.hear() is not None:
            pass

    async with serving(mute) as bot:
        checks = await run(Target(bot.url, token="secret"), Wishes(SPEECH))
    seen = outcomes(checks)
    assert seen["speaks"] is Outcome.FAILED
    assert seen["hears"] is seen["takes keys"] is Outcome.NOT_SEEN
    assert seen["goes on after a break"] is Outcome.NOT_SEEN
    assert seen["refuses a wrong token"] is Outcome.FAILED
    assert not passed(checks)


@pytest.mark.usefixtures("quick")
async def test_a_bot_that_falls_over_what_it_does_not_know_fails() -> None:
    async def strict(line: Line) -> None:
        await accept(line)
        await line.socket.send_bytes(bytes(80))
        while (heard := await line.hear_message()) is not None:
            if heard["type"] not in {"answered", "speech_started", "dtmf", "end"}:
                await line.socket.close(code=1011)
                return

    async with serving(strict) as bot:
        seen = outcomes(await run(Target(bot.url), Wishes(SPEECH)))
    assert seen["ignores what it does not know"] is Outcome.FAILED
    assert seen["lets go"] is Outcome.FAILED


@pytest.mark.usefixtures("quick")
async def test_a_bot_that_says_a_thing_twice_fails() -> None:
    async def repeats(line: Line) -> None:
        await accept(line)
        await line.socket.send_bytes(bytes(80))
        for _ in range(2):
            await line.say(type="result", id="r1", name="Booked")
        while await line.hear() is not None:
            pass

    async with serving(repeats) as bot:
        checks = await run(Target(bot.url), Wishes(SPEECH))
    (report,) = [check for check in checks if check.name == "reports"]
    assert report.outcome is Outcome.FAILED
    assert report.got == "2 result; twice: result r1"


async def test_a_bot_that_rejects_or_is_away() -> None:
    async def refuses(line: Line) -> None:
        await line.hear()
        await line.say(type="reject", reason="busy", message="full")
        await line.hear()

    async with serving(refuses) as bot:
        (check,) = await run(Target(bot.url), Wishes(SPEECH))
    assert (check.behaviour, check.outcome, check.got) == (Behaviour.REJECT, Outcome.PASSED, "reject: busy full")
    (check,) = await run(Target("ws://127.0.0.1:1/"), Wishes(SPEECH))
    assert check.outcome is Outcome.FAILED
    assert "refused" in check.got


async def test_a_bot_of_another_protocol() -> None:
    async def echoes(line: Line) -> None:
        while (heard := await line.hear()) is not None:
            if heard["event"] == "media":
                audio = {"payload": heard["media"]["payload"]}
                await line.say(event="media", streamSid=heard["streamSid"], media=audio)

    async with serving(echoes) as bot:
        bot.subprotocols = ()
        checks = await run(Target(bot.url, "twilio"), Wishes(SPEECH))
    assert passed(checks), as_text("twilio", bot.url, checks)
    seen = outcomes(checks)
    assert seen["hears"] is Outcome.PASSED
    assert "goes on after a break" not in seen


async def test_a_speech_model() -> None:
    async def begin(session: Session) -> None:
        session.on_event = react

    async def react(session: Session, event: Any) -> None:
        if event.type == "response.create":
            await session.speak(LONG, "Good morning")

    async with serving_model(begin) as server:
        target = Target(server.url, "openai", KEY)
        checks = await run(target, Wishes(SPEECH, press="5#"))
        (fault,) = server.faults
        assert fault.startswith("conformance.unknown is no client event")
    assert outcomes(checks)["takes keys"] is Outcome.PASSED
    assert outcomes(checks)["refuses a wrong token"] is Outcome.PASSED
    assert passed(checks)


def test_the_report_for_people_and_for_programs() -> None:
    checks = [
        Check("hears", Behaviour.HEAR, Outcome.PASSED, "speech", "audio", "audio"),
        Check("lets go", None, Outcome.FAILED, "end", "a close frame", "still open"),
        Check("is interrupted", Behaviour.BARGE_IN, Outcome.NOT_SEEN, "speech", "clear", "nothing"),
    ]
    text = as_text("twilio", "ws://bot/", checks)
    assert "FAILED    lets go" in text
    assert text.endswith("1 passed, 1 failed, 1 not seen")
    lines = [json.loads(line) for line in as_json("twilio", checks).splitlines()]
    assert [(line["behaviour"], line["passed"]) for line in lines[:3]] == [
        ("hear", True), ("lets_go", False), ("barge_in", None),
    ]  # fmt: skip
    assert {"protocol", "behaviour", "cannot"} == set(lines[3])
    assert not passed(checks)


async def test_the_callers_clock_is_real_time_and_interruptions_are_counted() -> None:
    async def talks(line: Line) -> None:
        await accept(line)
        await line.socket.send_bytes(LONG)
        await asyncio.sleep(0.3)
        await line.say(type="clear")
        while await line.hear() is not None:
            pass

    async with serving(talks) as bot:
        line = BotLine(Target(bot.url))
        await line.open()
        line.answer()
        assert await line.until(line.messages, 2.0)
        await line.until(lambda: False, 0.05)
        heard = bytes(line.heard)
        await line.end()
    assert line.waiting_ms == 0
    played = int(line.session.downlink.statistics["played_ms"])
    assert heard[: played * 8] == LONG[: played * 8]
    assert set(heard[(played + 20) * 8 :]) <= {0xFF}
    assert len(line.spoken) >= played * 8
