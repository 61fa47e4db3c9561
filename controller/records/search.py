"""Finding calls: by number, words, result, route, ending and time, newest first, page by page.

Both databases keep the same words of each call (`words`). SQLite's index gives its finds newest first and so stops
after a page. Postgres' has no order and would bring all there are: it is asked about the newest calls first, and about
longer and longer times as long as the page is not full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from controller.errors import ControllerError
from controller.records import words
from controller.records.calls import CallSummary, read_summaries
from controller.records.database import Database
from controller.records.tables import CallRow

CALLS_PER_PAGE: Final = 50
CALLS_PER_PAGE_MAX: Final = 500

NEWEST_LOOKED_AT: Final = 2_000
"""Calls that Postgres looks at one by one before it asks its index of words: some ms."""

LONGER_TIMES: Final = (16, 128)
"""Times that of those calls, before all time is asked about: what filled no page from the shorter is rare enough that
the longer holds some hundred calls with it."""

_FIRST: Final = 0
_LAST: Final = 2**63 - 1


class BadQuery(ControllerError):
    """A question that cannot be answered; the text says what to ask instead."""


@dataclass(frozen=True, slots=True)
class CallQuery:
    """What calls are looked for: all that is given has to fit."""

    number: str = ""
    """Of the caller or the called; without + at the front by its last digits."""
    text: str = ""
    """Words that were said in it: `refund "blue car" appoint*`. Known once the call is over."""
    result: str = ""
    """The whole name of a result."""
    route: str = ""
    ending: str = ""
    since: datetime | None = None
    """Aware; from this moment on."""
    until: datetime | None = None
    """Aware; before this moment."""
    live: bool = False
    """Only calls that have not ended."""

    def terms(self) -> list[words.Term]:
        """The question as words of the index. Raises BadQuery."""
        terms = words.text_terms(self.text)
        if any(term.prefix and len(term.words[-1]) < words.PREFIX_LETTERS_MIN for term in terms):
            raise BadQuery(f"before a * there are {words.PREFIX_LETTERS_MIN} letters or more")
        if self.text.strip() and not terms:
            raise BadQuery(f"there is no word in {self.text!r}: letters and digits are looked for")
        if self.number:
            terms.append(_number_term(self.number))
        given = {"route": self.route, "ending": self.ending, "result": self.result}
        terms += [words.Term((words.facet(kind, value),)) for kind, value in given.items() if value]
        if terms and self.live:
            terms.append(words.Term((words.facet("ending", ""),)))
        return terms


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the calls that were found, newest first. `next`: where the page after it begins; None: there is none."""

    calls: tuple[CallSummary, ...]
    next: str | None


async def search(database: Database, query: CallQuery, limit: int = CALLS_PER_PAGE, cursor: str | None = None) -> Page:
    """One page of calls. Raises BadQuery."""
    limit = max(1, min(limit, CALLS_PER_PAGE_MAX))
    before = min(_position(cursor), _place(query.until, _LAST))
    after = _place(query.since, _FIRST)
    terms = query.terms()
    async with database.reading() as connection:
        # One more than asked for tells whether there is another page.
        if not terms:
            calls = await _newest(connection, after, before, limit + 1, live=query.live)
        else:
            find = _find_in_sqlite if database.is_sqlite else _find_in_postgres
            numbers = await find(connection, terms, after, before, limit + 1)
            calls = await _read(connection, numbers)
    more = len(calls) > limit
    return Page(tuple(calls[:limit]), str(calls[limit - 1].number) if more else None)


def _number_term(number: str) -> words.Term:
    term = words.number_term(number)
    if term.prefix and len(words.digits(number).lstrip("0")) < words.TAIL_DIGITS_MIN:
        raise BadQuery(f"{number!r} is too short: give the whole number with +, or its last digits, "
                       f"{words.TAIL_DIGITS_MIN} at least")  # fmt: skip
    return term


def _position(cursor: str | None) -> int:
    if cursor is None:
        return _LAST
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > len(str(_LAST)) or int(cursor) > _LAST:
        raise BadQuery(f"{cursor[:40]!r} is not the `next` of a page")
    return int(cursor)


def _place(moment: datetime | None, default: int) -> int:
    if moment is None:
        return default
    if moment.tzinfo is None:
        raise BadQuery(f"{moment} has no time zone: write it like 2026-11-22T14:00:00Z")
    return max(_FIRST, words.place(moment))


async def _newest(connection: AsyncConnection, after: int, before: int, count: int, *, live: bool) -> list[CallSummary]:
    query = select(CallRow.__table__).where(CallRow.number >= after, CallRow.number < before)
    if live:
        query = query.where(CallRow.ending.is_(None)).order_by(CallRow.started_at.desc())
    return await read_summaries(connection, query.order_by(CallRow.number.desc()).limit(count))


async def _read(connection: AsyncConnection, numbers: Sequence[int]) -> list[CallSummary]:
    query = select(CallRow.__table__).where(CallRow.number.in_(numbers)).order_by(CallRow.number.desc())
    return await read_summaries(connection, query)


async def _find_in_sqlite(
    connection: AsyncConnection, terms: Sequence[words.Term], after: int, before: int, count: int
) -> Sequence[int]:
    statement = text(
        "SELECT rowid FROM call_search WHERE call_search MATCH :terms AND rowid >= :after AND rowid < :before "
        "ORDER BY rowid DESC LIMIT :count"
    )
    values = {"terms": words.match_fts5(terms), "after": after, "before": before, "count": count}
    return (await connection.execute(statement, values)).scalars().all()


async def _find_in_postgres(
    connection: AsyncConnection, terms: Sequence[words.Term], after: int, before: int, count: int
) -> Sequence[int]:
    """What is frequent fills a page from the newest calls; of what is rarer a longer time holds no more than that."""
    values: dict[str, Any] = {"terms": words.match_tsquery(terms), "after": after, "before": before, "count": count}
    newest = {**values, "looked_at": NEWEST_LOOKED_AT}
    found = list((await connection.execute(text(_AMONG_THE_NEWEST), newest)).scalars())
    if len(found) >= count:
        return found
    top, upper = (await connection.execute(text(_LOOKED_AT), newest)).one()
    for longer in (*LONGER_TIMES, None):
        if upper is None or upper <= after or len(found) >= count:
            break
        lower = after if longer is None else max(after, top - (top - upper) * longer)
        older = {**values, "after": lower, "before": upper, "count": count - len(found)}
        found += (await connection.execute(text(_BY_WORDS), older)).scalars()
        upper = lower
    return found


_FITS: Final = "document @@ CAST(CAST(:terms AS text) AS tsquery)"
_IN_TIME: Final = "number >= :after AND number < :before"

# The limit inside comes first: no index of words is asked about what has been read anyway.
_AMONG_THE_NEWEST: Final = f"""
SELECT number FROM
  (SELECT number, document FROM call_search WHERE {_IN_TIME} ORDER BY number DESC LIMIT :looked_at) AS newest
WHERE {_FITS} ORDER BY number DESC LIMIT :count
"""  # noqa: S608 - our own words

# From the newest call to the oldest of these; NULL: there are no others.
_LOOKED_AT: Final = f"""
SELECT (SELECT max(number) FROM call_search WHERE {_IN_TIME}),
  (SELECT number + 1 FROM call_search WHERE {_IN_TIME} ORDER BY number DESC OFFSET :looked_at LIMIT 1)
"""  # noqa: S608

# OFFSET 0 keeps the limit from the planner, who would hope to find enough on the way.
_BY_WORDS: Final = f"""
SELECT number FROM (SELECT number FROM call_search WHERE {_FITS} AND {_IN_TIME} OFFSET 0) AS found
ORDER BY number DESC LIMIT :count
"""  # noqa: S608
