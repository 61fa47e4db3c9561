"""One bot's part of one call: its connection, its audio both ways, its messages.

Driven from outside: by the engine (packets, ticks, seconds) and by the bot's frames. It never waits.
"""

from collections.abc import Callable
from typing import Final, Protocol
from uuid import uuid4

from controller.bot.conversation import Conversation, Message
from controller.bot.protocol import (
    Accept,
    Answered,
    AudioFormat,
    Clear,
    GetStatistics,
    Hangup,
    Hold,
    Log,
    Mark,
    Pause,
    Play,
    PlayFinished,
    Result,
    Resume,
    SendDtmf,
    SpeechStarted,
    SpeechStopped,
    Statistics,
    ToBot,
    Transcript,
    Transfer,
)
from controller.media import formats
from controller.media.asterisk_socket import AsteriskSocket
from controller.media.audio.linear import SAMPLE_BYTES
from controller.media.audio.voice import START_FRAMES, STOP_FRAMES, Turn
from controller.media.control_messages import (
    Accepted,
    BotMessage,
    Disconnected,
    FirstAudio,
    Open,
    Report,
    Silent,
    Stalled,
)
from controller.media.delay import Delay
from controller.media.downlink import Downlink
from controller.media.files import Files
from controller.media.inbound import Inbound
from controller.media.playout import FRAME_BYTES, FRAME_MS
from controller.media.rows import PeerAddress
from controller.media.stall import Stall
from controller.media.turns import Turns
from controller.media.uplink import Audio, Uplink

UNDELAYED: Final = Delay()
"""Of a session without a worker."""

IN_LINE: Final = (Mark, Play, Transfer, Hangup, SendDtmf, Hold)
"""Messages that have their place in the line, between pieces of audio."""


class Reports(Protocol):
    """Where reports go."""

    def add(self, report: Report) -> None: ...

    def crowded(self, session: str) -> bool: ...


class Session:
    """`now` is always the engine's monotonic clock, in seconds."""

    def __init__(
        self, opening: Open, reports: Reports, clock: Callable[[], float], strangers: int = 0, delay: Delay = UNDELAYED
    ) -> None:
        self.id: Final = opening.session
        self.bot: Conversation | None = None
        self.peer: PeerAddress | None = None
        """Asterisk's end of the RTP."""
        self.socket: AsteriskSocket | None = None
        """Asterisk's end, where that is no RTP but a WebSocket."""
        self.row = -1
        """Which packet of each tick is this session's (`Rows`); -1 before `play` and without a peer."""
        self.slot = -1
        """Where the caller's stream stands in `inbound`; -1 without a peer."""
        self.inbound: Inbound[Session] | None = None
        self.accepted = self.playing = False
        self.packets_out = 0
        """Sent over an Asterisk's end that is gone, or that is a WebSocket."""
        self.encoding = opening.encoding
        """Of Asterisk's audio."""
        self.payload_type, self.silence = formats.FORMATS[opening.encoding]
        self._opening = opening
        self._clock = clock
        now = clock()
        self._set_up(now)
        self._turns = Turns()
        self._delay = delay
        self._waited = delay.waited
        """As it was when the caller came."""
        self._answered_at = now
        self._reports = reports
        self._barge_in = opening.voice == "barge_in"
        self._stall = Stall(opening.stall_seconds, now)
        self._bot_heard = False
        """The bot has had the first of the caller's audio."""
        self._silent_told_at = -1.0
        """The last packet before the silence that was told of."""
        self._strangers_before = strangers

    def _set_up(self, now: float) -> None:
        """All that depends on the format of the bot's audio."""
        opening = self._opening
        self.line = formats.line(opening)
        self.uplink = Uplink(opening, now, self.send_to_bot, self._on_turn)
        self.downlink = Downlink(opening, self)
        self.files = Files(opening.start.audio, self)
        self._silent_frame = bytes([self.silence]) * formats.unit_bytes(opening) * FRAME_BYTES

    @property
    def silent_frame(self) -> bytes:
        """20 ms of silence in the bot's format."""
        return self._silent_frame

    @property
    def sample_bytes(self) -> int:
        return SAMPLE_BYTES if self.encoding == "pcm16" else 1

    # --- from the controller --------------------------------------------------------------------------------

    def play(self, now: float) -> None:
        """The call is answered: from the next tick on the caller gets a packet every tick."""
        if not self.playing:
            self.playing = True
            self._answered_at, self._waited = now, self._delay.waited
            self.tell_bot(Answered())
            self.uplink.open(now)

    def statistics(self, strangers: int) -> dict[str, int | float]:
        """Counters by name. `strangers` counts the packets of unknown senders to the worker so far.

        They cannot be assigned to a call, but many of them beside `packets_in` 0 explain a silent one.
        """
        return {
            **self.uplink.statistics,
            "strangers": strangers - self._strangers_before,
            "packets_out": self.packets_out,
            **self.downlink.statistics,
            **self._turns.statistics,
            **self._added_delay(),
            **(self.bot.counters if self.bot is not None else {}),
            **(self.socket.counters if self.socket is not None else {}),
        }

    def _added_delay(self) -> dict[str, int | float]:
        """There and back, on the average; of a call that was never answered there is none."""
        if not self.playing:
            return {}
        gathering_ms = (self._opening.uplink_ms - FRAME_MS) / 2
        return {"added_delay_ms": round(1000 * self._delay.mean_seconds(self._waited) + gathering_ms, 2)}

    def watch(self, now: float, silence_seconds: float) -> None:
        """To be called about once a second: the bot's pings, and the watchdogs over both ends."""
        if self.bot is not None:
            self.bot.watch(now)
            self._stall.took |= bool(self.uplink.row["took"])
            self.uplink.row["took"] = False
            if (seconds := self._stall.look(now)) is not None:
                self._reports.add(Stalled(session=self.id, seconds=round(seconds, 1)))
        active_at = self.uplink.active_at
        quiet = now - active_at
        if self.playing and quiet >= silence_seconds and self._silent_told_at != active_at:
            self._silent_told_at = active_at
            self._reports.add(Silent(session=self.id, seconds=round(quiet, 1)))

    # --- the caller's audio ---------------------------------------------------------------------------------

    def send_to_bot(self, audio: Audio) -> None:
        """Send the caller's audio, in the bot's format."""
        if self.bot is None:
            return
        if not self.bot.send_audio(audio):
            self._stall.left_out = True
            return
        self._stall.took = True
        if not self._bot_heard:
            self._bot_heard = True
            self._reports.add(FirstAudio(session=self.id, to="bot"))
            self._carry()

    @property
    def carried(self) -> tuple[int, int]:
        """What takes the caller's frames together with those of other calls, and this call's number there, or 0."""
        bot = self.bot
        if bot is None or bot.carrier is None or not self._bot_heard or not self.uplink.as_is:
            return 0, 0
        return bot.carrier.serial, bot.number

    def _carry(self) -> None:
        """Say that `carried` has changed."""
        if self.inbound is not None:
            self.inbound.carry(self)

    def _on_turn(self, turn: Turn, heard_ms: int) -> None:
        """The caller began or stopped to speak: the bot is told, and where the route says so, paused."""
        now = self._clock()
        if turn is Turn.STARTED:
            self._turns.caller_began(now - START_FRAMES * FRAME_MS / 1000, over_bot=self.downlink.speaking)
            paused = self._barge_in and self.downlink.barge_in()
            self.tell_bot(SpeechStarted(at_ms=heard_ms - START_FRAMES * FRAME_MS, paused=paused))
        else:
            self.downlink.barge_in_over()
            self._turns.caller_stopped(now - STOP_FRAMES * FRAME_MS / 1000, over_bot=self.downlink.speaking)
            self.tell_bot(SpeechStopped(at_ms=heard_ms - STOP_FRAMES * FRAME_MS))

    # --- from the bot (BotEvents) ---------------------------------------------------------------------------

    def on_accepted(self, accept: Accept) -> None:
        if accept.audio is not None:
            # Nothing has gone either way yet.
            chosen = AudioFormat.model_construct(**accept.audio.model_dump())
            start = self._opening.start.model_copy(update={"audio": chosen})
            self._opening = self._opening.model_copy(update={"start": start})
            self._set_up(self.uplink.active_at)
        self.accepted = True
        self._reports.add(Accepted(session=self.id, resume_token=accept.resume_token))

    def on_audio(self, audio: memoryview) -> None:
        if self.files.busy:
            self._postpone(bytes(audio))
        else:
            self.downlink.write(audio)

    def on_message(self, message: Message) -> None:
        if self.files.busy and isinstance(message, IN_LINE):
            self._postpone(message)
        elif isinstance(message, Clear):
            behind = self.files.clear()
            self.downlink.clear([item if isinstance(item, Mark) else self._passed_on(item) for item in behind])
        elif isinstance(message, Play):
            self.files.play(message)
        elif isinstance(message, Pause):
            self.downlink.pause()
        elif isinstance(message, Resume):
            self.downlink.resume()
        elif isinstance(message, Mark):
            self.downlink.mark(message)
        elif self._reports.crowded(self.id):
            self.refuse(f"too many messages are waiting to be stored, this {message.type} is dropped")
        elif isinstance(message, GetStatistics):
            self.tell_bot(Statistics(counters=self.statistics(self._strangers_before)))
        elif isinstance(message, Hangup) and message.result is not None:
            self.on_message(Result(type="result", **message.result.model_dump()))
            self.on_message(message.model_copy(update={"result": None}))
        elif isinstance(message, Transfer | Hangup | SendDtmf | Hold):
            # What is asked for after the audio cannot wait for a pause without an end.
            self.downlink.resume()
            self.downlink.mark(self._passed_on(message))
        else:
            self._pass_on(message)

    def _pass_on(self, message: Message) -> None:
        """What is not about audio."""
        if isinstance(message, Transcript) and self._opening.voice == "off":
            self._note_last_word(message)
        if isinstance(message, Transcript | Result | Log) and not message.id:
            # It gets an id, so that it is stored once; ~ tells that the bot need not hear of it.
            self._reports.add(self._passed_on(message.model_copy(update={"id": f"~{uuid4().hex}"})))
        else:
            self._reports.add(self._passed_on(message))

    def _note_last_word(self, said: Transcript) -> None:
        """Nobody listens for it here; but the bot has."""
        if said.role == "caller" and said.final and said.end_ms is not None:
            self._turns.caller_was_heard(self._answered_at + said.end_ms / 1000)

    def _passed_on(self, message: Message) -> BotMessage:
        return BotMessage(session=self.id, message=message.model_dump(mode="json", exclude_none=True))

    def played_ms(self) -> int:
        return int(self.downlink.statistics["played_ms"])

    def on_lost(self, detail: str) -> None:
        self._carry()
        tried = self.bot.tried_seconds if self.bot is not None else 0.0
        self.lose(Disconnected(session=self.id, detail=detail, tried_seconds=tried))

    # --- what waited behind a file (files.Player) -----------------------------------------------------------

    def play_finished(self, finished: PlayFinished) -> None:
        self.downlink.mark(finished)

    def lose(self, lost: Disconnected) -> None:
        if self.files.busy:
            self.files.postpone(lost)
        else:
            self.downlink.lost(lost)

    def _postpone(self, what: bytes | Message) -> None:
        if not self.files.postpone(what):
            self.refuse("too much is waiting behind a file")

    # --- what becomes of its audio (Told) -------------------------------------------------------------------

    def tell_controller(self, report: Report) -> None:
        self._reports.add(report)

    def tell_bot(self, message: ToBot) -> None:
        if self.bot is not None:
            self.bot.send(message)

    def refuse(self, message: str) -> None:
        if self.bot is not None:
            self.bot.refuse("overrun", message)

    def bot_began(self) -> None:
        self._turns.bot_began(self._clock())

    def bot_silenced(self) -> None:
        self._turns.bot_silenced(self._clock())

    def flush(self) -> None:
        if self.socket is not None:
            self.socket.flush()
