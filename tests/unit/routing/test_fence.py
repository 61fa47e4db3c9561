"""What a bot may ask for, and everything that it may not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import RefusedDestination
from controller.routing.fence import RateLimit, check_count, resolve
from controller.routing.route import BotRung, Fence, HumanRung, QueueRung, ReferRung, Route

DESK = HumanRung("PJSIP/desk", name="desk")
SALES = ReferRung("sip:sales@pbx.example.com", name="sales")
FENCE = Fence(
    prefixes=("+4930", "+49151", "+49900", "+49180", "+491801234567"),
    endpoints=("PJSIP/2*", "PJSIP/100@pbx", "sip:*@pbx.example.com", "PJSIP/*@trunk"),
    queues=("support",),
    refer="sip:{number}@pbx.example.com",
    country="DE",
)
ROUTE = Route("r", ladder=(BotRung("ws://b"),), human=DESK, humans={"sales": SALES}, fence=FENCE)


@pytest.mark.parametrize(
    ("to", "way", "destination"),
    [
        ("", "", DESK),
        ("human", "bridge", DESK),
        ("human", "queue", DESK),
        (" human ", "attended", DESK),
        ("sales", "", SALES),
        ("+493023125100", "", HumanRung("PJSIP/+493023125100@trunk", name="+493023125100")),
        ("030 23125-100", "attended", HumanRung("PJSIP/+493023125100@trunk", name="+493023125100")),
        ("(030) 23125100", "refer", None),
        ("0049 30 23125100", "refer", ReferRung("sip:+493023125100@pbx.example.com", name="+493023125100")),
        ("+491801234567", "", HumanRung("PJSIP/+491801234567@trunk", name="+491801234567")),
        ("PJSIP/201", "", HumanRung("PJSIP/201", name="PJSIP/201")),
        ("PJSIP/100@pbx", "bridge", HumanRung("PJSIP/100@pbx", name="PJSIP/100@pbx")),
        ("sip:bob@pbx.example.com", "refer", ReferRung("sip:bob@pbx.example.com", name="sip:bob@pbx.example.com")),
        (
            "sip:bob@pbx.example.com",
            "",
            HumanRung("PJSIP/trunk/sip:bob@pbx.example.com", name="sip:bob@pbx.example.com"),
        ),
        ("support", "queue", QueueRung("support")),
    ],
)
def test_what_is_allowed(to: str, way: str, destination: object) -> None:
    if destination is None:
        with pytest.raises(RefusedDestination):
            resolve(ROUTE, to, way)
    else:
        assert resolve(ROUTE, to, way) == destination


@pytest.mark.parametrize(
    ("to", "way", "reason"),
    [
        ("+441632960000", "", "no prefix that is allowed"),
        ("+4940123456", "", "no prefix that is allowed"),
        ("0900 1234567", "", "is a premium number"),
        ("+499001234567", "refer", "is a premium number"),
        ("+491801234568", "", "costs more than a call"),
        ("+4930", "", "is no telephone number"),
        ("+4930231251234567", "", "is no telephone number"),
        ("+491511234567", "", "is no number that exists"),
        ("110", "", "is no telephone number"),
        ("*21#", "", "there is no human"),
        ("+493023125100&PJSIP/900", "", "is not allowed"),
        ("+493023125100,5,tT", "", "there is no human"),
        ("+493023125100@evil", "", "there is no human"),
        ("PJSIP/201&PJSIP/+499001234567", "", "is not allowed"),
        ("PJSIP/201/x", "", "is not allowed"),
        ("PJSIP/2@evil", "", "is not allowed"),
        ("PJSIP/201;x=y", "", "is not allowed"),
        ("PJSIP/201\nX: y", "", "that is no destination"),
        ("PJSIP/300", "", "is not allowed"),
        ("PJSIP/09001234567@trunk", "", "is a premium number"),
        ("PJSIP/+499001234567@trunk", "", "is a premium number"),
        ("PJSIP/+441632960000@trunk", "", "no prefix that is allowed"),
        ("PJSIP/9001234567@trunk", "", "is a premium number"),
        ("PJSIP/40123456@trunk", "", "no prefix that is allowed"),
        ("Local/s@default", "", "is not allowed"),
        ("PJSIP/201", "refer", "is no SIP URI"),
        ("sip:bob@evil.example.com", "", "is not allowed"),
        ("sip:bob@evil?Replaces=x@pbx.example.com", "refer", "is not allowed"),
        ("sip:09001234567@pbx.example.com", "refer", "is a premium number"),
        ("sales", "fax", "no way of transfer 'fax': it is one of attended, bridge, queue, refer"),
        ("marketing", "", "there is no human 'marketing': known are sales"),
        ("marketing", "queue", "the queue 'marketing' is not allowed"),
        ("x" * 201, "", "that is no destination"),
    ],
)
def test_what_is_refused_and_why(to: str, way: str, reason: str) -> None:
    with pytest.raises(RefusedDestination) as caught:
        resolve(ROUTE, to, way)
    assert reason in str(caught.value)


def test_without_a_human_there_is_none() -> None:
    with pytest.raises(RefusedDestination, match="route r has no human"):
        resolve(replace(ROUTE, human=None), "")


def test_without_a_uri_for_numbers_there_is_no_refer() -> None:
    with pytest.raises(RefusedDestination, match="cannot be referred to"):
        resolve(replace(ROUTE, fence=replace(FENCE, refer="")), "+493023125100", "refer")


HOSTILE = st.text("+0123456789*#&,;/@:|()[]{}?=%. \n-PJSIPsipabx", max_size=30)
PARTS = st.lists(st.one_of(HOSTILE, st.sampled_from(["PJSIP/2", "sip:", "@trunk", "@pbx.example.com", "+4930", "&"])))


@given(PARTS.map("".join), st.sampled_from(["", "bridge", "attended", "refer", "queue"]))
def test_no_text_smuggles_a_second_destination_or_an_option(to: str, way: str) -> None:
    try:
        destination = resolve(ROUTE, to, way)
    except RefusedDestination:
        return
    text = destination.endpoint if isinstance(destination, HumanRung) else str(getattr(destination, "to", ""))
    assert not set(text) & set("&,;|?=% \n()[]{}#*")
    assert text.count("@") <= 1


@given(PARTS.map("".join), st.sampled_from(["", "refer", "queue"]))
def test_nothing_is_allowed_by_default(to: str, way: str) -> None:
    route = replace(ROUTE, fence=Fence(), humans={})
    if to.strip():
        with pytest.raises(RefusedDestination):
            resolve(route, to, way)
    else:
        assert resolve(route, to, way) == DESK


def test_so_many_a_call() -> None:
    check_count(ROUTE, FENCE.per_call_max)
    with pytest.raises(RefusedDestination, match="tried 5 transfers already"):
        check_count(ROUTE, FENCE.per_call_max + 1)


def test_so_many_a_minute() -> None:
    limit = RateLimit(2, 60.0)
    assert [limit.take(now) for now in (0.0, 1.0, 2.0, 59.9, 60.0, 60.5, 61.0)] == [
        True, True, False, False, True, False, True,
    ]  # fmt: skip
    assert not RateLimit(0, 60.0).take(0.0)
