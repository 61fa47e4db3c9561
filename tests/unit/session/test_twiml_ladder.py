"""What becomes of the verbs of a TwiML document."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from controller.api.control import NotAllowed, NotSupported
from controller.bot import twiml
from controller.bot.twiml import Callback
from controller.call.call import Call
from controller.routing.route import (
    AnnouncementRung,
    Arrival,
    BotRung,
    Decision,
    Destination,
    DocumentRung,
    Fence,
    HumanRung,
    KeysRung,
    QueueRung,
    ReferRung,
    Route,
    Sound,
)
from controller.session.twiml_ladder import LOOPS_MAX, callbacks, to_ladder
from controller.session.voices import Voices
from controller.sounds.sounds import Sounds

BOT = BotRung("ws://bot/", "token", name="reception", headers={"X-Secret": "s"}, calls_max=3, transport="websocket")
DESK = HumanRung("PJSIP/a", others=("PJSIP/b",), name="desk")
FENCE = Fence(("+49",), queues=("sales",), country="DE")
HUMANS: dict[str, Destination] = {"desk": DESK, "away": ReferRung("sip:a@b")}
NUMBER = "+493023125100"


def files(folder: Path) -> list[Path]:
    return list(folder.glob("*.wav"))


@pytest.fixture
def call() -> Call:
    route = Route("r", (BOT,), DESK, HUMANS, fence=FENCE, language="de")
    return Call("id", Arrival("trunk", "", "", ""), Decision(route, ""), 0.0)


@pytest.fixture
async def voices(tmp_path: Path) -> Voices:
    sounds = Sounds(tmp_path)
    await sounds.open()
    return Voices(sounds)


async def test_say_is_an_announcement_as_often_as_asked(call: Call, voices: Voices, tmp_path: Path) -> None:
    ladder = await to_ladder([twiml.Say("Hallo", loop=2), twiml.Hangup()], call, voices)
    (path,) = files(tmp_path)
    assert ladder == (AnnouncementRung(Sound("Hallo", language="de", media=f"sound:{tmp_path / path.stem}")),) * 2
    assert len(await to_ladder([twiml.Say("Hallo", "en-GB", loop=1_000)], call, voices)) == LOOPS_MAX


async def test_a_pause_is_silence_of_its_length(call: Call, voices: Voices, tmp_path: Path) -> None:
    ladder = await to_ladder([twiml.Pause(61)], call, voices)
    assert [str(rung) for rung in ladder] == ["announcement 60 s of silence", "announcement 1 s of silence"]
    sizes = {struct.unpack("<I", path.read_bytes()[40:44])[0] for path in files(tmp_path)}
    assert sizes == {60 * 16_000, 16_000}
    assert await to_ladder([twiml.Pause(0), twiml.Hangup()], call, voices) == ()


async def test_who_is_dialled(call: Call, voices: Voices) -> None:
    (one,) = await to_ladder([twiml.Dial((NUMBER,), seconds=7)], call, voices)
    assert one == HumanRung(f"PJSIP/{NUMBER}@trunk", 7.0, name=NUMBER)
    (both,) = await to_ladder([twiml.Dial((NUMBER, "desk"))], call, voices)
    assert isinstance(both, HumanRung)
    assert both.endpoints == (f"PJSIP/{NUMBER}@trunk", "PJSIP/a", "PJSIP/b")
    assert both.order == "at_once"
    assert await to_ladder([twiml.Dial(("away",))], call, voices) == (HUMANS["away"],)
    assert await to_ladder([twiml.Dial(queue="sales")], call, voices) == (QueueRung("sales"),)


@pytest.mark.parametrize("dial", [twiml.Dial(("+19005550000",)), twiml.Dial(queue="other"), twiml.Dial(("sip:a@x",))])
async def test_the_fence_holds(call: Call, voices: Voices, dial: twiml.Dial) -> None:
    with pytest.raises(NotAllowed):
        await to_ladder([dial], call, voices)


async def test_another_bot_is_like_this_one_but_for_its_secrets_and_limits(call: Call, voices: Voices) -> None:
    stream = twiml.ConnectStream("wss://other/a?key=1", (("a", "b"),))
    (rung,) = await to_ladder([stream], call, voices, BOT)
    assert rung == BotRung(
        "wss://other/a?key=1", "token", name="other/a", protocol="twilio", parameters={"a": "b"}, transport="websocket"
    )


async def test_what_action_names_comes_next_and_nothing_else(call: Call, voices: Voices) -> None:
    then = twiml.Redirect("https://author.example/next?key=k3y", "GET")
    after = DocumentRung(then.url, "GET", "author.example")
    for verb in (twiml.Dial(("desk",), then=then), twiml.ConnectStream("wss://other/", then=then)):
        ladder = await to_ladder([verb, twiml.Say("never"), twiml.Hangup()], call, voices)
        assert ladder[1:] == (after,)
    with pytest.raises(NotSupported, match="a whole URL"):
        await to_ladder([twiml.Dial(("desk",), then=twiml.Redirect("/next"))], call, voices)


async def test_keys_and_a_redirect_come_in_their_turn(call: Call, voices: Voices) -> None:
    redirect = twiml.Redirect("https://author.example/next?key=k3y", "GET")
    ladder = await to_ladder([twiml.PlayDigits("12w#", loop=2), redirect], call, voices)
    assert ladder == (KeysRung("12w#"), KeysRung("12w#"), DocumentRung(redirect.url, "GET", "author.example"))
    assert "12" not in str(ladder[0])


async def test_another_bot_keeps_the_account_and_is_told_who_wants_to_hear_of_it(call: Call, voices: Voices) -> None:
    ours = replace(BOT, parameters={"accountSid": "AC1", "tenant": "north"})
    callback = Callback("https://author.example/stream", "GET")
    stream = twiml.ConnectStream("wss://other/", (), None, "second", callback)
    (rung,) = await to_ladder([stream], call, voices, ours)
    assert isinstance(rung, BotRung)
    assert rung.parameters == {
        "accountSid": "AC1",
        "statusCallback": callback.url,
        "statusCallbackMethod": "GET",
        "streamName": "second",
    }


def test_who_wants_to_hear_of_which_phone(call: Call) -> None:
    first, second = Callback("https://a.example/1"), Callback("https://a.example/2")
    dial = twiml.Dial((NUMBER, "desk", "away"), callbacks=((NUMBER, first), ("desk", second), ("away", second)))
    assert callbacks([twiml.Say("x"), dial], call) == {
        f"PJSIP/{NUMBER}@trunk": (NUMBER, first),
        "PJSIP/a": ("desk", second),
        "PJSIP/b": ("desk", second),
    }


@pytest.mark.parametrize(
    "action",
    [
        twiml.Redirect("/relative"),
        twiml.Dial(("desk",), queue="sales"),
        twiml.Dial(("desk", "away")),
    ],
)
async def test_what_cannot_be_done(call: Call, voices: Voices, action: twiml.Action) -> None:
    with pytest.raises(NotSupported):
        await to_ladder([action], call, voices)
