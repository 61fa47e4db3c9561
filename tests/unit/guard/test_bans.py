from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from controller.guard.attempts import Attempt, Outcome
from controller.guard.bans import (
    ADDRESSES_MAX,
    BANS_MAX,
    KNOWN,
    KNOWN_AGAIN,
    WINDOW,
    Ban,
    Gate,
    Ledger,
    belongs,
    note,
    over,
    shut_out,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STRANGER = "198.51.100.7"


def gate() -> Gate:
    return Gate(attempts_max=3, ban_seconds=600)


def tried(session: str, address: str = STRANGER) -> Attempt:
    return Attempt(address, session, Outcome.TRIED)


def test_who_tries_too_often_is_shut_out() -> None:
    door = gate()
    assert [door.receive(tried(str(number)), NOW) for number in range(3)] == [None] * 3
    assert door.receive(tried("3"), NOW) == Ban(STRANGER, NOW + timedelta(seconds=600), 4)


def test_a_session_is_one_attempt_however_many_requests_it_has() -> None:
    """Else an account that exists would take fewer of them than one that does not."""
    door = gate()
    assert {door.receive(tried("the same"), NOW) for _ in range(20)} == {None}


def test_attempts_are_forgotten_after_the_window() -> None:
    door = gate()
    assert {door.receive(tried(str(n)), NOW + n * WINDOW / 2) for n in range(20)} == {None}


def test_who_is_let_in_begins_anew_and_is_known() -> None:
    door = gate()
    for number in range(3):
        door.receive(tried(str(number)), NOW)
    door.receive(Attempt(STRANGER, "3", Outcome.LET_IN), NOW)
    assert door.receive(tried("4"), NOW) is None
    assert door.knows(STRANGER, NOW + KNOWN - timedelta(seconds=1))
    assert not door.knows(STRANGER, NOW + KNOWN)
    assert not door.knows("198.51.100.8", NOW)


def test_who_is_shut_out_is_not_counted() -> None:
    door = gate()
    door.ledger.bans[STRANGER] = Ban(STRANGER, NOW, 4)
    assert {door.receive(tried(str(number)), NOW) for number in range(9)} == {None}


def test_bans_end_and_make_room() -> None:
    ledger = Ledger()
    for number in range(BANS_MAX + 1):
        shut_out(ledger, Ban(str(number), NOW + timedelta(seconds=number), 4))
    assert len(ledger.bans) == BANS_MAX
    assert "0" not in ledger.bans
    assert over(ledger, NOW + timedelta(seconds=2)) == ["1", "2"]


def test_a_clock_that_is_set_back_holds_nobody_longer() -> None:
    door = gate()
    door.ledger.bans[STRANGER] = Ban(STRANGER, NOW + timedelta(hours=3), 4)
    assert door.over(NOW) == [STRANGER]
    door.ledger.bans[STRANGER] = Ban(STRANGER, NOW + timedelta(seconds=1), 4)
    assert door.over(NOW) == []


def test_attempts_of_a_time_that_has_not_come_are_not_counted() -> None:
    door = gate()
    for number in range(9):
        assert door.receive(tried(str(number)), NOW - timedelta(minutes=2 * number)) is None


def test_an_address_is_noted_now_and_then_and_makes_room() -> None:
    ledger = Ledger()
    note(ledger, STRANGER, NOW)
    note(ledger, STRANGER, NOW + KNOWN_AGAIN / 2)
    assert ledger.known == {STRANGER: NOW}
    note(ledger, STRANGER, NOW + KNOWN_AGAIN)
    assert ledger.known == {STRANGER: NOW + KNOWN_AGAIN}
    for number in range(ADDRESSES_MAX):
        note(ledger, str(number), NOW)
    assert len(ledger.known) == ADDRESSES_MAX
    assert STRANGER not in ledger.known


def test_trunks() -> None:
    networks = [ip_network("203.0.113.0/29"), ip_network("2001:db8::/64")]
    assert belongs("203.0.113.5", networks)
    assert belongs("2001:db8::5", networks)
    assert not belongs("203.0.113.8", networks)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.sampled_from(Outcome)), max_size=60))
def test_nobody_is_shut_out_for_what_others_do(signs: list[tuple[int, int, Outcome]]) -> None:
    door, mine = gate(), 0
    for address, session, outcome in signs:
        ban = door.receive(Attempt(str(address), str(session), outcome), NOW)
        mine += address == 0 and outcome is Outcome.TRIED
        assert ban is None or (ban.address == str(address) and ban.attempts > 3)
        assert ban is None or ban.address != "0" or mine > 3
