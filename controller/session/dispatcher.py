"""Gives every event to the session of its call, starts a session for every new caller, and removes what is nobody's."""

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog

from controller.api.control import NotNow, Placement
from controller.ari import ids
from controller.ari.client import AriClient
from controller.ari.events import AriEvent, Channel, StasisStart
from controller.ari.events import subject as subject_of
from controller.background import Background
from controller.bot.chooser import BotChooser
from controller.call import events as e
from controller.call.call import Call
from controller.call.causes import REFUSAL_CAUSES
from controller.call.encoding import Unreadable
from controller.call.vocabulary import TransferOutcome
from controller.config import DrainNewCalls
from controller.context.context import Context
from controller.errors import ControllerError
from controller.media import control_messages as media
from controller.records.store import Held
from controller.routing.fence import RateLimit
from controller.routing.route import Arrival
from controller.routing.router import Router
from controller.routing.trigger import Trigger
from controller.session import reconciliation, translation
from controller.session.adopting import Adopting
from controller.session.bot_legs import MediaWorker
from controller.session.call_session import CallSession
from controller.session.caller_leg import DIALPLAN_CONTEXT
from controller.session.holding import Hold, resume
from controller.session.journal import Submit
from controller.session.limits import OwnLimits
from controller.session.lines import Lines
from controller.session.listeners import Listeners, WhoListens
from controller.session.media_workers import MediaWorkers
from controller.session.placing import to_call
from controller.session.recordings import Recordings
from controller.session.services import Services
from controller.session.speaking import WhoSpeaks
from controller.session.steering import Documents
from controller.session.voices import Voices
from controller.trunks.book import TrunkBook

SHUTDOWN_SECONDS: Final = 8.0
"""For all calls to be given away; under the ten seconds that Docker grants before it kills."""

SETTLE_SECONDS: Final = 2.0
"""For what calls have asked of Asterisk to be done before they are handed over: it takes milliseconds."""

KEPT_SECONDS: Final = 3.0
"""For what the next controller needs to be in the store."""

MINUTE_SECONDS: Final = 60.0
"""The fence counts transfers by it."""

COMPARE_AGAIN_SECONDS: Final = 0.5
"""After a comparison with Asterisk's lists that was refused or not answered."""

UNKNOWN_ORIGIN: Final = "unknown"
"""Of a call whose dialplan gave Stasis() no argument."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of all calls."""

    voices: Voices
    voicemail: Path
    recordings: Path
    context: Context
    chooser: BotChooser
    documents: Documents | None
    """Where steered calls ask how they go on."""
    load_max: float
    """Of a core; a media worker above it takes no further calls."""
    calls_max: int = 0
    """With bots at a time; 0: no limit."""
    drained: DrainNewCalls = "human"
    """What becomes of calls that arrive while no further ones are taken."""
    headers: tuple[str, ...] = ()
    """SIP headers that bots are told of, beside those by which routes match."""
    own_number: str = ""
    """What those see whom we call."""
    trunks: TrunkBook = field(default_factory=TrunkBook)
    """By which calls come and go."""


def nobody(_phone: str, _call_id: str) -> str:
    return ""


class Dispatcher:
    """An `ari.event_stream.EventListener`; `media_workers` reports to it too."""

    def __init__(
        self,
        ari: AriClient,
        router: Router,
        submit: Submit,
        rules: Rules,
        who_listens: WhoListens = nobody,
        hold: Hold = lambda _: None,
    ) -> None:
        """`hold` keeps what is known of a call in progress, for whoever comes after us."""
        self.speaking = WhoSpeaks(self._route_of)
        self.workers = MediaWorkers(self, rules.load_max, self.speaking)
        self.connected = False
        self.lines = Lines()
        self.limits = OwnLimits(self.lines.freed)
        self._ari = ari
        self._router = router
        self._own_number = rules.own_number
        self._placed = RateLimit(0, MINUTE_SECONDS)
        self._headers = frozenset(name.lower() for name in rules.headers)
        self.voices = rules.voices
        self._recordings = Recordings(ari, rules.recordings, submit)
        self._services = Services(
            ari,
            self.workers.pick,
            submit,
            rules.voices,
            self.limits,
            self.lines,
            rules.voicemail,
            rules.context,
            self._recordings,
            RateLimit(0, MINUTE_SECONDS),
            rules.chooser,
            rules.documents,
            lambda: self.workers.connected,
            rules.calls_max,
            hold,
            lambda: self._asterisk_started,
            rules.trunks,
        )
        self._trunks = rules.trunks
        self._adopting = Adopting(ari)
        self._arriving: dict[str, list[AriEvent]] = {}
        """Channels that have just come, and what has happened to them since."""
        self._sessions: dict[str, CallSession] = {}
        self._by_channel: dict[str, CallSession] = {}
        self._background = Background("a call failed")
        self._listeners = Listeners(ari, self._sessions, who_listens)
        self._connections = 0
        self._over = asyncio.Event()
        """A call is."""
        self.draining = False
        """No further calls are taken."""
        self._refuses = rules.drained == "refuse"
        self._asterisk_started = ""
        """When Asterisk says it was started: another time means that all its calls are gone."""

    @property
    def calls(self) -> int:
        """Calls in progress."""
        return len(self._sessions)

    @property
    def sessions(self) -> Mapping[str, CallSession]:
        """They, by the ids of their calls, oldest first."""
        return self._sessions

    # --- from Asterisk --------------------------------------------------------------------------------------

    def asterisk_connected(self) -> None:
        self.connected = True
        self._connections += 1
        self._background.start(self._compare_notes(self._connections))

    def asterisk_away(self) -> None:
        """Audio goes on without events; what we miss is found out on the next connection."""
        self.connected = False

    def application_replaced(self) -> None:
        self.connected = False
        log.error("another controller took over this application", mend="give each controller an ARI_APP of its own")

    def asterisk_event(self, event: AriEvent) -> None:
        channel_id = subject_of(event)
        if channel_id is None or self._listeners.take(event, channel_id):
            return
        session = self._session_of(channel_id)
        if session:
            session.asterisk_event(event)
        elif channel_id in self._arriving:
            self._arriving[channel_id].append(event)
        elif isinstance(event, StasisStart):
            self._arrive(event.channel, event.args)

    def _session_of(self, channel_id: str) -> CallSession | None:
        ours = ids.parse(channel_id)
        return self._sessions.get(ours.call_id) if ours else self._by_channel.get(channel_id)

    def _arrive(self, channel: Channel, arguments: tuple[str, ...]) -> None:
        if ids.parse(channel.id):
            # Asked for by a call that has ended since.
            self._background.start(self._attempt(self._ari.hangup(channel.id)))
        elif Listeners.dials(channel):
            self._background.start(self._listeners.serve(channel))
        elif self.draining:
            self._background.start(self._turn_away(channel.id))
        else:
            self._arriving[channel.id] = []
            self._background.start(self._serve(channel, arguments[0] if arguments else UNKNOWN_ORIGIN))

    async def _serve(self, channel: Channel, origin: str) -> None:
        """One caller, from the first ring to the closed record."""
        now = asyncio.get_running_loop().time()
        at = datetime.now(UTC)
        call_id = ids.call_id(at, os.urandom(ids.ENTROPY_BYTES))
        arrival = await self._what_came(channel, origin)
        if self.draining:
            del self._arriving[channel.id]
            await self._turn_away(channel.id)
            return
        call = Call(call_id, arrival, self._router.decide(arrival, at), now)
        session = CallSession(call, channel.id, self._services)
        self._sessions[call_id] = self._by_channel[channel.id] = session
        for event in self._arriving.pop(channel.id):
            session.asterisk_event(event)
        await self._run(session)

    def place(self, placement: Placement, by: str, call_id: str) -> None:
        """Call somebody. Returns at once. Raises NotAllowed, NotNow."""
        if self.draining:
            raise NotNow("this controller takes no further calls: it is being drained")
        if not self.connected or not self.workers.connected:
            raise NotNow("Asterisk or the media workers are not connected")
        now, at = asyncio.get_running_loop().time(), datetime.now(UTC)
        arrival, decision = to_call(self._router, placement, self._own_number, by, at)
        self._placed.count_max = decision.route.fence.per_minute_max
        if not self._placed.take(now):
            raise NotNow(f"{self._placed.count_max} calls were placed in the last minute already")
        session = CallSession(Call(call_id, arrival, decision, now), ids.callee_id(call_id), self._services)
        self._sessions[call_id] = session
        self._background.start(self._run(session))

    async def _run(self, session: CallSession) -> None:
        try:
            await session.run()
        finally:
            del self._sessions[session.call.id]
            self._by_channel.pop(session.caller_channel, None)
            self._over.set()

    def adopt(self, calls: Iterable[Held]) -> None:
        """Before we connect to anybody: calls of an earlier controller, which is no more."""
        bots = {bot.key: bot for bot in self._router.routes.bots().values()}
        for held in calls:
            try:
                resumed = resume(held, bots)
            except Unreadable as error:
                log.warning("a call of an earlier controller cannot be gone on with", call=held.call_id, why=str(error))
                continue
            session = CallSession(resumed.call, resumed.caller_channel, self._services, resumed)
            self._sessions[held.call_id] = session
            if not ids.parse(resumed.caller_channel):
                self._by_channel[resumed.caller_channel] = session
            self._adopting.add(session, resumed.asterisk)

    async def _what_came(self, channel: Channel, origin: str) -> Arrival:
        """With headers, if Asterisk still has them: a caller who has hung up is one without."""
        try:
            came = await self._ari.arrival(channel.id, sorted(self._router.routes.index.headers | self._headers))
        except ControllerError as error:
            log.info("headers not read", channel=channel.id, reason=str(error))
            came = {}
        return self._trunks.understood(translation.to_arrival(channel, origin, came), datetime.now(UTC))

    # --- from the media workers -----------------------------------------------------------------------------

    def _route_of(self, call_id: str) -> str | None:
        session = self._sessions.get(call_id)
        return session.call.route.name if session else None

    def media_report(self, call_id: str, attempt: int, report: Any) -> None:
        session = self._sessions.get(call_id)
        if session and isinstance(report, media.Silent) and not self.connected:
            # Neither its events nor its audio: a caller who is there nevertheless is found when it is back.
            session.post(e.AsteriskLost())
        elif session:
            session.media_report(report, attempt)

    def found(self, call_id: str, attempt: int, worker: MediaWorker, *, with_bot: bool) -> bool:
        """Whether a media session has an owner."""
        if call_id in self._adopting:
            return self._adopting.found(call_id, attempt, worker, with_bot=with_bot)
        session = self._sessions.get(call_id)
        return session is not None and session.carries(attempt)

    def worker_lost(self, worker: Any, detail: str) -> None:
        for session in list(self._sessions.values()):
            session.worker_lost(worker, detail)

    # --- after a gap ----------------------------------------------------------------------------------------

    async def _compare_notes(self, connection: int) -> None:
        """Until it is done: what was missed is not told again. `connection`: a later one begins anew."""
        while not await self._compared():
            await asyncio.sleep(COMPARE_AGAIN_SECONDS)
            if not self.connected or connection != self._connections:
                return

    async def _compared(self) -> bool:
        try:
            if self._adopting:
                await self._go_on_with_calls()
            # The sessions' view first: what they make meanwhile is newer than the lists and must not look lost.
            sessions = [session.live for session in self._sessions.values()]
            channels, bridges = await self._ari.channels(), await self._ari.bridges()
            found = reconciliation.compare(self._ari.app, channels, bridges, sessions)
            self._tell_sessions(found, await self._ari.started_at())
            await self._clean_up(found)
            self._recordings.rescue()
        except ControllerError as error:
            log.warning("could not compare notes with Asterisk, trying again", reason=str(error))
            return False
        return True

    async def _go_on_with_calls(self) -> None:
        """Those that an earlier controller has left."""
        await self._adopting.until_bots_are_found()
        channels, bridges = await self._ari.channels(), await self._ari.bridges()
        for session in await self._adopting.take(channels, bridges, await self._ari.started_at()):
            log.info("going on with a call", call=session.call.id, state=session.call.state)
            self._background.start(self._run(session))

    def _tell_sessions(self, found: reconciliation.Findings, started: str) -> None:
        restarted = self._asterisk_started != started and bool(self._asterisk_started)
        self._asterisk_started = started
        for call_id in found.callers_gone:
            self._post(call_id, e.AsteriskLost() if restarted else e.CallerGone())
        for call_id, channel_id in found.channels_gone:
            ours = ids.parse(channel_id)
            if ours and ours.role == "agent":
                self._post(call_id, e.HumanGone(ours.attempt, TransferOutcome.FAILED, "ended while Asterisk was away"))
            elif ours and ours.role in ("said", "heard"):
                lost = e.RecordingChanged(ours.attempt, "lost", "ended while Asterisk was away")
                self._post(call_id, lost)
            elif ours and ours.role != "other":
                self._post(call_id, e.MediaGone(ours.attempt, "ended while Asterisk was away"))
        for call_id in found.callees_up:
            self._post(call_id, e.CallerAnswered())
        for call_id, channel in found.humans_up:
            ours = ids.parse(channel.id)
            if ours:
                self._post(call_id, e.HumanAnswered(ours.attempt))

    async def _clean_up(self, found: reconciliation.Findings) -> None:
        await self._listeners.compare(found.listeners, found.listeners_bridges)
        for channel in found.callers_new:
            if channel.id not in self._by_channel:
                self._arrive(channel, tuple(channel.dialplan.app_data.split(",")[1:]))
        for channel in found.callers_stranded:
            log.warning("caller without a session goes to the human", channel=channel.id)
            await self._attempt(self._ari.continue_in_dialplan(channel.id, DIALPLAN_CONTEXT))
        for channel_id in found.orphaned_channels:
            log.info("orphaned channel removed", channel=channel_id)
            await self._attempt(self._ari.hangup(channel_id))
        for bridge_id in found.orphaned_bridges:
            log.info("orphaned bridge removed", bridge=bridge_id)
            await self._attempt(self._ari.destroy_bridge(bridge_id))

    def _post(self, call_id: str, event: e.Event) -> None:
        session = self._sessions.get(call_id)
        if session:
            session.post(event)

    # --- the end --------------------------------------------------------------------------------------------

    async def _turn_away(self, channel_id: str) -> None:
        """A caller whom we do not take: without us the dialplan has a human, and with 503 another node is tried."""
        if self._refuses:
            await self._attempt(self._ari.hangup(channel_id, reason_code=REFUSAL_CAUSES[Trigger.UNREACHABLE]))
        else:
            await self._attempt(self._ari.continue_in_dialplan(channel_id, DIALPLAN_CONTEXT))

    def drain(self, draining: bool) -> None:
        """Take no further calls, or take them again."""
        log.info("drained" if draining else "drained no more", calls=self.calls)
        self.draining = draining

    async def until_over(self) -> None:
        """Until no call is left."""
        while self._sessions:
            self._over.clear()
            await self._over.wait()

    async def hand_over(self) -> None:
        """Leave every call as it is to the controller that comes next; then stop."""
        self.draining = True
        running = [session for session in self._sessions.values() if session.call.id not in self._adopting]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(session.settled() for session in running)), SETTLE_SECONDS)
        # From here on it is the successor who hears: all at once, so that nothing is heard by neither or by both.
        self.workers.stop_hearing()
        kept = {session: asyncio.Event() for session in running if session.going_on}
        for session, stored in kept.items():
            session.hand_over(stored.set)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(stored.wait() for stored in kept.values())), KEPT_SECONDS)
        for session, stored in kept.items():
            if stored.is_set():
                session.leave()
            else:
                log.error("a call could not be kept for the next controller", call=session.call.id)
                session.post(e.ShutDown())
        log.info("calls left to the next controller", calls=sum(stored.is_set() for stored in kept.values()))
        await self._stop()

    async def shut_down(self) -> None:
        """Give every caller to the dialplan, which sends them to the human; then stop."""
        self.draining = True
        for session in self._sessions.values():
            session.post(e.ShutDown())
        await self._stop()

    async def _stop(self) -> None:
        self._listeners.close()
        await self._background.wait(SHUTDOWN_SECONDS)
        await self._background.cancel()
        await self._recordings.close()

    async def _attempt(self, request: Coroutine[Any, Any, None]) -> None:
        try:
            await request
        except ControllerError as error:
            log.info("refused by Asterisk", reason=str(error))
