"""`ari-controller call`: one call from the command line, as a caller would make it."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.carrier import listening
from controller.carrier.carrier import CALLER, Carrier
from controller.carrier.phone import CallOver, Phone
from controller.carrier.sounds import SAMPLE_RATE, Samples, read_wav, write_wav
from controller.config import Settings
from controller.errors import SettingError

NUMBER: Final = re.compile(r"[+]?[0-9*#]{1,32}")
"""What may be dialled: E.164 has 15 digits, internal numbers and service codes have * and #."""

KEYS: Final = re.compile(r"[0-9*#A-D]+")

RING_SECONDS: Final = 60.0
"""Longest ringing that a caller listens to."""

HEARD_MS: Final = 100.0
"""A side that was heard for this long was heard."""

BETWEEN_KEYS_SECONDS: Final = 3.0
"""Callers who know the menu do not wait for its end."""

PAUSE_MS: Final = 700.0
"""A caller speaks when the other one has been quiet for this long."""

POLITENESS_SECONDS: Final = 8.0
"""And after this long in any case."""

Say = Callable[[str], None]
"""Tells the user one line."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What the caller does: dial `to`, speak the WAV file, press the keys, and hang up `seconds` after the answer."""

    to: str
    caller: str = CALLER
    say: Path | None = None
    press: tuple[str, ...] = ()
    seconds: float = 15.0
    save: Path | None = None
    """Where to keep what was heard."""


@dataclass(frozen=True, slots=True)
class CallReport:
    """How it went. Times in milliseconds; None: it did not happen."""

    answered: bool
    ringing_ms: float | None
    answer_ms: float | None
    first_sound_ms: float | None
    """From the answer to the first sound."""
    cause: int | None
    """Why it ended: Q.850."""
    sip_status: int | None
    heard: Samples

    @property
    def ok(self) -> bool:
        """Answered, and something was heard."""
        return self.answered and self.first_sound_ms is not None


async def place_call(settings: Settings, options: CallOptions, say: Say) -> CallReport:
    """Place one call through the carrier. Raises SettingError where the carrier cannot be used."""
    check_options(options)
    speech = read_speech(options.say) if options.say else None
    password = settings.carrier_ari_password.get_secret_value()
    async with Carrier(settings.carrier_ari_url, password) as carrier:
        colleagues = asyncio.create_task(_leave_others_to_the_carrier(carrier, say))
        try:
            phone = await carrier.dial(options.to, caller=options.caller)
            say(f"{'0.000':>8} s  dialled {options.to} as {options.caller}")
            await _talk(phone, options, speech, say)
        finally:
            colleagues.cancel()
            await asyncio.gather(colleagues, return_exceptions=True)
    report = report_of(phone)
    if options.save:
        save(options.save, report.heard)
        say(f"What was heard: {options.save} ({len(report.heard) / SAMPLE_RATE:.1f} s)")
    return report


def check_options(options: CallOptions) -> None:
    """Raises SettingError naming the option. A number goes into a dial string, where other signs have a meaning."""
    for name, number in (("--to", options.to), ("--from", options.caller)):
        if not NUMBER.fullmatch(number):
            raise SettingError(name, f"{number!r} is no telephone number", "Write it like +493023125000")
    for keys in options.press:
        if not KEYS.fullmatch(keys):
            raise SettingError("--press", f"{keys!r} is on no telephone", "Use 0 to 9, * and #")


def report_of(phone: Phone) -> CallReport:
    """What one phone can say about its call."""
    moments = phone.moments
    return CallReport(
        answered=moments.answered is not None,
        ringing_ms=milliseconds(moments.invited, moments.ringing),
        answer_ms=milliseconds(moments.invited, moments.answered),
        first_sound_ms=phone.first_sound_ms,
        cause=phone.cause,
        sip_status=phone.sip_status,
        heard=phone.heard,
    )


def milliseconds(start: float | None, end: float | None) -> float | None:
    """From one time to another, to a tenth."""
    return None if start is None or end is None else round(1000 * (end - start), 1)


def read_speech(path: Path) -> Samples:
    """A WAV file to be spoken. Raises SettingError naming the option."""
    try:
        return read_wav(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingError("--say", f"cannot use {path} ({error})", "Name a WAV file of 16 bit") from error


def save(path: Path, samples: Samples) -> None:
    """Keep what was heard. Raises SettingError naming the option."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write_wav(samples))
    except OSError as error:
        raise SettingError(
            "--save", f"cannot write {path} ({error.strerror})", "Name a file in a folder of yours"
        ) from error


async def _talk(phone: Phone, options: CallOptions, speech: Samples | None, say: Say) -> None:
    def note(what: str) -> None:
        say(f"{time.monotonic() - (phone.moments.invited or 0.0):8.3f} s  {what}")

    try:
        await phone.until_answered(RING_SECONDS)
        note(f"answered (rang after {milliseconds(phone.moments.invited, phone.moments.ringing) or 0:.0f} ms)")
        async with asyncio.timeout(options.seconds):
            await phone.until_sound(HEARD_MS, options.seconds)
            note("heard the other side")
            if speech is not None:
                await _turn(phone)
                await phone.say(speech)
                note(f"spoke {options.say}")
            for key in "".join(options.press):
                await asyncio.sleep(BETWEEN_KEYS_SECONDS)
                await phone.press(key)
                note(f"pressed {key}")
            await phone.until_ended(options.seconds)
    except TimeoutError:
        await phone.hang_up()
        note("hung up")
    except CallOver:
        note(f"the call ended: {phone.how_it_ended}")


async def _turn(phone: Phone) -> None:
    """Wait until the other side has said something and is quiet, as one does; not for ever."""
    since = time.monotonic()

    def finished(heard: Samples) -> bool:
        return bool(listening.sounds(heard)) and listening.silent_for_ms(heard) >= PAUSE_MS

    try:
        await phone.until_heard(finished, POLITENESS_SECONDS, since=since)
    except TimeoutError:
        return


async def _leave_others_to_the_carrier(carrier: Carrier, say: Say) -> None:
    """While we are connected every call into the carrier comes to us: its own colleague is to take it."""
    while True:
        phone = await carrier.incoming(seconds=3600)
        say(f"           {phone.number} rings; the carrier's colleague answers")
        await phone.leave_to_dialplan("colleague")
