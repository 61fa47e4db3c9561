"""What an OpenAI Realtime session is told at its start: audio, voice, instructions, the tools that steer the call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from controller.bot.protocol import AudioFormat, Party, Start
from controller.errors import ProtocolError

MODEL: Final = "gpt-realtime-2.1"
VOICE: Final = "marin"
TRANSCRIPTION_MODEL: Final = "gpt-transcribe"
OFF: Final = "off"

INSTRUCTIONS: Final = (
    "You are on the telephone, on behalf of the company that was called. Keep every answer to one or two sentences. "
    "Speak the caller's language."
)
GREETING: Final = "Greet the caller in one short sentence and ask what you can do."
RESUMED: Final = (
    "The connection to you was lost for a moment in mid-call, and what was said before is not known to you. "
    "Apologise in a few words and ask the caller to go on."
)

FORMATS: Final[Mapping[str, Mapping[str, str | int]]] = {
    "mulaw": {"type": "audio/pcmu"},
    "alaw": {"type": "audio/pcma"},
    "pcm16": {"type": "audio/pcm", "rate": 24000},
}

NUMBER: Final = re.compile(r"[+*#0-9]{1,32}")
"""What of a number is shown to the model: whoever calls can write anything there, also orders to the model."""


class Tool(StrEnum):
    """The functions that the model can call, and what they are called in the parameter `tools`."""

    TRANSFER = "transfer"
    HANGUP = "hangup"
    RESULT = "result"


_TOOLS: Final[Mapping[Tool, tuple[str, Mapping[str, Any]]]] = {
    Tool.TRANSFER: (
        "Connect the caller with a human. Say so first. The output tells when nobody could be reached.",
        {"summary": {"type": "string", "description": "What the human should know, in one or two sentences"}},
    ),
    Tool.HANGUP: (
        "End the call. Say goodbye first; what you have said is played to its end.",
        {"reason": {"type": "string", "description": "Why the call is over, in a few words"}},
    ),
    Tool.RESULT: (
        "Note what came of the call, such as an appointment or a message. Call it once for every result.",
        {
            "name": {"type": "string", "description": "What it is, such as: Appointment confirmed"},
            "data": {"type": "object", "description": "Its details", "additionalProperties": True},
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """The operator's parameters, read."""

    model: str
    session: Mapping[str, Any]
    """For `session.update`."""
    greeting: str
    """Instructions of the first response; empty: the caller speaks first."""


def read_wishes(parameters: Mapping[str, str], start: Start) -> Wishes:
    """Raises ProtocolError naming the parameter."""
    known = dict(parameters)
    model = known.pop("model", MODEL)
    instructions = _filled(known.pop("instructions", INSTRUCTIONS), start)
    greeting = _filled(known.pop("greeting", GREETING), start)
    begin = RESUMED if start.resumed else greeting
    session = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": instructions,
        "audio": {
            "input": _input(known, start.audio),
            "output": _output(known, start.audio),
        },
        "tools": [_declared(tool) for tool in _tools(known.pop("tools", ",".join(Tool)))],
        "tool_choice": "auto",
    }
    if known:
        name = next(iter(known))
        raise ProtocolError(
            f"openai has no parameter {name!r} (docs/bots/openai.md has the list)", f"parameters.{name}"
        )
    # A response's instructions take the place of the session's.
    return Wishes(model, session, f"{instructions}\n\n{begin}" if begin else "")


def _input(parameters: dict[str, str], audio: AudioFormat) -> dict[str, Any]:
    described: dict[str, Any] = {"format": FORMATS[audio.encoding], "turn_detection": _turn_detection(parameters)}
    model = parameters.pop("transcription_model", TRANSCRIPTION_MODEL)
    language = parameters.pop("language", "")
    if model != OFF:
        described["transcription"] = {"model": model} | ({"language": language} if language else {})
    return described


def _turn_detection(parameters: dict[str, str]) -> dict[str, Any]:
    kind = parameters.pop("turn_detection", "server_vad")
    described: dict[str, Any] = {"type": kind, "create_response": True, "interrupt_response": True}
    if kind == "semantic_vad":
        described["eagerness"] = parameters.pop("eagerness", "auto")
    elif kind == "server_vad":
        for name, ours in (("silence_duration_ms", "silence_ms"), ("idle_timeout_ms", "idle_ms")):
            if ours in parameters:
                described[name] = round(_number(parameters, ours, 0, 60_000))
        if "threshold" in parameters:
            described["threshold"] = _number(parameters, "threshold", 0, 1)
    else:
        problem = f"turn_detection {kind!r} is unknown; there are server_vad and semantic_vad"
        raise ProtocolError(problem, "parameters.turn_detection")
    return described


def _output(parameters: dict[str, str], audio: AudioFormat) -> dict[str, Any]:
    described: dict[str, Any] = {"format": FORMATS[audio.encoding], "voice": parameters.pop("voice", VOICE)}
    if "speed" in parameters:
        described["speed"] = _number(parameters, "speed", 0.25, 1.5)
    return described


def _number(parameters: dict[str, str], name: str, least: float, most: float) -> float:
    text = parameters.pop(name)
    try:
        value = float(text)
    except ValueError:
        value = most + 1
    if not least <= value <= most:
        raise ProtocolError(
            f"{name} is {text!r}, and must be a number from {least:g} to {most:g}", f"parameters.{name}"
        )
    return value


def _tools(text: str) -> list[Tool]:
    try:
        return [Tool(name.strip()) for name in text.split(",") if name.strip()]
    except ValueError as error:
        raise ProtocolError(f"tools is {text!r}, and may have {', '.join(Tool)}", "parameters.tools") from error


def _declared(tool: Tool) -> dict[str, Any]:
    description, properties = _TOOLS[tool]
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "name": tool.value, "description": description, "parameters": schema}


def _filled(text: str, start: Start) -> str:
    """With the numbers of the call in the place of {from} and {to}."""
    return text.replace("{from}", _shown(start.caller)).replace("{to}", _shown(start.callee))


def _shown(party: Party) -> str:
    return party.number if party.number and NUMBER.fullmatch(party.number) else "unknown"
