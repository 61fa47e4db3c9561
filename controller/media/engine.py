"""All sessions of one worker: the controller's orders, one socket, one tick.

Nothing here has a task, a timer or a lock of its own on the audio path. The one task that a session has opens
its bot's connection, and ends with it.
"""

import asyncio
import json
import secrets
import ssl
import time
from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Final

import structlog

from controller.bot.adapted import AdaptedConnection
from controller.bot.adapters import NATIVE
from controller.bot.adapters.adapter import Opening
from controller.bot.connection import BotConnection
from controller.bot.conversation import BotFailed, BotRefused, Conversation
from controller.bot.multiplex import SharedSockets
from controller.bot.oauth import Tokens
from controller.bot.protocol import Dtmf, EndReason, parse_to_bot
from controller.bot.tls import TlsContexts, TlsFiles
from controller.bot.websocket import CLOSE_SECONDS
from controller.errors import ProtocolError, SettingError
from controller.media import formats
from controller.media.asterisk_sockets import AsteriskSockets
from controller.media.audio.linear import Line, from_linear
from controller.media.control_messages import (
    Attach,
    AttachSocket,
    BotTarget,
    Close,
    Closed,
    Failed,
    Open,
    Play,
    Refused,
    Send,
    ToWorker,
)
from controller.media.delay import Delay
from controller.media.hearing import Hearing
from controller.media.inbound import Inbound
from controller.media.outbox import Outbox
from controller.media.rows import CALLS_MAX, Rows
from controller.media.rtp.sequence import first_number
from controller.media.session import Session
from controller.media.speakers import Speakers
from controller.media.udp import UdpSocket, peer_key

CATCH_UP_TICKS_MAX: Final = 5
"""After a pause of the process up to 100 ms of packets are sent at once, which a phone's jitter buffer bears;
of a longer one the rest is left out, and shows as lost time."""

BUSY_CALLS: Final = 10
"""From so many calls on, waking up for every message of a bot costs more than the calls do (`clock.run`)."""

CONTROLLER_AWAY_SECONDS: Final = 300.0
"""Longer than any restart or upgrade of the controller. Sessions that Asterisk is silent on for as long, too, end."""

_log = structlog.get_logger(__name__)


class Engine:
    """Driven by `clock.run`; told what to do by `obey`. `now` is monotonic seconds, from `clock`."""

    def __init__(
        self, rtp: UdpSocket, outbox: Outbox, media_silence_seconds: float, clock: Callable[[], float]
    ) -> None:
        self.counters: Counter[str] = Counter()
        """Of the whole worker, for /healthz."""
        self.controller_present = False
        self._rtp = rtp
        self._outbox = outbox
        self._media_silence_seconds = media_silence_seconds
        self._clock = clock
        self._controller_seen_at = clock()
        self._sessions: dict[str, Session] = {}
        self._inbound: Inbound[Session] = Inbound()
        self._hearing = Hearing(rtp, self._inbound, self.counters, self._break)
        self._rows: Rows[Session] = Rows()
        self._openings: dict[str, asyncio.Task[None]] = {}
        self._delay = Delay()
        self._shared_sockets = SharedSockets(clock, self.counters)
        # Made once: reading the system's certificates takes tens of milliseconds.
        self._tls = ssl.create_default_context()
        self._tls_contexts = TlsContexts()
        self._tokens = Tokens(clock)
        self._asterisk_sockets = AsteriskSockets(self._tls, clock, self._give_up, self._break)
        self.speakers = Speakers(self._inbound, self._rows, self._asterisk_sockets)

    @property
    def sessions(self) -> list[str]:
        return list(self._sessions)

    @property
    def with_bot(self) -> list[str]:
        """Sessions whose bot has accepted and is there."""
        return [session.id for session in self._sessions.values() if session.accepted and session.bot is not None]

    @property
    def busy(self) -> bool:
        return self._rows.count >= BUSY_CALLS

    # --- orders ---------------------------------------------------------------------------------------------

    def obey(self, order: ToWorker) -> None:
        """Carry out one message of the controller. One about a session that is over is passed by."""
        if isinstance(order, Open):
            self._open(order)
        elif isinstance(order, Close):
            self.close(order.session, order.reason)
        elif isinstance(order, Attach | AttachSocket | Play | Send):
            session = self._sessions.get(order.session)
            if session is None:
                _log.debug("order for a session that is over", session=order.session, order=order.type)
            elif isinstance(order, Attach):
                self._attach(session, order)
            elif isinstance(order, AttachSocket):
                self._detach(session)
                self._asterisk_sockets.attach(session, order.url)
            elif isinstance(order, Play):
                self._play(session)
            else:
                self._send(session, order)
        else:
            self._outbox.acknowledge(order.seq)

    def close(self, session_id: str, reason: EndReason) -> None:
        """End a session and report it `closed`, also one that is not known (any more)."""
        session = self._sessions.get(session_id)
        if session is not None:
            self._end(session, reason)
        statistics = session.statistics(self.counters["strangers"]) if session else {}
        self._outbox.add(Closed(session=session_id, statistics=statistics))

    async def shutdown(self, *, taken_over: bool = False) -> None:
        """End all sessions and give the bots a moment to hear of it.

        `taken_over`: a controller goes on with them on another worker, and bots are not told that it is the end.
        """
        bots = [session.bot for session in self._sessions.values() if session.bot is not None]
        for session in list(self._sessions.values()):
            if taken_over:
                self._leave(session)
            else:
                self.close(session.id, "shutdown")
        self._shared_sockets.close()
        closing = [*(bot.wait_closed() for bot in bots), self._shared_sockets.wait_closed()]
        await asyncio.wait([asyncio.ensure_future(closed) for closed in closing], timeout=2 * CLOSE_SECONDS)

    def _open(self, order: Open) -> None:
        if order.session in self._sessions:
            _log.warning("session opened twice", session=order.session)
            return
        if len(self._sessions) >= CALLS_MAX:
            self._outbox.add(Refused(session=order.session, reason="busy", detail=f"{CALLS_MAX} calls already"))
            return
        session = Session(order, self._outbox, self._clock, self.counters["strangers"], self._delay)
        session.bot = self._line_to(order.bot, session)
        self._sessions[order.session] = session
        self._openings[order.session] = asyncio.create_task(self._reach_bot(session, session.bot, order))

    def _line_to(self, target: BotTarget, session: Session) -> Conversation:
        if target.protocol != NATIVE:
            return AdaptedConnection(target.protocol, session, self._clock, self._tokens)
        return self._shared_sockets.stream(session) if target.multiplex else BotConnection(session, self._clock)

    def _tls_to(self, target: BotTarget) -> ssl.SSLContext:
        """Raises BotFailed where a file of the bot's settings cannot be used."""
        files = TlsFiles(target.ca_file, target.certificate_file, target.key_file)
        try:
            return self._tls if files == TlsFiles() else self._tls_contexts.context(files)
        except SettingError as error:
            raise BotFailed("unreachable", str(error)) from error

    async def _reach_bot(self, session: Session, bot: Conversation, order: Open) -> None:
        target = order.bot
        try:
            await bot.open(_opening(order), target.accept_seconds, self._tls_to(target))
        except BotRefused as refusal:
            self._forget(session)
            reject = refusal.reject
            self._outbox.add(
                Refused(
                    session=session.id,
                    reason=reject.reason,
                    detail=reject.message,
                    retry_after_seconds=reject.retry_after_seconds,
                )
            )
        except BotFailed as failure:
            self._forget(session)
            self._outbox.add(Failed(session=session.id, trigger=failure.trigger, detail=failure.detail))
        except Exception as error:  # noqa: BLE001
            # Such as a URL or a token that no request can be made of: the call takes its next rung.
            _log.exception("bot not asked", session=session.id)
            self._forget(session)
            self._outbox.add(Failed(session=session.id, trigger="unreachable", detail=f"cannot be asked: {error}"))
        finally:
            if self._openings.get(session.id) is asyncio.current_task():
                del self._openings[session.id]

    def _attach(self, session: Session, order: Attach) -> None:
        try:
            key = peer_key(order.host, order.port)
        except ValueError:
            _log.error("RTP address of Asterisk is no IP address", session=session.id, host=order.host)
            return
        if not self._rtp.reaches(order.host):
            _log.error("RTP address of Asterisk is of another family than our own", session=session.id, host=order.host)
            return
        self._detach(session)
        # A later session of the same call takes the address over.
        if (earlier := self._inbound.find(key)) is not None:
            self._detach(earlier)
        session.peer = (order.host, order.port)
        session.inbound = self._inbound
        self._inbound.add(session, key)
        self._begin_playing(session)

    def _play(self, session: Session) -> None:
        session.play(self._clock())
        self.speakers.begin(session.id)
        self._begin_playing(session)

    def _begin_playing(self, session: Session) -> None:
        if session.playing and session.peer is not None and session.row < 0:
            start = (first_number(time.time()), secrets.randbits(32), secrets.randbits(32))
            self._rows.add(session, session.peer, session.payload_type, session.silence, start)

    def _send(self, session: Session, order: Send) -> None:
        try:
            message = parse_to_bot(json.dumps(order.message))
        except ProtocolError as error:
            _log.error("the controller sent the bot no message of its protocol", session=session.id, error=str(error))
            return
        if isinstance(message, Dtmf):
            session.uplink.key_pressed(message.duration_ms)
        if session.bot is not None:
            session.bot.send(message)

    def _detach(self, session: Session) -> None:
        self._asterisk_sockets.remove(session)
        if session.peer is not None:
            self._inbound.remove(session)
            session.peer = session.inbound = None
            session.packets_out += self._rows.sent(session)
            self._rows.remove(session)

    def _give_up(self, session: Session, detail: str) -> None:
        """Without Asterisk's audio there is nothing for a bot to do."""
        self._end(session, "failed")
        self._outbox.add(Failed(session=session.id, trigger="unreachable", detail=detail))

    def _end(self, session: Session, reason: EndReason) -> None:
        self._forget(session)
        if session.bot is not None:
            session.bot.end(reason, session.statistics(self.counters["strangers"]))
        if opening := self._openings.pop(session.id, None):
            opening.cancel()

    def _leave(self, session: Session) -> None:
        self._forget(session)
        if session.bot is not None:
            session.bot.leave()
        if opening := self._openings.pop(session.id, None):
            opening.cancel()

    def _forget(self, session: Session) -> None:
        session.files.cancel()
        self._detach(session)
        if self._sessions.get(session.id) is session:
            del self._sessions[session.id]
            self.speakers.forget(session.id)

    # --- the clock ------------------------------------------------------------------------------------------

    def drain(self, now: float) -> None:
        """Pass on everything that Asterisk has sent."""
        self._hearing.drain(now)
        self._hearing.send_gathered(now, chain(self._rows.streams, self._asterisk_sockets.streams))
        self._shared_sockets.flush()
        self._delay.to_bot.passed(self._clock())

    def tick(self, due: int = 1) -> None:
        """Send one packet per due tick to every caller whose call is answered."""
        skipped = max(0, due - CATCH_UP_TICKS_MAX)
        if skipped:
            self.counters["skipped_ticks"] += skipped
            self._rows.skip(skipped)
        for _ in range(due - skipped):
            self._rows.silence()
            speaking = [session for session in self._rows.streams if session.downlink.speaking]
            self._write_frames(speaking)
            self._rtp.send(self._rows)
            self._rows.advance()
            self._asterisk_sockets.tick()
            # Only now have the marks behind this audio been reached.
            for session in speaking:
                try:
                    session.downlink.settle()
                except Exception:  # noqa: BLE001
                    self._break(session)
        now = self._clock()
        self._delay.to_caller.passed(now)
        self.speakers.tick(due, now)

    def _write_frames(self, speaking: list[Session]) -> None:
        """The bots' audio into the packets that go out; linear PCM as one batch."""
        converting: list[Session] = []
        linear: list[tuple[Line, bytes]] = []
        for session in speaking:
            try:
                frame = session.downlink.next_frame()
            except Exception:  # noqa: BLE001
                self._break(session)
                continue
            if session.line is None:
                self._rows.write(session.row, frame)
            else:
                converting.append(session)
                linear.append((session.line, frame))
        for session, codes in zip(converting, from_linear(linear), strict=True):
            self._rows.write(session.row, codes)

    def watch(self, now: float) -> None:
        """Once a second: what is measured in seconds."""
        for session in list(self._sessions.values()):
            try:
                session.watch(now, self._media_silence_seconds)
            except Exception:  # noqa: BLE001
                self._break(session)
        self._shared_sockets.watch(now)
        self._asterisk_sockets.watch()
        if self.controller_present:
            self._controller_seen_at = now
        elif now - self._controller_seen_at >= CONTROLLER_AWAY_SECONDS:
            self._close_abandoned(now)

    def _close_abandoned(self, now: float) -> None:
        for session in list(self._sessions.values()):
            if now - session.uplink.active_at >= CONTROLLER_AWAY_SECONDS:
                _log.warning("no controller and no audio: session closed", session=session.id)
                self.close(session.id, "failed")

    def _break(self, session: Session) -> None:
        """Our own fault, whatever it is, has met one call: it ends, and the others do not notice."""
        _log.exception("session broke", session=session.id)
        self.counters["broken_sessions"] += 1
        self.close(session.id, "failed")


def _opening(order: Open) -> Opening:
    target, start = order.bot, order.start
    if target.protocol == NATIVE:
        start = start.model_copy(update={"audio_choices": formats.choices(order) or None})
    return Opening(
        url=target.url,
        start=start,
        token=target.token,
        headers=target.headers,
        parameters=target.parameters,
        nonce=secrets.token_hex(16),
        unix_seconds=time.time(),
        username=target.username,
        signing_secret=target.signing_secret,
        session=order.session,
        resume_seconds=target.resume_seconds,
    )
