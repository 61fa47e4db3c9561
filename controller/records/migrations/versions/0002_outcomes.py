"""All that comes of a call, the outbox, and the index of words."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from controller.records import words
from controller.records.tables import SERIAL, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _place_in_time()
    _said("dtmf", _text("digit"), _integer("duration_ms"), _text("leg"))
    _said("transfers", _integer("attempt"), _text("to"), _text("state"), _text("detail"), _text("summary"))
    _said(
        "voicemails", _text("recording"), _integer("duration_ms"), _text("text"), _time("heard_at"), _time("removed_at")
    )
    note: sa.Column[str] = sa.Column("done_note", sa.String(), nullable=False, server_default="")
    _said("callbacks", _text("phone"), _text("note"), _time("wanted_at"), _time("done_at"), note)
    is_open = sa.text("done_at IS NULL")
    op.create_index("callbacks_open", "callbacks", ["phone"], sqlite_where=is_open, postgresql_where=is_open)
    expires = _time("expires_at", nullable=False)
    _said("handoffs", _text("secret_hash"), _text("summary"), expires, _json("data"), _time("taken_at"))
    op.create_index("handoffs_id", "handoffs", ["id"], unique=True)
    _said("metadata", _text("source"), _json("data"))
    size = sa.Column("size_bytes", sa.BigInteger(), nullable=False)
    length = _integer("duration_ms")
    _said("recordings", _text("name"), _text("format"), length, size, _text("sha256"), _time("removed_at"))
    _events()
    _outbox()
    _index_of_words()


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _integer(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _time(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, UtcTime(), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _call_id(*, primary_key: bool = False) -> sa.Column[Any]:
    calls = sa.ForeignKey("calls.id", ondelete="CASCADE")
    return sa.Column("call_id", sa.String(), calls, nullable=False, primary_key=primary_key)


def _said(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("number", SERIAL, primary_key=True),
        _call_id(),
        _text("id"),
        sa.Column("at_ms", sa.Float(), nullable=False),
        *columns,
        sa.UniqueConstraint("call_id", "id"),
    )


def _place_in_time() -> None:
    op.add_column("calls", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("calls", sa.Column("forwarded_from", sa.String()))
    op.add_column("calls", sa.Column("direction", sa.String(), nullable=False, server_default="inbound"))
    op.add_column("calls", sa.Column("node", sa.String(), nullable=False, server_default=""))
    connection = op.get_bind()
    last = 0
    calls = sa.select(sa.column("id", sa.String()), sa.column("started_at", UtcTime())).select_from(sa.table("calls"))
    for call in connection.execute(calls.order_by("started_at", "id")).all():
        last = max(words.place(call.started_at), last + 1)
        connection.execute(sa.text("UPDATE calls SET number = :number WHERE id = :id"), {"number": last, "id": call.id})
    op.create_index("calls_number", "calls", ["number"], unique=True)
    op.create_index("calls_from_number", "calls", ["from_number", "number"])
    op.drop_index("ix_calls_started_at", "calls")


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        _call_id(),
        _text("route"),
        _text("type"),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
    )
    op.create_index("ix_events_call_id", "events", ["call_id"])
    op.create_index("ix_events_stored_at", "events", ["stored_at"])


def _outbox() -> None:
    event = sa.ForeignKey("events.number", ondelete="CASCADE")
    op.create_table(
        "outbox",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("event_number", sa.BigInteger(), event, primary_key=True),
        _call_id(),
        sa.Column("dead_at", UtcTime()),
        sa.Column("error", sa.String(), nullable=False, server_default=""),
    )
    op.create_index("ix_outbox_call_id", "outbox", ["call_id"])
    op.create_index("outbox_events", "outbox", ["event_number"])
    op.create_index("outbox_streams", "outbox", ["target", "call_id", "event_number"])
    dead = sa.text("dead_at IS NOT NULL")
    op.create_index("outbox_dead", "outbox", ["event_number"], sqlite_where=dead, postgresql_where=dead)
    op.create_table(
        "streams",
        sa.Column("target", sa.String(), primary_key=True),
        _call_id(primary_key=True),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lease", sa.String(), nullable=False, server_default=""),
        sa.Column("error", sa.String(), nullable=False, server_default=""),
    )
    op.create_index("streams_due", "streams", ["target", "due_at"])
    op.create_index("streams_calls", "streams", ["call_id"])


def _index_of_words() -> None:
    """`call_search` has what can be looked for of each call, by its number, and loses it with the call."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE call_search USING fts5(document, tokenize='ascii')")
        op.execute(
            "CREATE TRIGGER calls_removed AFTER DELETE ON calls "
            "BEGIN DELETE FROM call_search WHERE rowid = old.number; END"
        )
        for number, document in _documents():
            statement = sa.text("INSERT INTO call_search (rowid, document) VALUES (:number, :document)")
            op.get_bind().execute(statement, {"number": number, "document": words.to_fts5(document)})
    else:
        op.execute(
            "CREATE TABLE call_search ("
            "number BIGINT PRIMARY KEY REFERENCES calls (number) ON DELETE CASCADE, document TSVECTOR NOT NULL)"
        )
        # A list of words that nobody has gone through would be gone through by every search.
        op.execute("CREATE INDEX call_search_document ON call_search USING GIN (document) WITH (fastupdate = off)")


def _documents() -> Iterator[tuple[int, list[str]]]:
    """Of the calls of version 0.1, which knew SQLite only."""
    connection = op.get_bind()
    calls = connection.execute(sa.text("SELECT id, number, from_number, to_number, route, ending FROM calls")).all()
    for call in calls:
        said = connection.execute(
            sa.text("SELECT text FROM transcripts WHERE call_id = :id ORDER BY number"), {"id": call.id}
        )
        results = connection.execute(
            sa.text("SELECT name FROM results WHERE call_id = :id ORDER BY number"), {"id": call.id}
        )
        numbers = [number for number in (call.from_number, call.to_number) if number]
        facts = words.Facts(call.route, call.ending, numbers, list(results.scalars()))
        yield call.number, words.document(facts, list(said.scalars()))
