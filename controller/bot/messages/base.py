"""What the messages of both directions are made of."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _finite(data: dict[str, Any]) -> dict[str, Any]:
    """Refuse NaN and infinities: JSON has neither, and Python's reader lets them (and 1e999) through."""
    waiting: list[Any] = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError("numbers must be finite")
    return data


Id = Annotated[str, Field(min_length=1, max_length=128)]
Data = Annotated[dict[str, Any], AfterValidator(_finite)]
Token = Annotated[str, Field(min_length=1, max_length=1_000)]
Encoding = Literal["mulaw", "alaw"]
Milliseconds = Annotated[int, Field(ge=0)]


class ToBotMessage(BaseModel):
    """Sent by us: built by our own code, so an unknown field is our bug."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


class FromBotMessage(BaseModel):
    """Sent by the bot. Fields that we do not know are ignored, so that bots may be newer than we are.

    The known ones are strict: a bot that writes `"final": "no"` is told so, and we do not guess.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, use_attribute_docstrings=True)
