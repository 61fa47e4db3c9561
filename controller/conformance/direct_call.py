"""`ari-controller call --bot`: hear a bot on a laptop, without a telephone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controller.bot.conversation import BotFailed, BotRefused
from controller.bot.protocol import Dtmf, Log, Result, Transcript, Transfer
from controller.carrier.placed_call import read_speech, save
from controller.carrier.sounds import Samples
from controller.conformance.line import BotLine, Said, Target
from controller.conformance.sound import bytes_per_ms, to_audio, to_samples

PAUSE_SECONDS = 0.7
"""A caller speaks when the other one has been quiet for this long."""

POLITENESS_SECONDS = 8.0
"""And after this long in any case."""

LOUD = 500
"""Of 32,767: above the noise of a line, below any speech."""

ANSWER_SECONDS = 3.0
"""The bot has at least so long for its answer to what was said or pressed last."""


@dataclass(frozen=True, slots=True)
class DirectCall:
    """What the caller does."""

    target: Target
    say: Path | None = None
    press: tuple[str, ...] = ()
    seconds: float = 15.0
    save: Path | None = None


async def call_bot(call: DirectCall, say: Callable[[str], None]) -> bool:
    """Whether the bot took the call and was heard. Raises SettingError for a file that cannot be used."""
    speech = read_speech(call.say) if call.say else None
    line = BotLine(call.target)

    def note(what: str, at: float | None = None) -> None:
        say(f"{line.now if at is None else at:8.3f} s  {what}")

    def note_said(said: Said) -> None:
        if (text := _words(said)) is not None:
            note(text, said.at)

    line.on_said = note_said
    note(f"calling {call.target.url} as {call.target.protocol}, {line.audio.encoding}/{line.audio.sample_rate}")
    try:
        await line.open()
    except (BotRefused, BotFailed) as failure:
        note(str(failure))
        return False
    note("the bot has accepted")
    line.answer()
    if speech is not None:
        await _its_turn(line)
        note(f"speaking {call.say}")
        line.say(to_audio(speech, line.audio))
        await line.until(lambda: line.speaking_ms == 0, call.seconds)
    for key in "".join(call.press):
        await _its_turn(line)
        note(f"pressing {key}")
        line.send(Dtmf(digit=key, duration_ms=120))
    left = call.seconds - line.now
    await line.until(lambda: False, max(left, ANSWER_SECONDS if call.say or call.press else 0.0))
    why = line.over
    await line.end()
    note(f"the call ended: {why}" if why else "hung up")
    if line.first_audio_at is not None:
        note("the bot was heard first here", line.first_audio_at)
    if call.save:
        save(call.save, to_samples(bytes(line.heard), line.audio))
        say(f"What was heard: {call.save}")
    return line.first_audio_at is not None


async def _its_turn(line: BotLine) -> None:
    """Wait until the bot has said something and is quiet, as one does; not for ever.

    What counts is what is heard: some bots send silence as long as they have nothing to say.
    """
    window = round(PAUSE_SECONDS * 1000) * bytes_per_ms(line.audio)

    def quiet() -> bool:
        latest = bytes(line.heard[-window:])
        return line.audio_bytes > 0 and len(latest) == window and not _loud(to_samples(latest, line.audio))

    await line.until(quiet, POLITENESS_SECONDS)


def _loud(samples: Samples) -> bool:
    return bool(np.abs(samples.astype(np.int32)).max(initial=0) >= LOUD)


def _words(said: Said) -> str | None:
    match said.message:
        case Transcript(role=role, text=text, final=final):
            return f"{role}: {text}" + ("" if final else " …")
        case Result(name=name, data=data):
            return f"result: {name} {data or ''}".rstrip()
        case Log(level=level, message=message):
            return f"log, {level}: {message}"
        case Transfer(to=to, summary=summary):
            return f"transfer to {to}: {summary}".rstrip(": ")
        case other:
            return str(other.type)
