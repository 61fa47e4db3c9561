"""From the text of a trunks.toml to trunks, or to everything that is wrong with it."""

import tomllib
from typing import Any, Final

from controller.routing.ladder_reading import checked
from controller.routing.locate import Path
from controller.routing.numbers import is_e164, normalise
from controller.routing.problems import Findings, RoutesError, nearest
from controller.routing.reading import syntax_problem
from controller.routing.surroundings import Surroundings
from controller.trunks.profiles import PROFILES, Profile
from controller.trunks.tables import DefaultsTable, TrunkTable, trunk_name
from controller.trunks.trunk import DEFAULT_CODECS, RESERVED, NumberForm, Srtp, Transport, Trunk, Trunks, Way

SECTIONS: Final = ("defaults", "trunks")


class TrunksError(RoutesError):
    """A trunks.toml that cannot be used."""


def read_trunks(text: str, source: str, around: Surroundings) -> Trunks:
    """Raises TrunksError with all problems at once."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TrunksError(source, [syntax_problem(source, str(error), text)]) from error
    findings = Findings(source, text)
    trunks = _Reading(document, around, findings).read(source)
    if findings.problems:
        raise TrunksError(source, sorted(findings.problems, key=lambda problem: problem.line))
    return trunks


class _Reading:
    def __init__(self, document: dict[str, Any], around: Surroundings, findings: Findings) -> None:
        self._document = document
        self._around = around
        self._findings = findings

    def read(self, source: str) -> Trunks:
        """Only to be used if there are no findings."""
        for key, value in self._document.items():
            if key not in SECTIONS:
                self._findings.add((key,), "this key is not known", nearest(key, SECTIONS))
            elif not isinstance(value, dict):
                self._findings.add((key,), "is a table", f"Write [{key}]")
        defaults = checked(DefaultsTable, self._section("defaults"), ("defaults",), self._findings) or DefaultsTable()
        found = {}
        for name, raw in self._section("trunks").items():
            trunk = self._trunk(name, raw, defaults.country or "")
            if trunk:
                found[name] = trunk
        if defaults.trunk and defaults.trunk not in self._section("trunks"):
            self._findings.add_unknown(("defaults", "trunk"), "trunk", defaults.trunk, self._section("trunks"))
        return Trunks(source, found, defaults.trunk or next(iter(found), ""))

    def _section(self, name: str) -> dict[str, Any]:
        value = self._document.get(name, {})
        return value if isinstance(value, dict) else {}

    def _trunk(self, name: str, raw: Any, country: str) -> Trunk | None:
        path: Path = ("trunks", name)
        if not isinstance(raw, dict):
            self._findings.add(path, "is a table with a name", f"Write [trunks.{name}]")
            return None
        if not trunk_name(name) or name in RESERVED or name.startswith("browser-"):
            mend = "Choose another, of letters, digits, _ and -, such as [trunks.carrier]"
            self._findings.add(path, f"{name!r} cannot be the name of a trunk", mend)
        table = checked(TrunkTable, raw, path, self._findings)
        if table is None:
            return None
        profile = PROFILES.get(table.profile)
        if profile is None:
            self._findings.add(
                (*path, "profile"), f"there is no profile {table.profile!r}", nearest(table.profile, PROFILES)
            )
            return None
        trunk = self._joined(name, table, profile, country)
        self._check(trunk, profile, path)
        return trunk

    def _joined(self, name: str, table: TrunkTable, profile: Profile, country: str) -> Trunk:
        """What the table says outranks the profile, and that what is usual."""
        path: Path = ("trunks", name)
        said = {
            key: value for key, value in table if value is not None and key not in ("password", "numbers", "profile")
        }
        values: dict[str, Any] = {"country": country, **profile.values, **said}
        values.setdefault("way", Way.REGISTER if table.username else Way.PEER)
        if table.way and table.way is not profile.values.get("way") and table.addresses is None:
            # The addresses of a profile are those of its own way.
            values["addresses"] = profile.values.get("addresses", ()) if table.way is Way.PEER else ()
        home = values["country"]
        password = table.password
        return Trunk(
            **{
                **values,
                "name": name,
                "profile": table.profile,
                "addresses": tuple(values.get("addresses", ())) if values["way"] is not Way.ACCOUNT else (),
                "codecs": tuple(values.get("codecs", DEFAULT_CODECS)),
                "caller_id": self._number(table.caller_id or "", home, (*path, "caller_id")),
                "numbers": tuple(
                    self._number(text, home, (*path, "numbers", index)) for index, text in enumerate(table.numbers)
                ),
                "password": self._around.secret(password.env, password.file, (*path, "password"), self._findings)
                if password
                else "",
            }
        )

    def _number(self, text: str, country: str, path: Path) -> str:
        if not text:
            return ""
        star = "*" if text.endswith("*") else ""
        written = text.removesuffix("*")
        number = written if star and written.startswith("+") else normalise(written, country)
        if not number.startswith("+") or (not star and not is_e164(number)):
            mend = 'Write it with its country code, such as "+493023125000", or all that begin so: "+4930231250*"'
            self._findings.add(path, f"{text!r} is no number of ours", mend)
        return number + star

    # --- what goes together -----------------------------------------------------------------------------------

    def _check(self, trunk: Trunk, profile: Profile, path: Path) -> None:
        if trunk.way is not Way.ACCOUNT and not trunk.host:
            self._missing(path, "host", profile, 'Write host = "sip.example.com", the name of the other side')
        if trunk.way is Way.REGISTER:
            if not trunk.username:
                self._missing(path, "username", profile, "Write the one that they gave you")
            if not trunk.password:
                self._missing(path, "password", profile, 'Write password = {env = "NAME"} and set NAME in .env')
        if trunk.way is Way.ACCOUNT:
            self._check_account(trunk, path)
        if trunk.password and not trunk.username and trunk.way is Way.PEER:
            self._missing(path, "username", profile, "Write the one that goes with the password")
        for key in ("outbound_proxy",):
            if key in profile.mends and not getattr(trunk, key):
                self._missing(path, key, profile, "")
        if trunk.srtp is not Srtp.OFF and trunk.transport is not Transport.TLS:
            mend = 'Write transport = "tls"'
            self._findings.add((*path, "srtp"), "the keys would travel in clear text", mend)
        if NumberForm.NATIONAL in (trunk.send_as, trunk.arrive_as) and not trunk.country:
            self._missing(path, "country", profile, 'National numbers need it: write country = "DE"')

    def _check_account(self, trunk: Trunk, path: Path) -> None:
        if not trunk.password:
            mend = 'Write password = {env = "NAME"} and set NAME in .env, 16 letters and digits or more'
            self._findings.add((*path, "password"), "is missing", mend)
        elif len(trunk.password) < PASSWORD_LETTERS_MIN:
            mend = f"Make one of {PASSWORD_LETTERS_MIN} letters or more: openssl rand -hex 16"
            self._findings.add((*path, "password"), "is short enough to be guessed", mend)
        if trunk.username and trunk.username != trunk.name:
            mend = f"Leave it out: they register as {trunk.name}"
            self._findings.add((*path, "username"), "is the name of the trunk", mend)
        if trunk.host:
            self._findings.add((*path, "host"), "is not used: they come to us", "Leave it out")

    def _missing(self, path: Path, key: str, profile: Profile, mend: str) -> None:
        self._findings.add((*path, key), "is missing", profile.mends.get(key, mend))


PASSWORD_LETTERS_MIN: Final = 12
"""Of an account that everybody on the Internet may try to guess."""
