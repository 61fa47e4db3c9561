"""Events to the company's own systems, by signed HTTP requests.

`signature` and `retry` decide (pure), `targets` reads who is told, `sender` takes what is in the outbox and sends it.
"""
