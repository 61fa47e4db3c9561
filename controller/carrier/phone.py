"""One leg of a call as a person would use it: dial or be rung, speak, press keys, listen, hang up."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from controller.ari.client import AriClient
from controller.ari.events import (
    AriEvent,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelHold,
    ChannelStateChange,
    ChannelUnhold,
    Dial,
    StasisEnd,
)
from controller.carrier import listening
from controller.carrier.audio_lines import SLIP_SECONDS_MAX, AudioLine
from controller.carrier.sounds import SAMPLE_RATE, Samples
from controller.errors import ControllerError

LOOK_SECONDS: Final = 0.02
"""Between two looks while waiting: one frame of audio."""

FIND_EVERY_SECONDS: Final = 0.25
"""Between two looks for a certain sound, which cost some milliseconds each."""

SAY_SECONDS_MAX: Final = 600.0
"""Longest speech that is waited for."""

KEY_MS: Final = 100
"""How long a key is pressed, and the pause after it: what a person's thumb does."""


class CallOver(ControllerError):
    """The call ended while something else was awaited."""


@dataclass(slots=True)
class Moments:
    """When what happened to this leg (time.monotonic, in seconds); None: not yet."""

    invited: float | None = None
    ringing: float | None = None
    answered: float | None = None
    ended: float | None = None


class Phone:
    """Made by a Carrier. `number` is whom it called, or as whom it was called; `peer` the other one's number."""

    def __init__(self, ari: AriClient, channel_id: str, number: str, peer: str, *, incoming: bool) -> None:
        self.channel_id = channel_id
        self.number = number
        self.peer = peer
        self.incoming = incoming
        self.moments = Moments()
        self.line = AudioLine()
        self.cause: int | None = None
        """Why it ended: Q.850."""
        self.sip_status: int | None = None
        """The SIP status of a call that failed; None for one that went well."""
        self.digits = ""
        """Keys that the other side pressed."""
        self.on_hold = False
        self.left = False
        """The carrier's dialplan plays this phone now."""
        self._ari = ari

    # --- acting ---------------------------------------------------------------------------------------------

    async def answer(self) -> None:
        """Pick up."""
        await self._ari.answer(self.channel_id)
        self._answered(time.monotonic())

    async def decline(self, cause: int | None = None) -> None:
        """Refuse a call that rings. Without a cause SIP 603; 17: 486 (busy), 19: 480, 34: 503."""
        await self._ari.hangup(self.channel_id, reason_code=cause)

    async def busy(self) -> None:
        """Refuse with SIP 486."""
        await self.decline(17)

    async def hang_up(self) -> None:
        """End the call: BYE, or CANCEL before the answer. Returns once it is over."""
        await self._ari.hangup(self.channel_id)
        await self.until_ended()

    async def leave_to_dialplan(self, context: str, extension: str = "s") -> None:
        """Let the carrier's own dialplan play this phone from here on."""
        self.left = True
        await self._ari.continue_in_dialplan(self.channel_id, context, extension)

    async def press(self, keys: str) -> None:
        """Press keys, as RFC 4733. Returns once the last one is released."""
        await self._ari.send_dtmf(self.channel_id, keys, duration_ms=KEY_MS, between_ms=KEY_MS)
        await asyncio.sleep(len(keys) * 2 * KEY_MS / 1000)

    def play(self, samples: Samples) -> None:
        """Speak this from the next frame on, after what is still being spoken."""
        self.line.say(samples)

    async def say(self, samples: Samples) -> None:
        """Speak this, and return when it has been spoken."""
        self.play(samples)
        await self._until(lambda: not self.line.speaking, SAY_SECONDS_MAX, "all was said")

    # --- listening ------------------------------------------------------------------------------------------

    @property
    def heard(self) -> Samples:
        """All that was heard from the answer until now, or until the end; index 0 is the answer."""
        if self.moments.answered is None:
            return self.line.heard(0.0, 0.0)
        return self.line.heard(self.moments.answered, self.moments.ended or time.monotonic())

    def heard_since(self, moment: float) -> Samples:
        """What was heard from this time (time.monotonic) on."""
        return self.line.heard(moment, self.moments.ended or time.monotonic())

    @property
    def first_sound_ms(self) -> float | None:
        """From the answer to the first sound."""
        offset = listening.first_sound(self.heard)
        return None if offset is None else listening.Span(0, offset).milliseconds

    # --- waiting: every method raises TimeoutError, or CallOver where the call ended instead -----------------

    async def until_ringing(self, seconds: float = 15.0) -> None:
        await self._until(lambda: self.moments.ringing is not None, seconds, "it rang")

    async def until_answered(self, seconds: float = 10.0) -> None:
        await self._until(lambda: self.moments.answered is not None, seconds, "it was answered")

    async def until_ended(self, seconds: float = 15.0) -> None:
        await self._until(lambda: self.moments.ended is not None, seconds, "it ended")

    async def until_heard(
        self, sound: Callable[[Samples], bool], seconds: float = 10.0, *, since: float | None = None, what: str = ""
    ) -> float:
        """Until `sound` is true of what was heard (since a time; by default from the answer). Returns the time."""
        start = since if since is not None else (self.moments.answered or time.monotonic())
        await self._until(lambda: sound(self.heard_since(start)), seconds, f"{what or sound.__name__} was heard")
        return time.monotonic()

    async def until_tone(self, hertz: float, seconds: float = 10.0, *, since: float | None = None) -> float:
        """Until a tone of this frequency has been heard for 60 ms."""
        return await self.until_heard(
            lambda samples: bool(listening.tones(samples, hertz)), seconds, since=since, what=f"a tone of {hertz:g} Hz"
        )

    async def until_sound(self, ms: float = 100.0, seconds: float = 10.0, *, since: float | None = None) -> float:
        """Until anything has been heard for so long (words count as one sound)."""
        return await self.until_heard(
            lambda samples: bool(listening.sounds(samples, ms, pauses_ms=200)),
            seconds,
            since=since,
            what="any sound",
        )

    async def until_quiet(self, ms: float = 500.0, seconds: float = 10.0, *, since: float | None = None) -> float:
        """Until it has been quiet for so long."""
        return await self.until_heard(
            lambda samples: listening.silent_for_ms(samples) >= ms, seconds, since=since, what=f"{ms:g} ms of silence"
        )

    async def until_found(
        self, wanted: Samples, seconds: float = 10.0, *, since: float | None = None
    ) -> listening.Match:
        """Until this very sound was heard, whole. Returns where, counted from `since`."""
        start = since if since is not None else (self.moments.answered or time.monotonic())
        # What was spoken then may stand a little earlier in what was heard: see SLIP_SECONDS_MAX.
        start -= SLIP_SECONDS_MAX
        looked_until = start
        best = listening.Match(0, 0.0)

        def found() -> bool:
            # Only what is new, and as much before it as the sound is long: looking must not disturb the audio's clock.
            nonlocal best, looked_until
            now = self.moments.ended or time.monotonic()
            if now - looked_until < FIND_EVERY_SECONDS and self.moments.ended is None:
                return False
            begin = max(start, looked_until - len(wanted) / SAMPLE_RATE)
            looked_until = now
            match = listening.find(wanted, self.line.heard(begin, now))
            if match.score > best.score:
                best = listening.Match(
                    match.offset + round((begin - start - SLIP_SECONDS_MAX) * SAMPLE_RATE), match.score
                )
            return best.found

        try:
            await self._until(found, seconds, "what was spoken was heard")
        except TimeoutError as error:
            raise TimeoutError(f"{error} (the most alike was {best.score:.2f})") from None
        return best

    async def _until(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        latest = time.monotonic() + seconds
        while not true():
            if self.moments.ended is not None:
                raise CallOver(f"The call ended ({self.how_it_ended}) before {what}")
            if time.monotonic() > latest:
                raise TimeoutError(f"{seconds:g} s went by before {what}")
            await asyncio.sleep(LOOK_SECONDS)

    # --- what Asterisk says ---------------------------------------------------------------------------------

    @property
    def how_it_ended(self) -> str:
        status = f", SIP {self.sip_status}" if self.sip_status else ""
        return f"cause {self.cause}{status}"

    def asterisk_event(self, event: AriEvent, now: float) -> None:
        """An event about this phone's own channel."""
        match event:
            case Dial(dialstatus="RINGING"):
                self.moments.ringing = self.moments.ringing or now
            case ChannelStateChange(channel=channel) if channel.state == "Ringing":
                self.moments.ringing = self.moments.ringing or now
            case ChannelStateChange(channel=channel) if channel.state == "Up":
                self._answered(now)
            case ChannelDtmfReceived(digit=digit):
                self.digits += digit
            case ChannelHold():
                self.on_hold = True
            case ChannelUnhold():
                self.on_hold = False
            case ChannelHangupRequest(cause=cause, tech_cause=status):
                self.cause, self.sip_status = cause, status
            case ChannelDestroyed(cause=cause, tech_cause=status):
                self.cause, self.sip_status = cause, status
                self._end(now)
            case StasisEnd() if self.incoming:
                # Nothing more is said of a channel that came in, unless one subscribes to it.
                self._end(now)

    def _answered(self, now: float) -> None:
        if self.moments.answered is None:
            self.moments.answered = now
            self.line.answered(now)

    def _end(self, now: float) -> None:
        self.moments.ended = self.moments.ended or now
