"""What the bot says, on its way to the caller: the playout and its marks, pause, `clear` and overrun."""

from collections.abc import Sequence
from typing import Protocol

from controller.bot.protocol import Cleared, Mark, MarkReached, PlayFinished, ToBot
from controller.media import formats
from controller.media.control_messages import BotMessage, Disconnected, FirstAudio, Open, Report
from controller.media.playout import FRAME_BYTES, FRAME_MS, PLAYOUT_MS_MAX, Playout

Item = Mark | BotMessage | PlayFinished | Disconnected
"""What stands in the line between pieces of audio."""


class Told(Protocol):
    """Who is told what becomes of the bot's audio."""

    def tell_controller(self, report: Report) -> None: ...

    def tell_bot(self, message: ToBot) -> None: ...

    def refuse(self, message: str) -> None:
        """The bot asked for too much."""

    def bot_began(self) -> None:
        """The first of what it says after a silence is on its way to the caller."""

    def bot_silenced(self) -> None:
        """What it was saying is not heard any more."""

    def flush(self) -> None:
        """What has been sent and Asterisk has not played is not to be heard any more."""


class Downlink:
    """One call. A tick takes `next_frame`, sends it, and then lets it `settle`."""

    def __init__(self, opening: Open, told: Told) -> None:
        self.speaking = False
        """The bot's audio waits to be played, or ran out at the last tick."""
        unit_bytes = formats.unit_bytes(opening)
        self._session = opening.session
        self._told = told
        self._converts = formats.line(opening) is not None
        self._frame_bytes = unit_bytes * FRAME_BYTES
        self._playout: Playout[Item] = Playout(unit_bytes)
        self._paused = False
        self._barged_in = False
        """Paused because the caller spoke, and not by the bot's word."""
        self._begins = True
        """The next frame is the first after a silence."""
        self._heard = False
        """The caller has had the first packet of it."""
        self._overrun_told = False
        self._bytes_out = self._dropped_bytes = self._cleared_ms = self._underruns = 0

    @property
    def statistics(self) -> dict[str, int | float]:
        return {
            "played_ms": self._playout.taken_ms,
            "dropped_ms": round(self._dropped_bytes * FRAME_MS / self._frame_bytes),
            "bytes_out": self._bytes_out,
            "cleared_ms": self._cleared_ms,
            "underruns": self._underruns,
        }

    # --- to the caller --------------------------------------------------------------------------------------

    def next_frame(self) -> bytes:
        """One tick: the next 20 ms of the bot's audio in the bot's format.

        Less or nothing where it ran out; linear PCM is filled with silence then, to go through the filters whole.
        """
        frame = self._playout.take(FRAME_BYTES)
        self._bytes_out += len(frame)
        if len(frame) < self._frame_bytes:
            self.speaking = False
            self._underruns += 1
            if self._converts:
                frame = frame.ljust(self._frame_bytes, b"\0")
        if self._begins:
            self._begin()
        return frame

    def _begin(self) -> None:
        self._begins = False
        self._told.bot_began()
        if not self._heard:
            self._heard = True
            self._told.tell_controller(FirstAudio(session=self._session, to="caller"))

    def settle(self) -> None:
        """Do what was to be done once the audio before it had been sent."""
        for item in self._playout.reached():
            if isinstance(item, Mark):
                self._told.tell_bot(MarkReached(name=item.name))
            elif isinstance(item, PlayFinished):
                self._told.tell_bot(item)
            else:
                self._told.tell_controller(item)

    # --- from the bot ---------------------------------------------------------------------------------------

    def write(self, audio: memoryview) -> None:
        """Take the bot's next audio, any amount of it."""
        if self._overrun_told and self._playout.waiting_ms <= PLAYOUT_MS_MAX // 2:
            self._overrun_told = False
        self._begins = self._begins or not self.speaking
        self.speaking = not self._paused
        refused = self._playout.write(audio)
        self._dropped_bytes += refused
        if refused and not self._overrun_told:
            self._overrun_told = True
            self._told.refuse(
                f"{PLAYOUT_MS_MAX // 1000} s of audio are waiting already, what is beyond them is dropped"
            )

    def pause(self) -> None:
        if self.speaking:
            self._told.bot_silenced()
        self._paused, self.speaking = True, False

    def resume(self) -> None:
        self._paused = self._barged_in = False
        self.speaking = self.speaking or self._playout.waiting_ms > 0

    def barge_in(self) -> bool:
        """The caller speaks: pause; False, and nothing done, where there is nothing to interrupt."""
        self._barged_in = self.speaking
        if self._barged_in:
            self.pause()
        return self._barged_in

    def barge_in_over(self) -> None:
        """The caller has stopped: a bot that did not take up the interruption goes on."""
        if self._barged_in:
            self.resume()

    def clear(self, behind: Sequence[Mark | BotMessage] = ()) -> None:
        """Silence from the next tick on; the bot is told how far the caller had heard it.

        `behind`: what would have had its place in the line later.
        """
        if self.speaking:
            self._told.bot_silenced()
        self._paused = self._barged_in = False
        discarded = self._playout.clear()
        self._told.flush()
        self._cleared_ms += discarded.ms
        items = [*discarded.marks, *behind]
        marks = [item.name for item in items if isinstance(item, Mark)]
        self._told.tell_bot(Cleared(discarded_ms=discarded.ms, played_ms=self._playout.taken_ms, marks=marks))
        # A hangup or transfer outlives the audio that it was waiting for.
        for item in items:
            if isinstance(item, PlayFinished):
                self._told.tell_bot(item.model_copy(update={"outcome": "cleared"}))
            elif not isinstance(item, Mark):
                self._told.tell_controller(item)

    def mark(self, item: Mark | BotMessage | PlayFinished) -> None:
        """Tell of this once the audio before it has been played."""
        if self._playout.mark(item):
            self.settle()
        else:
            self._told.refuse("too many marks are waiting")

    def lost(self, lost: Disconnected) -> None:
        """The bot is gone. Where its hangup or transfer still waits for its audio, what it asked for comes first."""
        waiting = any(isinstance(item, BotMessage) for item in self._playout.marks())
        if not (waiting and self._playout.mark(lost)):
            self._told.tell_controller(lost)
