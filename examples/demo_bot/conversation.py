"""The bot: what it answers to each message and to what it hears. No socket and no clock: frames in, frames out.

The keys: 1 books an appointment, 2 repeats what the caller says, 0 asks for a human, 9 says goodbye and hangs up.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from examples.demo_bot.formats import Format
from examples.demo_bot.hearing import Ear, Utterance
from examples.demo_bot.speech import Speech, spell, tone

FROM_NUMBER: Final = "Hello! You are calling from"
FROM_NOBODY: Final = "Hello! Your number is withheld."
MENU: Final = "Press one for an appointment, two to hear yourself, or zero for a colleague."
BOOKED: Final = "Your appointment is tomorrow at ten o'clock. It is confirmed."
SPEAK: Final = "Speak after the tone."
TRANSFER: Final = "I am connecting you with a colleague."
NOBODY_THERE: Final = "I am sorry, nobody is free at the moment."
GOODBYE: Final = "Goodbye!"
PHRASES: Final = (FROM_NUMBER, FROM_NOBODY, MENU, BOOKED, SPEAK, TRANSFER, NOBODY_THERE, GOODBYE)

APPOINTMENT_TIME: Final = "10:00"
BEEP: Final = tone(hertz=1000, seconds=0.25)

FAILED_TRANSFERS: Final = ("busy", "no_answer", "declined", "unreachable", "failed")

Frame = str | bytes
"""What goes to the controller: JSON as str, audio as bytes."""


class Conversation:
    """One call. Every method returns the frames to send, in order."""

    def __init__(self, speech: Speech, reject: str = "", today: Callable[[], date] = date.today) -> None:
        """`reject`: refuse every call with this reason (busy, unavailable)."""
        self._speech = speech
        self._reject = reject
        self._today = today
        self._format = Format("mulaw")
        self._ear = Ear(self._format)
        self._count = 0
        self._mark = ""
        self._utterance: Utterance | None = None
        self._repeating = False
        self.ended = False

    def receive(self, message: Mapping[str, Any]) -> list[Frame]:
        """Answer a JSON message. A type that we do not know is none of our business."""
        match message:
            case {"type": "start"}:
                return self._begin(message)
            case {"type": "dtmf", "digit": digit}:
                return [*self._hush(), *self._press(digit)]
            case {"type": "mark_reached", "name": self._mark}:
                return self._spoken()
            case {"type": "transfer_progress", "state": state} if state in FAILED_TRANSFERS:
                return [*self._log("transfer failed", state=state), *self._say(NOBODY_THERE, MENU)]
            case {"type": "end"}:
                self.ended = True
        return []

    def hear(self, audio: bytes) -> list[Frame]:
        """Listen to the caller: stop when interrupted, and collect what is to be repeated."""
        frames: list[Frame] = []
        for frame, speech in self._ear.hear(audio):
            if self._utterance is not None:
                if self._utterance.add(frame, speech):
                    frames += self._repeat()
            elif speech and self._mark and not self._repeating:
                frames += self._hush()
        return frames

    def hear_nothing(self) -> list[Frame]:
        """No audio has come for 0.6 s: some telephones send nothing in silence."""
        if self._utterance is not None and self._utterance.begun:
            return self._repeat()
        return []

    def _begin(self, start: Mapping[str, Any]) -> list[Frame]:
        if self._reject:
            return [_json("reject", reason=self._reject, message="DEMO_BOT_REJECT is set")]
        self._format = Format.of(start["audio"])
        self._ear = Ear(self._format)
        digits = spell(start["from"].get("number", ""))
        greeting = [FROM_NUMBER, *digits, MENU] if digits else [FROM_NOBODY, MENU]
        return [_json("accept"), *self._say(*greeting)]

    def _press(self, digit: str) -> list[Frame]:
        self._utterance = None
        self._repeating = False
        match digit:
            case "0":
                said = self._say(TRANSFER)
                return [*said, _json("transfer", summary="Pressed 0 in the demo bot's menu")]
            case "1":
                return self._book()
            case "2":
                self._repeating = True
                return self._say(SPEAK, after=self._format.encode(BEEP))
            case "9":
                return [*self._say(GOODBYE), _json("hangup", reason="pressed 9")]
            case _:
                return self._say(MENU)

    def _book(self) -> list[Frame]:
        tomorrow = self._today() + timedelta(days=1)
        appointment = {"date": tomorrow.isoformat(), "time": APPOINTMENT_TIME}
        result = _json("result", id=self._next_id("result"), name="Appointment confirmed", data=appointment)
        return [result, *self._say(BOOKED)]

    def _say(self, *words: str, after: bytes = b"") -> list[Frame]:
        """Speak, with the transcript of it, and a mark that tells when it has been heard."""
        self._mark = self._next_id("said")
        transcript = _json("transcript", id=self._mark, role="bot", text=" ".join(words))
        return [self._speech.say(*words, audio_format=self._format) + after, _json("mark", name=self._mark), transcript]

    def _repeat(self) -> list[Frame]:
        assert self._utterance is not None  # noqa: S101 - both callers have looked
        audio, self._utterance = self._utterance.audio, None
        self._mark = self._next_id("repeated")
        return [audio, _json("mark", name=self._mark), *self._log("repeated", bytes=len(audio))]

    def _spoken(self) -> list[Frame]:
        """Everything that we sent has been heard."""
        self._mark = ""
        if self._repeating:
            self._utterance = Utterance()
        return []

    def _hush(self) -> list[Frame]:
        """Stop speaking at once, if we are."""
        if not self._mark:
            return []
        self._mark = ""
        return [_json("clear"), *self._log("interrupted")]

    def _log(self, message: str, **data: Any) -> list[Frame]:
        return [_json("log", id=self._next_id("log"), message=message, data=data)]

    def _next_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"


def _json(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})
