"""What a bot has said, in order: what waits to be sent, and what was sent and may have to be sent again."""

from collections import deque
from typing import Final

KEPT_FRAMES_MAX: Final = 4_000
"""Sent ones that are kept for a connection that breaks: more than the network has room for."""

KEPT_BYTES_MAX: Final = 1 << 20
"""Of these: 20 s of the widest audio."""


class Outgoing:
    """Frames: text is a message, bytes are audio. What the other side has received is always a beginning of them."""

    def __init__(self) -> None:
        self._frames: deque[str | bytes] = deque()
        self._sent = 0
        """So many at the beginning of the list have been sent."""
        self._sent_bytes = 0
        self.waiting_bytes = 0
        self._messages_gone = 0
        """Sent, and no longer kept."""
        self._audio_bytes_gone = 0

    def add(self, frame: str | bytes) -> None:
        self._frames.append(frame)
        self.waiting_bytes += len(frame)

    def take(self) -> str | bytes | None:
        """The next frame to be sent; None where all are."""
        if self._sent == len(self._frames):
            return None
        frame = self._frames[self._sent]
        self._sent += 1
        self._sent_bytes += len(frame)
        self.waiting_bytes -= len(frame)
        while self._sent > KEPT_FRAMES_MAX or self._sent_bytes > KEPT_BYTES_MAX:
            self._forget_oldest()
        return frame

    def drop_waiting_audio(self) -> None:
        """It would be thrown away by the other side."""
        frames = list(self._frames)
        waiting = [frame for frame in frames[self._sent :] if isinstance(frame, str)]
        self._frames = deque([*frames[: self._sent], *waiting])
        self.waiting_bytes = sum(map(len, waiting))

    def resume(self, messages: int | None, audio_bytes: int | None) -> None:
        """On a new connection: go on behind what the other side has got; None: that is not known, and taken for all."""
        messages = messages if messages is not None else 1 << 62
        audio_bytes = audio_bytes if audio_bytes is not None else 1 << 62
        messages -= self._messages_gone
        audio_bytes -= self._audio_bytes_gone
        while self._sent and self._frames:
            frame = self._frames[0]
            if isinstance(frame, str):
                if messages <= 0:
                    break
                messages -= 1
            elif audio_bytes < len(frame):
                self._cut(frame, max(0, audio_bytes))
                break
            else:
                audio_bytes -= len(frame)
            self._forget_oldest()
        self._sent = self._sent_bytes = 0
        self.waiting_bytes = sum(map(len, self._frames))

    def _cut(self, frame: bytes, received: int) -> None:
        """Part of the oldest frame has arrived."""
        self._frames[0] = frame[received:]
        self._audio_bytes_gone += received
        self._sent_bytes -= received

    def _forget_oldest(self) -> None:
        frame = self._frames.popleft()
        self._sent -= 1
        self._sent_bytes -= len(frame)
        if isinstance(frame, str):
            self._messages_gone += 1
        else:
            self._audio_bytes_gone += len(frame)
