"""What can be looked for in a call, as a list of words that both databases index alike. Pure.

The words of the transcripts are folded: no accents, no capitals. Route, ending, results and numbers are words too, such
that nobody speaks, so that "this route and that word" is one question to one index and its rarest word leads.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

WORDS_MAX: Final = 16_000
"""Of one call, some two hours of talk. Postgres counts the places of words up to 16,383."""

WORD_CHARACTERS_MAX: Final = 64
"""Longer ones are cut, in what is kept as in what is looked for."""

TAIL_DIGITS_MIN: Final = 4
"""A number may be looked for by its last digits; fewer than these would be half of all calls."""

PREFIX_LETTERS_MIN: Final = 3
"""Beginnings of words that are shorter would be those of half of all words."""

_WORD: Final = re.compile(r"[^\W_]+")
_TERM: Final = re.compile(r'"([^"]*)"?|(\S+)')
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def place(started_at: datetime) -> int:
    """The number of a call by its time: microseconds since 1970."""
    return (started_at - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a call beside what was said."""

    route: str
    ending: str | None
    numbers: Sequence[str]
    results: Sequence[str]


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other; `prefix`: the last one is only the beginning of a word."""

    words: tuple[str, ...]
    prefix: bool = False


def fold(text: str) -> list[str]:
    """The words of a text, as they are indexed."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
    return [word[:WORD_CHARACTERS_MAX] for word in _WORD.findall(plain)]


def document(facts: Facts, said: Iterable[str]) -> list[str]:
    """All words of one call: the facts first, since a long call is cut at its end."""
    found = [facet("route", facts.route), facet("ending", facts.ending or "")]
    found += dict.fromkeys(facet("result", name) for name in facts.results)
    found += dict.fromkeys(_number_word(number) for number in facts.numbers)
    for text in said:
        found += fold(text)
        if len(found) >= WORDS_MAX:
            break
    return found[:WORDS_MAX]


def facet(kind: str, value: str) -> str:
    """A fact as one word that no text has."""
    return f"{kind}0{hashlib.blake2s(value.encode(), digest_size=6).hexdigest()}"


def _number_word(number: str) -> str:
    """Backwards, so that its last digits are the beginning of a word."""
    bare = digits(number)
    return f"number0{bare[::-1]}" if bare else facet("name", number.casefold())


def digits(number: str) -> str:
    """The digits of a telephone number; empty where it is something else, such as a SIP user's name."""
    bare = re.sub(r"[\s()/.-]", "", number)
    return bare.removeprefix("+") if re.fullmatch(r"\+?\d+", bare) else ""


def number_term(number: str) -> Term:
    """A whole number when it begins with +, otherwise one that ends so: 030 12 finds +49 30 12."""
    bare = digits(number)
    if number.strip().startswith("+") or not bare:
        return Term((_number_word(number.strip()),))
    tail = bare.lstrip("0")
    return Term((f"number0{tail[::-1]}",), prefix=True)


def text_terms(text: str) -> list[Term]:
    """What a person types: words, "words in this order", and beginnings of words with a * at the end."""
    terms = []
    for quoted, bare in _TERM.findall(text):
        words = fold(quoted or bare)
        if words:
            terms.append(Term(tuple(words), prefix=bare.endswith("*")))
    return terms


def to_fts5(found: Sequence[str]) -> str:
    """A document for SQLite."""
    return " ".join(found)


def to_tsvector(found: Sequence[str]) -> str:
    """A document for Postgres, with the place of every word."""
    places: dict[str, list[int]] = {}
    for index, word in enumerate(found, 1):
        places.setdefault(word, []).append(index)
    # Postgres keeps 256 places of a word.
    return " ".join(f"'{word}':{','.join(map(str, where[:256]))}" for word, where in places.items())


def match_fts5(terms: Iterable[Term]) -> str:
    """All of the terms, for SQLite."""
    return " AND ".join(f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in terms)


def match_tsquery(terms: Iterable[Term]) -> str:
    """All of the terms, for Postgres."""
    return " & ".join(_tsquery(term) for term in terms)


def _tsquery(term: Term) -> str:
    quoted = [f"'{word}'" for word in term.words]
    if term.prefix:
        quoted[-1] += ":*"
    return f"({' <-> '.join(quoted)})"
