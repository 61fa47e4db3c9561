"""The steps of a call that is to show what a bot can do. Each looks at one thing and says what it saw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from controller.bot.adapters import adapter_of
from controller.bot.adapters.adapter import Behaviour
from controller.bot.protocol import Clear, Dtmf, Hangup, Log, Mark, Result, SpeechStarted, Transcript, Transfer
from controller.bot.websocket import CLOSE_SECONDS
from controller.carrier.sounds import Samples
from controller.conformance.line import HUNG_UP, BotLine
from controller.conformance.report import Check, Outcome
from controller.conformance.sound import bytes_per_ms, to_audio

REACTION_SECONDS: Final = 6.0
"""How long a bot may think: models of speech take seconds."""

TURN_SECONDS: Final = 20.0
"""Longest wait for a bot to finish what it is saying."""

INTERRUPTION_SECONDS: Final = 3.0
"""How long a bot may take to notice that it is interrupted."""

INTERRUPTIBLE_MS: Final = 300
"""So much must be waiting for the caller's ear: less is over before anybody could be interrupted."""

GRACE_SECONDS: Final = 1.0
"""What is wrong shows itself within this time: a bot that is going to fall over does so at once."""

CHUNKS_MS: Final = (1, 3, 20, 250, 1_000)
"""Lengths in which audio may come."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller does. `transfer_key`, `hangup_key`: on which this bot transfers and hangs up; empty: none."""

    speech: Samples
    press: str = "1"
    transfer_key: str = ""
    hangup_key: str = ""


def check(  # noqa: PLR0913 - a line of the report
    name: str,
    behaviour: Behaviour | None,
    sent: str,
    expected: str,
    got: str,
    *,
    good: bool,
    bad: Outcome = Outcome.FAILED,
) -> Check:
    return Check(name, behaviour, Outcome.PASSED if good else bad, sent, expected, got)


def _broke(line: BotLine) -> bool:
    """The call is over, and not because the bot has ended it: that is its right at any time."""
    return line.over not in {None, HUNG_UP}


def _alive(line: BotLine) -> str:
    return "the call goes on" if line.over is None else f"the call was over: {line.over}"


async def speaks(line: BotLine, wishes: Wishes) -> Check:
    """By itself, or when it is spoken to."""
    sent = "silence"
    if not await line.until(lambda: line.audio_bytes, REACTION_SECONDS):
        sent = "silence, then speech"
        line.say(to_audio(wishes.speech, line.audio))
        await line.until(lambda: line.audio_bytes, REACTION_SECONDS)
    first = line.first_audio_at
    got = f"audio after {first:.2f} s" if first is not None else f"no audio; {_alive(line)}"
    return check("speaks", Behaviour.SPEAK, sent, "audio", got, good=first is not None)


async def _its_turn_is_over(line: BotLine) -> None:
    await line.until(lambda: line.waiting_ms == 0, TURN_SECONDS)


async def hears(line: BotLine, wishes: Wishes) -> Check:
    await _its_turn_is_over(line)
    return await _reaction(
        line,
        lambda: line.say(to_audio(wishes.speech, line.audio)),
        check_name="hears",
        behaviour=Behaviour.HEAR,
        sent=f"{len(wishes.speech) / 8000:.1f} s of speech in frames of 20 ms",
    )


async def takes_keys(line: BotLine, wishes: Wishes) -> Check:
    await _its_turn_is_over(line)

    def press() -> None:
        for digit in wishes.press:
            line.send(Dtmf(digit=digit, duration_ms=120))

    return await _reaction(line, press, check_name="takes keys", behaviour=Behaviour.DTMF, sent=f"dtmf {wishes.press}")


async def _reaction(
    line: BotLine, act: Callable[[], None], *, check_name: str, behaviour: Behaviour, sent: str
) -> Check:
    since, audio = line.now, line.audio_bytes

    def reacted() -> bool:
        return line.audio_bytes > audio or any(not isinstance(said.message, Log) for said in line.messages(since=since))

    act()
    seen = await line.until(reacted, REACTION_SECONDS)
    seconds = line.now - since
    fell_over = _broke(line)
    got = f"an answer after {seconds:.2f} s" if seen and not fell_over else f"nothing; {_alive(line)}"
    outcome = Outcome.FAILED if fell_over else Outcome.NOT_SEEN
    return check(
        check_name, behaviour, sent, "the call goes on; audio or a message", got,
        good=seen and not fell_over, bad=outcome,
    )  # fmt: skip


async def takes_chunks(line: BotLine, _wishes: Wishes) -> Check:
    """Audio may come in pieces of any size."""
    for ms in CHUNKS_MS:
        line.session.send_to_bot(bytes(bytes_per_ms(line.audio) * ms))
    await line.until(lambda: False, GRACE_SECONDS)
    sizes = ", ".join(str(ms) for ms in CHUNKS_MS)
    return check(
        "takes chunks of any size", None, f"audio in pieces of {sizes} ms", "the call goes on", _alive(line),
        good=not _broke(line),
    )  # fmt: skip


async def is_interrupted(line: BotLine, wishes: Wishes) -> Check:
    """The caller speaks while the bot does."""
    expected = "clear (or pause) while its audio is waiting"
    sent = "speech while it speaks"
    if line.waiting_ms < INTERRUPTIBLE_MS:
        line.say(to_audio(wishes.speech, line.audio))
        await line.until(lambda: line.waiting_ms >= INTERRUPTIBLE_MS and line.speaking_ms == 0, REACTION_SECONDS)
    if line.waiting_ms < INTERRUPTIBLE_MS:
        got = "no occasion: it never has so much to say that it could be interrupted"
        return check("is interrupted", Behaviour.BARGE_IN, sent, expected, got, good=False, bad=Outcome.NOT_SEEN)
    since = line.now
    line.send(SpeechStarted(at_ms=round(line.now * 1000)))
    line.say(to_audio(wishes.speech, line.audio))
    seen = await line.until(lambda: line.messages(Clear, since=since), INTERRUPTION_SECONDS)
    if seen:
        seconds = line.messages(Clear, since=since)[0].at - since
        got = f"clear after {seconds:.2f} s; {int(line.session.downlink.statistics['cleared_ms'])} ms were not heard"
    else:
        got = f"it spoke on; {_alive(line)}"
    outcome = Outcome.FAILED if _broke(line) else Outcome.NOT_SEEN
    return check("is interrupted", Behaviour.BARGE_IN, sent, expected, got, good=seen, bad=outcome)


async def ignores_the_unknown(line: BotLine, _wishes: Wishes) -> Check:
    """A message of a newer version than the bot's."""
    text = '{"type":"conformance.unknown","event":"conformance.unknown","conversationId":"x","streamSid":"x"}'
    # No message of ours: the kit alone says what no adapter does.
    line.bot._send(text)  # noqa: SLF001
    await line.until(lambda: False, GRACE_SECONDS)
    return check("ignores what it does not know", None, text, "the call goes on", _alive(line), good=not _broke(line))


async def reports(line: BotLine, _wishes: Wishes) -> Check:
    """Marks, transcripts, results and logs so far: each id once."""
    counts = {kind.__name__.lower(): len(line.messages(kind)) for kind in (Mark, Transcript, Result, Log)}
    ids = [
        (said.message.type, said.message.id)
        for said in line.messages(Transcript, Result, Log)
        if isinstance(said.message, Transcript | Result | Log)
        and said.message.id
        and getattr(said.message, "final", True)
    ]
    twice = {entry for entry in ids if ids.count(entry) > 1}
    got = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "none"
    if twice:
        got += f"; twice: {', '.join(f'{kind} {name}' for kind, name in sorted(twice))}"
    malformed = line.bot.counters["malformed_messages"]
    got += f"; {malformed} malformed messages" if malformed else ""
    outcome = Outcome.FAILED if twice or malformed else Outcome.NOT_SEEN
    return check(
        "reports", Behaviour.RESULT if Behaviour.RESULT not in adapter_of(line.target.protocol).CANNOT else None,
        "ack for each with an id", "messages that are well formed, and each id once", got,
        good=bool(sum(counts.values())) and not twice and not malformed, bad=outcome,
    )  # fmt: skip


async def transfers(line: BotLine, wishes: Wishes) -> Check:
    """Nobody takes it, and the bot has the caller back."""
    expected = "transfer; then, as nobody answers, the bot goes on"
    line.send(Dtmf(digit=wishes.transfer_key, duration_ms=120))
    asked = await line.until(lambda: line.messages(Transfer), TURN_SECONDS)
    await line.until(lambda: False, GRACE_SECONDS)
    got = f"{'transfer' if asked else 'no transfer'}; {_alive(line)}"
    good = asked and not _broke(line)
    return check("transfers", Behaviour.TRANSFER, f"dtmf {wishes.transfer_key}", expected, got, good=good)


async def hangs_up(line: BotLine, wishes: Wishes) -> Check:
    line.send(Dtmf(digit=wishes.hangup_key, duration_ms=120))
    await line.until(lambda: line.over is not None, TURN_SECONDS)
    asked = bool(line.messages(Hangup))
    got = "hangup, and the call was ended when its audio was played" if asked else f"no hangup; {_alive(line)}"
    return check("hangs up", Behaviour.HANGUP, f"dtmf {wishes.hangup_key}", "hangup", got, good=asked)


async def lets_go(line: BotLine, _wishes: Wishes) -> Check:
    """The caller hangs up."""
    if line.over is not None:
        got = f"the call was over before: {line.over}"
        return check("lets go", None, "end", "it closes its side", got, good=not _broke(line))
    seconds = await line.end()
    good = seconds < CLOSE_SECONDS
    got = f"closed after {seconds:.2f} s" if good else f"still open after {seconds:.1f} s"
    return check(
        "lets go", None, "end, and a close frame", f"its close frame within {CLOSE_SECONDS:g} s", got, good=good
    )
