"""What the company runs: receivers of webhooks; and every certificate that somebody must trust."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from controller.doctor.finding import Area, Fault, Finding, fault, good, warning

EXPIRY_WARNING: Final = timedelta(days=14)
"""Automatic renewals happen a month before: two weeks are what is left to a person."""
WAITING_MAX: Final = timedelta(minutes=15)
"""The first retries are over by then: a receiver that was restarted has long been back."""


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """A receiver of webhooks. `problem`: why it cannot be reached."""

    name: str
    where: str
    problem: str = ""
    waiting: int = 0
    given_up: int = 0
    since: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """`where`: who shows it, or the file. `problem`: why it cannot be read."""

    where: str
    not_after: datetime | None = None
    problem: str = ""


def target(seen: TargetSeen, now: datetime) -> Iterator[Finding]:
    if seen.problem:
        mend = "Start it, or correct its URL; meanwhile messages wait and are sent again"
        yield fault(Area.WEBHOOKS, Fault.WEBHOOK_UNREACHABLE, f"{seen.name}: {seen.problem}", mend, seen.where)
    if seen.given_up:
        problem = f"{seen.name}: {seen.given_up} messages were given up ({seen.error or 'see webhooks list'})"
        mend = f"Mend the receiver, then: ari-controller webhooks resend --target {seen.name}"
        yield warning(Area.WEBHOOKS, Fault.WEBHOOK_GIVEN_UP, problem, mend, seen.where)
    if seen.waiting and seen.since and now - seen.since > WAITING_MAX:
        problem = f"{seen.name}: {seen.waiting} messages wait, the oldest since {seen.since:%Y-%m-%d %H:%M} UTC"
        mend = f"The receiver's last answer: {seen.error or 'none'}"
        yield warning(Area.WEBHOOKS, Fault.WEBHOOK_WAITING, problem, mend, seen.where)
    elif not seen.problem and not seen.given_up:
        yield good(Area.WEBHOOKS, f"{seen.name}: reached, nothing is overdue", seen.where)


def certificate(seen: CertificateSeen, now: datetime) -> Iterator[Finding]:
    if seen.problem or seen.not_after is None:
        problem = f"the certificate of {seen.where} cannot be read ({seen.problem})"
        yield fault(
            Area.CERTIFICATES, Fault.CERTIFICATE_UNUSABLE, problem, "Name a PEM file that can be read", seen.where
        )
        return
    left = seen.not_after - now
    if left < timedelta(0):
        problem = f"the certificate of {seen.where} expired on {seen.not_after:%Y-%m-%d}"
        yield fault(Area.CERTIFICATES, Fault.CERTIFICATE_EXPIRED, problem, "Renew it", seen.where)
    elif left < EXPIRY_WARNING:
        problem = f"the certificate of {seen.where} expires in {left.days} days, on {seen.not_after:%Y-%m-%d}"
        yield warning(Area.CERTIFICATES, Fault.CERTIFICATE_EXPIRING, problem, "Renew it", seen.where)
    else:
        yield good(Area.CERTIFICATES, f"{seen.where}: good for {left.days} days more")
