"""What is secret in settings, SIP and logs, made unreadable. Pure.

Whatever has the name of a secret, whatever is known to be one, and whatever looks like one.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

MASK: Final = "***"
SECRET_LETTERS_MIN: Final = 6
"""A shorter one would be found in innocent words; passwords of ours have eight letters or more."""

_SECRET_NAME: Final = re.compile(
    r"pass(word|wd)?|secret|token|api_?key|_key$|authorization|auth_headers|otlp_headers|credential", re.IGNORECASE
)
_NOT_SECRET: Final = re.compile(r"(_FILE|_PATH|_TLS_KEY)$", re.IGNORECASE)
"""Names of files are no secrets; and one who looks for the fault needs them."""

_PATTERNS: Final = (
    # user:password@ of a URL
    (re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)", re.IGNORECASE), r"\g<keep>" + MASK),
    # user:password@ of a SIP URI
    (re.compile(r"(?P<keep>\bsips?:[^\s:@;>]+:)[^\s@;>]+(?=@)", re.IGNORECASE), r"\g<keep>" + MASK),
    # what a URL asks with
    (re.compile(r"(?P<keep>[?&][\w.-]*(?:key|token|secret|password|signature|sig|auth)[\w.-]*=)[^&\s\"'>]+",
                re.IGNORECASE), r"\g<keep>" + MASK),
    (re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), r"\g<keep>" + MASK),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+"), "whsec_" + MASK),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), "sk-" + MASK),
    # SIP digest (RFC 8760)
    (re.compile(r"(?P<keep>\b(?:response|nonce|cnonce|opaque|rspauth|nextnonce)\s*=\s*)\"?[^\",\s]+\"?",
                re.IGNORECASE), r"\g<keep>" + MASK),
    # SDP: keys of SRTP (RFC 4568), passwords of ICE
    (re.compile(r"(?P<keep>inline:)[^\s|]+"), r"\g<keep>" + MASK),
    (re.compile(r"(?P<keep>a=ice-pwd:)\S+"), r"\g<keep>" + MASK),
    # NAME=value and "name": "value", where the name says what it is. Quotes stay: JSON and TOML stay what they are.
    (re.compile(r"(?P<keep>\b[\w.-]*(?:password|passwd|secret|token|api_?key)[\w.-]*[\"']?\s*[=:]\s*\")[^\"]+",
                re.IGNORECASE), r"\g<keep>" + MASK),
    (re.compile(r"(?P<keep>\b[\w.-]*(?:password|passwd|secret|token|api_?key)[\w.-]*[\"']?\s*[=:]\s*')[^']+",
                re.IGNORECASE), r"\g<keep>" + MASK),
    (re.compile(r"(?P<keep>\b[\w.-]*(?:password|passwd|secret|token|api_?key)[\w.-]*\s*[=:]\s*)[^\s,;}\]\"'{\[]+",
                re.IGNORECASE), r"\g<keep>" + MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL), MASK),
)  # fmt: skip


def is_secret_name(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET.search(name)


def secrets_of(values: Mapping[str, str]) -> set[str]:
    """Every value whose name says that it is secret, and the parts of such that hold several."""
    found: set[str] = set()
    for name, value in values.items():
        if is_secret_name(name):
            found |= {value, *re.split(r"[,\s:=]+", value)}
    return {value for value in found if len(value) >= SECRET_LETTERS_MIN}


def mask(text: str, known: Iterable[str] = ()) -> str:
    """`known`: secrets that are to be found wherever they stand, in whatever words."""
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def mask_values(values: Mapping[str, str], known: Iterable[str] = ()) -> dict[str, str]:
    """Settings by name: what is secret is only said to be set."""
    return {name: MASK if is_secret_name(name) and value else mask(value, known) for name, value in values.items()}
