"""The activities of an AudioCodes bot: what it wants of the call."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from controller.bot.adapters.adapter import Step, Steps
from controller.bot.adapters.reading import read, read_base64
from controller.bot.protocol import Log, UnknownType, from_bot
from controller.errors import ProtocolError

ACTIVITIES_MAX: Final = 100
"""Of one message."""

URL_CHARACTERS_MAX: Final = 2_000

HEADERS_MAX: Final = 20

_HEADER_NAME: Final = re.compile(r"X-[A-Za-z0-9-]{1,60}")
_HEADER_VALUE: Final = re.compile(r"[ -~]{0,256}")

_RECORDING: Final = {
    "startCallRecording": "start",
    "stopCallRecording": "stop",
    "pauseCallRecording": "pause",
    "resumeCallRecording": "resume",
}


def activities_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    activities = read(message, "activities", list)
    if len(activities) > ACTIVITIES_MAX:
        raise ProtocolError(f"activities may have {ACTIVITIES_MAX} items", "activities")
    if not all(isinstance(activity, dict) for activity in activities):
        raise ProtocolError("every one of activities must be an object", "activities")
    return activities


def activity_steps(activity: dict[str, Any], transfer_to: str = "") -> Steps:
    """What one of them asks for. `transfer_to`: to whom, whatever the bot names."""
    match read(activity, "type", str):
        case "message":
            said = read(activity, "text", str)[:1_000]
            text = f"the bot sent text to be spoken, and there is no text-to-speech here: {said}"
            return (Log(type="log", level="warning", message=text),)
        case "event":
            pass
        case other:
            raise UnknownType(f"unknown activity {other[:50]!r}", "activities.type")
    name = read(activity, "name", str)
    if name in _RECORDING:
        return (from_bot({"type": "recording", "action": _RECORDING[name]}),)
    if name in {"transfer", "handover"}:
        return _transfer(activity, transfer_to)
    if name not in _EVENTS:
        raise UnknownType(f"unknown activity {name[:50]!r}", "activities.name")
    return _EVENTS[name](activity)


def _hangup(activity: dict[str, Any]) -> Steps:
    reason = read(activity, "activityParams.hangupReason", str, "")
    return (from_bot({"type": "hangup", "reason": reason[:200]}),)


def _transfer(activity: dict[str, Any], transfer_to: str) -> Steps:
    target = transfer_to or read(activity, "activityParams.transferTarget", str, "").removeprefix("tel:")
    headers, refused = _headers(read(activity, "activityParams.transferSipHeaders", list, []))
    transfer = from_bot(
        {
            "type": "transfer",
            "to": target or "human",
            "summary": read(activity, "activityParams.handoverReason", str, "")[:20_000],
            "headers": headers,
        }
    )
    told = f"SIP headers that are not passed on (X-… only, {HEADERS_MAX} at most): {', '.join(refused)}"
    log: list[Step] = [Log(type="log", level="warning", message=told[:1_000])] if refused else []
    return (*log, transfer)


def _headers(given: list[Any]) -> tuple[dict[str, str], list[str]]:
    """Those that may go along, and the names of the others."""
    headers: dict[str, str] = {}
    refused: list[str] = []
    for header in given:
        match header:
            case {"name": str() as name, "value": str() as value}:
                fits = _HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value) and len(headers) < HEADERS_MAX
                if fits:
                    headers[name] = value
                else:
                    refused.append(name[:60])
            case _:
                path = "activityParams.transferSipHeaders"
                raise ProtocolError(f"every one of {path} must have a name and a value", path)
    return headers, refused


def _send_dtmf(activity: dict[str, Any]) -> Steps:
    digits = read(activity, "activityParams.dtmf", str, "") or read(activity, "value", str)
    return (from_bot({"type": "send_dtmf", "digits": digits}),)


def _send_metadata(activity: dict[str, Any]) -> Steps:
    value = activity.get("value")
    data = value if isinstance(value, dict) else read(activity, "activityParams", dict)
    return (from_bot({"type": "metadata_update", "data": data}),)


def _nothing(_activity: dict[str, Any]) -> Steps:
    return ()


_EVENTS: Final[dict[str, Callable[[dict[str, Any]], Steps]]] = {
    "hangup": _hangup,
    "sendDtmf": _send_dtmf,
    "sendMetaData": _send_metadata,
    # The bot is heard for as long as it speaks, and the caller too: there is no turn to be kept.
    "expectAnotherBotMessage": _nothing,
}


@dataclass(frozen=True, slots=True)
class PlayedFile:
    """What `playUrl` names: audio that is in the URL itself (`data:`), or a file to be fetched."""

    url: str
    audio: bytes | None
    text: str


def played_file(activity: dict[str, Any], media: str) -> PlayedFile:
    """`media` is the format of the call's audio: what comes within the URL must have it."""
    url = read(activity, "activityParams.playUrlUrl", str)
    chosen = read(activity, "activityParams.playUrlMediaFormat", str, "wav/lpcm16")
    text = read(activity, "activityParams.playUrlAltText", str, "")
    path = "activityParams.playUrlMediaFormat"
    if url.startswith("data:"):
        if chosen != media:
            raise ProtocolError(f"{path} is {chosen[:50]}: audio within the URL must be {media}, as the call is", path)
        _, is_base64, payload = url.partition(";base64,")
        if not is_base64:
            raise ProtocolError("activityParams.playUrlUrl must be Base64, if it is data", "activityParams.playUrlUrl")
        return PlayedFile("data:", read_base64(payload, "activityParams.playUrlUrl"), text)
    if not chosen.startswith("wav/"):
        raise ProtocolError(f"{path} is {chosen[:50]}: a file must be WAV", path)
    if not url.startswith(("http://", "https://")) or len(url) > URL_CHARACTERS_MAX:
        fault = f"must be http, https or data, with {URL_CHARACTERS_MAX} characters at most"
        raise ProtocolError(f"activityParams.playUrlUrl {fault}", "activityParams.playUrlUrl")
    return PlayedFile(url, None, text)
