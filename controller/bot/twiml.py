"""TwiML, as far as bots steer calls with it: a document becomes a list of what is to be done, in order. Pure.

The verbs are Connect with Stream, Dial, Hangup, Pause, Play, Redirect and Say. A document that has others is refused as
a whole: half of it would be another call than its author wanted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from controller.errors import ProtocolError

DOCUMENT_CHARACTERS_MAX: Final = 65_536
"""Twilio's own limit for documents is 64 kB."""

VERBS_MAX: Final = 100
"""More than any call needs, and an end to what one document can keep us busy with."""

SECONDS_MAX: Final = 600
"""Of a pause or of ringing."""

LOOPS_MAX: Final = 1_000
"""Also what loop="0", for ever, becomes."""

TARGETS_MAX: Final = 10
"""Of one Dial: Twilio's own limit."""

PROGRESS: Final = ("initiated", "ringing", "answered", "completed")
"""What of a dialled phone can be told."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Who is told how something goes, and what of it."""

    url: str
    method: str = "POST"
    events: tuple[str, ...] = ("completed",)


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str = ""
    voice: str = ""
    loop: int = 1


@dataclass(frozen=True, slots=True)
class PlayFile:
    url: str
    loop: int = 1


@dataclass(frozen=True, slots=True)
class PlayDigits:
    digits: str
    """Keys, and `w` for half a second."""
    loop: int = 1


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: int = 1


@dataclass(frozen=True, slots=True)
class Dial:
    """Whoever answers first has the caller; all `targets` ring at once."""

    targets: tuple[str, ...] = ()
    """Numbers and SIP URIs."""
    queue: str = ""
    seconds: int = 30
    """Of ringing."""
    caller_id: str = ""
    then: "Redirect | None" = None
    """What `action` names: the call goes on with this document, and not with what stands behind."""
    callbacks: tuple[tuple[str, Callback], ...] = ()
    """Of targets."""


@dataclass(frozen=True, slots=True)
class ConnectStream:
    """Another bot."""

    url: str
    parameters: tuple[tuple[str, str], ...] = ()
    then: "Redirect | None" = None
    """As of Dial, when the bot has left."""
    name: str = ""
    callback: Callback | None = None
    """All of its events."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on with the document at this URL."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


Action: TypeAlias = Say | PlayFile | PlayDigits | Pause | Dial | ConnectStream | Redirect | Hangup


class TwimlError(ProtocolError):
    """The document cannot be carried out. `field` is the verb at fault."""


def parse(document: str) -> list[Action]:
    """What the document says. What follows a Hangup or Redirect is left out; where neither is, a Hangup ends it."""
    root = _root(document)
    actions: list[Action] = []
    for element in root:
        if element.tag not in _VERBS:
            known = ", ".join(sorted(_VERBS))
            raise TwimlError(f"<{element.tag}> cannot be carried out here; {known} can", str(element.tag))
        action = _VERBS[element.tag](element)
        if action == Pause(0):
            continue  # nothing; and a Redirect behind it would be followed without end, and without a pause
        actions.append(action)
        if isinstance(actions[-1], Hangup | Redirect):
            return actions
        if len(actions) > VERBS_MAX:
            raise TwimlError(f"a document may have {VERBS_MAX} verbs", str(element.tag))
    return [*actions, Hangup()]


def _root(document: str) -> ET.Element:
    if len(document) > DOCUMENT_CHARACTERS_MAX:
        raise TwimlError(f"a document may have {DOCUMENT_CHARACTERS_MAX} characters")
    # Entities are how XML is made to explode, and no TwiML needs a definition of its own.
    if "<!DOCTYPE" in document or "<!ENTITY" in document:
        raise TwimlError("a document may not define entities")
    try:
        root = ET.fromstring(document.strip())  # noqa: S314 - entities are refused above
    except (ET.ParseError, ValueError) as error:
        raise TwimlError(f"the document is not XML: {error}") from error
    if root.tag != "Response":
        raise TwimlError(f"a document is a <Response>, and this is a <{root.tag}>", str(root.tag))
    return root


def _say(element: ET.Element) -> Action:
    text = " ".join("".join(element.itertext()).split())
    if not text:
        raise TwimlError("<Say> has nothing to say", "Say")
    return Say(text, element.get("language", ""), element.get("voice", ""), _loop(element))


def _play(element: ET.Element) -> Action:
    if digits := element.get("digits"):
        if not set(digits) <= set("0123456789ABCD*#wW"):
            raise TwimlError(f"<Play> has keys that no telephone has: {digits[:50]!r}", "Play")
        return PlayDigits(digits.replace("W", "ww"), _loop(element))
    return PlayFile(_url(element, _text(element), ("http", "https")), _loop(element))


def _pause(element: ET.Element) -> Action:
    return Pause(_number(element, "length", 1, SECONDS_MAX))


def _dial(element: ET.Element) -> Action:
    allowed = {"Number", "Sip", "Queue"}
    if strange := [child.tag for child in element if child.tag not in allowed]:
        raise TwimlError(f"<{strange[0]}> cannot be dialled here; a number, Number, Sip and Queue can", "Dial")
    named = [child for child in element if child.tag != "Queue" and _text(child)]
    targets = [target for target in (_text(element), *map(_text, named)) if target]
    queue = next((_text(child) for child in element if child.tag == "Queue"), "")
    if not targets and not queue:
        raise TwimlError("<Dial> does not say whom", "Dial")
    if len(targets) > TARGETS_MAX:
        raise TwimlError(f"<Dial> can ring {TARGETS_MAX} phones", "Dial")
    callbacks = [(_text(child), callback) for child in named if (callback := _callback(child))]
    ring_seconds = _number(element, "timeout", 30, SECONDS_MAX)
    return Dial(tuple(targets), queue, ring_seconds, element.get("callerId", ""), _then(element), tuple(callbacks))


def _connect(element: ET.Element) -> Action:
    if [child.tag for child in element] != ["Stream"]:
        raise TwimlError("<Connect> needs one <Stream>, and nothing else", "Connect")
    stream = element[0]
    url = stream.get("url", "")
    if urlsplit(url).scheme not in {"ws", "wss"} or not urlsplit(url).hostname:
        raise TwimlError(f"<Stream> needs the url of a WebSocket, and has {url[:200]!r}", "Stream")
    if (track := stream.get("track", "inbound_track")) != "inbound_track":
        raise TwimlError(f"<Stream> in <Connect> has the track inbound_track, and not {track[:50]!r}", "Stream")
    parameters = tuple((child.get("name", ""), child.get("value", "")) for child in stream if child.tag == "Parameter")
    return ConnectStream(url, parameters, _then(element), stream.get("name", ""), _callback(stream))


def _callback(element: ET.Element) -> Callback | None:
    """Of the element, where it names one."""
    url = element.get("statusCallback", "").strip()
    if not url:
        return None
    events = tuple(element.get("statusCallbackEvent", "completed").split())
    if strange := [event for event in events if event not in PROGRESS]:
        raise TwimlError(f"statusCallbackEvent knows {', '.join(PROGRESS)}, and not {strange[0][:50]!r}", element.tag)
    return Callback(_url(element, url, ("http", "https", "")), _method(element, "statusCallbackMethod"), events)


def _redirect(element: ET.Element) -> Action:
    return Redirect(_url(element, _text(element), ("http", "https", "")), _method(element))


def _then(element: ET.Element) -> Redirect | None:
    action = element.get("action", "").strip()
    return Redirect(_url(element, action, ("http", "https", "")), _method(element)) if action else None


def _method(element: ET.Element, name: str = "method") -> str:
    method = element.get(name, "POST").upper()
    if method not in {"GET", "POST"}:
        raise TwimlError(f"<{element.tag}> knows GET and POST, and not {method[:20]!r}", str(element.tag))
    return method


def _hangup(_element: ET.Element) -> Action:
    return Hangup()


_VERBS: Final[dict[str, Callable[[ET.Element], Action]]] = {
    "Connect": _connect,
    "Dial": _dial,
    "Hangup": _hangup,
    "Pause": _pause,
    "Play": _play,
    "Redirect": _redirect,
    "Say": _say,
}


def _text(element: ET.Element) -> str:
    return (element.text or "").strip()


def _url(element: ET.Element, url: str, schemes: tuple[str, ...]) -> str:
    """Of the element; one that names a document may be relative."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = "?"
    if not url or scheme not in schemes:
        raise TwimlError(f"<{element.tag}> needs a URL of {' or '.join(filter(None, schemes))}", str(element.tag))
    return url


def _number(element: ET.Element, name: str, default: int, most: int) -> int:
    value = element.get(name, str(default))
    if not (value.isascii() and value.isdecimal()) or len(value) > len(str(most)) or int(value) > most:
        raise TwimlError(f"{name} of <{element.tag}> is a number up to {most}", str(element.tag))
    return int(value)


def _loop(element: ET.Element) -> int:
    return _number(element, "loop", 1, LOOPS_MAX) or LOOPS_MAX
