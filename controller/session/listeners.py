"""Operators who listen in: a browser's phone, joined with a snoop channel that hears the caller, both ways.

It is beside the way of the audio: nobody in the call hears it, and nothing changes for them when it comes and goes.
Who may, the API has decided; here is what is done, and the call's record says who it was.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.ari.events import AriEvent, Channel, ChannelDestroyed, StasisEnd, StasisStart
from controller.errors import ControllerError
from controller.session.channels import ENTER_SECONDS, attempt, words

ROOM: Final = "mixing"
"""Of one listener and one snoop."""

WhoListens = Callable[[str, str], str]
"""Name of a channel and id of a call -> who listens to it with that phone; empty: that phone may not."""

log = structlog.get_logger()


class Heard(Protocol):
    """A call (`session.call_session.CallSession`)."""

    when_ended: list[Callable[[], None]]

    @property
    def caller_channel(self) -> str: ...

    @property
    def going_on(self) -> bool: ...

    def note(self, kind: str, detail: str) -> None: ...


@dataclass(slots=True)
class _Ear:
    """One listener. `id` is the snoop channel's and the bridge's."""

    phone: str
    id: str
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Listeners:
    """All of a controller's. `calls`: those in progress."""

    def __init__(self, ari: AriClient, calls: Mapping[str, Heard], who: WhoListens) -> None:
        self._ari = ari
        self._calls = calls
        self._who = who
        self._ears: dict[str, _Ear] = {}
        """By the ids of both their channels."""

    @staticmethod
    def dials(channel: Channel) -> bool:
        """Whether this is no caller: what is dialled is the id of a call."""
        return ids.is_call_id(channel.dialplan.exten)

    def take(self, event: AriEvent, channel_id: str) -> bool:
        """Whether an event is about listeners, and so about no call."""
        ours = ids.parse(channel_id)
        ear = self._ears.get(channel_id)
        if ear and isinstance(event, StasisStart) and channel_id == ear.id:
            ear.entered.set()
        if ear and isinstance(event, StasisEnd | ChannelDestroyed):
            ear.over.set()
            ear.entered.set()
        return ear is not None or (ours is not None and ours.role == "listen")

    async def serve(self, channel: Channel) -> None:
        """One listener, from the first ring to the last."""
        call_id = channel.dialplan.exten
        by, call = self._who(channel.name, call_id), self._calls.get(call_id)
        if not by or call is None or not call.going_on:
            log.info("nobody listens in", call=call_id, channel=channel.name)
            await attempt(self._ari.hangup(channel.id))
            return
        ear = _Ear(channel.id, ids.listen_id(call_id, 1 + secrets.randbelow(ids.ATTEMPTS_MAX)))
        self._ears[ear.phone] = self._ears[ear.id] = ear
        # The caller may stay with the dialplan when the call is over: that is nobody's to hear.
        call.when_ended.append(ear.over.set)
        try:
            await self._join(ear, call, by)
            await ear.over.wait()
            if call.going_on:
                call.note("listener_left", f"by {by}")
        except (ControllerError, TimeoutError) as error:
            log.warning("a listener could not be joined", call=call_id, reason=words(error))
        finally:
            await self._part(ear)

    async def _join(self, ear: _Ear, call: Heard, by: str) -> None:
        await self._ari.snoop(call.caller_channel, ear.id, spy="both")
        await asyncio.wait_for(ear.entered.wait(), ENTER_SECONDS)
        await self._ari.create_bridge(ear.id, ROOM)
        # Before the first sound: nobody has listened who is not in the record.
        call.note("listener_joined", f"by {by}")
        await self._ari.answer(ear.phone)
        await self._ari.add_channel(ear.id, ear.id)
        await self._ari.add_channel(ear.id, ear.phone)

    async def _part(self, ear: _Ear) -> None:
        for channel_id in (ear.phone, ear.id):
            await attempt(self._ari.hangup(channel_id))
        await attempt(self._ari.destroy_bridge(ear.id))
        for channel_id in (ear.phone, ear.id):
            self._ears.pop(channel_id, None)

    def close(self) -> None:
        """Everybody parts."""
        for ear in self._ears.values():
            ear.over.set()

    async def compare(self, channels: Mapping[str, Channel], bridges: frozenset[str]) -> None:
        """After a gap in the events: whoever is gone is over, and what nobody owns is removed."""
        for ear in self._ears.values():
            if ear.phone not in channels or (ear.entered.is_set() and ear.id not in channels):
                ear.over.set()
        for channel_id in channels.keys() - self._ears.keys():
            await attempt(self._ari.hangup(channel_id))
        for bridge_id in bridges - self._ears.keys():
            await attempt(self._ari.destroy_bridge(bridge_id))
