"""What an AudioHook bot reports: the entities of its events, and the output variables of its end."""

import json
import re
from typing import Any, Final

from controller.bot.adapters.adapter import Step, Steps
from controller.bot.adapters.reading import read
from controller.bot.protocol import Clear, FromBot, Hangup, Transcript, Transfer, UnknownType, from_bot
from controller.errors import ProtocolError

OUTPUT_VARIABLES: Final = "outputVariables"
"""The name of the result that they are kept under."""

TEXT_CHARACTERS_MAX: Final = 20_000
"""Of a transcript and of a summary."""

ID_CHARACTERS_MAX: Final = 128

SECONDS_MAX: Final = 1e6
"""No call lasts longer than these 11 days."""

_DURATION: Final = re.compile(r"PT(\d{1,7}\.?\d{0,9}|\.\d{1,9})S")

_ROLES: Final = {"external": "caller", "internal": "bot"}


def seconds_of(message: dict[str, Any], path: str) -> float:
    """A duration such as `PT1.2S`; 0 where there is none."""
    text = read(message, path, str, "PT0S")
    if (match := _DURATION.fullmatch(text)) is None:
        raise ProtocolError(f"{path} must be a duration in seconds, such as PT1.2S", path)
    return min(float(match[1]), SECONDS_MAX)


def entity_steps(message: dict[str, Any]) -> Steps:
    """An event's entities, in order. Kinds that we do not know are left out where there are others."""
    steps: list[Step] = []
    unknown = ""
    for entity in read(message, "parameters.entities", list):
        if not isinstance(entity, dict):
            raise ProtocolError("every one of parameters.entities must be an object", "parameters.entities")
        match read(entity, "type", str):
            case "barge_in":
                steps.append(Clear(type="clear"))
            case "transcript":
                steps.append(_transcript(entity))
            case "bot_turn_response":
                if text := read(entity, "data.text", str, ""):
                    steps.append(Transcript(type="transcript", role="bot", text=text[:TEXT_CHARACTERS_MAX]))
            case other:
                unknown = other
    if unknown and not steps:
        raise UnknownType(f"unknown entity {unknown[:50]!r}", "parameters.entities")
    return steps


def _transcript(entity: dict[str, Any]) -> FromBot:
    channel = read(entity, "data.channel", str)
    if channel not in _ROLES:
        raise ProtocolError("data.channel must be external or internal", "data.channel")
    match read(entity, "data.alternatives", list):
        case [{"interpretations": [{"transcript": str() as text}, *_]}, *_]:
            pass
        case _:
            path = "data.alternatives.0.interpretations.0.transcript"
            raise ProtocolError(f"{path} must be a string", path)
    spoken_id = read(entity, "data.id", str, "")
    started = seconds_of(entity, "data.offset") if "offset" in entity["data"] else None
    return from_bot(
        {
            "type": "transcript",
            "id": spoken_id if 0 < len(spoken_id) <= ID_CHARACTERS_MAX else None,
            "role": _ROLES[channel],
            "text": text[:TEXT_CHARACTERS_MAX],
            "final": read(entity, "data.isFinal", bool),
            "start_ms": None if started is None else round(started * 1_000),
            "end_ms": None if started is None else round((started + seconds_of(entity, "data.duration")) * 1_000),
        }
    )


def output_variables(message: dict[str, Any]) -> Steps:
    """What came of the call, as a result of its own; nothing where the bot has reported nothing."""
    variables = read(message, "parameters.outputVariables", dict, {})
    return (from_bot({"type": "result", "name": OUTPUT_VARIABLES, "data": variables}),) if variables else ()


def closing_step(message: dict[str, Any], transfer_if: tuple[str, str]) -> FromBot:
    """What the flow does behind the bot: the human, if the output variables ask for one."""
    variables = read(message, "parameters.outputVariables", dict, {})
    name, wanted = transfer_if
    if name and _text(variables.get(name)) == wanted:
        return Transfer(type="transfer", summary=_text(variables.get("summary", ""))[:TEXT_CHARACTERS_MAX])
    info = read(message, "parameters.info", str, "")
    return Hangup(type="hangup", reason=(info or "the bot has completed its session")[:200])


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
