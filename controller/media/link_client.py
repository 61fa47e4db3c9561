"""The controller's end of the control link to one media worker."""

import asyncio
import random
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import structlog
from pydantic import ValidationError

from controller.errors import MediaLinkError
from controller.media.control_messages import FROM_WORKER, AckReports, Hello, Load, Report, SpeakingNow, ToWorker

BACKOFF_FIRST_SECONDS: Final = 0.1
"""A worker that restarts is back within a second."""

BACKOFF_MAX_SECONDS: Final = 0.5
"""Calls cannot be taken without the worker, and those of one that died wait for it: never wait long."""

HEARTBEAT_SECONDS: Final = 5.0
"""A worker that answers no ping for half of this longer is away."""

HELLO_SECONDS: Final = 5.0
"""What answers the handshake and then not this is no media worker."""

REPORT_BYTES_MAX: Final = 1 << 20
"""A bot's message has at most 64 kB, escaped six times that."""

AWAY_TOLD_SECONDS: Final = 2.0
"""Being away for less is not worth a line: controller and worker start side by side."""

_log = structlog.get_logger(__name__)


class MediaLink:
    """Connects to one worker, for ever. Callbacks must be quick; what they raise is logged.

    on_up(hello)     the link stands; hello.sessions are the sessions that the worker carries
    on_report(report)  each report once and in order; acknowledged when the callback has returned
    on_down()        the link is gone; the worker goes on with its calls and keeps its reports
    on_refused()     nobody listens where the worker was: it is not only the link that is gone
    """

    def __init__(
        self,
        url: str,
        token: str,
        on_report: Callable[[Report], None],
        on_up: Callable[[Hello], None] = lambda _: None,
        on_down: Callable[[], None] = lambda: None,
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url
        self.hello: Hello | None = None
        """Of the link that stands now; None while there is none."""
        self._token = token
        self._on_report = on_report
        self._on_up = on_up
        self._on_down = on_down
        self._on_refused = on_refused
        self.on_speaking: Callable[[SpeakingNow], None] = lambda _: None
        """Told who speaks, where that has changed."""
        self.cpu_share = 0.0
        """The worker's load, of one core, as it said last."""
        self.load_told = 0
        """How often it has said so."""
        self.deaf = False
        """Reports are left with the worker, for another controller: it repeats what nobody has acknowledged."""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._instance = ""
        self._seq = 0
        """The newest report of this instance that was delivered."""
        self._away_told = False
        self._away_since: float | None = None
        self._backoff_seconds = BACKOFF_FIRST_SECONDS

    async def send(self, message: ToWorker) -> None:
        """Pass one order on. Raises MediaLinkError while the link is down."""
        if self._socket is None or self.hello is None:
            raise MediaLinkError(f"the media worker at {self.url} is not connected")
        try:
            await self._socket.send_str(message.model_dump_json(by_alias=True))
        except (ConnectionError, RuntimeError) as error:
            raise MediaLinkError(f"the link to the media worker at {self.url} broke: {error}") from error

    async def run(self) -> None:
        """Connect and connect again until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                starting = False
                try:
                    await self._hold(session)
                except aiohttp.ClientConnectorError as error:
                    reason, starting = str(error), True
                    self._call(self._on_refused)
                except (aiohttp.ClientError, OSError, TimeoutError, MediaLinkError) as error:
                    reason = str(error) or type(error).__name__
                else:
                    reason = "the connection was closed"
                self._tell_away(reason, starting=starting)
                # Jitter, so that several controllers' links do not come back in the same instant.
                await asyncio.sleep(self._backoff_seconds * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                self._backoff_seconds = min(self._backoff_seconds * 2, BACKOFF_MAX_SECONDS)

    async def _hold(self, session: aiohttp.ClientSession) -> None:
        """One connection, from handshake to end."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with session.ws_connect(
            _control_url(self.url),
            headers=headers,
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=REPORT_BYTES_MAX,
            timeout=aiohttp.ClientWSTimeout(ws_close=HELLO_SECONDS),
        ) as socket:
            try:
                self._greet(socket, await socket.receive(timeout=HELLO_SECONDS))
                async for frame in socket:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        await self._receive(socket, frame.data)
            finally:
                self._down()

    def _greet(self, socket: aiohttp.ClientWebSocketResponse, frame: aiohttp.WSMessage) -> None:
        try:
            hello = FROM_WORKER.validate_json(frame.data)
        except ValidationError as error:
            raise MediaLinkError(f"what answers at {self.url} is no media worker of this version") from error
        if not isinstance(hello, Hello):
            raise MediaLinkError(f"the media worker at {self.url} did not begin with hello")
        if hello.instance != self._instance:
            self._instance = hello.instance
            self._seq = 0
        self._socket, self.hello = socket, hello
        log = _log.warning if hello.reports_dropped else _log.info
        log("media worker connected", url=self.url, sessions=len(hello.sessions), dropped=hello.reports_dropped)
        self._away_told, self._away_since = False, None
        self._backoff_seconds = BACKOFF_FIRST_SECONDS
        self._call(self._on_up, hello)

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
        try:
            report = FROM_WORKER.validate_json(text)
        except ValidationError as error:
            _log.error("report not understood", url=self.url, error=str(error))
            return
        if isinstance(report, Hello):
            return
        if isinstance(report, Load):
            self.cpu_share = report.cpu_share
            self.load_told += 1
            return
        if isinstance(report, SpeakingNow):
            self._call(self.on_speaking, report)
            return
        if self.deaf:
            return
        # After a reconnect the worker repeats what it has no acknowledgement for.
        if report.seq > self._seq:
            self._seq = report.seq
            self._call(self._on_report, report)
        await socket.send_str(AckReports(seq=self._seq).model_dump_json())

    def _down(self) -> None:
        if self.hello is not None:
            self.hello = self._socket = None
            self._call(self._on_down)

    def _tell_away(self, reason: str, *, starting: bool) -> None:
        """Once, and not for a worker that is only not up yet."""
        now = asyncio.get_running_loop().time()
        if self._away_since is None:
            self._away_since = now
        patient = starting and now - self._away_since < AWAY_TOLD_SECONDS
        if not self._away_told and not patient:
            self._away_told = True
            _log.warning("media worker away, connecting again", url=self.url, reason=reason)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:  # noqa: BLE001 - a report that cannot be dealt with must not hold up those behind it
            _log.exception("callback of the media link failed", url=self.url)


def _control_url(url: str) -> str:
    """MEDIA_URL names the worker; the path is ours where none was given."""
    parts = urlsplit(url)
    return parts._replace(path="/control").geturl() if parts.path in {"", "/"} else url
