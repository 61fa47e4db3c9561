"""What came with a call, in one request: SIP headers and what Asterisk made of them.

Asterisk answers a request for several variables with an error when one of them is not set, and a header that the
caller did not send counts as that. Inside of EVAL() it is an empty text instead.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from controller.ari import attestation

HEADERS: Final = ("Diversion", "P-Asserted-Identity", "User-to-User", *attestation.HEADERS)
"""Read always: who forwarded the call, who calls, what they have to say, and whether the number is theirs."""

HISTORY_MAX: Final = 3
"""History-Info has one entry for each time the call was forwarded on; the first and the last of them tell."""

EXTRA_HEADERS_MAX: Final = 32
"""Of the operator's own list. All names travel in one URL, of which Asterisk reads 4 kB."""

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_FUNCTIONS: Final[Mapping[str, str]] = {
    "caller_name": "CALLERID(name)",
    "rdnis": "CALLERID(rdnis)",
    "endpoint": "CHANNEL(endpoint)",
    "language": "CHANNEL(language)",
    "call_id": "CHANNEL(pjsip,call-id)",
    attestation.FROM: "PJSIP_HEADER(read,From)",
}


def check_header_names(names: Sequence[str]) -> None:
    """Raises ValueError for what is no name of a header, or for too many."""
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a SIP header, such as X-Customer-Id")
    if len(names) > EXTRA_HEADERS_MAX:
        raise ValueError(f"{len(names)} SIP headers are too many: name {EXTRA_HEADERS_MAX} or fewer")


def expressions(extra_headers: Sequence[str] = ()) -> dict[str, str]:
    """What to ask Asterisk for: our name for it -> a dialplan function. Raises ValueError for a bad header name."""
    check_header_names(extra_headers)
    headers = {name: f"PJSIP_HEADER(read,{name})" for name in (*HEADERS, *extra_headers)}
    history = ", ".join(f"${{PJSIP_HEADER(read,History-Info,{entry})}}" for entry in range(1, HISTORY_MAX + 1))
    return {
        **{name: f"EVAL(${{{function}}})" for name, function in {**_FUNCTIONS, **headers}.items()},
        "History-Info": f"EVAL({history})",
    }


def read(asked: Mapping[str, str], answered: Mapping[str, str]) -> dict[str, str]:
    """Our names and what Asterisk said, without what was not there."""
    found = {name: answered.get(expression, "").strip(" ,") for name, expression in asked.items()}
    return {name: value for name, value in found.items() if value}
