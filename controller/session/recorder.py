"""The recording of one call: two snoop channels on the caller, each recorded by Asterisk beside the way of the audio.

One hears what the caller says, the other what the caller hears, whoever that is. Seen on Asterisk 22.10.1: both keep
time through pauses of the audio, muted ones get silence, and both end with the caller's channel.
"""

import asyncio
from collections.abc import Callable

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.call import events as e
from controller.errors import ControllerError
from controller.session.channels import ENTER_SECONDS, Channels, attempt, words
from controller.session.recordings import FINISH_SECONDS, Part, Parts, Recordings

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
        self._recorded: dict[str, asyncio.Event] = {}
        """Channel -> whether its recording has ended."""

    def ended(self, channel_id: str) -> None:
        """Asterisk has finished the recording of this channel, or the channel itself."""
        if channel_id in self._recorded:
            self._recorded[channel_id].set()

    async def do(self, number: int, action: e.RecordingAction) -> None:
        async with self._turn:
            try:
                match action:
                    case "start":
                        await self._start(number)
                        self._post(e.RecordingChanged(number, "recording"))
                    case "pause":
                        await self._mute()
                        self._post(e.RecordingChanged(number, "paused"))
                    case "resume":
                        await self._unmute()
                        self._post(e.RecordingChanged(number, "recording"))
                    case "stop":
                        await self._stop()
                        self._post(e.RecordingChanged(number, "stopped"))
            except (ControllerError, TimeoutError) as error:
                # Better no recording than one of what must not be recorded.
                await self._stop()
                self._post(e.RecordingChanged(number, "failed", words(error)))

    async def finish(self) -> None:
        """At the end of the call: whatever there still is."""
        async with self._turn:
            await self._stop()

    async def _start(self, number: int) -> None:
        call_id, caller = self._channels.call_id, self._channels.caller
        said, heard = ids.said_id(call_id, number), ids.heard_id(call_id, number)
        entered = [self._channels.expect(channel) for channel in (said, heard)]
        self._parts, self._recorded = Parts(call_id, number, 0), {}
        await self._ari.snoop(caller, said, spy="in")
        await self._ari.snoop(caller, heard, spy="out")
        await asyncio.wait_for(asyncio.gather(*entered), ENTER_SECONDS)
        self._parts = parts = Parts(call_id, number, round(self._clock() * 1000))
        self._recordings.begun(parts)
        # Side by side, so that one does not begin later than the other.
        begun = await asyncio.gather(*map(self._record, parts.both), return_exceptions=True)
        for error in begun:
            if isinstance(error, BaseException):
                raise error

    async def _record(self, part: Part) -> None:
        self._recorded[part.channel] = asyncio.Event()
        try:
            await self._ari.record_channel(part.channel, part.name, beep=False)
        except ControllerError:
            self._recorded[part.channel].set()
            raise

    async def _mute(self) -> None:
        await asyncio.gather(*(self._ari.mute_recording(part.name) for part in self._both))

    async def _unmute(self) -> None:
        await asyncio.gather(*(self._ari.unmute_recording(part.name) for part in self._both))

    @property
    def _both(self) -> tuple[Part, ...]:
        return self._parts.both if self._parts else ()

    async def _stop(self) -> None:
        """Give back the channels, and have the two files kept as one."""
        parts, self._parts = self._parts, None
        if parts is None:
            return
        await asyncio.gather(*(attempt(self._ari.stop_recording(part.name)) for part in parts.both))
        try:
            over = asyncio.gather(*(finished.wait() for finished in self._recorded.values()))
            await asyncio.wait_for(over, FINISH_SECONDS)
        except TimeoutError:
            log.warning("the end of a recording was not seen", call=parts.call_id)
        await asyncio.gather(*(self._channels.end(part.channel) for part in parts.both))
        if self._recorded:
            self._recordings.keep(parts)
