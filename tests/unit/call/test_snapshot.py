"""A call is the same after it was kept and read again. Secrets are not kept; what others wrote is read, or refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from controller.call import events as e
from controller.call.encoding import Unreadable, decode, encode
from controller.call.snapshot import Snapshots, restore
from controller.call.vocabulary import State
from controller.routing.route import BotRung
from controller.routing.trigger import Trigger
from tests.unit.call.calls import BOT, HUMAN, make_call, talking

SECRET = BotRung(
    "ws://bot/",
    token="secret-1",
    signing_secret="secret-2",
    headers={"X": "secret-3"},
    choose_url="https://secret-4",
    choose_secret="secret-5",
    on=frozenset({Trigger.BUSY, Trigger.ESCAPE}),
)


def as_is(bot: BotRung) -> BotRung:
    return bot


def kept(call: Any) -> Any:
    return json.loads(json.dumps(Snapshots(call).take()))


def test_it_goes_on_by_another_clock() -> None:
    call = talking()
    call.receive(e.TransferRequested(1), now=5.0)
    again = restore(kept(call), 1000.0, as_is)
    assert again.deadline == 1000.0 + (call.deadline or 0)
    again.deadline = call.deadline
    different = {name for name, value in vars(call).items() if vars(again)[name] != value}
    assert different == {"started", "now"}
    assert again.state is State.DIALLING
    assert again.way == call.way


def test_secrets_are_not_kept_and_come_back() -> None:
    call = make_call(SECRET, HUMAN)
    call.begin()
    written = kept(call)
    assert "secret" not in json.dumps(written)
    again = restore(written, 0.0, lambda bot: replace(SECRET, on=bot.on) if bot.url == SECRET.url else bot)
    assert again.route == call.route
    assert again.bot == call.bot


def test_what_another_version_added_is_passed_over_and_what_it_lacks_has_its_default() -> None:
    written = encode(BOT)
    written["of"]["colour"] = "green"
    written["of"].pop("reconnect_seconds")
    assert decode(written, as_is) == BotRung("ws://bot/")


@pytest.mark.parametrize(
    "written", [{"is": "Rocket", "of": {}}, {"is": "BotRung", "of": {}}, {"is": "State", "of": "x"}]
)
def test_what_cannot_be_read_is_said(written: Any) -> None:
    with pytest.raises(Unreadable):
        decode(written, as_is)


def test_metadata_may_look_like_anything() -> None:
    data = {"is": "BotRung", "of": [1, {"is": "tuple"}], "": None}
    assert decode(json.loads(json.dumps(encode(data))), as_is) == data


def test_of_nothing_there_is_no_call() -> None:
    with pytest.raises(Unreadable, match="there is no id"):
        restore({}, 0.0, as_is)
