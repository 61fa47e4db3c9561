"""The HTTP API: one aiohttp application for health, metrics, events and `/v1`.

`operations` says what an operation is; `calls`, `records`, `routes` and `events` hold the operations themselves, each a
row in a table. `server` serves them, `openapi` writes them down. What they work on is in `parts`;
`control` is the protocol by which a session lets itself be acted upon.
"""
