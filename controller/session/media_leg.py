"""The media channel: between the bridge and the worker that carries a bot."""

import asyncio
from collections.abc import Callable

from controller.ari import ids
from controller.ari.client import AriClient
from controller.call import events as e
from controller.errors import ControllerError
from controller.routing.route import BotRung
from controller.session.asterisk_audio import asterisk_audio
from controller.session.bot_legs import BotLegs
from controller.session.channels import ENTER_SECONDS, Channels, words


class MediaLeg:
    """One channel for every bot that is asked. Results are posted as events of the call."""

    def __init__(self, channels: Channels, ari: AriClient, bots: BotLegs, post: Callable[[e.Event], None]) -> None:
        self._channels = channels
        self._ari = ari
        self._bots = bots
        self._post = post

    async def open(self, attempt: int, rung: BotRung) -> None:
        address = self._bots.rtp_address(attempt)
        if address is None:
            return  # the bot is lost already, and the call knows
        media = ids.media_id(self._channels.call_id, attempt)
        audio_format = asterisk_audio(rung.audio, rung.transport).format
        try:
            entered = self._channels.expect(media)
            if rung.transport == "websocket":
                # The channel enters Stasis once the worker has connected.
                await self._bots.attach_socket(attempt, await self._ari.media_socket(media, audio_format))
            else:
                channel = await self._ari.external_media(media, address, audio_format)
                await self._bots.attach(attempt, channel.host, channel.port)
            await asyncio.wait_for(entered, ENTER_SECONDS)
            await self._ari.add_channel(self._channels.bridge, media)
        except (ControllerError, TimeoutError) as error:
            await self._channels.end(media)
            self._post(e.MediaGone(attempt, words(error)))
        else:
            self._post(e.MediaJoined(attempt))
            if not self._bots.carries(attempt):
                await self._channels.end(media)  # given up while it was being made

    async def join(self, attempt: int) -> None:
        """A channel that was made, and perhaps not brought into the bridge."""
        try:
            await self._ari.add_channel(self._channels.bridge, ids.media_id(self._channels.call_id, attempt))
        except ControllerError as error:
            self._post(e.MediaGone(attempt, words(error)))
        else:
            self._post(e.MediaJoined(attempt))

    async def close(self, attempt: int) -> None:
        await self._channels.end(ids.media_id(self._channels.call_id, attempt))
