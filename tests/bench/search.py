"""Part `search`: how long a page of calls takes to find among a million, by every kind of question that people ask.

Calls, results and the index of words are made as the store makes them, but in bulk: each call has some sixty words, as
frequent as words are (Zipf), one of twelve routes, one of eight endings, and half of them a result.
"""

import asyncio
import io
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]
import numpy as np

from controller.records import words
from controller.records.database import Database
from controller.records.search import CallQuery, search
from controller.records.store import RecordStore
from tests.bench.process import unpin
from tests.bench.stores import STORES, StoreName, database

CALLS: Final = 1_000_000
CALLERS: Final = 100_000
VOCABULARY: Final = 20_000
SENTENCES: Final = 20_000
WORDS_PER_SENTENCE: Final = 12
SENTENCES_PER_CALL: Final = 5
FIRST: Final = datetime(2025, 1, 1, tzinfo=UTC)
APART: Final = timedelta(seconds=30)
BATCH: Final = 20_000
ASKED_EACH: Final = 30
DID: Final = "+493023125000"

ROUTES: Final = [f"route-{number}" for number in range(12)]
ROUTE_SHARES: Final = [0.5, 0.2, 0.1, 0.05, 0.05, 0.04, 0.03, 0.01, 0.01, 0.008, 0.0015, 0.0005]
ENDINGS: Final = ["bot_hung_up", "caller_hung_up", "human_hung_up", "caller_cancelled", "refused", "nobody_left",
                  "media_lost", "failed"]  # fmt: skip
ENDING_SHARES: Final = [0.4, 0.35, 0.15, 0.05, 0.02, 0.02, 0.009, 0.001]
RESULTS: Final = [f"Result {number}" for number in range(20)]

Call = tuple[str, int, datetime, str, str, str, str, list[str]]
"""Id, number, beginning, caller, route, ending, result, words."""


async def run() -> AsyncIterator[dict[str, Any]]:
    unpin()
    for name in STORES:
        yield await measure(name, CALLS)


async def measure(name: StoreName, calls: int) -> dict[str, Any]:
    async with database(name) as url:
        store = await RecordStore.open(url)
        begin = time.perf_counter()
        if name == "sqlite":
            await asyncio.to_thread(fill_sqlite, url.removeprefix("sqlite+aiosqlite:///"), calls)
        else:
            await fill_postgres(url, calls)
        filled = time.perf_counter()
        took = await ask(store.database, calls)
        await store.close()
    every = [ms for kind in took.values() for ms in kind]
    by_kind = {kind: round(float(np.percentile(values, 95)), 1) for kind, values in took.items()}
    return {
        "bench": "search",
        "store": name,
        "calls": calls,
        "p50_ms": round(float(np.percentile(every, 50)), 1),
        "p95_ms": round(float(np.percentile(every, 95)), 1),
        "worst_kind": max(by_kind, key=by_kind.__getitem__),
        "p95_ms_by_kind": by_kind,
        "fill_s": round(filled - begin),
    }


# --- questions ----------------------------------------------------------------------------------------------


def questions(calls: int) -> dict[str, Callable[[random.Random], CallQuery]]:
    """Each kind as a function of chance."""

    def day(chance: random.Random) -> tuple[datetime, datetime]:
        since = FIRST + APART * chance.randrange(calls)
        return since, since + timedelta(days=1)

    def between(chance: random.Random, text: str = "", route: str = "") -> CallQuery:
        since, until = day(chance)
        return CallQuery(text=text, route=route, since=since, until=until)

    return {
        "latest": lambda _: CallQuery(),
        "number": lambda chance: CallQuery(number=caller(chance.randrange(CALLERS))),
        "last digits": lambda chance: CallQuery(number=caller(chance.randrange(CALLERS))[-7:]),
        "dialled number": lambda _: CallQuery(number=DID),
        "frequent word": lambda chance: CallQuery(text=word(chance.randrange(20))),
        "some word": lambda chance: CallQuery(text=word(chance.randrange(100, 2_000))),
        "rare word": lambda chance: CallQuery(text=word(chance.randrange(5_000, VOCABULARY))),
        "two words": lambda chance: CallQuery(text=f"{word(chance.randrange(50))} {word(chance.randrange(2_000))}"),
        "beginning of a word": lambda chance: CallQuery(text=f"{stem(chance.randrange(2_000))}*"),
        "result": lambda chance: CallQuery(result=chance.choice(RESULTS)),
        "route": lambda chance: CallQuery(route=chance.choice(ROUTES)),
        "ending": lambda chance: CallQuery(ending=chance.choice(ENDINGS)),
        "route, ending and result": lambda chance: CallQuery(
            route=chance.choice(ROUTES), ending=chance.choice(ENDINGS), result=chance.choice(RESULTS)
        ),
        "day": between,
        "word in a day": lambda chance: between(chance, text=word(chance.randrange(2_000))),
        "route in a day": lambda chance: between(chance, route=chance.choice(ROUTES)),
    }


async def ask(database: Database, calls: int) -> dict[str, list[float]]:
    """Milliseconds of every question, and of the page after it. The first of each kind warms up."""
    chance = random.Random(1)  # noqa: S311
    took: dict[str, list[float]] = {}
    for kind, make in questions(calls).items():
        took[kind] = []
        for turn in range(ASKED_EACH + 1):
            query, cursor = make(chance), None
            for _ in range(2):
                begin = time.perf_counter()
                page = await search(database, query, cursor=cursor)
                if turn:
                    took[kind].append(1_000 * (time.perf_counter() - begin))
                if page.next is None:
                    break
                cursor = page.next
    return took


# --- calls --------------------------------------------------------------------------------------------------


def word(rank: int) -> str:
    """The word that is so frequent: 0 is the most. Five words have a beginning in common, as in a language."""
    return stem(rank) + ("", "s", "ing", "ed", "er")[rank % 5]


def stem(rank: int) -> str:
    """What five words begin with: six letters."""
    number = rank // 5 * 7_654_321 % 26**5
    return "q" + "".join(chr(ord("a") + number // 26**place % 26) for place in range(5))


def caller(number: int) -> str:
    return f"+4930{number * 7919 % 10**8:08}"


def made_calls(count: int) -> Iterator[Call]:
    chance = np.random.default_rng(1)
    shares = 1 / np.arange(1, VOCABULARY + 1)
    ranks = chance.choice(VOCABULARY, (SENTENCES, WORDS_PER_SENTENCE), p=shares / shares.sum())
    sentences = [[word(rank) for rank in sentence] for sentence in ranks]
    said = chance.integers(SENTENCES, size=(count, SENTENCES_PER_CALL))
    routes = chance.choice(len(ROUTES), count, p=ROUTE_SHARES)
    endings = chance.choice(len(ENDINGS), count, p=ENDING_SHARES)
    results = chance.integers(2 * len(RESULTS), size=count)
    callers = chance.integers(CALLERS, size=count)
    for index in range(count):
        began = FIRST + APART * index
        result = RESULTS[results[index]] if results[index] < len(RESULTS) else ""
        route, ending, number = ROUTES[routes[index]], ENDINGS[endings[index]], caller(int(callers[index]))
        found = words.document(words.Facts(route, ending, [number, DID], [result] if result else []), [])
        for sentence in said[index]:
            found += sentences[sentence]
        yield f"call-{index}", words.place(began), began, number, route, ending, result, found


def fill_sqlite(path: str, count: int) -> None:
    connection = sqlite3.connect(path)
    calls = made_calls(count)
    while batch := list(islice(calls, BATCH)):
        connection.executemany(
            "INSERT INTO calls (id, number, started_at, ended_at, from_number, to_number, route, ending, statistics) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}')",
            ((c[0], c[1], _sqlite_time(c[2]), _sqlite_time(c[2]), c[3], DID, c[4], c[5]) for c in batch),
        )
        connection.executemany(
            "INSERT INTO results (call_id, id, at_ms, name, data) VALUES (?, 'r', 0, ?, '{}')",
            ((c[0], c[6]) for c in batch if c[6]),
        )
        connection.executemany(
            "INSERT INTO call_search (rowid, document) VALUES (?, ?)", ((c[1], words.to_fts5(c[7])) for c in batch)
        )
        connection.commit()
    connection.close()


def _sqlite_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


async def fill_postgres(url: str, count: int) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    # Word by word into a growing index would take longer than all the questions.
    await connection.execute("DROP INDEX call_search_document")
    calls = made_calls(count)
    columns = ["id", "number", "started_at", "ended_at", "from_number", "to_number", "route", "ending", "statistics"]
    while batch := list(islice(calls, BATCH)):
        rows = [(c[0], c[1], c[2], c[2], c[3], DID, c[4], c[5], "{}") for c in batch]
        await connection.copy_records_to_table("calls", records=rows, columns=columns)
        results = [(c[0], "r", 0.0, c[6], "{}") for c in batch if c[6]]
        names = ["call_id", "id", "at_ms", "name", "data"]
        await connection.copy_records_to_table("results", records=results, columns=names)
        lines = "".join(f"{c[1]}\t{words.to_tsvector(c[7])}\n" for c in batch)
        await connection.copy_to_table("call_search", source=io.BytesIO(lines.encode()))
    await connection.execute(
        "CREATE INDEX call_search_document ON call_search USING GIN (document) WITH (fastupdate = off)", timeout=3_600
    )
    await connection.execute("VACUUM ANALYZE", timeout=3_600)
    await connection.close()
