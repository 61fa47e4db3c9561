"""What the operations work on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.api.accounts import Accounts
from controller.api.bot_states import BotStates
from controller.api.control import Calls
from controller.api.event_log import EventLog
from controller.api.metrics import Gauges, Metrics
from controller.api.softphone import Softphones
from controller.closures_file import ClosuresFile
from controller.config import Settings
from controller.guard.guard import Guard
from controller.records.store import RecordStore
from controller.routing.router import Router
from controller.trunks.watch import TrunkWatch

Health = Callable[[], Mapping[str, Any]]
"""What is reported; its `ready` says whether a call that arrived now would be served."""


@dataclass(frozen=True, slots=True)
class Parts:
    """All of it."""

    health: Health
    calls: Calls
    store: RecordStore
    events: EventLog
    """What is stored."""
    raw_events: EventLog
    """What Asterisk says."""
    metrics: Metrics
    router: Router
    closures: ClosuresFile
    voicemail_folder: Path
    recordings_folder: Path
    gauges: Callable[[], Awaitable[Gauges]]
    accounts: Accounts
    settings: Settings
    softphones: Softphones
    trunks: TrunkWatch
    guard: Guard
    bots: BotStates = field(default_factory=BotStates)
    drain: Callable[[bool], None] = lambda _: None
    """Whether further calls are taken."""
