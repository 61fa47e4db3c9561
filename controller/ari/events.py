"""The events that we read, and of each only the fields that we read.

A class is named as Asterisk names the event, a field as Asterisk names the field; a field with a default may be
missing. So the classes are the table of what we read: `fields_read` lists it, and a test holds every line of it
against the API description that the running Asterisk serves.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from controller.errors import ProtocolError

# --- what events speak of -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallerID:
    """A party's name and number; empty strings where there are none."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class DialplanCEP:
    """Where in the dialplan a channel is. In Stasis `app_data` is "app,arg1,arg2"."""

    context: str
    exten: str
    app_data: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One side's connection to Asterisk. `state` is Down, Ring (calling us), Ringing (called by us) or Up, mostly.

    `protocol_id` is the SIP Call-ID; `creationtime` an ISO 8601 text; `channelvars` the variables that report
    themselves; `caller_rdnis` the number that diverted the call here.
    """

    id: str
    name: str
    state: str
    caller: CallerID
    connected: CallerID
    dialplan: DialplanCEP
    creationtime: str
    protocol_id: str = ""
    caller_rdnis: str = ""
    channelvars: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    """Where channels hear each other."""

    id: str
    bridge_type: str
    channels: tuple[str, ...]
    creationtime: str


@dataclass(frozen=True, slots=True)
class Playback:
    """A sound being played. `target_uri` is "channel:…" or "bridge:…"."""

    id: str
    target_uri: str
    state: str


@dataclass(frozen=True, slots=True)
class LiveRecording:
    """A recording in progress. `duration` is in seconds; `cause` says why it failed."""

    name: str
    target_uri: str
    state: str
    duration: int | None = None
    cause: str = ""


# --- the events ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AriEvent:
    """Any event."""


@dataclass(frozen=True, slots=True)
class StasisStart(AriEvent):
    """A channel is ours to control now. `replace_channel`: it takes that one's place."""

    channel: Channel
    args: tuple[str, ...]
    replace_channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class StasisEnd(AriEvent):
    """A channel is no longer ours: it was hung up, or went on in the dialplan."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelStateChange(AriEvent):
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived(AriEvent):
    """A key was pressed, and is released again."""

    channel: Channel
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest(AriEvent):
    """The other side (or we) hung up. `cause` is Q.850 or, when it was us, a flag of Asterisk's own (32)."""

    channel: Channel
    cause: int | None = None
    tech_cause: int | None = None
    soft: bool | None = None


@dataclass(frozen=True, slots=True)
class ChannelDestroyed(AriEvent):
    """A channel is gone. `cause` is Q.850, `tech_cause` the last SIP status where that was an error."""

    channel: Channel
    cause: int
    cause_txt: str
    tech_cause: int | None = None


@dataclass(frozen=True, slots=True)
class Dial(AriEvent):
    """How dialling `peer` goes: `dialstatus` is empty at the start, then PROGRESS, RINGING, ANSWER or a failure."""

    peer: Channel
    dialstatus: str


@dataclass(frozen=True, slots=True)
class ChannelHold(AriEvent):
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelUnhold(AriEvent):
    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge(AriEvent):
    bridge: Bridge
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge(AriEvent):
    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True)
class PlaybackStarted(AriEvent):
    playback: Playback


@dataclass(frozen=True, slots=True)
class PlaybackFinished(AriEvent):
    playback: Playback


@dataclass(frozen=True, slots=True)
class RecordingStarted(AriEvent):
    """Before the beep: the recording begins after it."""

    recording: LiveRecording


@dataclass(frozen=True, slots=True)
class RecordingFinished(AriEvent):
    recording: LiveRecording


@dataclass(frozen=True, slots=True)
class RecordingFailed(AriEvent):
    recording: LiveRecording


@dataclass(frozen=True, slots=True)
class ApplicationReplaced(AriEvent):
    """Another connection took our application's name: events go there from now on."""


EVENTS: Final[Mapping[str, type[AriEvent]]] = {
    event.__name__: event
    for event in (
        StasisStart, StasisEnd, ChannelStateChange, ChannelDtmfReceived, ChannelHangupRequest, ChannelDestroyed, Dial,
        ChannelHold, ChannelUnhold, ChannelEnteredBridge, ChannelLeftBridge, PlaybackStarted,
        PlaybackFinished, RecordingStarted, RecordingFinished, RecordingFailed, ApplicationReplaced,
    )
}  # fmt: skip


def parse_event(message: Mapping[str, Any]) -> AriEvent | None:
    """One event from its decoded JSON; None for a type that we do not read. Raises ProtocolError naming the field."""
    event_type = message.get("type")
    if not isinstance(event_type, str):
        raise ProtocolError("an event has no type", "type")
    event = EVENTS.get(event_type)
    return None if event is None else _object(event, message, "")


def parse_channel(message: Any) -> Channel:
    """One channel from the answer to a request. Raises ProtocolError."""
    return _object(Channel, message, "")


def parse_bridge(message: Any) -> Bridge:
    """One bridge from the answer to a request. Raises ProtocolError."""
    return _object(Bridge, message, "")


def subject(event: AriEvent) -> str | None:
    """The id of the channel (or of the bridge, for sounds and recordings in one) that the event is about."""
    if isinstance(event, Dial):
        return event.peer.id
    if isinstance(event, PlaybackStarted | PlaybackFinished):
        return event.playback.target_uri.partition(":")[2]
    if isinstance(event, RecordingStarted | RecordingFinished | RecordingFailed):
        return event.recording.target_uri.partition(":")[2]
    channel: Channel | None = getattr(event, "channel", None)
    return channel.id if channel else None


def fields_read(model: type) -> dict[str, tuple[Any, bool]]:
    """Of one class here: the fields that we read, each with its type and whether we rely on its being there."""
    return {name: (kind, required) for name, (kind, required, _) in _plan(model).items()}


# --- reading ------------------------------------------------------------------------------------------------

_Model = TypeVar("_Model")
_SCALARS: Final[Mapping[Any, str]] = {str: "a text", int: "a whole number", bool: "true or false"}


@cache
def _plan(model: type) -> dict[str, tuple[Any, bool, Callable[[Any, str], Any]]]:
    """Field name -> its type, whether it must be there, and what reads its value."""
    hints = get_type_hints(model)
    plan = {}
    for field in fields(model):
        kind = hints[field.name]
        if isinstance(kind, UnionType):
            kind = next(option for option in get_args(kind) if option is not NoneType)
        plan[field.name] = (kind, field.default is MISSING, _reader(kind))
    return plan


def _reader(kind: Any) -> Callable[[Any, str], Any]:
    if kind in _SCALARS:
        return lambda value, path: _scalar(kind, value, path)
    if get_origin(kind) is tuple:
        return lambda value, path: tuple(_scalar(str, item, path) for item in _expect(list, value, path))
    if get_origin(kind) is Mapping:
        return lambda value, path: {name: _scalar(str, v, path) for name, v in _expect(dict, value, path).items()}
    return lambda value, path: _object(kind, value, path)


def _object(model: type[_Model], value: Any, path: str) -> _Model:
    given = _expect(dict, value, path)
    prefix = f"{path}." if path else ""
    read = {}
    for name, (_, required, reader) in _plan(model).items():  # type: ignore[arg-type]
        if given.get(name) is not None:
            read[name] = reader(given[name], prefix + name)
        elif required:
            raise ProtocolError(f"{model.__name__} has no {prefix}{name}", prefix + name)
    return model(**read)


def _scalar(kind: type, value: Any, path: str) -> Any:
    # JSON's true is a bool, which Python counts among the integers.
    if type(value) is not kind:
        raise ProtocolError(f"{path} is {value!r}, not {_SCALARS[kind]}", path)
    return value


def _expect(kind: type, value: Any, path: str) -> Any:
    if not isinstance(value, kind):
        raise ProtocolError(f"{path or 'the message'} is {value!r:.100}, not a {kind.__name__}", path or None)
    return value
