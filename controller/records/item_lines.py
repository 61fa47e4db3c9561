"""Items as lines of text, for the time in which the database cannot have them. Pure."""

import json
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from controller.errors import ControllerError
from controller.records.items import Writable

_KINDS: Final[dict[str, TypeAdapter[Any]]] = {
    kind.__name__: TypeAdapter(kind) for part in get_args(Writable) for kind in (get_args(part) or (part,))
}


class NoLine(ControllerError):
    """A line that holds no item: torn, or of another version; or an item that no line can hold."""


def to_line(item: Writable) -> bytes:
    """With its end. Raises NoLine."""
    kind = type(item).__name__
    try:
        return b'{"kind":"%s","item":%s}\n' % (kind.encode(), _KINDS[kind].dump_json(item))
    except ValueError as error:
        raise NoLine(f"{kind} of call {item.call_id} cannot be written as JSON: {error}") from error


def from_line(line: bytes) -> Writable:
    """Raises NoLine."""
    try:
        read = json.loads(line)
        item: Writable = _KINDS[read["kind"]].validate_python(read["item"], strict=False)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise NoLine(f"no item: {line[:40]!r}") from error
    return item
