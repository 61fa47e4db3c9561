"""One call, explained from its record: why it took the way it took, how it sounded, and who ended it. Pure."""

from collections.abc import Iterator
from typing import Final

from controller.call.causes import NORMAL_CLEARING
from controller.call.vocabulary import Ending
from controller.doctor.checks.audio import HEARD_SHARE, NAT_MEND, PACKETS_PER_SECOND, TALK_SECONDS_MIN
from controller.doctor.finding import Area, Fault, Finding, Level, fault, good, hint, warning
from controller.records.calls import CallDetail
from controller.records.items import StepTaken
from controller.routing.trigger import Trigger

LOSS_AUDIBLE: Final = 0.01
"""Share of lost packets from which people notice."""
LOSS_BAD: Final = 0.05
"""And from which they complain: words are lost."""
JITTER_MS_BAD: Final = 30.0
MOS_BAD: Final = 3.6
"""Below it many are dissatisfied (ITU-T G.107, annex B)."""
RESPONSE_MS_SLOW: Final = 1_500.0
"""Longer pauses are taken for a dead line."""
ACCEPT_MS_SLOW: Final = 2_000.0

TRIGGERS: Final[dict[Trigger, tuple[str, str]]] = {
    Trigger.CLOSED: ("it was outside of its hours", "Correct the calendar in routes.toml, if it should have been open"),
    Trigger.BUSY: ("it had as many calls as it may, or said so itself", "Raise calls_max, or add media workers"),
    Trigger.UNREACHABLE: ("it could not be reached, or did not speak its protocol", "Run ari-controller doctor"),
    Trigger.NO_ANSWER: ("it did not accept the call in time", "Have it accept earlier, or raise accept_seconds"),
    Trigger.NO_AUDIO: ("it accepted, and said nothing", "See the bot's log: its voice may have failed"),
    Trigger.STALLED: ("it took no audio any more", "See the bot's log: it was stuck"),
    Trigger.DROPPED: ("its connection was lost and did not come back", "See the bot's log, and the network to it"),
    Trigger.ESCAPE: ("the caller pressed the key for a human", ""),
    Trigger.REQUESTED: ("the bot asked for a human", ""),
    Trigger.FAILED: ("nobody took the call there", "See that the phones of these humans are registered and heard"),
}
"""Why a rung was left, and what to do where that was not meant."""

MEANT: Final = frozenset({Trigger.ESCAPE, Trigger.REQUESTED, Trigger.CLOSED})

ENDINGS: Final[dict[Ending, str]] = {
    Ending.CALLER_CANCELLED: "The caller hung up before anybody answered",
    Ending.CALLER_HUNG_UP: "The caller hung up",
    Ending.BOT_HUNG_UP: "The bot hung up",
    Ending.HUMAN_HUNG_UP: "The human hung up",
    Ending.OPERATOR_HUNG_UP: "Somebody ended it through the API",
    Ending.BUSY: "The callee was busy",
    Ending.NO_ANSWER: "The callee did not answer",
    Ending.DECLINED: "The callee declined",
    Ending.UNREACHABLE: "The callee could not be reached",
    Ending.REFUSED: "No rung of the ladder took it, and it was refused without an answer",
    Ending.NOBODY_LEFT: "No rung of the ladder was left, and the caller was told so",
    Ending.ANNOUNCED: "It ended with an announcement",
    Ending.VOICEMAIL: "The caller left a message",
    Ending.CALLBACK: "The caller will be called back",
    Ending.REFERRED: "The caller's side took the call elsewhere, as we had asked",
    Ending.HANDED_OVER: "It was given to a queue or to the dialplan, and ended there",
    Ending.MEDIA_LOST: "No audio came from the caller any more, and we ended it",
    Ending.FAILED: "Asterisk would not do what the call needs, and the dialplan took it",
    Ending.ASTERISK_LOST: "Asterisk went away, and the call with it",
    Ending.CONTROLLER_LOST: "The controller died in mid-call",
    Ending.SHUTDOWN: "The controller was stopped, and the dialplan took the call",
}

BAD_ENDINGS: Final[dict[Ending, str]] = {
    Ending.REFUSED: "Give the ladder a last rung that takes everybody, such as voicemail or an announcement",
    Ending.NOBODY_LEFT: "Give the ladder a last rung that takes everybody, such as voicemail or a callback",
    Ending.MEDIA_LOST: NAT_MEND,
    Ending.FAILED: "The controller's and Asterisk's logs of that time say why; run ari-controller doctor",
    Ending.ASTERISK_LOST: "Asterisk's log says why it ended",
    Ending.CONTROLLER_LOST: "The controller's log says why it ended",
}

TROUBLES: Final[dict[str, tuple[str, str]]] = {
    "command_failed": ("Asterisk did not do what was asked", "The controller's and Asterisk's logs say more"),
    "worker_lost": ("the media worker went away", "The media worker's log says why it ended"),
    "left_behind": ("something stayed in Asterisk after the end", "docs/asterisk.md says what is known of it"),
    "media_silent": ("nothing came from the caller for a while", NAT_MEND),
    "transfer_refused": ("a transfer was refused by the fence", "Widen allow in routes.toml, if it was meant"),
    "reconnect_failed": ("the bot did not come back after its connection was lost", "See the bot's log"),
    "bot_dropped": ("the bot's connection was lost", "See the bot's log, and the network to it"),
}


def explain(call: CallDetail) -> list[Finding]:
    """In the order of the call."""
    return [*_way(call), *_answer(call), *_audio(call), *_bot(call), *_troubles(call), *_end(call)]


def _seconds(step: StepTaken) -> str:
    return f"{step.at_ms / 1000:.1f} s"


def _way(call: CallDetail) -> Iterator[Finding]:
    summary = call.summary
    caller = summary.from_number or "a withheld number"
    yield good(Area.NUMBERS, f"{caller} dialled {summary.to_number or 'no number'} ({summary.direction})")
    for step in call.steps:
        match step.kind:
            case "route":
                name, _, reason = step.detail.partition(": ")
                yield good(Area.ROUTES, f"It took the route {name}, by: {reason or 'no other one fits'}")
            case "rung":
                yield good(Area.ROUTES, f"After {_seconds(step)} it came to: {step.detail}")
            case "rung_closed":
                yield good(Area.ROUTES, f"Passed over, closed just then: {step.detail}")
            case "rung_passed":
                yield good(Area.ROUTES, f"Passed over, not meant for what had happened: {step.detail}")
            case "rung_left":
                yield from _left(step)


def _left(step: StepTaken) -> Iterator[Finding]:
    name, _, detail = step.detail.partition(": ")
    said = f" ({detail})" if detail else ""
    if name not in set(Trigger):
        yield good(Area.ROUTES, f"After {_seconds(step)} it left that: {step.detail}")
        return
    why, mend = TRIGGERS[Trigger(name)]
    words = f"After {_seconds(step)} it went on, as {name}: {why}{said}"
    if Trigger(name) in MEANT or not mend:
        yield good(Area.ROUTES, words)
    else:
        yield Finding(Area.BOT, Level.WARNING, words, _FAULTS.get(Trigger(name), Fault.NONE), mend=mend)


_FAULTS: Final = {
    Trigger.UNREACHABLE: Fault.BOT_UNREACHABLE,
    Trigger.NO_ANSWER: Fault.BOT_SLOW,
    Trigger.NO_AUDIO: Fault.BOT_PROTOCOL,
    Trigger.STALLED: Fault.BOT_PROTOCOL,
    Trigger.DROPPED: Fault.BOT_UNREACHABLE,
    Trigger.BUSY: Fault.BOT_REFUSES,
}


def _answer(call: CallDetail) -> Iterator[Finding]:
    summary = call.summary
    if summary.answered_at is None:
        yield good(Area.CONTROLLER, "It was never answered: it cost the caller nothing")
        return
    rang = (summary.answered_at - summary.started_at).total_seconds()
    yield good(Area.CONTROLLER, f"It was answered after {rang:.1f} s of ringing")


def _talk_seconds(call: CallDetail) -> float:
    """From the answer to the end, or to where a human took over, of whose time with the caller we count nothing."""
    summary = call.summary
    if summary.answered_at is None or summary.ended_at is None:
        return 0.0
    answered_ms = 1000 * (summary.answered_at - summary.started_at).total_seconds()
    ended_ms = 1000 * (summary.ended_at - summary.started_at).total_seconds()
    elsewhere = [step.at_ms for step in call.steps if step.kind in {"human_joined", "sent_away"}]
    return max(0.0, min([ended_ms, *elsewhere]) - answered_ms) / 1000


def _audio(call: CallDetail) -> Iterator[Finding]:
    figures, seconds = call.statistics, _talk_seconds(call)
    packets = figures.get("packets_in")
    if packets is None or seconds < TALK_SECONDS_MIN:
        yield Finding(
            Area.AUDIO, Level.SKIPPED, "It was too short, or without a bot: there are no figures of its audio"
        )
        return
    if packets < HEARD_SHARE * PACKETS_PER_SECOND * seconds:
        strangers = figures.get("strangers", 0)
        more = f"; {strangers:g} packets came from addresses that nobody had named" if strangers else ""
        problem = f"The bot did not hear the caller: {packets:g} packets came in {seconds:.0f} s{more}"
        yield fault(Area.AUDIO, Fault.CALLERS_NOT_HEARD, problem, NAT_MEND)
    else:
        yield from _loss(call, packets)
    if not figures.get("packets_out", 1):
        problem = "The caller heard nothing: no packet of the bot's went out"
        yield fault(Area.AUDIO, Fault.NO_AUDIO, problem, "See the bot's log: its voice may have failed")
    if dropped := figures.get("dropped_ms", 0):
        problem = f"{dropped:g} ms of the bot's audio were thrown away: it sent more than the playout holds"
        yield hint(
            Area.AUDIO, Fault.BOT_PROTOCOL, problem, "Have the bot send in step, or in answers of under a minute"
        )


def _loss(call: CallDetail, packets: float) -> Iterator[Finding]:
    figures = call.statistics
    lost, jitter, mos = figures.get("lost", 0), figures.get("jitter_ms", 0.0), figures.get("mos")
    share = lost / (packets + lost) if packets else 0.0
    quality = f", quality {mos:.1f} of 4.5" if mos is not None else ""
    words = f"Of the caller's audio {share:.1%} was lost, jitter {jitter:.0f} ms{quality}"
    mend = "Look at the line between Asterisk and the carrier: a full uplink, WLAN, or a firewall that drops"
    if share >= LOSS_BAD or jitter >= JITTER_MS_BAD or (mos is not None and mos < MOS_BAD):
        yield warning(Area.AUDIO, Fault.CALLERS_NOT_HEARD, words, mend)
    elif share >= LOSS_AUDIBLE:
        yield hint(Area.AUDIO, Fault.CALLERS_NOT_HEARD, words, mend)
    else:
        yield good(Area.AUDIO, words)


def _bot(call: CallDetail) -> Iterator[Finding]:
    figures = call.statistics
    yield from _accepted(call)
    response = figures.get("bot_response_ms")
    if response and response > RESPONSE_MS_SLOW:
        problem = f"The bot took {response / 1000:.1f} s to answer, on the average: callers take that for a dead line"
        mend = "Look at its models' delays; the call's trace (docs/metrics.md) shows where the time goes"
        yield warning(Area.BOT, Fault.BOT_SLOW, problem, mend)
    elif response:
        yield good(Area.BOT, f"The bot took {response / 1000:.1f} s to answer, on the average")
    if (added := figures.get("added_delay_ms")) is not None:
        yield good(Area.MEDIA, f"We added {added:g} ms to the way there and back")
    if malformed := figures.get("malformed_messages", 0):
        problem = f"{malformed:g} messages of the bot's could not be read"
        mend = "ari-controller conformance says which; the controller's log has them"
        yield warning(Area.BOT, Fault.BOT_PROTOCOL, problem, mend)


def _accepted(call: CallDetail) -> Iterator[Finding]:
    """How long each bot let the phone ring."""
    asked: float | None = None
    for step in call.steps:
        if step.kind == "rung":
            asked = step.at_ms if step.detail.startswith("bot") else None
        elif step.kind == "bot_accepted" and asked is not None:
            took, asked = step.at_ms - asked, None
            words = f"The bot accepted after {took:.0f} ms"
            if took > ACCEPT_MS_SLOW:
                yield warning(Area.BOT, Fault.BOT_SLOW, words, "Have it accept before it loads what it needs")
            else:
                yield good(Area.BOT, words)


def _troubles(call: CallDetail) -> Iterator[Finding]:
    for step in call.steps:
        if step.kind in TROUBLES:
            what, mend = TROUBLES[step.kind]
            said = f" ({step.detail})" if step.detail else ""
            yield Finding(Area.CONTROLLER, Level.WARNING, f"After {_seconds(step)} {what}{said}", mend=mend)


def _end(call: CallDetail) -> Iterator[Finding]:
    summary = call.summary
    if summary.ending is None:
        yield good(Area.CONTROLLER, "It is still in progress")
        return
    ending = Ending(summary.ending) if summary.ending in set(Ending) else None
    words = ENDINGS[ending] if ending else f"It ended as {summary.ending}"
    length = (
        f", {(summary.ended_at - summary.started_at).total_seconds():.0f} s after it began" if summary.ended_at else ""
    )
    cause = f" (Q.850 cause {call.cause})" if call.cause not in {None, NORMAL_CLEARING} else ""
    if ending in BAD_ENDINGS:
        yield Finding(Area.CONTROLLER, Level.WARNING, f"{words}{length}{cause}", mend=BAD_ENDINGS[ending])
    else:
        yield good(Area.CONTROLLER, f"{words}{length}{cause}")
