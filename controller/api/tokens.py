"""Who may ask for what: bearer tokens with roles. Only their hashes are kept in memory."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from controller.errors import SettingError

SETTING: Final = "API_TOKENS"
HASHED: Final = "sha256="
"""Begins a secret that is given as its hash, so that the file need not be a secret."""
SECRET_LETTERS_MIN: Final = 16
"""Nobody guesses 16 letters at the rate that is allowed."""
GENERATED_BYTES: Final = 32
ADMIN: Final = "admin"
"""Name of the token that is made where none is set."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger()


class Role(StrEnum):
    """What a token may do; each may what the one before may."""

    READ = "read"
    """See calls and records."""
    OPERATE = "operate"
    """Also change what happens to calls."""
    ADMIN = "admin"
    """Everything."""

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Token:
    """`name` is what records and logs call its owner."""

    name: str
    role: Role
    digest: bytes


class Tokens:
    """All that are valid."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tuple(tokens)

    def find(self, secret: str) -> Token | None:
        """Whose this is. Compares with every one, so that the time says nothing about which is close."""
        digest = _digest(secret)
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found


def parse(text: str) -> list[Token]:
    """Read `name:role:secret` entries, separated by commas or lines. A SettingError of it never shows a secret."""
    entries = [entry.strip() for entry in re.split(r"[,\n]", text)]
    tokens = [_entry(entry, number) for number, entry in enumerate(filter(None, entries), 1) if entry[0] != "#"]
    names = [token.name for token in tokens]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SettingError(SETTING, f"the name {twice!r} stands there twice", "Give every token a name of its own")
    return tokens


def load(configured: str, path: Path) -> Tokens:
    """The configured tokens; where there are none, the admin token at `path`, made if need be. Raises SettingError."""
    tokens = parse(configured)
    if not tokens:
        tokens = [Token(ADMIN, Role.ADMIN, _digest(_generated(path)))]
        log.info("API token", role=str(Role.ADMIN), file=str(path), others="set API_TOKENS")
    return Tokens(tokens)


def _entry(entry: str, number: int) -> Token:
    name, _, rest = entry.partition(":")
    role, _, secret = rest.partition(":")
    mend = "Write it like crm:read:SECRET, with the role read, operate or admin"
    if not _NAME.fullmatch(name) or role not in list(Role) or not secret:
        raise SettingError(SETTING, f"entry {number} is not name:role:secret", mend)
    if secret.startswith(HASHED):
        if not _HEX.fullmatch(secret.removeprefix(HASHED)):
            raise SettingError(SETTING, f"the hash of {name!r} is not 64 hex digits", "Make it with sha256sum")
        return Token(name, Role(role), bytes.fromhex(secret.removeprefix(HASHED)))
    if len(secret) < SECRET_LETTERS_MIN:
        raise SettingError(
            SETTING,
            f"the secret of {name!r} has fewer than {SECRET_LETTERS_MIN} letters",
            "Make one: openssl rand -hex 32",
        )
    return Token(name, Role(role), _digest(secret))


def _generated(path: Path) -> str:
    """The token of an earlier start, or a new one that only our user can read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            secret = path.read_text(encoding="utf-8").strip()
            if len(secret) < SECRET_LETTERS_MIN:
                mend = "Delete the file: the next start makes another"
                raise SettingError("API_TOKEN_PATH", f"there is no token in {path}", mend) from None
            return secret
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            secret = secrets.token_urlsafe(GENERATED_BYTES)
            opened.write(secret + "\n")
    except OSError as error:
        mend = f"Name a file that can be written, or set {SETTING}"
        raise SettingError("API_TOKEN_PATH", f"cannot write {path} ({error.strerror})", mend) from error
    return secret


def _digest(secret: str) -> bytes:
    # The secrets are long and random, so nothing is gained by a slow hash; it would only slow every request.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
