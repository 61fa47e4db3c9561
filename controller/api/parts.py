"""What the operations work on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.api.control import Calls
from controller.records.store import CallDetail, CallSummary

Health = Callable[[], Mapping[str, Any]]
"""What is reported; its `ready` says whether a call that arrived now would be served."""


class Records(Protocol):
    """What is read of the store. Raises StoreAway."""

    async def list_calls(self, limit: int, *, live_only: bool = False) -> Sequence[CallSummary]: ...

    async def show_call(self, id_or_prefix: str) -> CallDetail:
        """Raises CallUnknown."""


@dataclass(frozen=True, slots=True)
class Parts:
    """All of it."""

    health: Health
    calls: Calls
    records: Records
