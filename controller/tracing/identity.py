"""The ids of traces and spans, made from the call's own id: whoever knows the call can name them. Pure.

W3C Trace Context: 16 bytes for a trace, 8 for a span, both not 0; hashes are not.
"""

import hashlib
import re
from typing import Final

CALL: Final = "call"
"""The name of the span that is a call from its arrival to its end: the parent of all others."""

TRACEPARENT: Final = "traceparent"
"""The header, and the name in the bot's metadata."""

_FORM: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(call_id: str) -> int:
    return _hash(16, "trace", call_id)


def span_id(call_id: str, *names: object) -> int:
    """Of a part of a call; without names: of the call itself."""
    return _hash(8, "span", call_id, *(str(name) for name in names or (CALL,)))


def traceparent(call_id: str, span: int) -> str:
    """Version 00, sampled."""
    return f"00-{trace_id(call_id):032x}-{span:016x}-01"


def of_call(call_id: str) -> str:
    """What a bot is told: its own spans are children of the call."""
    return traceparent(call_id, span_id(call_id))


def is_traceparent(value: object) -> bool:
    """Whether it may stand in a header."""
    return isinstance(value, str) and _FORM.fullmatch(value) is not None


def _hash(size: int, *words: str) -> int:
    return int.from_bytes(hashlib.blake2s("\0".join(words).encode(), digest_size=size).digest(), "big") or 1
