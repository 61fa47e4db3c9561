"""The event half of ARI: keeps one WebSocket to Asterisk open for as long as we run.

Nothing is queued here: an event goes to the listener, synchronously, before the next one is read. So reading never
waits (Asterisk drops a reader that is slow for 100 ms) and nothing can pile up. Events of a gap are lost: Asterisk
never replays them, so the listener is told of every new connection and compares notes with Asterisk then.
"""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Final, Protocol

import aiohttp
import structlog

from controller.ari.client import AriClient
from controller.ari.events import ApplicationReplaced, AriEvent, parse_event
from controller.ari.requests import refuse_bad_credentials
from controller.errors import AsteriskError, ProtocolError

RECONNECT_SECONDS_MIN: Final = 0.25
"""Before the first reconnect. Never below 0.05: Asterisk would let the old connection's end deactivate the
application that the new one has just taken over."""

RECONNECT_SECONDS_MAX: Final = 5.0
"""Between attempts later on: soon enough after a restart of Asterisk, and no load on one that struggles."""

RECONNECT_JITTER: Final = 0.25
"""Up to this share is added by chance, so that several controllers do not knock in step."""

log = structlog.get_logger()


class EventListener(Protocol):
    """Who is told. Every method must return at once: what takes time goes into a task of the listener's own."""

    def asterisk_connected(self) -> None:
        """The stream is open and our application is active: compare with what Asterisk has now."""

    def asterisk_event(self, event: AriEvent) -> None:
        """One event, in Asterisk's order."""

    def asterisk_away(self) -> None:
        """The stream broke; calls may go on without us. Also when it cannot be opened at the start."""

    def application_replaced(self) -> None:
        """Another controller has our application's name: ours no longer decides. The stream ends."""


class EventStream:
    """Runs until it is cancelled or replaced."""

    def __init__(
        self,
        ari: AriClient,
        listener: EventListener,
        settings_prefix: str = "",
        tap: Callable[[str], None] | None = None,
    ) -> None:
        """`settings_prefix` stands before ARI_… in the names of the settings that this Asterisk has.

        `tap` sees every event as it came, known to us or not.
        """
        self._tap = tap
        self._ari = ari
        self._settings = f"{settings_prefix}ARI_"
        self._listener = listener
        self._away_said = False

    async def run(self) -> None:
        """Returns only when another controller took our place. Raises SettingError for a wrong name or password."""
        failures = 0
        while True:
            try:
                async with self._ari.event_socket() as socket:
                    if await self._ari.application() is not None:
                        failures = 0
                        self._say_connected()
                        if await self._read(socket):
                            return
                    reason = "the connection was closed"
            except aiohttp.WSServerHandshakeError as error:
                refuse_bad_credentials(self._ari.url, error.status, self._settings)
                reason = f"it answered {error.status}"
            except AsteriskError as error:
                refuse_bad_credentials(self._ari.url, error.status, self._settings)
                reason = error.reason
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                reason = str(error) or type(error).__name__
            self._say_away(reason)
            await asyncio.sleep(reconnect_seconds(failures, random.random()))  # noqa: S311 (no secret)
            failures += 1

    async def _read(self, socket: "aiohttp.ClientWebSocketResponse[bool]") -> bool:
        """Hands events over until the connection ends. True: our application was replaced."""
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            if self._tap:
                self._tap(message.data)
            try:
                event = parse_event(json.loads(message.data))
            except (ValueError, ProtocolError) as error:
                log.warning("event not understood", error=str(error), event_text=message.data[:200])
                continue
            if isinstance(event, ApplicationReplaced):
                log.error("application taken over", app=self._ari.app, mend="run one controller per ARI_APP")
                self._listener.application_replaced()
                return True
            if event is not None:
                self._hand_over(event)
        return False

    def _hand_over(self, event: AriEvent) -> None:
        try:
            self._listener.asterisk_event(event)
        except Exception:  # one call's bug must not end the stream of all the others
            log.exception("event not dealt with", event_type=type(event).__name__)

    def _say_connected(self) -> None:
        log.info("asterisk connected", url=self._ari.url, app=self._ari.app)
        self._away_said = False
        self._listener.asterisk_connected()

    def _say_away(self, reason: str) -> None:
        if self._away_said:
            return
        self._away_said = True
        log.warning(
            "asterisk away",
            url=self._ari.url,
            reason=reason,
            mend=f"start Asterisk or correct {self._settings}URL; trying on",
        )
        self._listener.asterisk_away()


def reconnect_seconds(failures: int, chance: float) -> float:
    """How long to wait before the next attempt, after `failures` in a row that got nowhere. `chance` is 0 to 1."""
    # The exponent is capped because 2.0 ** 2000 overflows after some hours of absence.
    doubled = RECONNECT_SECONDS_MIN * 2.0 ** min(failures, 16)
    return min(doubled, RECONNECT_SECONDS_MAX) * (1 + RECONNECT_JITTER * chance)
