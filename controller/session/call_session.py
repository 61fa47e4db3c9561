"""Runs one call: events in, commands carried out, results back as events.

Two tasks: `run` reads events and asks the call what to do; `_work` carries out, one after the other, what takes
Asterisk time. So a hangup is seen while a request is outstanding. What gives something back does not wait in line:
a human's phone stops ringing although another request hangs.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final, cast

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.ari.events import AriEvent, ChannelDestroyed, StasisEnd, StasisStart
from controller.ari.events import subject as subject_of
from controller.bot.protocol import EndReason
from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import State
from controller.media import control_messages as media
from controller.records.items import Item
from controller.session import translation
from controller.session.asterisk_legs import AsteriskLegs
from controller.session.bot_legs import BotLegs, MediaWorker
from controller.session.reconciliation import Live

EVENTS_WAITING_MAX: Final = 1_000
"""Of one call. Only a flood of the bot's messages gets there; it loses its newest, and nobody else anything."""

Submit = Callable[[Item, Callable[[], None] | None], None]
"""Hands an item to the store; the callback comes once it is kept."""


class CallSession:
    """One running call. Every method but `run` returns at once."""

    def __init__(
        self, call: Call, caller_channel: str, ari: AriClient, pick: Callable[[], MediaWorker], submit: Submit
    ) -> None:
        self.call = call
        self._submit = submit
        self._events: deque[e.Event] = deque()
        self._arrived = asyncio.Event()
        self._bots = BotLegs(call.id, pick, self.post)
        self._asterisk = AsteriskLegs(call.id, caller_channel, ari, self._bots, self.post)
        self._commands: asyncio.Queue[c.Command] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started_at = datetime.now(UTC)
        self._notes = 0
        self._log = structlog.get_logger().bind(call=call.id)

    @property
    def live(self) -> Live:
        """What we believe to exist in Asterisk."""
        return Live(self.call.id, self._asterisk.caller, frozenset(self._asterisk.held))

    # --- events ---------------------------------------------------------------------------------------------

    def post(self, event: e.Event) -> None:
        """Something happened to the call."""
        reported = isinstance(event, e.TranscriptSaid | e.ResultReported | e.LogWritten)
        if reported and len(self._events) >= EVENTS_WAITING_MAX:
            self._log.warning("message of the bot dropped", reason="too many are waiting", kind=type(event).__name__)
            return
        self._events.append(event)
        self._arrived.set()

    def asterisk_event(self, event: AriEvent) -> None:
        """An event about one of the call's channels."""
        channel_id = subject_of(event) or ""
        ours = ids.parse(channel_id)
        if ours is None:
            translated = translation.from_caller_channel(event)
            if isinstance(translated, e.CallerGone):
                self._asterisk.caller_left()
        else:
            if isinstance(event, StasisStart):
                self._asterisk.channel_entered(channel_id)
            if isinstance(event, StasisEnd | ChannelDestroyed):
                self._asterisk.channel_ended(channel_id)
            translate = translation.from_human_channel if ours.role == "agent" else translation.from_media_channel
            translated = translate(event, ours.attempt)
        if translated:
            self.post(translated)

    def media_report(self, report: media.Report, attempt: int) -> None:
        """A media worker says something about one of the call's bots."""
        self._bots.report(report, attempt)

    def carries(self, attempt: int) -> bool:
        """Whether this attempt's bot still has its part in the call."""
        return self._bots.carries(attempt)

    def worker_lost(self, worker: MediaWorker, detail: str) -> None:
        """A media worker is gone for good."""
        self._bots.worker_lost(worker, detail)

    # --- the loop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From the first rung to the closed record. Leaves no task behind."""
        working = asyncio.create_task(self._work())
        try:
            self._carry_out(self.call.begin())
            while self.call.state is not State.ENDED:
                event = await self._next_event()
                self._log.debug("event", state=self.call.state, happened=str(event))
                try:
                    self._carry_out(self.call.receive(event, self._now()))
                except Exception as error:
                    self._log.exception("event not dealt with", happened=str(event))
                    if isinstance(event, e.CommandFailed):
                        raise
                    self.post(e.CommandFailed(type(event).__name__, str(error)))
        finally:
            for task in {working, *self._tasks}:
                task.cancel()
            await asyncio.gather(working, *self._tasks, return_exceptions=True)

    async def _next_event(self) -> e.Event:
        """The next event, or the deadline's when that comes first."""
        while not self._events:
            self._arrived.clear()
            seconds = None if self.call.deadline is None else self.call.deadline - self._now()
            try:
                await asyncio.wait_for(self._arrived.wait(), seconds)
            except TimeoutError:
                return e.DeadlinePassed()
        return self._events.popleft()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    # --- commands -------------------------------------------------------------------------------------------

    def _carry_out(self, commands: list[c.Command]) -> None:
        for command in commands:
            match command:
                case c.OpenRecord() | c.Note() | c.Save() | c.CloseRecord():
                    self._record(command)
                case c.TellDigit() | c.TellTransfer() | c.TellNotNow() | c.TellStored():
                    self._start(self._bots.tell(command.attempt, translation.to_bot(command)))
                case c.PlayBot(attempt=attempt):
                    self._start(self._bots.play(attempt))
                case c.OpenBot():
                    self._start(self._bots.open(command, self.call.arrival, self.call.route.name))
                case c.CloseBot(attempt=attempt, reason=reason):
                    self._start(self._close_bot(attempt, cast("EndReason", reason)))
                case c.HangUpHuman(attempt=attempt):
                    self._start(self._asterisk.hang_up_human(attempt))
                case c.HangUpCaller(cause=cause):
                    self._start(self._asterisk.hang_up_caller(cause))
                case c.HandToDialplan():
                    self._start(self._asterisk.hand_to_dialplan())
                case c.Release():
                    self._start(self._release())
                case _:
                    self._idle.clear()
                    self._commands.put_nowait(command)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it now, beside whatever is outstanding. Tasks begin in the order in which they were started."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self._log.error("command failed", exc_info=task.exception())

    async def _work(self) -> None:
        """Carry out what takes time, in order."""
        while True:
            if self._commands.empty():
                self._idle.set()
            command = await self._commands.get()
            try:
                await self._carry_out_in_turn(command)
            except Exception as error:  # noqa: BLE001 - as above: the dialplan takes the caller
                self._log.exception("command failed", command=str(command))
                self.post(e.CommandFailed(type(command).__name__, str(error)))

    async def _carry_out_in_turn(self, command: c.Command) -> None:
        asterisk = self._asterisk
        match command:
            case c.RingCaller():
                await asterisk.ring_caller()
            case c.StartRingback():
                await asterisk.start_ringback()
            case c.StopRingback():
                await asterisk.stop_ringback()
            case c.OpenBridge():
                await asterisk.open_bridge()
            case c.AnswerCaller():
                await asterisk.answer_caller()
            case c.Announce(sound=sound):
                await asterisk.announce(sound)
            case c.OpenMedia(attempt=attempt, rung=rung):
                await asterisk.open_media(attempt, rung)
            case c.DialHuman(attempt=attempt, rung=rung):
                await asterisk.dial_human(attempt, rung)
            case c.JoinHuman(attempt=attempt):
                await asterisk.join_human(attempt)

    async def _close_bot(self, attempt: int, reason: EndReason) -> None:
        await self._bots.close(attempt, reason)
        await self._asterisk.close_media(attempt)

    async def _release(self) -> None:
        """Drop what has not been begun, let what is outstanding end, then give everything back."""
        while not self._commands.empty():
            self._commands.get_nowait()
        self._asterisk.stop_waiting()
        await self._idle.wait()
        others = self._tasks - {asyncio.current_task()}
        await asyncio.gather(*others, self._bots.finish(), return_exceptions=True)
        left_behind = await self._asterisk.release()
        self.post(e.Released(left_behind, self._bots.statistics))

    # --- the record -----------------------------------------------------------------------------------------

    def _record(self, command: c.OpenRecord | c.Note | c.Save | c.CloseRecord) -> None:
        item = translation.to_item(command, self.call.id, self._started_at, self._notes)
        if isinstance(command, c.Note):
            self._notes += 1
            detail = {"detail": command.detail} if command.detail else {}
            self._log.info(command.kind, at=f"{command.at:.3f}", **detail)
        stored = None
        if isinstance(command, c.Save):
            self._log.info("bot reported", at=f"{command.at:.3f}", what=type(command.item).__name__)
            saved = e.Stored(command.item.attempt, command.item.id)
            stored = lambda: self.post(saved)  # noqa: E731
        self._submit(item, stored)
