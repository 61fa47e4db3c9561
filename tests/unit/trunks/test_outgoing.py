"""By which trunk a call goes out, in which form, and as whom."""

from dataclasses import replace
from datetime import UTC, datetime

from controller.routing.route import Arrival
from controller.trunks.book import TrunkBook
from controller.trunks.outgoing import Dialled, outgoing
from controller.trunks.trunk import NumberForm, Trunk, Trunks, Way

HUMAN, CALLER, OWN = "+493023125100", "+4917155500", "+493023125000"
A = Trunk("a", Way.PEER, "h", country="DE", send_as=NumberForm.DIGITS)
B = Trunk("b", Way.PEER, "h", country="DE", send_as=NumberForm.NATIONAL, caller_id="+493099", shows_callers=False)
BOTH = Trunks("trunks.toml", {"a": A, "b": B}, "a")


def test_the_default_the_routes_and_the_one_that_is_named() -> None:
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@trunk", CALLER).endpoint == f"PJSIP/{HUMAN[1:]}@a"
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@trunk", CALLER, wanted="b").endpoint == "PJSIP/03023125100@b"
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@b", CALLER, wanted="a").endpoint == "PJSIP/03023125100@b"


def test_what_is_no_trunk_stays_as_it_is() -> None:
    for endpoint in ("PJSIP/human", f"PJSIP/{HUMAN}@other", "Local/1@x", "PJSIP/trunk/sip:x@y"):
        assert outgoing(BOTH, endpoint, CALLER) == Dialled(endpoint, CALLER)
    assert outgoing(Trunks(), f"PJSIP/{HUMAN}@trunk", CALLER) == Dialled(f"PJSIP/{HUMAN}@trunk", CALLER)


def test_who_is_shown() -> None:
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@a", CALLER, own=OWN).caller_number == CALLER[1:]
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@b", CALLER, own=OWN).caller_number == "+493099"
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@b", OWN, own=OWN).caller_number == "+493099"
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@a", OWN, own=OWN).caller_number == OWN[1:]
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@a", "", own=OWN).caller_number == "", "withheld stays withheld"


def test_a_trunk_with_a_limit_is_counted() -> None:
    limited = replace(A, calls_max=2)
    dialled = outgoing(Trunks("", {"a": limited}, "a"), f"PJSIP/{HUMAN}@trunk", CALLER)
    assert (dialled.limited, dialled.marks) == (limited, {"GROUP(trunk)": "a"})
    assert outgoing(BOTH, f"PJSIP/{HUMAN}@a", CALLER).limited is None


def test_what_arrives_is_understood_and_what_is_odd_is_kept() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    book = TrunkBook()
    book.take(Trunks("", {"a": replace(A, arrive_as=NumberForm.PLUS)}, "a"))
    came = Arrival("trunk", CALLER, "", "03023125000", trunk="a")
    understood = book.understood(came, now)
    assert (understood.to_number, bool(understood.oddity)) == (OWN, True)
    assert book.odd["a"].number == "03023125000"
    assert book.understood(replace(came, origin="phone"), now).to_number == "03023125000"
    assert book.understood(replace(came, trunk="x"), now).to_number == "03023125000"
    book.take(BOTH)
    assert not book.odd, "of the trunk as it was"
