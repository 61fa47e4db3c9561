"""The call as data: events in, commands out. No I/O, no clock, no randomness.

`call.Call.receive(event, now)` looks the event up in `transitions.TABLE` and returns `commands`. Deadlines
are data too: `Call.deadline`. The actions behind the table are in `ladder` (which rung takes the caller),
`conversation` (caller and bot), `human` (dialling and joining one) and `ending`.
"""
