"""The webhook that chooses a bot is asked while the phone rings, and its bot is the one that is opened."""

from dataclasses import replace

from controller.bot.chooser import BotChoice, Chosen, Webhook
from controller.call import events as e
from controller.media import control_messages as media
from controller.records.items import StepTaken
from controller.routing.route import BotRung
from tests.unit.session.fakes import CALL, Stage

ASKED = BotRung(
    "wss://usual/", "usual-token", username="us", name="reception", parameters={"a": "b"}, reconnect_seconds=0,
    choose_url="https://crm/?key=k3y", choose_secret="ch00se", choose_seconds=0.5,
)  # fmt: skip


def opened(stage: Stage) -> media.Open:
    (order,) = [told for told in stage.worker.told if isinstance(told, media.Open)]
    return order


def step(stage: Stage, kind: str) -> str:
    (found,) = [item.detail for item in stage.items if isinstance(item, StepTaken) and item.kind == kind]
    return found


async def test_it_rings_meanwhile_and_the_chosen_bot_gets_the_call() -> None:
    stage = Stage(ASKED)
    await stage.settle(lambda: bool(stage.chooser.asked) and "ring" in stage.ari.asked)
    assert stage.worker.told == []
    ((webhook, question),) = stage.chooser.asked
    assert webhook == Webhook("https://crm/?key=k3y", "ch00se", 0.5)
    assert (question.call_id, question.caller, question.callee, question.route) == (CALL, "1", "2", "test")
    assert question.usual == BotChoice("wss://usual/", "native", {"a": "b"}, "usual-token", {}, "us")
    other = BotChoice("wss://other/call?key=k3y", "twilio", {"c": "d"}, "its-own", {"X-A": "b"})
    stage.chooser.chosen = Chosen(other)
    stage.chooser.answer.set()
    await stage.talk()
    target = opened(stage).bot
    assert (target.url, target.protocol, target.parameters) == (other.url, "twilio", {"c": "d"})
    assert (target.token, target.username, target.headers) == ("its-own", "", {"X-A": "b"})
    assert opened(stage).start.parameters == {"c": "d"}
    stage.session.post(e.CallerGone())
    await stage.ended()
    assert step(stage, "bot_chosen") == "wss://other/call, twilio"
    assert "k3y" not in repr(stage.items)
    assert "its-own" not in repr(stage.items)


async def test_without_an_answer_it_is_the_usual_bot_and_the_record_says_why() -> None:
    stage = Stage(ASKED)
    stage.chooser.answer.set()
    await stage.talk()
    assert (opened(stage).bot.url, opened(stage).bot.username) == ("wss://usual/", "us")
    stage.session.post(e.CallerGone())
    await stage.ended()
    assert step(stage, "bot_not_chosen") == "no answer within 1 s"


async def test_a_caller_who_hangs_up_meanwhile() -> None:
    stage = Stage(ASKED)
    await stage.settle(lambda: bool(stage.chooser.asked))
    stage.session.post(e.CallerGone())
    await stage.settle(lambda: stage.session.call.ending is not None)
    stage.chooser.answer.set()
    await stage.ended()
    assert stage.worker.told == []


async def test_nobody_is_asked_where_the_route_does_not_say_so() -> None:
    stage = Stage(replace(ASKED, choose_url=""))
    await stage.talk()
    assert stage.chooser.asked == []
    stage.session.post(e.CallerGone())
    await stage.ended()
