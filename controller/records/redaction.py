"""What must not be kept is taken out before anything is: card numbers, and what no database can hold. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from controller.records.items import Item, field_names

CARD_REMOVED: Final = "[card number removed]"

_DIGITS: Final = re.compile(r"(?<![\w+])\d+(?:[ ,.\u00a0-]{1,2}\d+)*(?!\w)")
"""Groups of digits as people write and speech recognition hears them. After a + it is a telephone number."""

_CARD: Final = re.compile(
    r"4\d{12}|4\d{15}|4\d{18}"  # Visa
    r"|5[1-5]\d{14}|2[2-7]\d{14}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3[0689]\d{12}"  # Diners Club
    r"|35\d{14}|62\d{14,17}|6[045]\d{14}|5[06-9]\d{14}|6\d{18}"  # JCB, UnionPay, Discover, Maestro
)
_CARD_DIGITS_MIN: Final = 13
_CARD_DIGITS_MAX: Final = 19

_ENOUGH_DIGITS: Final = re.compile(rf"(?:\d\D{{0,2}}){{{_CARD_DIGITS_MIN}}}")
_NUMBERS: Final = ("from_number", "to_number", "forwarded_from", "phone")
_NOT_FREE_TEXT: Final = frozenset({"call_id", "id", "secret_hash", "sha256", "recording", *_NUMBERS})

_AnyItem = TypeVar("_AnyItem", bound=Item)


def redact(item: _AnyItem) -> _AnyItem:
    """The item as it may be kept; the same one where there is nothing to take out."""
    changed = {}
    for name in field_names(type(item)):
        if name not in _NOT_FREE_TEXT:
            value = getattr(item, name)
            clean = _clean(value)
            if clean is not value and clean != value:
                changed[name] = clean
    return replace(item, **changed) if changed else item


def _clean(value: Any) -> Any:
    match value:
        case str():
            return _without_cards(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
        case bool():
            return value
        case int() if _is_card(str(value)):
            return CARD_REMOVED
        case Mapping():
            return {_clean(key): _clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
        case _:
            return value


def _without_cards(text: str) -> str:
    if not _ENOUGH_DIGITS.search(text):
        return text
    return _DIGITS.sub(_without_cards_of_a_run, text)


def _without_cards_of_a_run(run: re.Match[str]) -> str:
    """Cards begin and end where groups do: `4111 1111 1111 1111 12` is a card and something else."""
    text = run[0]
    for start, end in _cards(text):
        return text[:start] + CARD_REMOVED + _DIGITS.sub(_without_cards_of_a_run, text[end:])
    return text


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Where the first card of a run begins and ends, the longest reading of it first."""
    groups = list(re.finditer(r"\d+", text))
    for first, begin in enumerate(groups):
        digits, found = "", None
        for group in groups[first:]:
            digits += group[0]
            if len(digits) > _CARD_DIGITS_MAX:
                break
            if _is_card(digits):
                found = (begin.start(), group.end())
        if found:
            yield found


def _is_card(digits: str) -> bool:
    return _CARD.fullmatch(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
