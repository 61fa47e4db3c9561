"""Audio that a slow bot has not taken yet: bounded, and what is oldest goes first, for late audio is worth nothing."""

from collections import deque


class Backlog:
    """Whole messages in order. `limit_bytes` may change; what is too much goes with the next message."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._messages: deque[bytes] = deque()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._messages)

    def add(self, message: bytes) -> list[bytes]:
        """Keep one more message; returns those that are dropped for it. The newest always stays."""
        self._messages.append(message)
        self._bytes += len(message)
        dropped = []
        while self._bytes > self.limit_bytes and len(self._messages) > 1:
            dropped.append(self.take())
        return dropped

    def take(self) -> bytes:
        """Remove the oldest message."""
        message = self._messages.popleft()
        self._bytes -= len(message)
        return message
