"""Runs one call: events in, commands carried out, results back as events.

Two tasks: `run` reads events and asks the call what to do; `_work` carries out, one after the other, what takes
Asterisk time. So a hangup is seen while a request is outstanding. What gives something back does not wait in line:
a human's phone stops ringing although another request hangs.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, cast

import structlog

from controller.ari import headers, ids
from controller.ari.client import AriClient
from controller.ari.events import (
    AriEvent,
    ChannelDestroyed,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from controller.ari.events import subject as subject_of
from controller.background import Background
from controller.bot.chooser import BotChooser
from controller.bot.protocol import EndReason
from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.legs import Request
from controller.call.vocabulary import State
from controller.context.context import CallContext, Context
from controller.media import control_messages as media
from controller.routing.fence import RateLimit
from controller.routing.route import BotRung
from controller.routing.trigger import Trigger
from controller.session import adoption, translation
from controller.session.adoption import Found
from controller.session.bot_legs import BotLegs, MediaWorker
from controller.session.caller_leg import CallerLeg
from controller.session.channels import Channels
from controller.session.choosing import choose
from controller.session.holding import Hold, Holding, Resumed
from controller.session.human_legs import HumanLegs
from controller.session.journal import Journal, Submit
from controller.session.limits import Limits
from controller.session.lines import Lines
from controller.session.media_leg import MediaLeg
from controller.session.reconciliation import Live
from controller.session.recorder import Recorder
from controller.session.recordings import Recordings
from controller.session.shown import shown
from controller.session.status_callbacks import StatusCallbacks
from controller.session.steering import Documents, ask
from controller.session.voices import Voices
from controller.trunks.book import TrunkBook

EVENTS_WAITING_MAX: Final = 1_000
"""Of one call. Only a flood of the bot's messages gets there; it loses its newest, and nobody else anything."""

RECORDED_SECONDS: Final = 2.0
"""For a call that we place to be in the store; without a database calls are placed all the same."""

DIVERTED_BY: Final = "ari-controller.invalid"
"""The host in Diversion, which has to have one (RFC 5806); nobody is meant to call it."""


@dataclass(frozen=True, slots=True)
class Services:
    """What all calls share."""

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
    calls_max: int = 0
    """With bots at a time, in all; 0: no limit."""
    hold: Hold = lambda _: None
    """Keeps what is known of a call in progress."""
    asterisk: Callable[[], str] = str
    """When Asterisk was started."""
    trunks: TrunkBook = field(default_factory=TrunkBook)
    """By which calls go out."""


class CallSession:
    """One running call. Every method but `run` returns at once."""

    def __init__(self, call: Call, caller_channel: str, services: Services, resumed: Resumed | None = None) -> None:
        """`resumed`: it has begun with another controller."""
        self.call = call
        self._services = services
        self._events: deque[e.Event] = deque()
        self._arrived = asyncio.Event()
        ari, voices = services.ari, services.voices
        self._channels = Channels(call.id, caller_channel, ari)
        self._bots = BotLegs(call.id, services.pick, services.limits, self.post)
        self._caller = CallerLeg(self._channels, ari, voices, services.trunks, services.voicemail, self.post)
        self._media = MediaLeg(self._channels, ari, self._bots, self.post)
        self._humans = HumanLegs(self._channels, ari, voices, services.trunks, self.post)
        self._recorder = Recorder(
            self._channels, ari, services.recordings, self.post, lambda: self._now() - call.started
        )
        begun = (resumed.started_at, resumed.steps) if resumed else ()
        self._journal = Journal(call, services.submit, self.post, services.voicemail, *begun)
        self._bots.statistics = dict(resumed.statistics) if resumed else {}
        self._holding = Holding(call, caller_channel, services.hold, services.asterisk)
        self._first: list[c.Command] | None = None
        """What is to be done at once, of a call that has begun with another controller."""
        self._commands: asyncio.Queue[c.Command] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()
        self._background = Background("command failed", call=call.id)
        self._context: asyncio.Task[CallContext] | None = None
        """Asked for while the phone begins to ring."""
        self.told = StatusCallbacks(call.id, services.documents, lambda: shown(call, self.started_at))
        """Who steers the call, and wants to hear how it goes."""
        self.when_ended: list[Callable[[], None]] = []
        """Told when the call has ended."""
        self._log = structlog.get_logger().bind(call=call.id)

    @property
    def live(self) -> Live:
        """What we believe to exist in Asterisk."""
        return Live(self.call.id, self._channels.caller, frozenset(self._channels.held))

    @property
    def caller_channel(self) -> str:
        return self._channels.caller

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
        if isinstance(event, e.TransferRequested):
            transfers = self._services.transfers
            transfers.count_max = self.call.route.fence.per_minute_max
            event = replace(event, too_many=not transfers.take(self._now()))
        self.told.on_event(event)
        self._events.append(event)
        self._arrived.set()

    def asterisk_event(self, event: AriEvent) -> None:
        """An event about one of the call's channels."""
        channel_id = subject_of(event) or ""
        ours = ids.parse(channel_id)
        if channel_id == self._channels.caller or ours is None:
            translated = self._from_caller(event)
        else:
            translated = self._from_ours(event, channel_id, ours)
        if translated:
            self.post(translated)

    def _from_caller(self, event: AriEvent) -> e.Event | None:
        if self.call.arrival.placed and not self.call.answered:
            return self._from_callee(event)
        if isinstance(event, RecordingFinished | RecordingFailed):
            self._caller.recording_ended()
            self._background.start(self._caller.keep_recording(event.recording.name))
            return None
        if self._caller.away and isinstance(event, StasisEnd):
            return None  # on an errand of ours in the dialplan
        if self._caller.away and isinstance(event, StasisStart):
            self._caller.returned(event.args)
            return None
        translated = translation.from_caller_channel(event)
        if isinstance(translated, e.CallerGone):
            self._caller.left()
        return translated

    def _from_callee(self, event: AriEvent) -> e.Event | None:
        """Of whom we call, until somebody picks up."""
        if isinstance(event, StasisStart):
            self._channels.entered(self._channels.caller)
        if isinstance(event, ChannelDestroyed):
            self._channels.ended(self._channels.caller)
            self._caller.left()
        return translation.from_callee_channel(event)

    def _from_ours(self, event: AriEvent, channel_id: str, ours: ids.OurId) -> e.Event | None:
        if isinstance(event, StasisStart):
            self._channels.entered(channel_id)
        if isinstance(event, StasisEnd | ChannelDestroyed):
            self._channels.ended(channel_id)
        if ours.role in ("said", "heard", "other"):
            if isinstance(event, StasisEnd | ChannelDestroyed | RecordingFinished | RecordingFailed):
                self._recorder.ended(channel_id)
            return None
        if ours.role == "agent" and isinstance(event, StasisEnd | ChannelDestroyed):
            self._recorder.human_left(channel_id)
        translate = translation.from_human_channel if ours.role == "agent" else translation.from_media_channel
        return translate(event, ours.attempt)

    def media_report(self, report: media.Report, attempt: int) -> None:
        """A media worker says something about one of the call's bots."""
        self._bots.report(report, attempt)

    def carries(self, attempt: int) -> bool:
        """Whether this attempt's bot still has its part in the call."""
        return self._bots.carries(attempt)

    def worker_lost(self, worker: MediaWorker, detail: str) -> None:
        """A media worker is gone for good."""
        self._bots.worker_lost(worker, detail)

    # --- begun by another controller ------------------------------------------------------------------------

    def found(self, attempt: int, worker: MediaWorker) -> bool:
        """A media worker carries this bot. Whether it is still wanted."""
        wanted = self.call.bot is not None and self.call.bot.attempt == attempt and self.going_on
        if wanted:
            self._bots.adopt(attempt, worker)
        return wanted

    def adopt(self, found: Found, recording: bool) -> None:
        """Before `run`: go on from where things are. `recording`: the caller's message is being recorded."""
        call, channels = self.call, self._channels
        call.now = self._now()
        channels.adopt(found.channels.keys() - {channels.caller}, found.bridges)
        away = call.away is not None and not found.caller_here
        self._caller.adopt(away=away, recording=call.recording)
        if call.recording and not recording:
            self._caller.recording_ended()
            self._background.start(self._caller.keep_recording(self._caller.recording))
        if call.bot and call.bot.attempt in found.bots:
            self._bots.count(call.bot.attempt, self._limits(call.bot.rung))
        consulted = {name for name in found.bridges if name != channels.bridge}
        self._humans.adopt(min(consulted, default=""))
        self._first = [call.note("adopted", "by another controller process"), *adoption.again(call, found)]
        for event in adoption.news(call, found):
            self.post(event)
        if call.away and found.caller and found.caller_here:
            self._caller.returned(tuple(found.caller.dialplan.app_data.split(",")[1:]))
        for channel_id in adoption.unwanted_channels(call, found):
            self._background.start(channels.end(channel_id))
        if call.bot and (media := adoption.unjoined_media(call, found)):
            self._background.start(self._media.join(media))

    # --- the loop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From the first rung to the closed record. Leaves no task behind."""
        working = asyncio.create_task(self._work())
        try:
            self._carry_out(self.call.begin() if self._first is None else self._first)
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
            self.told.on_end()
            for tell in self.when_ended:
                tell()
            if self._context:
                self._context.cancel()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await self._background.cancel()

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
        self._write_and_tell(commands)
        if not all(isinstance(command, c.Save | c.Told) for command in commands):
            self._holding.keep(self.started_at, self._bots.statistics)

    def _write_and_tell(self, commands: list[c.Command]) -> None:
        for command in commands:
            self.told.on_command(command)
            if isinstance(command, c.Recorded):
                self._journal.write(command)
            elif isinstance(command, c.Told):
                self._background.start(self._bots.tell(command.attempt, translation.to_bot(command)))
            elif isinstance(command, c.Release):
                self._background.start(self._release())
            else:
                self._carry_out_now(command)

    def _carry_out_now(self, command: c.Command) -> None:
        """What gives something back does not wait in line."""
        match command:
            case c.PlayBot(attempt=attempt):
                self._background.start(self._bots.play(attempt))
            case c.CloseBot(attempt=attempt, reason=reason):
                self._background.start(self._close_bot(attempt, cast("EndReason", reason)))
            case c.AskDocument():
                self._background.start(self._ask_document(command))
            case c.JoinLine(rung=rung):
                self._services.lines.join(rung, self.post)
            case c.LeaveLine():
                self._services.lines.leave(self.post)
            case c.RecordCall(number=number, action=action):
                self._background.start(self._recorder.do(number, action))
            case c.HangUpHuman(attempt=attempt):
                self._background.start(self._humans.hang_up(attempt))
            case c.HangUpCaller(cause=cause):
                self._background.start(self._caller.hang_up(cause))
            case c.HandToDialplan():
                self._background.start(self._caller.hand_to_dialplan())
            case _:
                self._idle.clear()
                self._commands.put_nowait(command)

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
        match command:
            case c.PlaceCall():
                await self._until_recorded()
                await self._caller.place(command, self.call.route.trunk)
            case c.OpenBot():
                await self._open_bot(command)
            case c.OpenMedia(attempt=attempt, rung=rung):
                await self._media.open(attempt, rung)
            case c.DialHuman(request=request):
                await self._humans.dial(command, self.call, self._marks(request))
            case c.Whisper(attempt=attempt, sound=sound):
                await self._humans.whisper(attempt, sound)
            case c.Consult(attempt=attempt):
                await self._humans.consult(attempt)
            case c.EndConsult():
                await self._humans.end_consult()
            case c.JoinHuman(attempt=attempt):
                if await self._humans.join(attempt):
                    self._background.start(self._recorder.human_joined(ids.agent_id(self.call.id, attempt)))
            case c.RejoinCaller():
                await self._caller.rejoin()
            case _:
                await self._to_caller(command)

    async def _to_caller(self, command: c.Command) -> None:
        caller = self._caller
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
        call = self.call
        known, rung = await asyncio.gather(self._known(), self._chosen(command))
        if call.bot is None or call.bot.attempt != command.attempt:
            return  # given up meanwhile
        if not self._services.lines.goes_first(rung.key, self.post):
            self.post(e.BotLost(command.attempt, Trigger.BUSY, f"others wait for {rung} already"))
            return
        wanted = self._limits(rung)
        command = replace(command, rung=rung)
        told = {**known.metadata(), **call.metadata}
        start = translation.to_start(command, call.id, call.arrival, call.route, told, known.earlier())
        await self._bots.open(command, wanted, start)

    async def _until_recorded(self) -> None:
        """Whom we call must not be called again because we died and nobody knows of it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._journal.opened.wait(), RECORDED_SECONDS)

    def _limits(self, rung: BotRung) -> dict[str, int]:
        return {
            rung.key: rung.calls_max,
            f"route {self.call.route.name}": self.call.route.calls_max,
            "this controller": self._services.calls_max,
        }

    async def _chosen(self, command: c.OpenBot) -> BotRung:
        if not command.rung.choose_url:
            return command.rung
        chosen = await choose(self._services.chooser, command.attempt, command.rung, self.call)
        self.post(chosen)
        return chosen.rung

    async def _ask_document(self, command: c.AskDocument) -> None:
        services, call = self._services, self.call
        seen = shown(call, self.started_at)
        said = await ask(services.documents, command, call, seen, services.voices, self.told)
        if call.rung < len(call.route.ladder) and call.route.ladder[call.rung] is command.rung:
            self.post(said)  # it has not gone on meanwhile

    async def _known(self) -> CallContext:
        """What the bot is told of the caller; within a deadline, and whatever is late or broken is left out."""
        first = self._context is None
        if self._context is None:
            gathering = self._services.context.gather(self.call.id, self.call.arrival, self.call.route.name)
            self._context = asyncio.create_task(gathering)
        context = await self._context
        if first and context.missing:
            self.note("context_missing", "; ".join(context.missing))
        return context

    async def _close_bot(self, attempt: int, reason: EndReason) -> None:
        await self._bots.close(attempt, reason)
        await self._media.close(attempt)

    def _marks(self, request: Request) -> dict[str, str]:
        """SIP headers that tell the human's system which call this is, and how to read what the bot has found out."""
        handoff = self._journal.hand_off(request.summary)
        return {
            **dict(request.headers),
            "X-Call-Id": self.call.id,
            "X-Handoff-Id": handoff,
            "User-to-User": headers.user_to_user(handoff.encode()),
            "Diversion": f"<sip:{self.call.arrival.own_number}@{DIVERTED_BY}>;reason=deflection",
        }

    async def _release(self) -> None:
        """Drop what has not been begun, let what is outstanding end, then give everything back."""
        while not self._commands.empty():
            self._commands.get_nowait()
        self._channels.stop_waiting()
        await self._idle.wait()
        if self._caller.recording:
            await self._caller.keep_recording(self._caller.recording)
        await self._bots.finish()
        await self._background.wait()
        await self._recorder.finish()
        left_behind = await self._channels.release()
        self.post(e.Released(left_behind, self._bots.statistics))
