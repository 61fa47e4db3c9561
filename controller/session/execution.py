"""Carries out what one call decides, and posts what comes of it as events of the call.

What takes Asterisk time is done one after the other, by `work`. What gives something back does not wait in line: a
human's phone stops ringing although another request hangs.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

import structlog

from controller.ari import headers, ids
from controller.bot.protocol import EndReason
from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.legs import Request
from controller.call.rungs import WORKER_SECONDS
from controller.context.context import CallContext
from controller.routing.route import BotRung
from controller.routing.trigger import Trigger
from controller.session import translation
from controller.session.choosing import choose
from controller.session.journal import Journal
from controller.session.legs import Legs
from controller.session.services import Services
from controller.session.shown import shown
from controller.session.status_callbacks import StatusCallbacks
from controller.session.steering import ask

WORKER_POLL_SECONDS: Final = 0.05
"""Between two looks for a media worker that is there again."""

RECORDED_SECONDS: Final = 2.0
"""For a call that we place to be in the store; without a database calls are placed all the same."""

DIVERTED_BY: Final = "ari-controller.invalid"
"""The host in Diversion, which has to have one (RFC 5806); nobody is meant to call it."""


class Execution:
    """Of one call. `told` hears what is done."""

    def __init__(
        self,
        call: Call,
        legs: Legs,
        services: Services,
        journal: Journal,
        told: StatusCallbacks,
        post: Callable[[e.Event], None],
    ) -> None:
        self._call = call
        self._legs = legs
        self._services = services
        self._journal = journal
        self._told = told
        self._post = post
        self._commands: asyncio.Queue[c.Command] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()
        self._context: asyncio.Task[CallContext] | None = None
        """Asked for while the phone begins to ring."""
        self._background = legs.background
        self._log = structlog.get_logger().bind(call=call.id)

    async def idle(self) -> None:
        """Until nothing is outstanding that takes Asterisk time."""
        await self._idle.wait()

    async def stop(self, patience_seconds: float = 0) -> None:
        """Leaves no task behind. `patience_seconds`: for what is being given back or told just now."""
        if self._context:
            self._context.cancel()
        if patience_seconds:
            await self._background.wait(patience_seconds)
        await self._background.cancel()

    def carry_out(self, commands: list[c.Command]) -> None:
        """Returns at once."""
        for command in commands:
            self._told.on_command(command)
            if isinstance(command, c.Recorded):
                self._journal.write(command)
            elif isinstance(command, c.Told):
                self._background.start(self._legs.bots.tell(command.attempt, translation.to_bot(command)))
            elif isinstance(command, c.Release):
                self._background.start(self._release())
            else:
                self._carry_out_now(command)

    def _carry_out_now(self, command: c.Command) -> None:
        """What gives something back does not wait in line."""
        match command:
            case c.PlayBot(attempt=attempt):
                self._background.start(self._legs.bots.play(attempt))
            case c.CloseBot(attempt=attempt, reason=reason):
                self._background.start(self._close_bot(attempt, cast("EndReason", reason)))
            case c.AskDocument():
                self._background.start(self._ask_document(command))
            case c.JoinLine(rung=rung):
                self._services.lines.join(rung, self._post)
            case c.LeaveLine():
                self._services.lines.leave(self._post)
            case c.RecordCall(number=number, action=action):
                self._background.start(self._legs.recorder.do(number, action))
            case c.HangUpHuman(attempt=attempt):
                self._background.start(self._legs.humans.hang_up(attempt))
            case c.HangUpCaller(cause=cause):
                self._background.start(self._legs.caller.hang_up(cause))
            case c.HandToDialplan():
                self._background.start(self._legs.caller.hand_to_dialplan())
            case _:
                self._idle.clear()
                self._commands.put_nowait(command)

    async def work(self) -> None:
        """Carry out what takes time, in order."""
        while True:
            if self._commands.empty():
                self._idle.set()
            command = await self._commands.get()
            try:
                await self._carry_out_in_turn(command)
            except Exception as error:  # noqa: BLE001 - the dialplan takes the caller
                self._log.exception("command failed", command=str(command))
                self._post(e.CommandFailed(type(command).__name__, str(error)))

    async def _carry_out_in_turn(self, command: c.Command) -> None:
        match command:
            case c.PlaceCall():
                await self._until_recorded()
                await self._legs.caller.place(command, self._call.route.trunk)
            case c.OpenBot():
                await self._open_bot(command)
            case c.OpenMedia(attempt=attempt, rung=rung):
                await self._legs.media.open(attempt, rung)
            case c.DialHuman(request=request):
                await self._legs.humans.dial(command, self._call, self._marks(request))
            case c.Whisper(attempt=attempt, sound=sound):
                await self._legs.humans.whisper(attempt, sound)
            case c.Consult(attempt=attempt):
                await self._legs.humans.consult(attempt)
            case c.EndConsult():
                await self._legs.humans.end_consult()
            case c.JoinHuman(attempt=attempt):
                if await self._legs.humans.join(attempt):
                    self._background.start(self._legs.recorder.human_joined(ids.agent_id(self._call.id, attempt)))
            case c.RejoinCaller():
                await self._legs.caller.rejoin()
            case _:
                await self._to_caller(command)

    async def _to_caller(self, command: c.Command) -> None:
        caller = self._legs.caller
        match command:
            case c.RingCaller():
                await caller.ring()
            case c.OpenBridge():
                await caller.open_bridge()
            case c.AnswerCaller():
                await caller.answer()
            case c.StartMusic(music=music):
                await caller.start_music(music)
            case c.StopMusic():
                await caller.stop_music()
            case c.PlaySound(number=number, sound=sound):
                await caller.play(number, sound)
            case c.StopSound(number=number):
                await caller.stop_sound(number)
            case c.RecordCaller(rung=rung):
                await caller.record(rung)
            case c.PressKeys(digits=digits):
                await caller.press(digits)
            case c.SendAway(rung=rung, request=request):
                await caller.send_away(rung, self._marks(request))
            case c.TakeBack():
                await caller.take_back()

    async def _open_bot(self, command: c.OpenBot) -> None:
        call = self._call
        known, rung = await asyncio.gather(self._known(), self._chosen(command))
        if call.workers_lost:
            await self._until_there_is_a_worker(command.attempt)
        if call.bot is None or call.bot.attempt != command.attempt:
            return  # given up meanwhile
        if not self._services.lines.goes_first(rung.key, self._post):
            self._post(e.BotLost(command.attempt, Trigger.BUSY, f"others wait for {rung} already"))
            return
        wanted = self.limits(rung)
        command = replace(command, rung=rung)
        told = {**known.metadata(), **call.metadata}
        start = translation.to_start(command, call.id, call.arrival, call.route, told, known.earlier())
        await self._legs.bots.open(command, wanted, start)

    async def _until_there_is_a_worker(self, attempt: int) -> None:
        """Who started it starts it again; not for longer than the call waits for it."""
        call, now = self._call, asyncio.get_running_loop().time
        until = now() + WORKER_SECONDS
        while not self._services.workers() and now() < until and call.bot and call.bot.attempt == attempt:  # noqa: ASYNC110
            await asyncio.sleep(WORKER_POLL_SECONDS)

    async def _until_recorded(self) -> None:
        """Whom we call must not be called again because we died and nobody knows of it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._journal.opened.wait(), RECORDED_SECONDS)

    def limits(self, rung: BotRung) -> dict[str, int]:
        return {
            rung.key: rung.calls_max,
            f"route {self._call.route.name}": self._call.route.calls_max,
            "this controller": self._services.calls_max,
        }

    async def _chosen(self, command: c.OpenBot) -> BotRung:
        if not command.rung.choose_url:
            return command.rung
        chosen = await choose(self._services.chooser, command.attempt, command.rung, self._call)
        self._post(chosen)
        return chosen.rung

    async def _ask_document(self, command: c.AskDocument) -> None:
        services, call = self._services, self._call
        seen = shown(call, self._journal.started_at)
        said = await ask(services.documents, command, call, seen, services.voices, self._told)
        if call.rung < len(call.route.ladder) and call.route.ladder[call.rung] is command.rung:
            self._post(said)  # it has not gone on meanwhile

    async def _known(self) -> CallContext:
        """What the bot is told of the caller; within a deadline, and whatever is late or broken is left out."""
        first = self._context is None
        if self._context is None:
            gathering = self._services.context.gather(self._call.id, self._call.arrival, self._call.route.name)
            self._context = asyncio.create_task(gathering)
        context = await self._context
        if first and context.missing:
            self._journal.write(c.Note(self._legs.at(), "context_missing", "; ".join(context.missing)))
        return context

    async def _close_bot(self, attempt: int, reason: EndReason) -> None:
        await self._legs.bots.close(attempt, reason)
        await self._legs.media.close(attempt)

    def _marks(self, request: Request) -> dict[str, str]:
        """SIP headers that tell the human's system which call this is, and how to read what the bot has found out."""
        handoff = self._journal.hand_off(request.summary)
        return {
            **dict(request.headers),
            "X-Call-Id": self._call.id,
            "X-Handoff-Id": handoff,
            "User-to-User": headers.user_to_user(handoff.encode()),
            "Diversion": f"<sip:{self._call.arrival.own_number}@{DIVERTED_BY}>;reason=deflection",
        }

    async def _release(self) -> None:
        """Drop what has not been begun, let what is outstanding end, then give everything back."""
        while not self._commands.empty():
            self._commands.get_nowait()
        self._legs.channels.stop_waiting()
        await self._idle.wait()
        if self._legs.caller.recording:
            await self._legs.caller.keep_recording(self._legs.caller.recording)
        await self._legs.bots.finish()
        await self._background.wait()
        await self._legs.recorder.finish()
        left_behind = await self._legs.channels.release()
        self._post(e.Released(left_behind, self._legs.bots.statistics))
