"""Many calls on one WebSocket: one for each bot (URL, token, headers), opened by the first call, kept for the next.

Audio of all calls is gathered and goes out as one message when the engine has passed on what the callers said
(`flush`): what a WebSocket costs is the message, not its bytes. The calls share the socket's fate and nothing
else: each has its own number, its own bounds and its own faults.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import structlog
from picows import WSError

from controller.bot.adapters.adapter import Handshake, Opening
from controller.bot.adapters.native import native_handshake
from controller.bot.conversation import BotEvents, Conversation, Stage
from controller.bot.framing import CALL_MAX, SUBPROTOCOL_MUX, TornRecord, append, as_records, call_of, records, tag
from controller.bot.protocol import TEXT_MESSAGE_BYTES_MAX, End, Error, ErrorCode, serialize
from controller.bot.websocket import FRAME_BYTES_MAX, BotSocket
from controller.errors import ProtocolError

IDLE_SECONDS: Final = 60.0
"""A socket without calls is closed after this long: a bot that is taken out of service gets rid of us."""

UPLINK_MESSAGE_BYTES_MAX: Final = 262_144
"""Longest binary message to a bot, but for what one batch adds: many WebSocket libraries refuse more than 1 MiB."""

WhatT = TypeVar("WhatT")

_serials = count(1)

_log = structlog.get_logger(__name__)


class Stream(Conversation):
    """One call on a shared socket, used once."""

    def __init__(self, events: BotEvents, sockets: "SharedSockets") -> None:
        super().__init__(events)
        self._sockets = sockets
        self._shared: SharedSocket | None = None

    def watch(self, now: float) -> None:
        """The socket is watched once for all of its calls (`SharedSockets.watch`)."""

    async def wait_closed(self) -> None:
        """The socket stays: there is nothing to wait for."""

    def on_torn(self, torn: TornRecord) -> None:
        self.on_malformed("malformed", str(torn))

    def on_broken(self) -> None:
        """Our own fault, whatever it is, has met this call."""
        self.send(End(reason="failed"))
        self._give_up("was cut off by a fault of ours")

    async def _connect(self, opening: Opening, seconds: float, tls: ssl.SSLContext) -> None:
        self._shared = await self._sockets.reach(opening, seconds, tls)
        self.number = self._shared.add(self)
        self.carrier = self._shared
        self.on_open()

    def send_audio(self, audio: bytes | bytearray | memoryview) -> bool:
        # On the path of every packet: in as few steps as can be.
        shared = self._shared
        if self._stage is Stage.ACCEPTED and shared is not None:
            return shared.gather(self.number, audio)
        return self._keep(audio)

    def _send(self, text: str) -> None:
        if self._shared is not None:
            self._shared.send(tag(self.number, text))

    def _leave(self) -> None:
        self.carrier = None
        if self._shared is not None:
            self._shared.remove(self.number)


class SharedSocket:
    """One socket and its calls. `counters` are the worker's: what cannot be laid to one call's charge."""

    def __init__(self, clock: Callable[[], float], counters: Counter[str]) -> None:
        self.serial = next(_serials)
        self._counters = counters
        self._socket = BotSocket(self, clock)
        self._clock = clock
        self._opening: asyncio.Task[None] | None = None
        self._streams: dict[int, Stream] = {}
        self._last_number = 0
        self._idle_since: float | None = None
        """None before it is open and while there are calls."""
        self._uplink = bytearray()
        self._parts = bytearray()
        """Of a binary message that comes in fragments."""

    @property
    def over(self) -> bool:
        return self._socket.over

    async def connect(self, handshake: Handshake, seconds: float, tls: ssl.SSLContext) -> None:
        """Until it is open, for which the first call's `seconds` count. Raises as BotSocket.connect does."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(handshake, seconds, tls))
            # Where nobody waits any more its failure is nobody's, and no reason for asyncio to complain.
            self._opening.add_done_callback(lambda opening: opening.cancelled() or opening.exception())
        # A call that gives up must not take the socket from those that wait beside it.
        await asyncio.shield(self._opening)
        if self.over:
            raise WSError("the connection was lost at once")

    async def _open(self, handshake: Handshake, seconds: float, tls: ssl.SSLContext) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._socket.connect(handshake, seconds, tls)
        except BaseException:
            self._socket.close()
            raise

    def watch(self, now: float) -> None:
        """To be called about once a second: pings, and the end of a socket that nobody needs."""
        if self._idle_since is not None and now - self._idle_since >= IDLE_SECONDS:
            self._socket.close()
        else:
            self._socket.watch(now)

    def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        self._socket.close()

    async def wait_closed(self) -> None:
        await self._socket.wait_closed()

    # --- its calls ------------------------------------------------------------------------------------------

    def add(self, stream: Stream) -> int:
        """Give a call its number. Raises WSError when there is none left, after 4 billion calls."""
        if self._last_number == CALL_MAX:
            self.on_gone("has had all the calls that can be numbered")
            raise WSError("the connection has had all the calls that can be numbered")
        self._last_number += 1
        self._streams[self._last_number] = stream
        self._idle_since = None
        self._socket.make_room(len(self._streams))
        return self._last_number

    def remove(self, number: int) -> None:
        self._streams.pop(number, None)
        self._socket.make_room(len(self._streams))
        if not self._streams:
            self._idle_since = self._clock()

    def _pass_on(self, stream: Stream, receive: Callable[[WhatT], None], what: WhatT) -> None:
        """Whatever goes wrong with one call, those beside it do not notice."""
        try:
            receive(what)
        except Exception:  # noqa: BLE001
            self._break(stream)

    def _break(self, stream: Stream) -> None:
        _log.exception("a call on a shared socket broke")
        self._counters["broken_sessions"] += 1
        stream.on_broken()

    # --- to the bot -----------------------------------------------------------------------------------------

    def gather(self, number: int, audio: bytes | bytearray | memoryview) -> bool:
        """Add audio to the next message; False when the bot is behind and takes nothing now."""
        append(self._uplink, number, audio)
        if len(self._uplink) >= UPLINK_MESSAGE_BYTES_MAX:
            self.flush()
        return self._socket.writable

    def gather_frames(self, calls: npt.NDArray[np.uint32], frames: npt.NDArray[np.uint8]) -> bool:
        """`gather` for many calls at once."""
        if not self._socket.writable:
            return False
        self._uplink += as_records(calls, frames)
        if len(self._uplink) >= UPLINK_MESSAGE_BYTES_MAX:
            self.flush()
        return True

    def flush(self) -> None:
        """Send what was gathered as one message."""
        if self._uplink:
            self._socket.send_binary(self._uplink)
            self._uplink.clear()

    def send(self, text: str) -> None:
        # The order of audio and messages is kept.
        self.flush()
        self._socket.send_text(text)

    def _refuse(self, code: ErrorCode, message: str, field: str | None = None) -> None:
        """Answer what cannot be laid to one call's charge."""
        self._counters["malformed_bot_messages"] += 1
        self.send(serialize(Error(code=code, message=message, field=field)))

    # --- from the bot (websocket.Listener) ------------------------------------------------------------------

    def on_open(self) -> None:
        self._idle_since = self._clock()

    def on_binary(self, part: memoryview, last: bool) -> None:
        """Unlike the audio of a single call, records have to be put together from fragments, up to the limit."""
        if last and not self._parts:
            self._receive(part)
            return
        if len(self._parts) <= FRAME_BYTES_MAX:
            self._parts += part
        if not last:
            return
        whole, self._parts = self._parts, bytearray()
        if len(whole) > FRAME_BYTES_MAX:
            self._refuse("too_large", f"a binary message may have {FRAME_BYTES_MAX} bytes")
        else:
            self._receive(memoryview(whole))

    def _receive(self, message: memoryview) -> None:
        streams = self._streams
        try:
            for number, audio in records(message):
                stream = streams.get(number)
                if stream is None:
                    # Usually of a call that has just ended: the bot cannot know yet.
                    self._counters["stray_bot_records"] += 1
                    continue
                try:
                    stream.on_audio(audio)
                except Exception:  # noqa: BLE001
                    self._break(stream)
        except TornRecord as torn:
            if (stream := streams.get(torn.call)) is not None:
                stream.on_torn(torn)
            else:
                self._refuse("malformed", str(torn))

    def on_text(self, text: bytes) -> None:
        try:
            stream = self._streams.get(call_of(text))
        except ProtocolError as error:
            self._refuse("malformed", str(error), error.field)
            return
        if stream is not None:
            self._pass_on(stream, stream.on_text, text)
        else:
            self._counters["stray_bot_messages"] += 1

    def on_long_text(self) -> None:
        self._refuse("too_large", f"a message may have {TEXT_MESSAGE_BYTES_MAX} bytes")

    def on_room(self, audio: bytes) -> None:
        self._socket.send_binary(audio)

    def on_dropped(self, audio: bytes) -> None:
        """Each call has its own account of what its bot did not take."""
        self._counters["bot_messages_dropped"] += 1
        for number, _ in records(memoryview(audio)):
            if (stream := self._streams.get(number)) is not None:
                stream.counters["audio_frames_dropped_to_bot"] += 1

    def on_gone(self, detail: str, code: int | None = None) -> None:
        self._socket.close()
        for stream in list(self._streams.values()):
            self._pass_on(stream, partial(stream.on_gone, code=code), detail)


Bot: TypeAlias = tuple[Handshake, str, ssl.SSLContext]
"""Whose socket it is: URL, token and headers; the secret of its signatures; whom we trust and who we are in TLS."""


class SharedSockets:
    """The sockets of one worker, one for each bot."""

    def __init__(self, clock: Callable[[], float], counters: Counter[str]) -> None:
        self._clock = clock
        self._counters = counters
        self._sockets: dict[Bot, SharedSocket] = {}

    def stream(self, events: BotEvents) -> Stream:
        """One more call, to be opened as any other."""
        return Stream(events, self)

    async def reach(self, opening: Opening, seconds: float, tls: ssl.SSLContext) -> SharedSocket:
        """The bot's socket, open. Raises as BotSocket.connect does."""
        # No two signatures are alike, and all of them are the same bot's.
        unsigned = native_handshake(replace(opening, signing_secret=""), SUBPROTOCOL_MUX)
        bot = (unsigned, opening.signing_secret, tls)
        shared = self._sockets.get(bot)
        if shared is None or shared.over:
            shared = self._sockets[bot] = SharedSocket(self._clock, self._counters)
        await shared.connect(native_handshake(opening, SUBPROTOCOL_MUX), seconds, tls)
        return shared

    def flush(self) -> None:
        """Send all that was gathered: one message to each bot."""
        for shared in self._sockets.values():
            shared.flush()

    def watch(self, now: float) -> None:
        """To be called about once a second."""
        for bot, shared in list(self._sockets.items()):
            shared.watch(now)
            if shared.over:
                del self._sockets[bot]

    def close(self) -> None:
        """Close all sockets. Nothing is reported to calls that are still on them."""
        for shared in self._sockets.values():
            shared.close()

    async def wait_closed(self) -> None:
        await asyncio.gather(*(shared.wait_closed() for shared in self._sockets.values()))
