"""Numbers as a trunk writes them: what arrives is understood, what is sent is written as the other side wants it."""

import re
from typing import Final, NamedTuple

import phonenumbers

from controller.routing.numbers import compact, is_e164, normalise
from controller.trunks.trunk import NumberForm, Trunk

SUFFIX_DIGITS_MIN: Final = 3
"""Of a number of which only the end arrives: fewer are too often the end of several."""

_DIGITS: Final = re.compile(r"[0-9]+")


class Arrived(NamedTuple):
    """A number that was dialled, and what is odd about the way in which it came."""

    number: str
    oddity: str = ""


def form_of(number: str) -> NumberForm:
    """How it is written. What begins with another digit than 0 is taken for one with its country code."""
    digits = compact(number)
    if is_e164(digits):
        return NumberForm.PLUS
    if not _DIGITS.fullmatch(digits) or len(digits) <= NATIONAL_DIGITS_MIN:
        return NumberForm.OTHER
    if digits.startswith("00"):
        return NumberForm.INTERNATIONAL
    return NumberForm.NATIONAL if digits.startswith("0") else NumberForm.DIGITS


NATIONAL_DIGITS_MIN: Final = 6
"""What is no longer is an extension."""


def write(number: str, form: NumberForm) -> str:
    """A number in E.164 in this form; as it is where it is no number of the public network."""
    if not is_e164(number):
        return number
    match form:
        case NumberForm.DIGITS:
            return number[1:]
        case NumberForm.INTERNATIONAL:
            return f"00{number[1:]}"
        case NumberForm.NATIONAL:
            parsed = phonenumbers.parse(number)
            written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
            return "".join(_DIGITS.findall(written))
        case _:
            return number


def send(number: str, trunk: Trunk) -> str:
    """As this trunk wants it. National numbers are those of its own country; others keep their country code."""
    if trunk.send_as is NumberForm.NATIONAL and not _is_at_home(number, trunk.country):
        return write(number, NumberForm.INTERNATIONAL)
    return write(number, trunk.send_as)


def _is_at_home(number: str, country: str) -> bool:
    if not is_e164(number) or not country:
        return False
    code = phonenumbers.country_code_for_region(country)
    return phonenumbers.parse(number).country_code == code


def arrived(text: str, trunk: Trunk) -> Arrived:
    """The number that was dialled, in E.164 where it can be understood, and what was not as it should be."""
    number = normalise(text, trunk.country)
    if trunk.numbers and not _is_ours(number, trunk.numbers):
        whole = _ending_with(compact(text).lstrip("+0"), trunk.numbers)
        if whole:
            return Arrived(whole, f"{text!r} came for {whole}: only its end")
        return Arrived(number, f"{text!r} is none of the numbers of trunk {trunk.name}")
    form = form_of(text)
    if trunk.arrive_as and form is not trunk.arrive_as:
        said = f"{text!r} came in the form {form.value}, and not {trunk.arrive_as.value}"
        return Arrived(number, said if is_e164(number) else f"{said}: it is understood as no number")
    return Arrived(number)


def _is_ours(number: str, numbers: tuple[str, ...]) -> bool:
    return any(
        number.startswith(own[:-1]) if own.endswith("*") else number == own for own in numbers
    )  # fmt: skip


def _ending_with(digits: str, numbers: tuple[str, ...]) -> str:
    """The one number that ends so; empty where it is none, or one of several."""
    if len(digits) < SUFFIX_DIGITS_MIN or not _DIGITS.fullmatch(digits):
        return ""
    found = [own for own in numbers if own.endswith(digits)]
    return found[0] if len(found) == 1 else ""
