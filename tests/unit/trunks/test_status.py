"""What Asterisk says, and what is said of it to who mends it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.trunks.status import Refusal, Seen, TrunkState, concerns, refusal_in, status_of, unknown
from controller.trunks.trunk import Transport, Trunk, Way

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OURS = Trunk("carrier", Way.REGISTER, "172.17.0.3", port=5060, username="cust")
ATTEMPT = "on registration attempt to 'sip:cust@172.17.0.3:5060', retrying in '30'"
LOGGED = {
    f"[2026-11-23 01:42:36.457] WARNING[157] res_pjsip_outbound_registration.c: Temporal response '401' received from "
    f"'sip:172.17.0.3:5060' {ATTEMPT}": 401,
    f"[x] WARNING[1] y.c: '403' fatal response received from 'sip:172.17.0.3:5060' {ATTEMPT}": 403,
    "[x] WARNING[1] y.c: Fatal response '404' received from 'sip:172.17.0.3:5060' on registration attempt to "
    "'sip:cust@172.17.0.3:5060', stopping outbound registration": 404,
    f"[x] WARNING[1] y.c: No response received from 'sip:172.17.0.3:5060' {ATTEMPT}": 0,
}


@pytest.mark.parametrize(("line", "status"), LOGGED.items())
def test_refusals_in_asterisks_log(line: str, status: int) -> None:
    found = refusal_in(line)
    assert found == Refusal("sip:172.17.0.3:5060", "sip:cust@172.17.0.3:5060", status)
    assert concerns(found, OURS)
    assert not concerns(found, replace(OURS, username="other"))


@pytest.mark.parametrize("line", ["", "[x] WARNING: something else", "'" * 10_000])
def test_other_lines(line: str) -> None:
    assert refusal_in(line) is None


def of(status: int) -> Seen:
    return Seen("Rejected", Refusal("s", "c", status))


@pytest.mark.parametrize(
    ("status", "state", "reason", "mend"),
    [
        (
            401,
            TrunkState.REFUSED,
            "the password or the user name is wrong (SIP 401)",
            "username and password of [trunks.carrier]",
        ),
        (403, TrunkState.REFUSED, "(SIP 403)", "unblocked"),
        (404, TrunkState.REFUSED, "do not know this account", "username"),
        (0, TrunkState.UNREACHABLE, "no answer from 172.17.0.3 by UDP", "firewall"),
        (503, TrunkState.UNREACHABLE, "172.17.0.3 cannot be reached", "host"),
        (418, TrunkState.REFUSED, "they said no (SIP 418)", "Ask them"),
    ],
)
def test_every_refusal_has_a_reason_and_a_mend(status: int, state: TrunkState, reason: str, mend: str) -> None:
    found = status_of(OURS, of(status), None, NOW)
    assert found.state is state
    assert reason in found.reason
    assert mend in found.mend


def test_registered_and_on_the_way() -> None:
    assert status_of(OURS, Seen("Registered"), None, NOW).state is TrunkState.REGISTERED
    assert status_of(OURS, Seen("Unregistered"), None, NOW).state is TrunkState.REGISTERING
    assert status_of(OURS, Seen("Rejected"), None, NOW).state is TrunkState.REFUSED


def test_peers_and_accounts() -> None:
    peer = Trunk("pbx", Way.PEER, "h", transport=Transport.TCP)
    assert status_of(peer, Seen(endpoint="offline"), None, NOW).state is TrunkState.UNCHECKED
    asked = replace(peer, check_seconds=60)
    assert status_of(asked, Seen(endpoint="online"), None, NOW).state is TrunkState.REACHABLE
    assert "TCP" in status_of(asked, Seen(endpoint="offline"), None, NOW).reason
    account = Trunk("pbx", Way.ACCOUNT)
    assert status_of(account, Seen(endpoint="online"), None, NOW).state is TrunkState.REGISTERED
    assert "register as user pbx" in status_of(account, Seen(endpoint="offline"), None, NOW).mend


def test_since_is_when_the_state_began() -> None:
    first = status_of(OURS, of(401), None, NOW)
    later = NOW + timedelta(minutes=5)
    assert status_of(OURS, of(403), first, later).since == NOW
    assert status_of(OURS, Seen("Registered"), first, later).since == later
    assert unknown(unknown(first, NOW, "away", ""), later, "away", "").since == NOW
