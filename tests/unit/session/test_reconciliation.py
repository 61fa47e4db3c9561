"""Comparing notes with Asterisk: each difference means one thing."""

from controller.ari.events import Bridge, CallerID, Channel, DialplanCEP
from controller.session.reconciliation import Findings, Live, compare

APP = "ari-controller"
CALL = "20261122-163012-k3v9qx"
OTHER = "20261122-163013-aaaaaa"
NOBODY = CallerID("", "")


def channel(channel_id: str, state: str = "Up", app_data: str = f"{APP},trunk") -> Channel:
    return Channel(channel_id, "PJSIP/x", state, NOBODY, NOBODY, DialplanCEP("c", "e", app_data), "2026")


def bridge(bridge_id: str) -> Bridge:
    return Bridge(bridge_id, "mixing", (), "2026")


LIVE = Live(CALL, "caller-1", frozenset({f"{CALL}-media"}))


def test_no_difference() -> None:
    there = [channel("caller-1"), channel(f"{CALL}-media", app_data="")]
    assert compare(APP, there, [bridge(f"{CALL}-bridge")], [LIVE]) == Findings()


def test_a_caller_who_left_in_the_gap() -> None:
    assert compare(APP, [channel(f"{CALL}-media")], [], [LIVE]).callers_gone == [CALL]


def test_a_leg_that_ended_in_the_gap() -> None:
    assert compare(APP, [channel("caller-1")], [], [LIVE]).channels_gone == [(CALL, f"{CALL}-media")]


def test_a_human_who_answered_in_the_gap() -> None:
    agent = channel(f"{CALL}-agent-2")
    found = compare(APP, [channel("caller-1"), agent], [], [Live(CALL, "caller-1", frozenset({agent.id}))])
    assert found.humans_up == [(CALL, agent)]


def test_a_caller_who_arrived_in_the_gap() -> None:
    ringing = channel("caller-2", state="Ring")
    assert compare(APP, [ringing], [], []).callers_new == [ringing]


def test_a_caller_of_an_earlier_controller() -> None:
    stranded = channel("caller-3")
    assert compare(APP, [stranded], [], []).callers_stranded == [stranded]


def test_what_an_earlier_controller_left_behind() -> None:
    found = compare(APP, [channel(f"{OTHER}-media", app_data="")], [bridge(f"{OTHER}-bridge")], [LIVE])
    assert found.orphaned_channels == [f"{OTHER}-media"]
    assert found.orphaned_bridges == [f"{OTHER}-bridge"]


def test_a_callee_who_picked_up_in_the_gap() -> None:
    callee = channel(f"{CALL}-callee", app_data=APP)
    live = Live(CALL, callee.id, frozenset())
    assert compare(APP, [callee], [], [live]) == Findings(callees_up=[CALL])
    assert compare(APP, [channel(callee.id, "Ringing", APP)], [], [live]) == Findings()


def test_a_callee_of_an_earlier_controller() -> None:
    talking, ringing = channel(f"{OTHER}-callee", app_data=APP), channel(f"{OTHER}-callee", "Ringing", APP)
    assert compare(APP, [talking], [], []) == Findings(callers_stranded=[talking])
    assert compare(APP, [ringing], [], []) == Findings(orphaned_channels=[ringing.id])


def test_what_is_not_ours_is_left_alone() -> None:
    there = [channel("1795.7", app_data="other-app"), channel("1795.8", app_data="ari-controller-2,x")]
    assert compare(APP, there, [bridge("conference")], []) == Findings()


def test_listeners_are_no_callers_and_no_orphans() -> None:
    phone = Channel("p", "PJSIP/browser-1", "Up", NOBODY, NOBODY, DialplanCEP("c", CALL, f"{APP},phone"), "2026")
    snoop, room = channel(f"{CALL}-listen-12", app_data=APP), bridge(f"{OTHER}-listen-12")
    found = compare(APP, [channel("caller-1"), channel(f"{CALL}-media"), phone, snoop], [room], [LIVE])
    assert found == Findings(
        listeners={"p": phone, snoop.id: snoop}, listeners_bridges=frozenset({f"{OTHER}-listen-12"})
    )
