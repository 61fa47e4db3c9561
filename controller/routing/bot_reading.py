"""From `[bots.NAME]` of routes.toml to the rung of `route`: what it speaks, and how we prove who we are."""

from collections.abc import Mapping
from typing import Any, Final

from controller.errors import SettingError
from controller.routing import tables
from controller.routing.locate import Path
from controller.routing.problems import Findings, nearest
from controller.routing.route import BotRung, WaitingLine
from controller.routing.surroundings import TLS_FILES, Surroundings

SECRETS: Final = ("token", "password", "signing_secret", "choose_secret")

NATIVE: Final = "native"
"""The protocol that can have all calls on one socket."""


class BotReading:
    """Reads the bots of one file."""

    def __init__(self, around: Surroundings, findings: Findings) -> None:
        self._around = around
        self._findings = findings
        self._tried: set[tuple[str, ...]] = set()
        """Files for TLS: many rungs name the same bot, and reading them takes tens of milliseconds."""

    def rung(self, name: str, table: tables.BotTable, path: Path, common: Mapping[str, Any]) -> BotRung:
        """Only to be used if there are no findings. `common`: what every rung has."""
        self._check_speech(table, path)
        self._check_pairs(table, path)
        plain = table.model_dump(exclude={"on", "hours", "headers", "waiting", *SECRETS, *TLS_FILES})
        headers = {
            key: value.text or self._around.secret(value.env, value.file, (*path, "headers", key), self._findings)
            for key, value in table.headers.items()
        }
        secrets = {key: self._secret_of(table, key, path) for key in SECRETS}
        return BotRung(
            **plain,
            **self._tls_files(table, path),
            **dict(common),
            name=name,
            token=secrets["password"] or secrets["token"],
            signing_secret=secrets["signing_secret"],
            choose_secret=secrets["choose_secret"],
            headers=headers,
            waiting=WaitingLine(**table.waiting.model_dump()) if table.waiting else None,
        )

    def _check_speech(self, table: tables.BotTable, path: Path) -> None:
        protocols = self._around.protocols
        if table.protocol not in protocols:
            mend = nearest(table.protocol, protocols)
            self._findings.add((*path, "protocol"), f"there is no protocol {table.protocol!r}", mend)
        elif table.audio not in (carried := protocols[table.protocol]):
            mend = f"Write audio = {' or '.join(repr(one) for one in carried)}".replace("'", '"')
            self._findings.add((*path, "audio"), f"{table.protocol} does not carry {table.audio}", mend)
        if table.multiplex and table.protocol != NATIVE:
            mend = f'Leave it out, or write protocol = "{NATIVE}"'
            self._findings.add((*path, "multiplex"), f"{table.protocol} has one call on a socket", mend)

    def _check_pairs(self, table: tables.BotTable, path: Path) -> None:
        """What means nothing without another key, or beside it."""
        wrong = {
            "username": (table.username and not table.password, "has no password", 'Add password = {env = "NAME"}'),
            "password": (table.password and not table.username, "has no user name", 'Add username = "name"'),
            "token": (table.token and table.password, "is not sent beside a password", "Keep one of them"),
            "key_file": (table.key_file and not table.certificate_file, "has no certificate", "Add certificate_file"),
            "choose_secret": (table.choose_secret and not table.choose_url, "has no webhook", "Add choose_url"),
        }
        for key, (is_wrong, what, mend) in wrong.items():
            if is_wrong:
                self._findings.add((*path, key), what, mend)
        if table.url.startswith("ws://") and not table.choose_url:
            for key in TLS_FILES:
                if getattr(table, key):
                    self._findings.add((*path, key), "is for TLS, and url is without it", "Write wss:// in url")

    def _tls_files(self, table: tables.BotTable, path: Path) -> dict[str, Any]:
        named = {key: getattr(table, key) for key in TLS_FILES}
        files = {key: self._around.locate(name) if name else "" for key, name in named.items()}
        if tuple(files.values()) not in self._tried:
            self._tried.add(tuple(files.values()))
            try:
                self._around.try_tls(*files.values())
            except SettingError as error:
                self._findings.add((*path, error.setting), error.problem, error.mend)
        return files

    def _secret_of(self, table: tables.BotTable, key: str, path: Path) -> str:
        place: tables.SecretTable | None = getattr(table, key)
        return self._around.secret(place.env, place.file, (*path, key), self._findings) if place else ""
