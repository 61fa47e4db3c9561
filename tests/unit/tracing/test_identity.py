"""Ids in the form that W3C Trace Context asks for, the same wherever they are asked for."""

from hypothesis import given
from hypothesis import strategies as st

from controller.tracing import identity

CALL = "20261122-163012-k3v9qx"
KNOWN = "00-8d7ef4d77fc700efc50ca6f38c0b341e-d99fe9ad70845760-01"


def test_known_answers() -> None:
    assert identity.of_call(CALL) == KNOWN
    assert identity.is_traceparent(KNOWN)


@given(st.text())
def test_every_call_has_ids_of_the_right_form(call: str) -> None:
    version, trace, span, flags = identity.of_call(call).split("-")
    assert (version, flags) == ("00", "01")
    assert (len(trace), len(span)) == (32, 16)
    assert int(trace, 16)
    assert int(span, 16)


def test_parts_of_a_call_have_their_own() -> None:
    names = [(), ("bot", 1), ("bot", 2), ("webhook", "evt_1")]
    assert len({identity.span_id(CALL, *name) for name in names}) == len(names)
    assert identity.trace_id(CALL) != identity.trace_id(f"{CALL}2")


def test_what_may_not_stand_in_a_header() -> None:
    for other in (None, 7, "", f"{KNOWN}\r\nx: y", KNOWN.upper(), "01" + KNOWN[2:]):
        assert not identity.is_traceparent(other)
