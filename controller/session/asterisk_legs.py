"""Asterisk's half of a call: its channels and its bridge, made and given back under ids of our choice."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.call import events as e
from controller.call.vocabulary import TransferOutcome
from controller.errors import AsteriskError, ControllerError
from controller.routing.route import BotRung, HumanRung
from controller.session.asterisk_audio import asterisk_audio
from controller.session.bot_legs import BotLegs

BRIDGE_TYPE: Final = "mixing,dtmf_events,proxy_media"
"""Without the last two, two bridged SIP legs exchange audio natively and their key presses are never told to us."""

ENTER_SECONDS: Final = 5.0
"""From the request that makes a channel to its StasisStart, which takes milliseconds."""

HANGUP_GRACE_SECONDS: Final = 0.3
"""When Asterisk refuses something because the caller has just gone, the news of it is this close behind."""

RINGBACK: Final = "ringback"
"""A class of music on hold that is a ringing tone: Asterisk's own indication is not heard in a bridge."""

MOH_STOP_AGAIN_SECONDS: Final = 0.04
"""Two packets: Asterisk has finished the one at which it could not be stopped."""

DIALPLAN_CONTEXT: Final = "human"
"""Where the dialplan sends a caller to the human without us (asterisk-conf/extensions.conf)."""

log = structlog.get_logger()


class AsteriskLegs:
    """Results are posted as events of the call. `held` is what exists, as far as we know."""

    def __init__(
        self, call_id: str, caller_channel: str, ari: AriClient, bots: BotLegs, post: Callable[[e.Event], None]
    ) -> None:
        self.caller = caller_channel
        self.held: set[str] = set()
        """Channels that we made and that have not ended."""
        self._call_id = call_id
        self._bridge = ids.bridge_id(call_id)
        self._ari = ari
        self._bots = bots
        self._post = post
        self._entered: dict[str, asyncio.Future[None]] = {}
        self._caller_left = asyncio.Event()

    # --- news from Asterisk ---------------------------------------------------------------------------------

    def channel_entered(self, channel_id: str) -> None:
        """A channel that we made is in Stasis: from now on it can be bridged."""
        entered = self._entered.get(channel_id)
        if entered and not entered.done():
            entered.set_result(None)

    def channel_ended(self, channel_id: str) -> None:
        self.held.discard(channel_id)
        entered = self._entered.get(channel_id)
        if entered and not entered.done():
            entered.set_exception(AsteriskError(f"channel {channel_id}", 0, "ended before it entered Stasis"))

    def stop_waiting(self) -> None:
        """The call is over: whatever has not entered Stasis by now need not."""
        for channel_id, entered in self._entered.items():
            if not entered.done():
                entered.set_exception(AsteriskError(f"channel {channel_id}", 0, "is not needed any more"))

    def caller_left(self) -> None:
        self._caller_left.set()

    # --- the caller -----------------------------------------------------------------------------------------

    async def ring_caller(self) -> None:
        await self._try(self._ari.ring(self.caller))

    async def start_ringback(self) -> None:
        await self._try(self._ari.start_moh(self.caller, RINGBACK))

    async def stop_ringback(self) -> None:
        """Stop twice: Asterisk 22.10.1 passes a stop over that comes while it makes the next 20 ms.

        `ast_deactivate_generator` finds no data at that moment, and the caller would hear the tone for ever.
        """
        await self._try(self._ari.stop_moh(self.caller))
        await asyncio.sleep(MOH_STOP_AGAIN_SECONDS)
        await self._try(self._ari.stop_moh(self.caller))

    async def open_bridge(self) -> None:
        try:
            await self._ari.create_bridge(self._bridge, BRIDGE_TYPE)
            await self._ari.add_channel(self._bridge, self.caller)
        except ControllerError as error:
            await self._fail("OpenBridge", error)

    async def answer_caller(self) -> None:
        try:
            await self._ari.answer(self.caller)
        except ControllerError as error:
            await self._fail("AnswerCaller", error)
        else:
            self._post(e.CallerAnswered())

    async def announce(self, sound: str) -> None:
        try:
            await self.stop_ringback()
            await self._ari.play(self.caller, f"{self._call_id}-announcement", f"sound:{sound}")
        except ControllerError as error:
            log.warning("announcement not played", sound=sound, reason=str(error))
            self._post(e.AnnouncementEnded())

    async def hang_up_caller(self, cause: int) -> None:
        await self._try(self._ari.hangup(self.caller, reason_code=cause))

    async def hand_to_dialplan(self) -> None:
        await self._try(self._ari.continue_in_dialplan(self.caller, DIALPLAN_CONTEXT))

    # --- media ----------------------------------------------------------------------------------------------

    async def open_media(self, attempt: int, rung: BotRung) -> None:
        """A media channel between the bridge and the worker that carries this bot."""
        address = self._bots.rtp_address(attempt)
        if address is None:
            return  # the bot is lost already, and the call knows
        media = ids.media_id(self._call_id, attempt)
        audio_format = asterisk_audio(rung.audio, rung.transport).format
        try:
            entered = self._expect(media)
            if rung.transport == "websocket":
                # The channel enters Stasis once the worker has connected.
                await self._bots.attach_socket(attempt, await self._ari.media_socket(media, audio_format))
            else:
                channel = await self._ari.external_media(media, address, audio_format)
                await self._bots.attach(attempt, channel.host, channel.port)
            await asyncio.wait_for(entered, ENTER_SECONDS)
            await self._ari.add_channel(self._bridge, media)
        except (ControllerError, TimeoutError) as error:
            await self._end(media)
            self._post(e.MediaGone(attempt, _words(error)))
        else:
            self._post(e.MediaJoined(attempt))
            if not self._bots.carries(attempt):
                await self._end(media)  # given up while it was being made

    async def close_media(self, attempt: int) -> None:
        await self._end(ids.media_id(self._call_id, attempt))

    # --- the human ------------------------------------------------------------------------------------------

    async def dial_human(self, attempt: int, rung: HumanRung) -> None:
        agent = ids.agent_id(self._call_id, attempt)
        try:
            entered = self._expect(agent)
            await self._ari.create_channel(rung.endpoint, agent, originator=self.caller)
            await asyncio.wait_for(entered, ENTER_SECONDS)
            await self._ari.dial(agent, math.ceil(rung.ring_seconds), caller=self.caller)
        except (ControllerError, TimeoutError) as error:
            await self._end(agent)
            self._post(e.HumanGone(attempt, TransferOutcome.UNREACHABLE, _words(error)))

    async def join_human(self, attempt: int) -> None:
        """The human takes the place of the media channel.

        One goes before the other comes: when a third channel joins and one of the three leaves within milliseconds,
        Asterisk 22.10.1 may go on sending in one direction only (seen on one call in three).
        """
        agent = ids.agent_id(self._call_id, attempt)
        media = [channel for channel in self.held if (ours := ids.parse(channel)) and ours.role == "media"]
        try:
            for channel in media:
                await self._ari.remove_channel(self._bridge, channel)
            await self._ari.add_channel(self._bridge, agent)
        except ControllerError as error:
            await self._end(agent)
            for channel in media:
                await self._try(self._ari.add_channel(self._bridge, channel))
            self._post(e.HumanGone(attempt, TransferOutcome.FAILED, _words(error)))
        else:
            self._post(e.HumanJoined(attempt))

    async def hang_up_human(self, attempt: int) -> None:
        await self._end(ids.agent_id(self._call_id, attempt))

    # --- the end --------------------------------------------------------------------------------------------

    async def release(self) -> tuple[str, ...]:
        """Give everything back; the ids of what could not be."""
        await asyncio.gather(*(self._end(channel) for channel in list(self.held)))
        left = set(self.held)
        try:
            await self._ari.destroy_bridge(self._bridge)
        except ControllerError as error:
            log.warning("bridge not destroyed", bridge=self._bridge, reason=str(error))
            left.add(self._bridge)
        return tuple(sorted(left))

    def _expect(self, channel_id: str) -> "asyncio.Future[None]":
        """Register interest in a channel before Asterisk is asked to make it: its events may come first."""
        self.held.add(channel_id)
        entered = asyncio.get_running_loop().create_future()
        entered.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._entered[channel_id] = entered
        return entered

    async def _end(self, channel_id: str) -> None:
        """Hang a channel up; that it is gone already counts as done."""
        try:
            await self._ari.hangup(channel_id)
        except ControllerError as error:
            log.warning("channel not hung up", channel=channel_id, reason=str(error))
        else:
            self.held.discard(channel_id)

    async def _fail(self, command: str, error: ControllerError) -> None:
        """The call cannot go on; unless it was the caller's hangup that made Asterisk refuse."""
        try:
            await asyncio.wait_for(self._caller_left.wait(), HANGUP_GRACE_SECONDS)
        except TimeoutError:
            self._post(e.CommandFailed(command, str(error)))

    async def _try(self, request: Awaitable[None]) -> None:
        """What is no harm when refused, mostly because the caller has just gone."""
        try:
            await request
        except ControllerError as error:
            log.info("refused by Asterisk", reason=str(error))


def _words(error: ControllerError | TimeoutError) -> str:
    if isinstance(error, TimeoutError):
        return f"the channel did not enter Stasis within {ENTER_SECONDS:g} s"
    return error.reason if isinstance(error, AsteriskError) else str(error)
