"""What another controller finds is told to the call in an order in which it can be understood."""

from controller.ari import ids
from controller.ari.events import CallerID, Channel, DialplanCEP
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import State
from controller.session import adoption
from controller.session.adoption import Found
from tests.unit.call.calls import BOT, HUMAN, feed, make_call

NOBODY, DIALPLAN = CallerID("", ""), DialplanCEP("", "", "")


def kept_while_it_rang() -> tuple[Call, Found]:
    """The bot had accepted and the caller was answered when its controller was killed, and neither was kept."""
    call = make_call(BOT, HUMAN)
    call.begin()
    media = ids.media_id(call.id, 1)
    channels = {one: Channel(one, one, "Up", NOBODY, NOBODY, DIALPLAN, "") for one in ("caller", media)}
    bridges = {ids.bridge_id(call.id): frozenset({"caller", media})}
    return call, Found(channels.pop("caller"), channels=channels, bridges=bridges, bots={1: True})


def test_a_request_for_a_human_is_heard_though_the_answer_was_not_kept() -> None:
    call, found = kept_while_it_rang()
    first, last = adoption.parted(adoption.news(call, found))
    feed(call, *first, e.TransferRequested(1), *last)
    assert call.state is State.DIALLING


def test_what_was_said_before_an_end_is_said() -> None:
    call, found = kept_while_it_rang()
    found.caller = None
    assert adoption.parted(adoption.news(call, found)) == ([], [e.CallerGone()])
