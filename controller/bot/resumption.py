"""What it takes to go on with a call on a new connection: who has got what. Pure."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from controller.bot.protocol import Accept, ResumePoint, ToBot

MESSAGES_KEPT_MAX: Final = 1_000
"""Of ours, for a bot that says how many it has got: more than are ever on their way at once."""


RESUME_SECONDS: Final = 5.0
"""How long at most a bot is reached again that can go on with its call: the caller hears nothing new meanwhile."""


class Account:
    """Of one call whose bot has given a `resume_token`; messages are counted from the first `accept`.

    `inherited`: it was another worker that heard this first `accept`, and what it knew died with it. By then the bot
    had `got` so many messages, as it says.
    """

    def __init__(self, token: str, got: int = 0, *, inherited: bool = False) -> None:
        self.token = token
        self._inherited = inherited
        self._kept: deque[ToBot] = deque(maxlen=MESSAGES_KEPT_MAX)
        self._said = got
        self._said_before_the_break = 0
        self._audio = bytearray()
        """The caller's, of the time without a connection."""

    def said(self, message: ToBot) -> None:
        """One more message of ours, whether or not there was a connection for it."""
        self._kept.append(message)
        self._said += 1

    def broken(self) -> None:
        """From here on nothing reaches the bot."""
        self._said_before_the_break = self._said

    def keep(self, audio: bytes | bytearray | memoryview) -> None:
        self._audio += audio

    def point(self, played_ms: int, audio_bytes: int, messages: int) -> ResumePoint:
        """`audio_bytes`, `messages`: of the bot's, as far as we have heard it."""
        if self._inherited:
            return ResumePoint(token=self.token)
        return ResumePoint(
            token=self.token, played_ms=played_ms, audio_bytes_received=audio_bytes, messages_received=messages
        )

    def missed(self, accept: Accept) -> Sequence[ToBot]:
        """What the bot has not got: by its own count, or what there was no connection for."""
        got = self._said_before_the_break if accept.messages_received is None else accept.messages_received
        missing = max(0, self._said - got)
        return list(self._kept)[max(0, len(self._kept) - missing) :]

    def take_audio(self) -> bytes:
        audio = bytes(self._audio)
        self._audio.clear()
        return audio
