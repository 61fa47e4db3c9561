"""A real call with a tone each way: Asterisk calls us by SIP, and brings that call together with a media channel.

Both ends are here: the telephone is a small SIP party, the media side what a media worker would be. So what is heard
has gone through Asterisk's SIP, its RTP ports, its bridge and its externalMedia, and no bot and no carrier is asked.
"""

import asyncio
import contextlib
import json
import secrets
import time
from typing import Any, Final, cast

import aiohttp

from controller.ari.client import AriClient
from controller.carrier import listening
from controller.carrier.audio_lines import AudioLine, AudioLines
from controller.carrier.sounds import tone
from controller.config import Settings
from controller.doctor.checks.audio import TrialCallSeen
from controller.doctor.observe.asterisk import reason
from controller.doctor.observe.sip import asterisk_host, own_address
from controller.doctor.sip_message import SipMessage, answer, build, parse, read_sdp, write_sdp
from controller.errors import AsteriskError, ControllerError, ProtocolError

ENDPOINT: Final = "phone"
"""Asterisk calls us as it would call this phone: its account is in every bundled Asterisk."""
APP: Final = "ari-controller-doctor"
SETUP_SECONDS: Final = 5.0
"""Until the call stands; it takes some 50 ms."""
TONE_SECONDS: Final = 1.0
LISTEN_SECONDS: Final = 3.0
"""From the first word on: whatever is not heard by then is not heard."""
LOOK_SECONDS: Final = 0.1
PHONE_HERTZ, MEDIA_HERTZ = 440.0, 1300.0
"""Far apart, and no harmonic of each other."""
RING_SECONDS: Final = 5


class CallFailed(ControllerError):
    """There was no call; the text says why."""


class Telephone(asyncio.DatagramProtocol):
    """Takes one call, with G.711 µ-law or not at all."""

    def __init__(self, host: str, rtp_port: int) -> None:
        self.offered: tuple[str, ...] = ()
        self.refused = 0
        self.peer: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        """Where the other side wants our audio."""
        self._host = host
        self._rtp_port = rtp_port
        self._tag = secrets.token_hex(4)
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        """For a SIP URI."""
        assert self._transport is not None  # noqa: S101 - asked for once it is open
        return f"{self._host}:{self._transport.get_extra_info('sockname')[1]}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        with contextlib.suppress(ProtocolError):
            request = parse(data)
            if not request.status and request.method != "ACK":
                self._send(self._answered(request), addr)

    def _answered(self, request: SipMessage) -> SipMessage:
        contact = f"<sip:doctor@{self.address}>"
        if request.method != "INVITE":
            return answer(request, 200, "OK", self._tag, contact)
        media = read_sdp(request.body)
        self.offered = media.names if media else ()
        if media is None or 0 not in media.payload_types:
            self.refused = 488
            self._settle(None)
            return answer(request, 488, "Not Acceptable Here", self._tag, contact)
        self._settle((media.host, media.port))
        return answer(request, 200, "OK", self._tag, contact, write_sdp(self._host, self._rtp_port))

    def _settle(self, peer: tuple[str, int] | None) -> None:
        if not self.peer.done():
            if peer is None:
                self.peer.set_exception(CallFailed("it had to be refused: no codec in common"))
            else:
                self.peer.set_result(peer)

    def _send(self, message: SipMessage, addr: tuple[Any, ...]) -> None:
        if self._transport is not None:
            self._transport.sendto(build(message), addr)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self.peer.done() and not self.peer.cancelled():
            self.peer.exception()  # seen, or of no interest any more


async def place(settings: Settings, endpoints: frozenset[str], address: str = "") -> TrialCallSeen:
    """Place it and listen. Never raises for what the network or Asterisk does.

    `address`: ours for Asterisk's audio, where it is not the one from which we reach it.
    """
    if ENDPOINT not in endpoints:
        return TrialCallSeen(skipped=f"this Asterisk has no endpoint {ENDPOINT}")
    host = asterisk_host(settings)
    lines = AudioLines()
    telephone: Telephone | None = None
    try:
        own = own_address(host, settings.sip_port)
        shown = address or own
        rtp_port = await lines.open(own if shown == own else "0.0.0.0")  # noqa: S104 - a forwarded port's
        loop = asyncio.get_running_loop()
        _, telephone = await loop.create_datagram_endpoint(lambda: Telephone(shown, rtp_port), local_addr=(own, 0))
        # By the address that Asterisk reaches for certain: what is to be seen is the audio's way.
        target = f"{own}:{telephone.address.rpartition(':')[2]}"
        async with AriClient.of(settings, f"{APP}-{secrets.token_hex(4)}") as ari:
            return await _Call(ari, lines, telephone, f"{shown}:{rtp_port}").run(target)
    except (AsteriskError, CallFailed, aiohttp.ClientError, OSError, ProtocolError) as error:
        refused = telephone.refused if telephone else 0
        offered = telephone.offered if telephone else ()
        return TrialCallSeen(problem=reason(error), status=refused, offered=offered)
    finally:
        if telephone is not None:
            telephone.close()
        await lines.close()


class _Call:
    """One test call, from its channels to their end."""

    def __init__(self, ari: AriClient, lines: AudioLines, telephone: Telephone, audio: str) -> None:
        self._ari = ari
        self._lines = lines
        self._telephone = telephone
        self._audio = audio
        mark = f"doctor-{secrets.token_hex(6)}"
        self._channel, self._media, self._bridge = mark, f"{mark}-media", f"{mark}-bridge"
        self._entered = {self._channel: asyncio.Event(), self._media: asyncio.Event()}

    async def run(self, target: str) -> TrialCallSeen:
        """Raises what the network raises."""
        async with self._ari.event_socket() as events:
            following = asyncio.create_task(self._follow(events))
            try:
                async with asyncio.timeout(SETUP_SECONDS):
                    started = time.monotonic()
                    phone, media = await self._set_up(target)
                    setup_ms = 1000 * (time.monotonic() - started)
                return await self._listen(phone, media, setup_ms)
            except TimeoutError:
                raise CallFailed(f"it did not stand after {SETUP_SECONDS:g} s") from None
            finally:
                with contextlib.suppress(AsteriskError):
                    await self._ari.hangup(self._channel)
                    await self._ari.hangup(self._media)
                    await self._ari.destroy_bridge(self._bridge)
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _set_up(self, target: str) -> tuple[AudioLine, AudioLine]:
        ari = self._ari
        await ari.create_channel(f"PJSIP/{ENDPOINT}/sip:doctor@{target}", self._channel)
        external = await ari.external_media(self._media, self._audio, "ulaw")
        await ari.create_bridge(self._bridge)
        for channel in (self._media, self._channel):
            await self._entered[channel].wait()
            await ari.add_channel(self._bridge, channel)
        await ari.dial(self._channel, RING_SECONDS)
        phone, media = AudioLine(), AudioLine()
        self._lines.add(await self._telephone.peer, phone)
        self._lines.add((external.host, external.port), media)
        return phone, media

    async def _listen(self, phone: AudioLine, media: AudioLine, setup_ms: float) -> TrialCallSeen:
        """Both speak at once, again and again: who is late hears the next one."""
        since = time.monotonic()
        heard = {"phone": False, "media": False}
        while time.monotonic() - since < LISTEN_SECONDS and not all(heard.values()):
            if not phone.speaking:
                phone.say(tone(PHONE_HERTZ, TONE_SECONDS))
                media.say(tone(MEDIA_HERTZ, TONE_SECONDS))
            await asyncio.sleep(LOOK_SECONDS)
            now = time.monotonic()
            heard["phone"] |= bool(listening.tones(phone.heard(since, now), MEDIA_HERTZ))
            heard["media"] |= bool(listening.tones(media.heard(since, now), PHONE_HERTZ))
        return TrialCallSeen(
            offered=self._telephone.offered,
            phone_heard=heard["phone"],
            media_heard=heard["media"],
            address=self._audio,
            setup_ms=setup_ms,
        )

    async def _follow(self, events: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        async for frame in events:
            if frame.type is aiohttp.WSMsgType.TEXT:
                event = json.loads(frame.data)
                channel = event.get("channel", {}).get("id", "")
                if event.get("type") == "StasisStart" and channel in self._entered:
                    self._entered[channel].set()
