"""Asterisk's security events, as they happen: one connection to its manager interface, made again when it breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import structlog

from controller.config import Address
from controller.errors import AsteriskAway, AsteriskError

CONNECT_SECONDS: Final = 3.0
"""For connecting and for logging in: Asterisk is next to us."""
AGAIN_SECONDS: Final = 2.0
"""Between a connection that broke and the next."""
LINE_BYTES_MAX: Final = 16 * 1024
"""Of one event's line, in which names of an attacker's choice stand."""
LOGIN: Final = "AMI Login"

log = structlog.get_logger()

Event = dict[str, str]


class SecurityStream:
    """Its user may hear security events (asterisk-conf/manager.conf)."""

    def __init__(self, address: Address, username: str, password: str) -> None:
        self._address = address
        self._username = username
        self._password = password

    async def run(self, receive: Callable[[Event], None], connected: Callable[[], None]) -> None:
        """For ever. `connected` is told of every connection: it may be to another Asterisk than the one before."""
        told = ""
        while True:
            try:
                async for event in self._connected(connected):
                    told = ""
                    receive(event)
                reason = "the connection was closed"
            except AsteriskError as error:
                reason = str(error)
            if reason != told:
                log.warning("nobody is watched for guessing passwords", reason=reason)
                told = reason
            await asyncio.sleep(AGAIN_SECONDS)

    async def _connected(self, connected: Callable[[], None]) -> AsyncIterator[Event]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    self._address.host, self._address.port, limit=LINE_BYTES_MAX
                )
        except (OSError, TimeoutError) as error:
            raise AsteriskAway(LOGIN, str(error) or "no answer in time") from error
        try:
            await self._log_in(reader, writer)
            connected()
            while event := await _block(reader):
                yield event
        except (OSError, TimeoutError, ValueError) as error:
            raise AsteriskAway(LOGIN, str(error) or "no answer in time") from error
        finally:
            writer.close()

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            await reader.readline()  # who it is
            lines = ("Action: Login", f"Username: {self._username}", f"Secret: {self._password}", "Events: on")
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = await _block(reader)
        if answer.get("Response") != "Success":
            raise AsteriskError(LOGIN, 401, answer.get("Message", "nothing"))


async def _block(reader: asyncio.StreamReader) -> Event:
    """One event or answer; empty at the end. Raises ValueError for a line without an end."""
    found: Event = {}
    while line := await reader.readline():
        text = line.decode(errors="replace").rstrip("\r\n")
        if text:
            key, _, value = text.partition(":")
            found[key.strip()] = value.strip()
        elif found:
            break
    return found
