"""Reading a bot's JSON: what is wrong with it is a ProtocolError that names the field, whatever the bot sends."""

from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any, Final, TypeVar

from pydantic_core import from_json

from controller.errors import ProtocolError

INTEGER_MAX: Final = 1 << 53
"""What JSON's readers agree on (RFC 8259, section 6); some beyond it have no float."""

ValueT = TypeVar("ValueT", str, int, float, bool, dict[str, Any], list[Any])

_NAMES: Final[dict[type, str]] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
}


def read_object(text: bytes) -> dict[str, Any]:
    """A text frame that is a JSON object."""
    try:
        message = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise ProtocolError(f"the message is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise ProtocolError("the message is not a JSON object")
    return message


def read(message: dict[str, Any], path: str, kind: type[ValueT], default: ValueT | None = None) -> ValueT:
    """The value at a dotted path. One that is missing or null is the default, where there is one."""
    value: Any = message
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None and default is not None:
        return default
    # In Python a bool is an int, and to a bot's author 2 is a number as good as 2.0.
    if kind is float and type(value) is int:
        value = float(max(-INTEGER_MAX, min(value, INTEGER_MAX)))
    # The types of JSON have no subclasses but bool, which is none here.
    if type(value) is not kind:
        found = "is missing" if value is None else f"must be {_NAMES[kind]}"
        raise ProtocolError(f"{path} {found}", path)
    return value


def read_base64(value: object, path: str) -> bytes:
    """Audio in Base64 (RFC 4648, section 4). On the path of every frame."""
    try:
        return a2b_base64(value, strict_mode=True)  # type: ignore[arg-type]
    except (Base64Error, TypeError, ValueError) as error:
        raise ProtocolError(f"{path} must be a string of Base64 ({error})", path) from error
