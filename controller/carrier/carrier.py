"""The test carrier: makes phones on the second Asterisk and gives their audio a socket."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import structlog

from controller.ari.client import AriClient
from controller.ari.event_stream import EventStream
from controller.ari.events import AriEvent, StasisStart, subject
from controller.background import Background
from controller.carrier.audio_lines import AudioLines
from controller.carrier.phone import Phone
from controller.errors import AsteriskAway, AsteriskError, ControllerError, SettingError

USERNAME: Final = "carrier"
APP: Final = "carrier"
"""As in asterisk-conf/carrier: the ARI user, and the application to which its dialplan gives incoming calls."""

MEDIA_HOST_VARIABLE: Final = "CARRIER_MEDIA_HOST"
"""Environment: the address of this machine for the carrier's RTP, where the one it is reached from is not right."""

CALLER: Final = "+491713920012"
"""Who calls unless it is said: a number that the German regulator reserves for fiction."""

CONNECT_SECONDS: Final = 5.0
"""Longest wait for the carrier's event stream."""

ENTER_SECONDS: Final = 3.0
"""Longest wait for a channel that we made to enter Stasis; it takes milliseconds."""

INCOMING_MAX: Final = 100
"""Phones that ring and that nobody has asked for yet; more are a runaway test, and are declined."""

log = structlog.get_logger()


class Carrier:
    """Use it as an async context manager; at its end every phone hangs up and nothing is left in the carrier."""

    def __init__(self, url: str, password: str, *, media_host: str = "") -> None:
        self._url = url
        self._ari = AriClient(url, USERNAME, password, APP)
        self._media_host = media_host or os.environ.get(MEDIA_HOST_VARIABLE, "")
        self._lines = AudioLines()
        self._media_address = ""
        self._phones: dict[str, Phone] = {}
        self._entered: dict[str, asyncio.Event] = {}
        self._incoming: asyncio.Queue[Phone] = asyncio.Queue()
        self._connected = asyncio.Event()
        # A call that its caller gave up while it was being made ready is nothing unusual.
        self._background = Background("carrier task failed", usual=(ControllerError,))
        self._stream: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connects. Raises SettingError where the carrier is not there or refuses us."""
        await self._ari.__aenter__()
        try:
            await self._check()
            self._media_address = await self._open_lines()
            self._stream = asyncio.create_task(EventStream(self._ari, self, "CARRIER_").run())
            await asyncio.wait_for(self._connected.wait(), CONNECT_SECONDS)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up everywhere and disconnect."""
        for phone in self._phones.values():
            self._background.start(self._release(phone))
        while self._background:
            await self._background.wait()
        if self._stream:
            self._stream.cancel()
            await asyncio.gather(self._stream, return_exceptions=True)
        await self._lines.close()
        await self._ari.close()

    # --- phones ---------------------------------------------------------------------------------------------

    async def dial(
        self,
        number: str,
        *,
        caller: str = CALLER,
        name: str = "",
        seconds: int = 60,
        headers: Mapping[str, str] | None = None,
        customer: str = "provider",
    ) -> Phone:
        """A phone that has just dialled `number` (the INVITE is out) and rings for at most `seconds`.

        `headers` are added to the INVITE; `customer` is the carrier's own name (endpoint) of whom it calls. Raises
        AsteriskError, AsteriskAway.
        """
        channel_id = f"phone-{secrets.token_hex(6)}"
        variables = {f"PJSIP_HEADER(add,{header})": value for header, value in (headers or {}).items()}
        phone = Phone(self._ari, channel_id, number, caller, incoming=False)
        self._phones[channel_id] = phone
        entered = self._expect(channel_id)
        await self._ari.create_channel(f"PJSIP/{number}@{customer}", channel_id, variables=variables)
        await self._wait_for(entered, channel_id)
        await self._give_audio(phone)
        # After the bridge, whose other party's number, none, would take its place: it becomes From in the INVITE.
        await self._ari.set_variables(channel_id, {"CONNECTEDLINE(num)": caller, "CONNECTEDLINE(name)": name})
        phone.moments.invited = time.monotonic()
        await self._ari.dial(channel_id, seconds)
        return phone

    async def incoming(self, seconds: float = 20.0) -> Phone:
        """The next phone that somebody calls; it rings already. Raises TimeoutError."""
        try:
            return await asyncio.wait_for(self._incoming.get(), seconds)
        except TimeoutError:
            raise TimeoutError(f"no phone rang within {seconds:g} s") from None

    async def left_behind(self) -> list[str]:
        """The ids of all channels and bridges that the carrier has."""
        channels, bridges = await self._ari.channels(), await self._ari.bridges()
        return [channel.id for channel in channels] + [bridge.id for bridge in bridges]

    async def _ring(self, phone: Phone) -> None:
        """A call came in: give the phone its audio, let it ring, and offer it to who waits for one."""
        phone.moments.invited = time.monotonic()
        if self._incoming.qsize() >= INCOMING_MAX:
            await phone.decline()
            return
        await self._give_audio(phone)
        await self._ari.ring(phone.channel_id)
        phone.moments.ringing = time.monotonic()
        self._incoming.put_nowait(phone)

    async def _give_audio(self, phone: Phone) -> None:
        """Join the phone's channel with one whose audio is ours. Before the answer, so that nothing is missed."""
        media_id, bridge_id = f"{phone.channel_id}-media", f"{phone.channel_id}-bridge"
        entered = self._expect(media_id)
        media = await self._ari.external_media(media_id, self._media_address, "ulaw")
        self._lines.add((media.host, media.port), phone.line)
        await self._wait_for(entered, media_id)
        await self._ari.create_bridge(bridge_id)
        await self._ari.add_channel(bridge_id, media_id)
        await self._ari.add_channel(bridge_id, phone.channel_id)

    async def _release(self, phone: Phone) -> None:
        """Give back all that a phone has; every part may be gone already."""
        self._lines.remove(phone.line)
        try:
            if not phone.left:
                await self._ari.hangup(phone.channel_id)
            await self._ari.hangup(f"{phone.channel_id}-media")
            await self._ari.destroy_bridge(f"{phone.channel_id}-bridge")
        except AsteriskError as error:
            log.warning("phone not released", phone=phone.channel_id, error=str(error))

    # --- what Asterisk says ---------------------------------------------------------------------------------

    def asterisk_connected(self) -> None:
        self._connected.set()

    def asterisk_away(self) -> None:
        self._connected.clear()

    def application_replaced(self) -> None:
        log.error("carrier taken over", mend="run one `ari-controller call` or `demo` at a time")

    def asterisk_event(self, event: AriEvent) -> None:
        now = time.monotonic()
        channel_id = subject(event) or ""
        if isinstance(event, StasisStart):
            if channel_id in self._entered:
                self._entered.pop(channel_id).set()
            elif event.args == ("incoming",):
                channel = event.channel
                phone = Phone(self._ari, channel_id, channel.dialplan.exten, channel.caller.number, incoming=True)
                self._phones[channel_id] = phone
                self._background.start(self._ring(phone))
        phone_of_it = self._phones.get(channel_id)
        if phone_of_it is None:
            return
        phone_of_it.asterisk_event(event, now)
        if phone_of_it.moments.ended is not None:
            del self._phones[channel_id]
            self._background.start(self._release(phone_of_it))

    # --- below ----------------------------------------------------------------------------------------------

    def _expect(self, channel_id: str) -> asyncio.Event:
        """Before a channel is made: what will be set by its StasisStart."""
        return self._entered.setdefault(channel_id, asyncio.Event())

    async def _wait_for(self, entered: asyncio.Event, channel_id: str) -> None:
        try:
            await asyncio.wait_for(entered.wait(), ENTER_SECONDS)
        except TimeoutError:
            self._entered.pop(channel_id, None)
            raise AsteriskAway(f"StasisStart of {channel_id}", f"not seen for {ENTER_SECONDS:g} s") from None

    async def _check(self) -> None:
        try:
            await self._ari.version()
        except AsteriskAway as error:
            mend = "Start the carrier (docker compose --profile carrier up) or correct CARRIER_ARI_URL"
            raise SettingError(
                "CARRIER_ARI_URL", f"no Asterisk answers at {self._url} ({error.reason})", mend
            ) from error
        except AsteriskError as error:
            if error.status not in (401, 403):
                raise
            mend = "Give the value that the carrier was started with"
            raise SettingError("CARRIER_ARI_PASSWORD", f"{self._url} refuses it ({error.status})", mend) from error

    async def _open_lines(self) -> str:
        """Opens the socket for audio. Returns the address to which the carrier is to send."""
        own = await self._own_address()
        port = await self._lines.open(own if not self._media_host else "0.0.0.0")  # noqa: S104 (a forwarded port's)
        return f"{self._media_host or own}:{port}"

    async def _own_address(self) -> str:
        """The address of this machine from which the carrier is reached."""
        parts = urlsplit(self._url)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(
            parts.hostname, parts.port or 80, family=socket.AF_INET, type=socket.SOCK_DGRAM
        )  # fmt: skip
        # Connecting a UDP socket sends nothing: it only asks for the route.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(found[0][4])
            address: str = probe.getsockname()[0]
            return address
