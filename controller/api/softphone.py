"""The telephone of the page: short-lived SIP accounts for those who are signed in, and their way to Asterisk.

An account is made when somebody is about to call, with a password of its own, and goes with the WebSocket on which that
browser speaks SIP. That WebSocket is passed on as it is, so Asterisk's HTTP server, which is ARI's too, stays out of
everybody's reach.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType, web

from controller.api.control import NotNow
from controller.ari.events import Channel
from controller.errors import AsteriskError

PHONES_MAX: Final = 20
"""At a time: a page to try it with, not a call centre. Their names are used again, so no more is ever left behind."""
UNUSED_SECONDS: Final = 30.0
"""After which an account goes on whose WebSocket nobody came."""
RTP_SECONDS: Final = 15
"""Without a packet: the call of a browser that was cut off together with the controller ends by this."""
MESSAGE_BYTES_MAX: Final = 64 * 1024
"""Of SIP: an INVITE with all of a browser's codecs and addresses has some 6 kB."""
HEARTBEAT_SECONDS: Final = 20.0
"""Proxies close what is silent for 30 s or more."""
LOOK_SECONDS: Final = 2.0
"""How often it is seen whether who calls is still signed in."""
DOMAIN: Final = "ari-controller.invalid"
"""Of the SIP addresses: a name that stands for nothing, for the WebSocket is the only way."""

SocketOf = AbstractAsyncContextManager["ClientWebSocketResponse[bool]"]

log = structlog.get_logger()


class Exchange(Protocol):
    """What is needed of Asterisk (`ari.client.AriClient`)."""

    async def put_object(self, kind: str, name: str, fields: Mapping[str, str]) -> None: ...

    async def delete_object(self, kind: str, name: str) -> None: ...

    async def channels(self) -> list[Channel]: ...

    async def hangup(self, channel_id: str) -> None: ...

    def sip_socket(self) -> SocketOf: ...


@dataclass(slots=True)
class Account:
    """One browser's."""

    user: str
    password: str
    owner: str
    """Who is signed in there."""
    listens_to: str = ""
    """Id of the only call that it reaches, to hear it; empty: it calls like any phone."""
    unused: asyncio.TimerHandle | None = None


class Softphones:
    """All accounts there are."""

    def __init__(self, asterisk: Exchange) -> None:
        self._asterisk = asterisk
        self._accounts: dict[str, Account] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self, owner: str, listens_to: str = "") -> Account:
        """A new account, perhaps only to listen to a call. Raises NotNow, AsteriskError."""
        names = (f"browser-{number}" for number in range(1, PHONES_MAX + 1))
        free = next((name for name in names if name not in self._accounts), None)
        if free is None:
            raise NotNow(f"{PHONES_MAX} browsers are calling already")
        account = self._accounts[free] = Account(free, secrets.token_urlsafe(24), owner, listens_to)
        try:
            await self._asterisk.put_object("auth", free, credentials(account))
            await self._asterisk.put_object("endpoint", free, endpoint(account))
        except AsteriskError:
            await self._close(account)
            raise
        account.unused = asyncio.get_running_loop().call_later(UNUSED_SECONDS, self._forget, account)
        return account

    def find(self, user: str, owner: str) -> Account | None:
        """The account of that name, where it is this owner's and nobody uses it yet."""
        account = self._accounts.get(user)
        return account if account and account.owner == owner and account.unused else None

    def who_listens(self, channel: str, call_id: str) -> str:
        """Of `session.listeners`: whose phone this channel is, where it was opened to listen to this call."""
        user = channel.removeprefix("PJSIP/").rpartition("-")[0]
        account = self._accounts.get(user)
        return account.owner if account and call_id and account.listens_to == call_id else ""

    async def serve(
        self, account: Account, socket: web.WebSocketResponse, lasts: Callable[[], bool] = lambda: True
    ) -> None:
        """Pass SIP on, both ways, until one side ends it or `lasts` no longer; then the account is no more."""
        if account.unused:
            account.unused.cancel()
            account.unused = None
        try:
            async with self._asterisk.sip_socket() as asterisk:
                ways = (_pass(socket, asterisk), _pass(asterisk, socket), _while(lasts))
                passing = [asyncio.create_task(way) for way in ways]
                try:
                    await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in passing:
                        task.cancel()
                    await asyncio.gather(*passing, return_exceptions=True)
        except (ClientError, OSError, TimeoutError, AsteriskError) as error:
            log.warning("a browser cannot call", user=account.owner, reason=str(error))
        finally:
            await self._close(account)

    def _forget(self, account: Account) -> None:
        task = asyncio.create_task(self._close(account), name="softphone")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, account: Account) -> None:
        try:
            # A browser that was closed says no BYE, and one that lost its WebSocket cannot: its call ends here.
            for channel in await self._asterisk.channels():
                if channel.name.startswith(f"PJSIP/{account.user}-"):
                    await self._asterisk.hangup(channel.id)
            await self._asterisk.delete_object("endpoint", account.user)
            await self._asterisk.delete_object("auth", account.user)
        except AsteriskError as error:
            log.warning("a browser's account is left behind until its name is used again", reason=str(error))
        self._accounts.pop(account.user, None)


async def _while(lasts: Callable[[], bool]) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if not lasts():
            return


async def _pass(
    source: "web.WebSocketResponse | ClientWebSocketResponse[bool]",
    target: "web.WebSocketResponse | ClientWebSocketResponse[bool]",
) -> None:
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)


def credentials(account: Account) -> dict[str, str]:
    return {"auth_type": "userpass", "username": account.user, "password": account.password}


def endpoint(account: Account) -> dict[str, str]:
    """As the endpoint of a phone in pjsip.conf, with what a browser needs."""
    return {
        "context": "from-phone",
        "transport": "websocket",
        "auth": account.user,
        "webrtc": "yes",
        "disallow": "all",
        "allow": "opus,ulaw,alaw",
        "dtmf_mode": "rfc4733",
        "direct_media": "no",
        "allow_transfer": "no",
        "rtp_timeout": str(RTP_SECONDS),
        "callerid": f'"{account.owner}" <browser>',
    }
