"""What can be done to running calls from outside: `api.control.Calls`, and `api.twilio.CallControl`."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from pydantic import ValidationError

from controller.api.control import (
    CallNotFound,
    LiveCall,
    NotAllowed,
    NotNow,
    Placement,
    Playable,
    Recording,
    Way,
)
from controller.ari import ids
from controller.bot.protocol import MetadataUpdated
from controller.bot.twiml import Action
from controller.call import events as e
from controller.call import recording
from controller.call.vocabulary import State
from controller.errors import RefusedDestination
from controller.records.keys import KeyReused, Keys
from controller.routing import fence
from controller.routing.route import Sound
from controller.session.call_session import CallSession
from controller.session.shown import shown
from controller.session.speaking import WhoSpeaks
from controller.session.twiml_ladder import callbacks, to_ladder
from controller.session.voices import Voices

STATES: Final = {
    State.OFFERING: "rings while a bot is asked",
    State.ANSWERING: "is being answered",
    State.TALKING: "is with its bot",
    State.RECONNECTING: "waits for its bot to come back",
    State.WAITING: "waits in line",
    State.DIALLING: "rings at a human",
    State.WHISPERING: "rings at a human",
    State.CONSULTING: "waits while bot and human talk",
    State.WITH_HUMAN: "is with a human",
    State.AWAY: "is with the dialplan",
    State.ANNOUNCING: "is being told something",
    State.RECORDING: "leaves a message",
    State.ENDING: "ends",
    State.ENDED: "has ended",
}
"""For those who are told that it is not the moment."""
OVER: Final = frozenset({State.ENDING, State.ENDED})
STEERABLE: Final = frozenset({State.TALKING, State.ANNOUNCING})


class Running(Protocol):
    """All calls in progress (`session.dispatcher.Dispatcher`)."""

    @property
    def sessions(self) -> Mapping[str, CallSession]: ...

    @property
    def voices(self) -> Voices: ...

    @property
    def speaking(self) -> WhoSpeaks: ...

    def place(self, placement: Placement, by: str, call_id: str) -> None: ...


class LiveCalls:
    """The calls of one dispatcher."""

    def __init__(self, dispatcher: Running, keys: Keys) -> None:
        self._dispatcher = dispatcher
        self._keys = keys

    def live(self) -> Sequence[LiveCall]:
        speaking = self._dispatcher.speaking
        return [
            replace(shown(session.call, session.started_at), speaking=speaking.of(session.call))
            for session in self._dispatcher.sessions.values()
        ]

    def check(self, call_id: str) -> None:
        self._session(call_id)

    async def hang_up(self, call_id: str, by: str) -> None:
        self._session(call_id).post(e.OperatorHungUp(by))

    async def transfer(self, call_id: str, to: str, way: Way, summary: str, by: str) -> None:
        session = self._in(call_id, State.TALKING)
        _check_fence(session, to, way)
        session.post(e.OperatorTransferred(by, to, way.value, summary))

    async def take_over(self, call_id: str, to: str, by: str) -> None:
        session = self._in(call_id, State.TALKING)
        _check_fence(session, to, Way.BRIDGE)
        session.post(e.OperatorTransferred(by, to, takes_over=True))

    async def play(self, call_id: str, what: Playable, by: str) -> None:
        """Raises SoundError beside the others."""
        session = self._in(call_id, State.TALKING)
        voices = self._dispatcher.voices
        if what.url:
            sound = await voices.fetched(what.url)
        else:
            language = what.language or session.call.route.language
            sound = await voices.made(Sound(what.text, builtin=what.sound, language=language))
        # Making it took a while.
        session = self._in(call_id, State.TALKING)
        if session.call.music:
            raise NotNow("the bot has put the caller on hold")
        session.post(e.OperatorPlayed(by, sound))

    async def press(self, call_id: str, digits: str, by: str) -> None:
        self._in(call_id, State.TALKING, State.WITH_HUMAN).post(e.OperatorPressed(by, digits))

    async def add_metadata(self, call_id: str, metadata: Mapping[str, Any], by: str) -> None:
        session = self._session(call_id)
        try:
            data = MetadataUpdated(data=dict(metadata)).data
        except ValidationError as error:
            raise NotAllowed(f"bots cannot be told this: {error.errors()[0]['msg']}") from error
        session.post(e.OperatorKnows(by, f"api-{os.urandom(6).hex()}", data))

    async def record(self, call_id: str, what: Recording, by: str) -> None:
        session = self._session(call_id)
        refusal = recording.refusal(session.call, what.value)
        if refusal == recording.NOT_HERE:
            raise NotAllowed(f"{refusal}: route {session.call.route.name} has no `recording`")
        if refusal:
            raise NotNow(refusal)
        session.post(e.OperatorRecorded(by, what.value))

    async def place(self, placement: Placement, by: str) -> str:
        """Asked again with the same key, it is the same call."""
        call_id, key = ids.call_id(datetime.now(UTC), os.urandom(ids.ENTROPY_BYTES)), placement.idempotency_key
        if key:
            try:
                first = await self._keys.take(by, key, json.dumps(asdict(placement), sort_keys=True), call_id)
            except KeyReused as error:
                raise NotNow(str(error)) from error
            if first != call_id:
                return first
        try:
            self._dispatcher.place(placement, by, call_id)
        except (NotAllowed, NotNow):
            if key:
                await self._keys.release(by, key)
            raise
        return call_id

    async def carry_out(self, call_id: str, actions: Sequence[Action], by: str) -> None:
        """Of `api.twilio.CallControl`. Raises SoundError beside the others."""
        session = self._session(call_id)
        call, latest_bot = session.call, session.told.latest_bot
        ladder = await to_ladder(actions, call, self._dispatcher.voices, latest_bot)
        if ladder:
            session = self._in(call_id, *STEERABLE)
            session.told.steered(callbacks(actions, call))
            session.post(e.OperatorSteered(by, ladder))
        else:
            await self.hang_up(call_id, by)

    def when_ended(self, call_id: str, tell: Callable[[], None]) -> None:
        """Of `api.twilio.CallControl`."""
        self._session(call_id).when_ended.append(tell)

    def _session(self, call_id: str) -> CallSession:
        """One whose call is not over."""
        session = self._dispatcher.sessions.get(call_id)
        if session is None:
            raise CallNotFound(f"there is no call {call_id!r} in progress")
        if session.call.state in OVER:
            raise NotNow(f"the call {STATES[session.call.state]}")
        return session

    def _in(self, call_id: str, *states: State) -> CallSession:
        session = self._session(call_id)
        if session.call.state not in states:
            wanted = " or ".join(sorted(STATES[state] for state in states))
            raise NotNow(f"the call {STATES[session.call.state]}: this is for one that {wanted}")
        return session


def _check_fence(session: CallSession, to: str, way: Way) -> None:
    """The call itself would refuse it too, but could not say so."""
    try:
        fence.resolve(session.call.route, to, way.value)
    except RefusedDestination as refusal:
        raise NotAllowed(str(refusal)) from refusal
