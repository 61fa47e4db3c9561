"""Runs one call: events in, commands out to be carried out, results back as events.

Two tasks: `run` reads events and asks the call what to do; `execution` carries out. So a hangup is seen while a
request is outstanding.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, cast

import structlog

from controller.ari.events import AriEvent
from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import State
from controller.media import control_messages as media
from controller.session import adoption
from controller.session.adoption import Found
from controller.session.bot_legs import MediaWorker
from controller.session.execution import Execution
from controller.session.holding import Holding, Resumed
from controller.session.journal import Journal
from controller.session.legs import Legs
from controller.session.reconciliation import Live
from controller.session.services import Services
from controller.session.shown import shown
from controller.session.status_callbacks import StatusCallbacks

EVENTS_WAITING_MAX: Final = 1_000
"""Of one call. Only a flood of the bot's messages gets there; it loses its newest, and nobody else anything."""


TOLD_SECONDS: Final = 1.0
"""For the media worker to take the last acknowledgements of a call that another controller goes on with."""


class CallSession:
    """One running call. Every method but `run` returns at once."""

    def __init__(self, call: Call, caller_channel: str, services: Services, resumed: Resumed | None = None) -> None:
        """`resumed`: it has begun with another controller."""
        self.call = call
        self._services = services
        self._events: deque[e.Event] = deque()
        self._arrived = asyncio.Event()
        self._over = asyncio.Event()
        self._handed_over = self._left = False
        self._legs = legs = Legs(call, caller_channel, services, self.post, lambda: self._now() - call.started)
        begun = (resumed.started_at, resumed.steps) if resumed else ()
        self._journal = Journal(call, services.submit, self.post, services.voicemail, *begun)
        legs.bots.statistics = dict(resumed.statistics) if resumed else {}
        self._holding = Holding(call, caller_channel, services.hold, services.asterisk)
        self._first: list[c.Command] | None = None
        """What is to be done at once, of a call that has begun with another controller."""
        self.told = StatusCallbacks(call.id, services.documents, lambda: shown(call, self.started_at))
        """Who steers the call, and wants to hear how it goes."""
        self._execution = Execution(call, legs, services, self._journal, self.told, self.post)
        self.when_ended: list[Callable[[], None]] = []
        """Told when the call has ended."""
        self._log = structlog.get_logger().bind(call=call.id)

    @property
    def live(self) -> Live:
        """What we believe to exist in Asterisk."""
        return Live(self.call.id, self._legs.channels.caller, frozenset(self._legs.channels.held))

    @property
    def caller_channel(self) -> str:
        return self._legs.channels.caller

    @property
    def going_on(self) -> bool:
        return self.call.state not in {State.ENDING, State.ENDED}

    def note(self, kind: str, detail: str) -> None:
        """Something for the record that means nothing to the call itself."""
        self._journal.write(c.Note(self._now() - self.call.started, kind, detail))

    @property
    def started_at(self) -> datetime:
        """As the record has it."""
        return self._journal.started_at

    # --- events ---------------------------------------------------------------------------------------------

    def post(self, event: e.Event) -> None:
        """Something happened to the call."""
        if isinstance(event, e.Report) and len(self._events) >= EVENTS_WAITING_MAX:
            self._log.warning("message of the bot dropped", reason="too many are waiting", kind=type(event).__name__)
            return
        if self._handed_over and not isinstance(event, e.Stored | e.ShutDown):
            return  # the next controller finds out
        if isinstance(event, e.TransferRequested):
            transfers = self._services.transfers
            transfers.count_max = self.call.route.fence.per_minute_max
            event = replace(event, too_many=not transfers.take(self._now()))
        self.told.on_event(event)
        self._events.append(event)
        self._arrived.set()

    def asterisk_event(self, event: AriEvent) -> None:
        """An event about one of the call's channels."""
        understood = self._legs.understood(event)
        if understood:
            self.post(understood)

    def media_report(self, report: media.Report, attempt: int) -> None:
        """A media worker says something about one of the call's bots."""
        self._legs.bots.report(report, attempt)

    def carries(self, attempt: int) -> bool:
        """Whether this attempt's bot still has its part in the call."""
        return self._legs.bots.carries(attempt)

    def worker_lost(self, worker: MediaWorker, detail: str) -> None:
        """A media worker is gone for good."""
        self._legs.bots.worker_lost(worker, detail)

    # --- begun by another controller ------------------------------------------------------------------------

    def found(self, attempt: int, worker: MediaWorker) -> bool:
        """A media worker carries this bot. Whether it is still wanted."""
        wanted = self.call.bot is not None and self.call.bot.attempt == attempt and self.going_on
        if wanted:
            self._legs.bots.adopt(attempt, worker)
        return wanted

    def adopt(self, found: Found, recording: bool) -> None:
        """Before `run`: go on from where things are. `recording`: the caller's message is being recorded."""
        call, channels = self.call, self._legs.channels
        call.now = self._now()
        channels.adopt(found.channels.keys() - {channels.caller}, found.bridges)
        away = call.away is not None and not found.caller_here
        self._legs.caller.adopt(away=away, recording=call.recording)
        if call.recording and not recording:
            self._legs.caller.recording_ended()
            self._legs.background.start(self._legs.caller.keep_recording(self._legs.caller.recording))
        if call.bot and call.bot.attempt in found.bots:
            self._legs.bots.count(call.bot.attempt, self._execution.limits(call.bot.rung))
        consulted = {name for name in found.bridges if name != channels.bridge}
        self._legs.humans.adopt(min(consulted, default=""))
        self._first = [call.note("adopted", "by another controller process"), *adoption.again(call, found)]
        reported, self._events = self._events, deque()
        first, last = adoption.parted(adoption.news(call, found))
        for event in first:
            self.post(event)
        self._events.extend(reported)
        for event in last:
            self.post(event)
        if call.away and found.caller and found.caller_here:
            self._legs.caller.returned(tuple(found.caller.dialplan.app_data.split(",")[1:]))
        for channel_id in adoption.unwanted_channels(call, found):
            self._legs.background.start(channels.end(channel_id))
        if call.bot and (media := adoption.unjoined_media(call, found)):
            self._legs.background.start(self._legs.media.join(media))

    # --- left to another controller -------------------------------------------------------------------------

    async def settled(self) -> None:
        """Until nothing is under way that Asterisk has not answered; of a call that ends, until it has ended."""
        if self.going_on:
            await self._execution.idle()
        else:
            await self._over.wait()

    def hand_over(self, stored: Callable[[], None]) -> None:
        """Decide nothing from now on: `stored` is called once all is kept that another controller needs."""
        while self._events:
            self._receive(self._events.popleft())
        self._handed_over = True
        self.call.now = self._now()
        self._journal.write(self.call.note("controller_left", "and the next one goes on with the call"), stored)

    def leave(self) -> None:
        """After `hand_over`: `run` returns, and everything stays as it is."""
        self._left = True
        self._arrived.set()

    # --- the loop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From the first rung to the closed record. Leaves no task behind."""
        working = asyncio.create_task(self._execution.work())
        try:
            self._carry_out(self.call.begin() if self._first is None else self._first)
            while self.call.state is not State.ENDED and (event := await self._next_event()):
                self._receive(event)
        finally:
            if not self._left:
                self.told.on_end()
                for tell in self.when_ended:
                    tell()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await self._execution.stop(TOLD_SECONDS if self._left else 0)
            self._over.set()

    async def _next_event(self) -> e.Event | None:
        """The next event, or the deadline's when that comes first. None: the call is left to another controller."""
        while not self._events:
            if self._left:
                return None
            self._arrived.clear()
            waits = self.call.deadline is None or self._handed_over
            seconds = None if waits else cast("float", self.call.deadline) - self._now()
            try:
                await asyncio.wait_for(self._arrived.wait(), seconds)
            except TimeoutError:
                return e.DeadlinePassed()
        return self._events.popleft()

    def _receive(self, event: e.Event) -> None:
        self._log.debug("event", state=self.call.state, happened=str(event))
        try:
            self._carry_out(self.call.receive(event, self._now()))
        except Exception as error:
            self._log.exception("event not dealt with", happened=str(event))
            if isinstance(event, e.CommandFailed):
                raise
            self.post(e.CommandFailed(type(event).__name__, str(error)))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _carry_out(self, commands: list[c.Command]) -> None:
        self._execution.carry_out(commands)
        if not all(isinstance(command, c.Save | c.Told) for command in commands):
            self._holding.keep(self.started_at, self._legs.bots.statistics)
