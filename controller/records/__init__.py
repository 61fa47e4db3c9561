"""Call records: what happened in each call, what was said and what came of it, kept in a database.

`items` are the facts and `events` what the world is told of them (pure), `store` writes and reads them, `writer` keeps
the database out of the callers' way, `text` shows them in a terminal.
"""
