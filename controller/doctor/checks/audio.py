"""Whether people hear each other: of a test call with a tone each way, and of the calls that have been."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from controller.doctor.finding import Area, Fault, Finding, fault, good, hint, skipped, warning

NAT_MEND: Final = (
    "Set EXTERNAL_ADDRESS to the address at which the carrier reaches this machine (or auto, docs/nat.md), and let UDP "
    "through at RTP_PORTS"
)
UNHEARD_SHARE: Final = 0.2
"""Of the latest calls; a single caller may well be mute."""
PACKETS_PER_SECOND: Final = 50
HEARD_SHARE: Final = 0.1
"""Of the packets that a call of that length has: with fewer nobody was understood."""
TALK_SECONDS_MIN: Final = 2.0
"""Shorter calls say nothing."""


@dataclass(frozen=True, slots=True)
class TrialCallSeen:
    """A call of Asterisk to us. `problem`: why there was none; `skipped`: why none was tried."""

    skipped: str = ""
    problem: str = ""
    status: int = 0
    """SIP, of a call that we had to refuse."""
    offered: tuple[str, ...] = ()
    """Codecs, as Asterisk offered them."""
    phone_heard: bool = False
    """The tone of the media side, at the telephone."""
    media_heard: bool = False
    """The tone of the telephone, at the media side."""
    address: str = ""
    """Where Asterisk was to send audio to."""
    setup_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class TalkSeen:
    """One call that was answered and had a bot: how long, and how many packets of the caller came."""

    id: str
    seconds: float
    packets_in: int


def trial_call(seen: TrialCallSeen) -> Iterator[Finding]:
    if seen.skipped:
        yield skipped(Area.AUDIO, f"no test call: {seen.skipped}")
    elif seen.status == 488:
        problem = f"a test call could not agree on a codec: Asterisk offered {', '.join(seen.offered) or 'none'}"
        mend = "Write allow=alaw,ulaw for the endpoint phone"
        yield fault(Area.CODECS, Fault.CODEC_MISMATCH, problem, mend, "phone")
    elif seen.problem:
        mend = "See Asterisk's log; where the doctor runs elsewhere, its UDP ports must be reachable for Asterisk"
        yield warning(Area.AUDIO, Fault.TEST_CALL_FAILED, f"a test call failed: {seen.problem}", mend)
    elif seen.phone_heard and seen.media_heard:
        yield good(Area.AUDIO, f"a test call was heard both ways (set up in {seen.setup_ms:.0f} ms)")
    elif seen.phone_heard or seen.media_heard:
        deaf = "the bot's side heard nothing" if seen.phone_heard else "the telephone heard nothing"
        problem = f"one-way audio in a test call: {deaf} (addressed to {seen.address})"
        yield fault(Area.AUDIO, Fault.ONE_WAY_AUDIO, problem, NAT_MEND, "EXTERNAL_ADDRESS")
    else:
        problem = f"a test call was answered, and neither side heard the other (addressed to {seen.address})"
        yield fault(Area.AUDIO, Fault.NO_AUDIO, problem, f"Let UDP through at RTP_PORTS. {NAT_MEND}", "RTP_PORTS")


def earlier_calls(talks: Sequence[TalkSeen]) -> Iterator[Finding]:
    """Callers whom no bot heard, among the latest calls: that is how a NAT shows itself from the inside."""
    long_enough = [talk for talk in talks if talk.seconds >= TALK_SECONDS_MIN]
    unheard = [talk for talk in long_enough if _unheard(talk)]
    if not unheard:
        if long_enough:
            yield good(Area.AUDIO, f"every caller of the latest {len(long_enough)} calls was heard")
        return
    problem = f"{len(unheard)} of the latest {len(long_enough)} callers were not heard, such as in call {unheard[0].id}"
    mend = f"{NAT_MEND}; ari-controller doctor --call {unheard[0].id} says more"
    if len(unheard) >= UNHEARD_SHARE * len(long_enough):
        yield warning(Area.AUDIO, Fault.CALLERS_NOT_HEARD, problem, mend, "EXTERNAL_ADDRESS")
    else:
        yield hint(Area.AUDIO, Fault.CALLERS_NOT_HEARD, problem, mend, "EXTERNAL_ADDRESS")


def _unheard(talk: TalkSeen) -> bool:
    return talk.packets_in < HEARD_SHARE * PACKETS_PER_SECOND * talk.seconds
