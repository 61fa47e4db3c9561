"""The humans' legs: dialled, told what it is about, brought together with bot or caller."""

import asyncio
import math
from collections.abc import Callable

import structlog

from controller.ari import headers, ids
from controller.ari.client import AriClient
from controller.call import events as e
from controller.call.call import Call
from controller.call.commands import DialHuman
from controller.call.vocabulary import TransferOutcome
from controller.errors import ControllerError
from controller.routing.route import Sound
from controller.session.channels import ENTER_SECONDS, Channels, attempt, refuse_full, words
from controller.session.voices import Voices
from controller.trunks.book import TrunkBook

log = structlog.get_logger()


class HumanLegs:
    """Results are posted as events of the call."""

    def __init__(
        self, channels: Channels, ari: AriClient, voices: Voices, trunks: TrunkBook, post: Callable[[e.Event], None]
    ) -> None:
        self._channels = channels
        self._ari = ari
        self._voices = voices
        self._trunks = trunks
        self._post = post
        self._consulted = ""
        """The bridge in which bot and human talk; empty without one."""

    def adopt(self, consulted: str) -> None:
        """The bridge in which bot and human talk already, if there is one."""
        self._consulted = consulted

    async def dial(self, command: DialHuman, call: Call, marks: dict[str, str]) -> None:
        """`marks`: SIP headers that tell the human's system which call this is."""
        agent, arrival = self._id(command.attempt), call.arrival
        dialled = self._trunks.outgoing(command.endpoint, arrival.other_number, call.route.trunk)
        try:
            await refuse_full(self._ari, dialled.limited)
            variables = headers.outgoing(marks, caller_number=dialled.caller_number, caller_name=arrival.from_name)
            entered = self._channels.expect(agent)
            await self._ari.create_channel(
                dialled.endpoint, agent, originator=self._channels.caller, variables=variables | dialled.marks
            )
            await asyncio.wait_for(entered, ENTER_SECONDS)
            await self._ari.dial(agent, math.ceil(command.rung.ring_seconds))
        except (ControllerError, TimeoutError, ValueError) as error:
            await self._channels.end(agent)
            detail = str(error) if isinstance(error, ValueError) else words(error)
            self._post(e.HumanGone(command.attempt, TransferOutcome.UNREACHABLE, detail))

    async def whisper(self, number: int, sound: Sound) -> None:
        """`WhisperEnded` follows: from Asterisk, or from here where it cannot be played."""
        try:
            uri = await self._voices.ready(sound)
            await self._ari.play(self._id(number), f"{self._channels.call_id}-whisper-{number}", uri)
        except (ControllerError, ValueError) as error:
            log.warning("whisper not played", sound=str(sound), reason=str(error))
            self._post(e.WhisperEnded(number))

    async def consult(self, number: int) -> None:
        """Bot and human meet in a bridge of their own, and the caller stays in the other, with music."""
        bridge = ids.consult_id(self._channels.call_id, number)
        try:
            await self._channels.open_bridge(bridge)
            self._consulted = bridge
            for media in self._channels.media():
                await self._ari.remove_channel(self._channels.bridge, media)
                await self._ari.add_channel(bridge, media)
            await self._ari.add_channel(bridge, self._id(number))
        except ControllerError as error:
            await self._channels.end(self._id(number))
            self._post(e.HumanGone(number, TransferOutcome.FAILED, words(error)))
        else:
            self._post(e.ConsultBegun(number))

    async def end_consult(self) -> None:
        """The bot returns to the caller."""
        bridge, self._consulted = self._consulted, ""
        if not bridge:
            return
        for media in self._channels.media():
            await attempt(self._ari.remove_channel(bridge, media))
            await attempt(self._ari.add_channel(self._channels.bridge, media))
        await self._channels.close_bridge(bridge)

    async def join(self, number: int) -> bool:
        """The human takes the place of the media channel, or not.

        One goes before the other comes: when a third channel joins and one of the three leaves within milliseconds,
        Asterisk 22.10.1 may go on sending in one direction only (seen on one call in three).
        """
        agent, media = self._id(number), self._channels.media()
        before, self._consulted = self._consulted or self._channels.bridge, ""
        consulted = before != self._channels.bridge
        try:
            for channel in [*media, *([agent] if consulted else [])]:
                await self._ari.remove_channel(before, channel)
            await self._ari.add_channel(self._channels.bridge, agent)
        except ControllerError as error:
            await self._channels.end(agent)
            for channel in media:
                await attempt(self._ari.add_channel(self._channels.bridge, channel))
            joined = False
            self._post(e.HumanGone(number, TransferOutcome.FAILED, words(error)))
        else:
            joined = True
            self._post(e.HumanJoined(number))
        if consulted:
            await self._channels.close_bridge(before)
        return joined

    async def hang_up(self, number: int) -> None:
        await self._channels.end(self._id(number))

    def _id(self, number: int) -> str:
        return ids.agent_id(self._channels.call_id, number)
