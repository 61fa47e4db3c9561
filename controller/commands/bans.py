"""`bans`: who is shut out of the SIP port, and letting them in again."""

import ipaddress
from datetime import UTC, datetime
from typing import Annotated

import typer

from controller.commands.environment import read_settings
from controller.errors import SettingError
from controller.guard.bans import Ledger, over
from controller.guard.bans_file import BansFile

NOBODY = "nobody is shut out"


def bans(
    lift: Annotated[str, typer.Option(help="Let this address in again")] = "",
    lift_all: Annotated[bool, typer.Option("--lift-all", help="Let everybody in again")] = False,
) -> None:
    """Who is shut out of the SIP port because of guessing. A running controller sees what is lifted."""
    file = BansFile(read_settings(quiet=True))
    if lift:
        address = _address(lift)
        if address not in file.read().bans:
            raise SettingError("--lift", f"{address} is not shut out", "See: ari-controller bans")
        file.change(lambda ledger: ledger.bans.pop(address, None))
    if lift_all:
        file.change(lambda ledger: ledger.bans.clear())
    typer.echo("\n".join(_listed(file.read(), datetime.now(UTC))))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise SettingError("--lift", f"{text!r} is no IP address", "Write it like 198.51.100.7") from error


def _listed(ledger: Ledger, now: datetime) -> list[str]:
    ended = over(ledger, now)
    current = [ban for ban in ledger.bans.values() if ban.address not in ended]
    return [
        f"{ban.address}  until {ban.until.astimezone():%F %T}, after {ban.attempts} attempts" for ban in current
    ] or [NOBODY]
