"""ari-controller: an AI voice bot on the phone. The path of a call, in the order it meets the code.

A call arrives at Asterisk, whose dialplan hands it to `Stasis()`:

1. `ari.event_stream`     reads Asterisk's events
2. `session.dispatcher`   gives each event to the session of its call, or starts one
3. `routing.router`       decides the ladder: which bot, then which human
4. `call.call`            decides what happens next (pure: events in, commands out)
5. `session.call_session` does it: `ari.client` towards Asterisk, `media.link_client` towards the media worker
6. `media`                carries the audio, RTP from Asterisk <-> `bot` WebSocket, in a process of its own
7. `call.record`          says what happened; `records` keeps it
"""
