"""The HTTP API: one aiohttp application for health, metrics, events and `/v1`.

`operations` says what an operation is; `calls`, `records`, `routes` and `events` hold the operations themselves, each a
row in a table. `server` serves them, `openapi` writes them down. What they work on is in `parts`: protocols that the
application fulfils and that a test fakes.
"""
