"""The recording of one call: snoop channels, each recorded by Asterisk beside the way of the audio.

One hears what the caller says, one what the caller hears, whoever that is. Seen on Asterisk 22.10.1: both keep time
through pauses of the audio, muted ones get silence, and both end with the caller's channel. After music, as in a
transfer, the second may get nothing any more, so that a third one hears what the human says on a channel of their own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.call import events as e
from controller.errors import ControllerError
from controller.session.channels import ENTER_SECONDS, Channels, attempt, words
from controller.session.recordings import FINISH_SECONDS, Part, Parts, Recordings

WIDEBAND: Final = ("g722", "opus", "slin1", "slin2", "slin4", "siren", "silk", "speex16", "speex32")
"""Codecs of callers, by the beginning of Asterisk's names, that carry more than 4 kHz."""

LOST_SECONDS: Final = 1.0
"""A snoop channel that ends with its caller does so within milliseconds; one whose caller is still there was lost."""

log = structlog.get_logger()


class Recorder:
    """What is asked of it is done one after the other. Results are posted as events of the call.

    `clock`: seconds since the call arrived.
    """

    def __init__(
        self,
        channels: Channels,
        ari: AriClient,
        recordings: Recordings,
        post: Callable[[e.Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._channels = channels
        self._ari = ari
        self._recordings = recordings
        self._post = post
        self._clock = clock
        self._turn = asyncio.Lock()
        self._parts: Parts | None = None
        self._format = "wav"
        self._muted = False
        self._recorded: dict[str, asyncio.Event] = {}
        """Channel -> whether its recording has ended."""
        self._human = self._followed = ""
        """The channel of the human who has the caller; and whose is being recorded."""
        self._snoops = 0
        """On humans, in this call."""

    def ended(self, channel_id: str) -> None:
        """Asterisk has finished the recording of this channel, or the channel itself."""
        recorded = self._recorded.get(channel_id)
        if recorded is None or recorded.is_set():
            return
        recorded.set()
        if self._parts and channel_id in {part.channel for part in self._parts.both}:
            asyncio.get_running_loop().call_later(LOST_SECONDS, self._tell_if_lost, self._parts.number, channel_id)

    def _tell_if_lost(self, number: int, channel_id: str) -> None:
        if self._parts and self._parts.number == number:
            side = "says" if channel_id == ids.said_id(self._channels.call_id, number) else "hears"
            self._post(e.RecordingChanged(number, "lost", f"what the caller {side} was not recorded any more"))

    async def do(self, number: int, action: e.RecordingAction) -> None:
        async with self._turn:
            try:
                self._post(e.RecordingChanged(number, await self._do(number, action)))
            except (ControllerError, TimeoutError) as error:
                # Better no recording than one of what must not be recorded.
                await self._stop()
                self._post(e.RecordingChanged(number, "failed", words(error)))

    async def _do(self, number: int, action: e.RecordingAction) -> Literal["recording", "paused", "stopped"]:
        match action:
            case "start":
                await self._start(number)
                await self._follow()
                return "recording"
            case "pause":
                await self._mute()
                return "paused"
            case "resume":
                await self._unmute()
                await self._follow()
                return "recording"
            case "stop":
                await self._stop()
                return "stopped"

    async def human_joined(self, channel_id: str) -> None:
        """This human has the caller from now on."""
        self._human = channel_id
        async with self._turn:
            await self._follow()

    def human_left(self, channel_id: str) -> None:
        if channel_id == self._human:
            self._human = ""

    async def finish(self) -> None:
        """At the end of the call: whatever there still is."""
        async with self._turn:
            await self._stop()

    async def _start(self, number: int) -> None:
        call_id, caller = self._channels.call_id, self._channels.caller
        said, heard = ids.said_id(call_id, number), ids.heard_id(call_id, number)
        entered = [self._channels.expect(channel) for channel in (said, heard)]
        self._parts, self._recorded, self._followed, self._muted = Parts(call_id, number, 0), {}, "", False
        await self._ari.snoop(caller, said, spy="in")
        await self._ari.snoop(caller, heard, spy="out")
        self._format = "wav16" if await self._is_wideband() else "wav"
        await asyncio.wait_for(asyncio.gather(*entered), ENTER_SECONDS)
        self._parts = parts = Parts(call_id, number, self._now_ms())
        self._recordings.begun(parts)
        # Side by side, so that one does not begin later than the other.
        begun = await asyncio.gather(*map(self._record, parts.both), return_exceptions=True)
        for error in begun:
            if isinstance(error, BaseException):
                raise error

    async def _is_wideband(self) -> bool:
        try:
            (codecs,) = (await self._ari.variables(self._channels.caller, ["CHANNEL(audionativeformat)"])).values()
        except (ControllerError, ValueError):
            return False
        return any(codec.startswith(WIDEBAND) for codec in codecs.strip("()").split("|"))

    async def _follow(self) -> None:
        """Record the human too. While nothing must be recorded, no recording begins."""
        parts, human = self._parts, self._human
        if parts is None or not human or human == self._followed or self._muted:
            return
        self._followed = human
        self._snoops += 1
        channel = ids.other_id(self._channels.call_id, self._snoops)
        try:
            entered = self._channels.expect(channel)
            await self._ari.snoop(human, channel, spy="in")
            await asyncio.wait_for(entered, ENTER_SECONDS)
            at_ms = self._now_ms()
            part = Part(channel, ids.part_name(channel, parts.number, at_ms), at_ms)
            self._parts = replace(parts, others=(*parts.others, part))
            await self._record(part)
        except (ControllerError, TimeoutError) as error:
            # Mostly a human who has hung up already; what the caller hears is recorded all the same.
            log.info("human not recorded", call=parts.call_id, reason=words(error))
            await self._channels.end(channel)

    async def _record(self, part: Part) -> None:
        self._recorded[part.channel] = asyncio.Event()
        try:
            await self._ari.record_channel(part.channel, part.name, file_format=self._format, beep=False)
        except ControllerError:
            self._recorded[part.channel].set()
            raise

    async def _mute(self) -> None:
        self._muted = True
        await asyncio.gather(*(self._mute_human(part) for part in self._humans_parts))
        await asyncio.gather(*(self._ari.mute_recording(part.name) for part in self._both))

    async def _mute_human(self, part: Part) -> None:
        try:
            await self._ari.mute_recording(part.name)
        except ControllerError:
            # It ends with the human, perhaps just now. If not, it does here.
            await self._channels.end(part.channel)

    async def _unmute(self) -> None:
        await asyncio.gather(*(self._ari.unmute_recording(part.name) for part in self._both))
        await asyncio.gather(*(attempt(self._ari.unmute_recording(part.name)) for part in self._humans_parts))
        self._muted = False

    @property
    def _both(self) -> tuple[Part, ...]:
        return self._parts.both if self._parts else ()

    @property
    def _humans_parts(self) -> list[Part]:
        """Of humans who are still there."""
        return [part for part in self._parts.others if not self._recorded[part.channel].is_set()] if self._parts else []

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)

    async def _stop(self) -> None:
        """Give back the channels, and have the files kept as one."""
        parts, self._parts = self._parts, None
        if parts is None:
            return
        await asyncio.gather(*(attempt(self._ari.stop_recording(part.name)) for part in parts.all))
        try:
            over = asyncio.gather(*(finished.wait() for finished in self._recorded.values()))
            await asyncio.wait_for(over, FINISH_SECONDS)
        except TimeoutError:
            log.warning("the end of a recording was not seen", call=parts.call_id)
        await asyncio.gather(*(self._channels.end(part.channel) for part in parts.all))
        if self._recorded:
            self._recordings.keep(parts)
