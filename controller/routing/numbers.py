"""Telephone numbers in one form: E.164 with +, whatever form they arrive or were written in."""

import re
from typing import Final

import phonenumbers

WITHHELD: Final = "withheld"
"""A caller who shows no number."""

ANONYMOUS: Final = frozenset({"", "anonymous", "anon", "private", "restricted", "unavailable", "unknown", "withheld"})
"""What Asterisk and carriers write in its place (RFC 3323 and custom)."""

EXTENSION_DIGITS_MAX: Final = 6
"""Numbers as short as this are a telephone system's own and stay as they are."""

_PUNCTUATION: Final = str.maketrans("", "", " -().\u00a0\u2011/")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS: Final = re.compile(r"[0-9]+")


def compact(number: str) -> str:
    """Without the punctuation that people write for people."""
    return number.translate(_PUNCTUATION)


def normalise(number: str, country: str = "") -> str:
    """In E.164 where it is a number of the public network; as it is where not; empty where withheld.

    `country`: where numbers without a country code are at home (ISO 3166, such as `DE`).
    """
    number = number.strip()
    if number.lower() in ANONYMOUS:
        return ""
    digits = compact(number)
    if is_e164(digits):
        return digits
    if not _DIGITS.fullmatch(digits) or len(digits) <= EXTENSION_DIGITS_MAX:
        return number
    return _read(digits, country) or digits


def _read(digits: str, country: str) -> str:
    """E.164, or nothing. Carriers also send the country code without + (and without 00)."""
    candidates = [(digits, country)] if country else []
    candidates.append((f"+{digits.removeprefix('00')}", ""))
    for text, region in candidates:
        try:
            parsed = phonenumbers.parse(text, region or None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return ""


def is_e164(number: str) -> bool:
    """Whether it is written as one of the public network; not whether it exists."""
    return _E164.fullmatch(number) is not None


def country_of(number: str) -> str:
    """The country of a number in E.164, such as `DE`; empty where it has none."""
    if not is_e164(number):
        return ""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def is_country(code: str) -> bool:
    """Whether there are telephone numbers in the country with this code."""
    return code in phonenumbers.SUPPORTED_REGIONS
