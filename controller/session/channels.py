"""What a call holds in Asterisk beside the caller: channels that we made, and bridges, under ids of our choice."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Final

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.errors import AsteriskError, ControllerError, LimitReached
from controller.trunks.trunk import Trunk

BRIDGE_TYPE: Final = "mixing,dtmf_events,proxy_media"
"""Without the last two, two bridged SIP legs exchange audio natively and their key presses are never told to us."""

ENTER_SECONDS: Final = 5.0
"""From the request that makes a channel to its StasisStart, which takes milliseconds."""

log = structlog.get_logger()


class Channels:
    """`held` is what exists, as far as we know."""

    def __init__(self, call_id: str, caller: str, ari: AriClient) -> None:
        self.call_id: Final = call_id
        self.caller: Final = caller
        """The caller's channel, whose id Asterisk chose."""
        self.bridge: Final = ids.bridge_id(call_id)
        """Where caller, bot and human meet."""
        self.held: set[str] = set()
        """Channels that we made and that have not ended."""
        self._ari = ari
        self._bridges = {self.bridge}
        self._entered: dict[str, asyncio.Future[None]] = {}

    # --- news from Asterisk ---------------------------------------------------------------------------------

    def entered(self, channel_id: str) -> None:
        """A channel that we made is in Stasis: from now on it can be bridged."""
        entered = self._entered.get(channel_id)
        if entered and not entered.done():
            entered.set_result(None)

    def ended(self, channel_id: str) -> None:
        self.held.discard(channel_id)
        entered = self._entered.get(channel_id)
        if entered and not entered.done():
            entered.set_exception(AsteriskError(f"channel {channel_id}", 0, "ended before it entered Stasis"))

    def stop_waiting(self) -> None:
        """The call is over: whatever has not entered Stasis by now need not."""
        for channel_id, entered in self._entered.items():
            if not entered.done():
                entered.set_exception(AsteriskError(f"channel {channel_id}", 0, "is not needed any more"))

    # --- making and giving back -----------------------------------------------------------------------------

    def expect(self, channel_id: str) -> "asyncio.Future[None]":
        """Register interest in a channel before Asterisk is asked to make it: its events may come first."""
        self.held.add(channel_id)
        entered = asyncio.get_running_loop().create_future()
        entered.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._entered[channel_id] = entered
        return entered

    def adopt(self, channels: Iterable[str], bridges: Iterable[str]) -> None:
        """They are there already: another controller has made them for this call."""
        self.held.update(channels)
        self._bridges.update(bridges)

    def media(self) -> list[str]:
        """The channels that carry audio to and from a bot."""
        return [channel for channel in self.held if (ours := ids.parse(channel)) and ours.role == "media"]

    async def open_bridge(self, bridge_id: str) -> None:
        """Raises AsteriskError."""
        self._bridges.add(bridge_id)
        await self._ari.create_bridge(bridge_id, BRIDGE_TYPE)

    async def close_bridge(self, bridge_id: str) -> bool:
        """Whether it is gone."""
        try:
            await self._ari.destroy_bridge(bridge_id)
        except ControllerError as error:
            log.warning("bridge not destroyed", bridge=bridge_id, reason=str(error))
            return False
        self._bridges.discard(bridge_id)
        return True

    async def end(self, channel_id: str) -> None:
        """Hang a channel up; that it is gone already counts as done."""
        try:
            await self._ari.hangup(channel_id)
        except ControllerError as error:
            log.warning("channel not hung up", channel=channel_id, reason=str(error))
        else:
            self.held.discard(channel_id)

    async def release(self) -> tuple[str, ...]:
        """Give everything back; the ids of what could not be."""
        await asyncio.gather(*(self.end(channel) for channel in list(self.held)))
        bridges = [bridge for bridge in sorted(self._bridges) if not await self.close_bridge(bridge)]
        return tuple(sorted({*self.held, *bridges}))


async def attempt(request: Awaitable[None]) -> None:
    """What is no harm when refused, mostly because the other side has just gone."""
    try:
        await request
    except ControllerError as error:
        log.info("refused by Asterisk", reason=str(error))


def words(error: ControllerError | TimeoutError) -> str:
    """For the record."""
    if isinstance(error, TimeoutError):
        return f"the channel did not enter Stasis within {ENTER_SECONDS:g} s"
    return error.reason if isinstance(error, AsteriskError) else str(error)


async def refuse_full(ari: AriClient, trunk: Trunk | None) -> None:
    """Raises LimitReached where the trunk has as many calls as it may; None: there is no limit."""
    if trunk is None:
        return
    begins = f"PJSIP/{trunk.name}-"
    calls = sum(channel.name.startswith(begins) for channel in await ari.channels())
    if calls >= trunk.calls_max:
        raise LimitReached(f"trunk {trunk.name} has its {trunk.calls_max} calls")
