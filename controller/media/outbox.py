"""Reports on their way to the controller: numbered, kept until they are acknowledged, sent again on a new link."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from controller.media.control_messages import UNACKNOWLEDGED_REPORTS_MAX, Report

SESSION_REPORTS_MAX: Final = 1_000
"""Of one session: a tenth of all, so that one chatty bot cannot push out the reports of other calls."""


class Outbox:
    """Pure bookkeeping; whoever sends asks `after` for what comes next."""

    def __init__(self, limit: int = UNACKNOWLEDGED_REPORTS_MAX) -> None:
        self._limit = limit
        self._waiting: dict[int, tuple[str, str]] = {}
        """Sequence number to session and JSON text, in order."""
        self._by_session: Counter[str] = Counter()
        self._last = 0
        self.dropped = 0
        self.on_added: Callable[[], None] = lambda: None

    @property
    def acknowledged(self) -> int:
        """The newest sequence number that need not be sent any more."""
        return self._last - len(self._waiting)

    def add(self, report: Report) -> None:
        if len(self._waiting) >= self._limit:
            self._remove_first()
            self.dropped += 1
        self._last += 1
        text = report.model_copy(update={"seq": self._last}).model_dump_json()
        self._waiting[self._last] = (report.session, text)
        self._by_session[report.session] += 1
        self.on_added()

    def crowded(self, session: str) -> bool:
        """True when this session has as many reports waiting as it may have."""
        return self._by_session[session] >= SESSION_REPORTS_MAX

    def acknowledge(self, seq: int) -> None:
        """Forget everything up to and including `seq`; numbers that were never given out change nothing."""
        while self._waiting and self.acknowledged < min(seq, self._last):
            self._remove_first()

    def after(self, seq: int) -> tuple[int, str] | None:
        """The first report that waits behind `seq`, with its number."""
        following = max(seq, self.acknowledged) + 1
        waiting = self._waiting.get(following)
        return (following, waiting[1]) if waiting else None

    def _remove_first(self) -> None:
        session, _ = self._waiting.pop(next(iter(self._waiting)))
        self._by_session[session] -= 1
        if not self._by_session[session]:
            del self._by_session[session]
