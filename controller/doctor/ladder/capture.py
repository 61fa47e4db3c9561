"""Listening to Asterisk's copies, for a while: its HEP modules are loaded for as long, and unloaded at the end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from controller.ari.client import AriClient
from controller.config import Address, Settings
from controller.doctor.ladder import drawing, hep
from controller.doctor.ladder.hep import Copied
from controller.doctor.observe.sip import asterisk_host, own_address
from controller.errors import AsteriskError, ProtocolError, SettingError
from controller.whole_file import READABLE, replace

MODULES: Final = ("res_hep", "res_hep_pjsip")
"""The second needs the first."""
TOLD_FILE: Final = "hep.conf"
"""In TRUNKS_DIR, which Asterisk sees too."""
MESSAGES_MAX: Final = 5_000
"""A call has some 15. A flood fills no memory: what comes then is not kept."""
LOOK_SECONDS: Final = 0.1
LAST_WORDS_SECONDS: Final = 0.3
"""After the end of the last call: its other leg ends just behind it."""


class Listener(asyncio.DatagramProtocol):
    """Keeps what Asterisk sends, up to a limit."""

    def __init__(self, senders: frozenset[str]) -> None:
        self.copies: list[Copied] = []
        self._senders = senders

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if addr[0] not in self._senders or len(self.copies) >= MESSAGES_MAX:
            return
        with contextlib.suppress(ProtocolError):
            self.copies.append(hep.read(data))


async def capture(settings: Settings, listen: Address, seconds: float, calls: int) -> list[list[Copied]]:
    """The SIP of all calls until so many (legs counted one by one) have ended, or the time is over.

    Raises SettingError where nothing can be heard.
    """
    host = asterisk_host(settings)
    try:
        own = own_address(host, settings.sip_port)
        found = await asyncio.get_running_loop().getaddrinfo(host, settings.sip_port, family=socket.AF_INET)
    except OSError as error:
        raise SettingError("ARI_URL", f"{host} has no address ({error.strerror})", "Correct it") from error
    senders = frozenset({"127.0.0.1", own, *(str(one[4][0]) for one in found)})
    with _told(Path(settings.trunks_dir), f"{own}:{listen.port}"):
        return await _heard(settings, listen, senders, (seconds, calls))


async def _heard(
    settings: Settings, listen: Address, senders: frozenset[str], until: tuple[float, int]
) -> list[list[Copied]]:
    seconds, calls = until
    async with _listening(listen, senders) as listener, AriClient.of(settings) as ari, _copying(ari):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _until(lambda: _ended(listener) >= calls > 0)
                # The legs that belong to them.
                await asyncio.sleep(LAST_WORDS_SECONDS)
                await _until(lambda: _ended(listener) == len(_calls(listener)))
        return _calls(listener)


def _calls(listener: Listener) -> list[list[Copied]]:
    return [dialog for dialog in drawing.dialogs(listener.copies).values() if drawing.is_call(dialog)]


def _ended(listener: Listener) -> int:
    return sum(drawing.is_over(dialog) for dialog in _calls(listener))


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what comes is counted ten times a second, and not with every packet
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _listening(listen: Address, senders: frozenset[str]) -> AsyncIterator[Listener]:
    loop = asyncio.get_running_loop()
    try:
        transport, listener = await loop.create_datagram_endpoint(
            lambda: Listener(senders), local_addr=(listen.host, listen.port)
        )
    except OSError as error:
        mend = "Close the other ladder, or name another port with --listen"
        raise SettingError("--listen", f"cannot listen at {listen} ({error.strerror})", mend) from error
    try:
        yield listener
    finally:
        transport.close()


@contextmanager
def _told(folder: Path, address: str) -> Iterator[None]:
    """Asterisk reads there to whom it is to copy; without such a folder that is 127.0.0.1 (asterisk-conf/hep.conf)."""
    file = folder / TOLD_FILE
    told = False
    with contextlib.suppress(OSError):
        if folder.is_dir():
            replace(file, f"capture_address={address}\n", READABLE)
            told = True
    try:
        yield
    finally:
        if told:
            file.unlink(missing_ok=True)


@asynccontextmanager
async def _copying(ari: AriClient) -> AsyncIterator[None]:
    """Asterisk copies its SIP for as long as this lasts."""
    loaded: list[str] = []
    try:
        for module in MODULES:
            await ari.load_module(module)
            loaded.append(module)
        yield
    except AsteriskError as error:
        if len(loaded) == len(MODULES):
            raise
        mend = "Use the bundled Asterisk, or give yours res_hep, res_hep_pjsip and a hep.conf (asterisk-conf/hep.conf)"
        raise SettingError("hep.conf", f"Asterisk cannot copy its SIP to us ({error.reason})", mend) from error
    finally:
        for module in reversed(loaded):
            with contextlib.suppress(AsteriskError):
                await ari.unload_module(module)
