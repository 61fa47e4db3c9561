"""Who listens in, and what is left of them afterwards: nothing."""

import asyncio
from collections.abc import Callable

from controller.ari.events import CallerID, Channel, DialplanCEP, StasisEnd, StasisStart
from controller.session.listeners import Listeners
from tests.unit.session.fakes import CALL, CALLER, FakeAri

NOBODY = CallerID("", "")


def phone(number: str = CALL, name: str = "PJSIP/browser-1-0000001") -> Channel:
    return Channel("phone", name, "Ring", NOBODY, NOBODY, DialplanCEP("from-phone", number, "app,phone"), "")


class Ari(FakeAri):
    """Its snoops enter Stasis when the test says so."""

    async def snoop(self, channel_id: str, snoop_id: str, *, spy: str = "none", whisper: str = "none") -> Channel:
        await self._done(f"snoop {channel_id} {spy} {whisper}")
        self.there.add(snoop_id)
        return phone()


class Call:
    caller_channel = CALLER

    def __init__(self) -> None:
        self.going_on = True
        self.when_ended: list[Callable[[], None]] = []
        self.notes: list[tuple[str, str]] = []

    def note(self, kind: str, detail: str) -> None:
        self.notes.append((kind, detail))


def listeners(ari: Ari, call: Call) -> Listeners:
    return Listeners(
        ari, {CALL: call}, lambda name, call_id: "anna" if "browser-1-" in name and call_id == CALL else ""
    )


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def joined(ari: Ari, call: Call) -> tuple[Listeners, "asyncio.Task[None]"]:
    """Somebody who hears the call."""
    ari.there.add("phone")
    them = listeners(ari, call)
    serving = asyncio.create_task(them.serve(phone()))
    await settle()
    (snoop_id,) = [name for name in ari.there if "-listen" in name]
    snoop = Channel(snoop_id, "Snoop", "Up", NOBODY, NOBODY, DialplanCEP("", "", ""), "")
    assert them.take(StasisStart(snoop, ()), snoop.id)
    await settle()
    assert ari.asked.count("add_leg") == 2
    return them, serving


async def test_both_sides_are_heard_and_neither_spoken_to() -> None:
    ari, call = Ari(), Call()
    them, serving = await joined(ari, call)
    assert f"snoop {CALLER} both none" in ari.asked
    assert call.notes == [("listener_joined", "by anna")]
    assert them.take(StasisEnd(phone()), "phone")
    await serving
    assert call.notes[1:] == [("listener_left", "by anna")]
    assert ari.there == {CALLER}


async def test_who_may_not_is_hung_up() -> None:
    ari, call = Ari(), Call()
    for other in (phone(name="PJSIP/phone-1-1"), phone(number="20261122-163012-zzzzzz")):
        ari.there.add("phone")
        await listeners(ari, call).serve(other)
        assert ari.there == {CALLER}
    call.going_on = False
    ari.there.add("phone")
    await listeners(ari, call).serve(phone())
    assert ari.there == {CALLER}
    assert not call.notes


async def test_the_end_of_the_call_is_the_end_of_listening() -> None:
    ari, call = Ari(), Call()
    _, serving = await joined(ari, call)
    call.going_on = False
    for tell in call.when_ended:
        tell()
    await serving
    assert ari.there == {CALLER}
    assert call.notes == [("listener_joined", "by anna")]


async def test_what_cannot_be_joined_is_given_back() -> None:
    ari, call = Ari(), Call()
    ari.there.add("phone")
    ari.refuse = {f"snoop {CALLER} both none"}
    await listeners(ari, call).serve(phone())
    assert ari.there == {CALLER}
    assert not call.notes


async def test_after_a_gap_in_the_events() -> None:
    ari, call = Ari(), Call()
    them, serving = await joined(ari, call)
    snoop = next(name for name in ari.there if "-listen" in name)
    ari.there |= {"strange", "strange-bridge"}
    await them.compare({"phone": phone(), snoop: phone(), "strange": phone()}, frozenset({snoop, "strange-bridge"}))
    assert not serving.done()
    assert not ari.there & {"strange", "strange-bridge"}
    await them.compare({snoop: phone()}, frozenset())
    await serving
    assert ari.there == {CALLER}


def test_what_is_dialled_says_who_is_no_caller() -> None:
    assert Listeners.dials(phone())
    assert not Listeners.dials(phone("+493023125000"))


def test_news_of_what_is_gone_reach_no_call() -> None:
    them = listeners(Ari(), Call())
    assert them.take(StasisEnd(phone()), f"{CALL}-listen-17")
    assert not them.take(StasisEnd(phone()), f"{CALL}-media")
