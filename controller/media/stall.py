"""Whether a bot listens: one that takes no audio for seconds, although there is some, has stalled. Pure."""


class Stall:
    """`took` and `left_out` are set by whoever sends, and looked at about once a second."""

    def __init__(self, seconds: float, now: float) -> None:
        self.took = self.left_out = False
        """Since the last look."""
        self._seconds = seconds
        self._took_at = now
        self._told = False

    def look(self, now: float) -> float | None:
        """For how many seconds the bot has taken nothing, once when they are too many."""
        told = None
        if self.took or not self.left_out:
            self._took_at = now
            self._told = False
        elif now - self._took_at >= self._seconds and not self._told:
            self._told = True
            told = now - self._took_at
        self.took = self.left_out = False
        return told
