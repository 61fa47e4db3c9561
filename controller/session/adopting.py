"""Calls of an earlier controller on their way to being ours: known from the store, waiting for what is really there."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.ari.events import Bridge, Channel
from controller.session import adoption
from controller.session.adoption import Found
from controller.session.bot_legs import MediaWorker
from controller.session.call_session import CallSession
from controller.session.reconciliation import is_in

WORKERS_SECONDS: Final = 1.5
"""For the media workers to say what they carry; a bot that none of them has is asked again then."""

log = structlog.get_logger()


class Adopting:
    """Each call waits here from our start to the first list of Asterisk's channels."""

    def __init__(self, ari: AriClient) -> None:
        self._ari = ari
        self._waiting: dict[str, tuple[CallSession, str]] = {}
        """By call: with it, when the Asterisk was started that had it."""
        self._bots: dict[str, dict[int, bool]] = {}
        self._all_bots = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._waiting

    def add(self, session: CallSession, asterisk: str) -> None:
        self._waiting[session.call.id] = session, asterisk

    def found(self, call_id: str, attempt: int, worker: MediaWorker, *, with_bot: bool) -> bool:
        """A media worker carries this session. Whether the call still wants it."""
        wanted = self._waiting[call_id][0].found(attempt, worker)
        if wanted:
            self._bots.setdefault(call_id, {})[attempt] = with_bot
            if not self._bots_missing():
                self._all_bots.set()
        return wanted

    def _bots_missing(self) -> bool:
        return any(session.call.bot and call not in self._bots for call, (session, _) in self._waiting.items())

    async def until_bots_are_found(self) -> None:
        """Or not to be expected any more."""
        if self._bots_missing():
            try:
                await asyncio.wait_for(self._all_bots.wait(), WORKERS_SECONDS)
            except TimeoutError:
                log.info("some bots were not found", calls=len(self._waiting))

    async def take(self, channels: Sequence[Channel], bridges: Sequence[Bridge], started: str) -> list[CallSession]:
        """All of them, ready to run. Raises ControllerError, and they wait on."""
        ready = []
        for call_id, (session, asterisk) in list(self._waiting.items()):
            found = self._found(session, channels, bridges)
            found.asterisk_restarted = bool(asterisk) and asterisk != started
            found.sounds = await self._sounds(adoption.wanted_sounds(session.call))
            recording = session.call.recording and await self._ari.records(f"{call_id}-voicemail")
            session.adopt(found, recording=recording)
            del self._waiting[call_id]
            self._bots.pop(call_id, None)
            ready.append(session)
        return ready

    async def _sounds(self, wanted: Iterable[str]) -> frozenset[str]:
        return frozenset([one for one in wanted if await self._ari.plays(one)])

    def _found(self, session: CallSession, channels: Sequence[Channel], bridges: Sequence[Bridge]) -> Found:
        call_id, caller_id = session.call.id, session.caller_channel
        caller = next((channel for channel in channels if channel.id == caller_id), None)
        return Found(
            caller,
            caller is not None and is_in(self._ari.app, caller),
            {channel.id: channel for channel in channels if _is_of(channel.id, call_id)},
            {bridge.id: frozenset(bridge.channels) for bridge in bridges if _is_of(bridge.id, call_id)},
            self._bots.get(call_id, {}),
        )


def _is_of(asterisk_id: str, call_id: str) -> bool:
    ours = ids.parse(asterisk_id)
    return ours is not None and ours.call_id == call_id and ours.role != "listen"
