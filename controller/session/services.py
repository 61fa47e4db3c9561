"""What all calls of a controller share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from controller.ari.client import AriClient
from controller.bot.chooser import BotChooser
from controller.context.context import Context
from controller.routing.fence import RateLimit
from controller.session.bot_legs import MediaWorker
from controller.session.holding import Hold
from controller.session.journal import Submit
from controller.session.limits import Limits
from controller.session.lines import Lines
from controller.session.recordings import Recordings
from controller.session.steering import Documents
from controller.session.voices import Voices
from controller.trunks.book import TrunkBook


@dataclass(frozen=True, slots=True)
class Services:
    """Of the controller, for each of its calls."""

    ari: AriClient
    pick: Callable[[], MediaWorker]
    submit: Submit
    voices: Voices
    limits: Limits
    lines: Lines
    voicemail: Path
    """The folder of messages that callers leave."""
    context: Context
    """What is known of a caller beside the call."""
    recordings: Recordings
    transfers: RateLimit
    """That bots have asked for."""
    chooser: BotChooser
    """Asks the webhooks that choose bots."""
    documents: Documents | None = None
    """Says how steered calls go on; None: nobody steers by documents."""
    workers: Callable[[], int] = lambda: 1
    """Media workers that are there."""
    calls_max: int = 0
    """With bots at a time, in all; 0: no limit."""
    hold: Hold = lambda _: None
    """Keeps what is known of a call in progress."""
    asterisk: Callable[[], str] = str
    """When Asterisk was started."""
    trunks: TrunkBook = field(default_factory=TrunkBook)
    """By which calls go out."""
