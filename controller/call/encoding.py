"""The values that a call is made of, as JSON and back: nothing is named here that `routing` and `call` do not have.

A later version may read what an earlier one wrote, and the other way round: fields that are not known are passed over,
those that are missing have their defaults. Secrets are left out; whoever reads knows them from the routes.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, cast

from controller.call import legs, vocabulary
from controller.routing import route, trigger

SECRETS: Final = {
    route.BotRung: frozenset({"token", "signing_secret", "headers", "choose_url", "choose_secret"}),
}
"""Of each kind of value; `DocumentRung.url` is kept, since nobody else knows it."""


class Unreadable(ValueError):
    """What another version has written and we cannot read."""


def _kinds() -> dict[str, type[Any]]:
    found = [kind for module in (legs, route, trigger, vocabulary) for kind in vars(module).values()]
    return {kind.__name__: kind for kind in found if isinstance(kind, type) and (is_dataclass(kind) or _is_enum(kind))}


def _is_enum(kind: type[Any]) -> bool:
    return issubclass(kind, StrEnum) and kind is not StrEnum


KINDS: Final = _kinds()
"""By the name that is written."""


def encode(value: Any) -> Any:
    """For `json.dumps`."""
    match value:
        case StrEnum():
            return {"is": type(value).__name__, "of": value.value}
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return {"is": type(value).__name__, "of": [encode(one) for one in value]}
        case frozenset():
            return {"is": "frozenset", "of": sorted((encode(one) for one in value), key=str)}
        case Mapping():
            return {"is": "dict", "of": [[encode(key), encode(one)] for key, one in value.items()]}
    kind = type(value)
    if KINDS.get(kind.__name__) is not kind:
        raise TypeError(f"{kind.__name__} is no part of a call")
    left_out = SECRETS.get(kind, frozenset())
    named = ((each.name, getattr(value, each.name), each) for each in fields(value) if each.name not in left_out)
    return {"is": kind.__name__, "of": {name: encode(one) for name, one, each in named if not _is_default(each, one)}}


def _is_default(each: Any, value: Any) -> bool:
    return each.default is not MISSING and type(each.default) is type(value) and bool(each.default == value)


def decode(written: Any, complete: Callable[[route.BotRung], route.BotRung]) -> Any:
    """`complete` adds to a bot what was left out. Raises Unreadable."""
    if not isinstance(written, dict):
        return written
    name, of = written.get("is"), written.get("of")
    match name:
        case "list" | "tuple" | "frozenset":
            made = (decode(one, complete) for one in cast("list[Any]", of))
            return {"list": list, "tuple": tuple, "frozenset": frozenset}[name](made)
        case "dict":
            return {decode(key, complete): decode(one, complete) for key, one in cast("list[Any]", of)}
    kind = KINDS.get(str(name))
    if kind is None:
        raise Unreadable(f"{name} is not known")
    try:
        return _make(kind, of, complete)
    except (TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"{name}: {error}") from error


def _make(kind: type[Any], of: Any, complete: Callable[[route.BotRung], route.BotRung]) -> Any:
    if _is_enum(kind):
        return kind(of)
    known = {each.name for each in fields(kind)}
    made = kind(**{name: decode(one, complete) for name, one in of.items() if name in known})
    return complete(made) if isinstance(made, route.BotRung) else made
