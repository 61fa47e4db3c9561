"""Asterisk as we see it: its events, its operations, and the ids that we give to what we create there.

`ids`, `events` and `operations` are pure; `client` makes requests, `event_stream` keeps the event WebSocket open.
Nothing here knows of calls or routes.
"""
