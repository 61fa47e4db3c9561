"""Finds the address by which the world sees us, and has Asterisk tell it, also when it changes (docs/nat.md)."""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from controller import whole_file
from controller.ari.client import AriClient
from controller.config import Address, Settings
from controller.errors import AsteriskError, ProtocolError, SettingError
from controller.trunks import stun
from controller.trunks.public_address import AUTO, AddressState, PublicAddress, compared, not_told, unasked, unknown
from controller.trunks.trunk import Trunks, Way

LOOK_SECONDS: Final = 60.0
"""Between two questions: lines of private customers get another address once a day."""
RETRY_SECONDS: Final = 2.0
"""While Asterisk has not read the address."""
WAITS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds for an answer to each of so many questions (RFC 8489, 6.2.1); a packet may be lost."""
RESOLVE_SECONDS: Final = 5.0
"""For the server's name."""
ASTERISKS_FILE: Final = "external.conf"
"""In TRUNKS_DIR; Asterisk's transports include it where EXTERNAL_ADDRESS=auto (asterisk-conf/entrypoint)."""
TRANSPORT, TOLD = "udp", "external_media_address"
"""As Asterisk names them; all transports tell the same."""
MODULE: Final = "res_pjsip.so"
"""It reads the transports' addresses again; sockets, connections and calls stay as they are."""

Register = Callable[[Sequence[str]], Awaitable[None]]

log = structlog.get_logger()


class OutsideAddress:
    """Ours, looked at now and then."""

    def __init__(self, settings: Settings, ari: AriClient, register: Register) -> None:
        """`register` has registrations made anew. Raises SettingError."""
        if settings.external_address == AUTO and not settings.stun_server:
            mend = "Name one, such as your carrier's: stun.example.com:3478; or write the address itself"
            raise SettingError("STUN_SERVER", "is empty, and EXTERNAL_ADDRESS=auto asks it", mend)
        self._settings = settings
        self._ari = ari
        self._register_anew = register
        self._soon = False
        """Asterisk could not be asked."""
        self._wanted = asyncio.Event()
        self.now = unasked(told(settings))
        self.reload = self._wanted.set
        """Look again at once: on SIGHUP."""

    async def watch(self, trunks: Callable[[], Trunks]) -> None:
        """For ever, where there is a server to ask."""
        while self._settings.stun_server:
            await self.look(trunks())
            try:
                await asyncio.wait_for(self._wanted.wait(), RETRY_SECONDS if self._soon else LOOK_SECONDS)
            except TimeoutError:
                continue
            self._wanted.clear()

    async def look(self, trunks: Trunks) -> None:
        """Ask, and have Asterisk tell what is found, if that is wanted."""
        found = await observed(self._settings)
        if self._settings.external_address == AUTO and found.seen:
            found = await self._tell(found.seen, trunks)
        if found != self.now:
            _say(found)
        self.now = found

    async def _tell(self, address: str, trunks: Trunks) -> PublicAddress:
        path = Path(self._settings.trunks_dir) / ASTERISKS_FILE
        self._soon = False
        try:
            if told(self._settings) != address:
                await asyncio.to_thread(_keep, path, address)
            if await self._asterisks() != address:
                await self._ari.reload_module(MODULE)
                await self._register(trunks)
                if await self._asterisks() != address:
                    return not_told(address, "Asterisk has an EXTERNAL_ADDRESS of its own", f"Give it {AUTO} as well")
        except AsteriskError as error:
            self._soon = True
            return not_told(address, f"Asterisk cannot be asked to ({error.reason})", "Start Asterisk")
        except OSError as error:
            mend = "Make TRUNKS_DIR a folder that controller and Asterisk both see and may write"
            return not_told(address, f"cannot write {path} ({error.strerror})", mend)
        return PublicAddress(AddressState.RIGHT, address, address)

    async def _asterisks(self) -> str:
        """What it tells just now: it may have been started since, or an earlier controller may have died too early."""
        return (await self._ari.object_fields("transport", TRANSPORT)).get(TOLD, "")

    async def _register(self, trunks: Trunks) -> None:
        """Carriers call back to where the registration says that we are. Asterisk ends each and begins it again."""
        try:
            await self._register_anew([one.name for one in trunks.by_name.values() if one.way is Way.REGISTER])
        except AsteriskError as error:
            log.warning("not registered anew with the new address", reason=str(error))


async def observed(settings: Settings) -> PublicAddress:
    """How we are seen, and whether that is what is told; nothing is changed."""
    now = told(settings)
    if not settings.stun_server:
        return unasked(now)
    try:
        addresses = frozenset({now} if now else ()) | (await _resolved(now) if now else frozenset())
        seen, own = await seen_by(settings.stun_address)
    except (OSError, TimeoutError, ProtocolError) as error:
        return unknown(now, str(error) or f"no answer from {settings.stun_server}")
    return compared(now, addresses, seen, own)


def told(settings: Settings) -> str:
    """What Asterisk tells; empty: its own address."""
    if settings.external_address != AUTO:
        return settings.external_address
    try:
        text = (Path(settings.trunks_dir) / ASTERISKS_FILE).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return text.partition(f"{TOLD}=")[2].partition("\n")[0]


async def seen_by(server: Address) -> tuple[str, str]:
    """The address by which it sees us, and our own on the way to it. Raises OSError, TimeoutError, ProtocolError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(RESOLVE_SECONDS):
        found = await loop.getaddrinfo(server.host, server.port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    transport, conversation = await loop.create_datagram_endpoint(
        _Conversation, remote_addr=(str(found[0][4][0]), server.port)
    )
    try:
        for seconds in WAITS:
            transport.sendto(stun.question(conversation.transaction))
            done, _ = await asyncio.wait([conversation.answer], timeout=seconds)
            if done:
                return conversation.answer.result(), transport.get_extra_info("sockname")[0]
    finally:
        conversation.answer.cancel()
        transport.close()
    raise TimeoutError(f"no answer from {server} within {sum(WAITS):g} s")


class _Conversation(asyncio.DatagramProtocol):
    """One question, however often it is asked."""

    def __init__(self) -> None:
        self.transaction = secrets.token_bytes(stun.TRANSACTION_BYTES)
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _: object) -> None:
        if self.answer.done():
            return
        try:
            address = stun.answered(data, self.transaction)
        except ProtocolError as error:
            self.answer.set_exception(error)
            return
        if address:
            self.answer.set_result(address)

    def error_received(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


async def _resolved(name: str) -> frozenset[str]:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(RESOLVE_SECONDS):
        found = await loop.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    return frozenset(str(one[4][0]) for one in found)


def _keep(path: Path, address: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = f"external_signaling_address={address}\n{TOLD}={address}\n"
    whole_file.replace(path, f"; Found by the controller: a change here is lost.\n{lines}", whole_file.READABLE)


def _say(found: PublicAddress) -> None:
    if found.problem:
        log.warning("public address", state=found.state.value, problem=found.problem, mend=found.mend)
    elif found.seen:
        log.info("public address", address=found.seen)
