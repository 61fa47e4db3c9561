import pytest

from controller.guard.attempts import Attempt, Outcome, read

EVENT = {
    "Event": "ChallengeResponseFailed",
    "Privilege": "security,all",
    "Service": "PJSIP",
    "AccountID": "phone",
    "SessionID": "77b472db1307",
    "LocalAddress": "IPV4/UDP/172.17.0.4/5060",
    "RemoteAddress": "IPV4/UDP/198.51.100.7/52018",
}
"""As Asterisk 22.10.1 sends it."""


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("ChallengeSent", Outcome.TRIED),
        ("InvalidAccountID", Outcome.TRIED),
        ("InvalidPassword", Outcome.TRIED),
        ("ChallengeResponseFailed", Outcome.TRIED),
        ("SuccessfulAuth", Outcome.LET_IN),
    ],
)
def test_what_counts(name: str, outcome: Outcome) -> None:
    assert read({**EVENT, "Event": name}) == Attempt("198.51.100.7", "77b472db1307", outcome)


@pytest.mark.parametrize(
    "changed",
    [
        {"Event": "FullyBooted"},
        {"Event": "SuccessfulAuth", "Service": "AMI"},
        {"Service": "AMI"},
        {"RemoteAddress": "IPV4/WS/10.0.0.3/40000"},
        {"RemoteAddress": "IPV4/WSS/10.0.0.3/40000"},
        {"RemoteAddress": "IPV4/UDP/nobody/1"},
        {"RemoteAddress": ""},
    ],
)
def test_what_does_not(changed: dict[str, str]) -> None:
    assert read({**EVENT, **changed}) is None


def test_the_newer_internet() -> None:
    attempt = read({**EVENT, "RemoteAddress": "IPV6/TLS/[2001:DB8::7]/5061"})
    assert attempt is not None
    assert attempt.address == "2001:db8::7"
