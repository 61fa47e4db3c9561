"""OpenTelemetry traces: one for each call, made from its record when it is over.

`identity` gives every part of a call its ids without anybody being asked, `spans` turns a record into spans (both
pure), `tracer` is what the senders of requests ask for headers, `calls` watches for ends, and `otlp` sends the spans.
"""
