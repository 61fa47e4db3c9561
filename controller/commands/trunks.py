"""`ari-controller trunks`: the carriers and telephone systems of trunks.toml."""

import asyncio
from typing import Final

import typer

from controller.ari.client import AriClient
from controller.commands.environment import read_settings
from controller.config import Settings
from controller.reporting import trunk_watch
from controller.routing.router import Router, routes_of_settings
from controller.trunks.outside import observed
from controller.trunks.profiles import PROFILES
from controller.trunks.public_address import AddressState
from controller.trunks.rendering import address
from controller.trunks.status import TrunkState
from controller.trunks.trunk import Srtp, Trunk, Way
from controller.trunks.trunks_file import load_trunks, trunks_path

_BAD: Final = (TrunkState.REFUSED, TrunkState.UNREACHABLE, TrunkState.UNKNOWN)

cli = typer.Typer(help="Carriers and telephone systems (trunks.toml).", no_args_is_help=True)


@cli.command("check")
def check_trunks() -> None:
    """Read trunks.toml, and say what it is understood as. Exit status 2: it cannot be used, and why."""
    settings = read_settings(quiet=True)
    trunks = load_trunks(settings)
    if not trunks.by_name:
        typer.echo(f"no trunks: {trunks_path(settings)} is not there, or empty (see trunks.example.toml)")
    for trunk in trunks.by_name.values():
        typer.echo(f"{trunk.name}: {_described(trunk)}")
        if trunk.name == trunks.default:
            typer.echo("  calls go out by it, unless their route says otherwise")
        unchecked = sorted(PROFILES[trunk.profile].unchecked)
        if unchecked:
            typer.echo(f"  not from the provider's own documentation: {', '.join(unchecked)}")


@cli.command("show")
def show_trunks() -> None:
    """Say how the trunks are, why one does not work, and what mends it. Exit status 1: one does not."""
    raise typer.Exit(0 if asyncio.run(_show(read_settings(quiet=True))) else 1)


async def _show(settings: Settings) -> bool:
    async with AriClient.of(settings) as ari:
        watch = trunk_watch(settings, ari, Router(routes_of_settings(settings)))
        await watch.look()
        seen = await observed(settings)
    well = True
    for trunk in watch.trunks.by_name.values():
        status = watch.status(trunk.name)
        well = well and status.state not in _BAD
        typer.echo(f"{trunk.name}: {status.state}{f', {status.reason}' if status.reason else ''}")
        if status.mend:
            typer.echo(f"  {status.mend}")
    if seen.state is not AddressState.UNASKED:
        typer.echo(f"public address: {seen.problem or seen.seen}")
    if seen.mend:
        typer.echo(f"  {seen.mend}")
    return well and seen.state in {AddressState.UNASKED, AddressState.RIGHT}


def _described(trunk: Trunk) -> str:
    audio = "audio in clear" if trunk.srtp is Srtp.OFF else f"SRTP {trunk.srtp}"
    numbers = f"; numbers {', '.join(trunk.numbers)}" if trunk.numbers else ""
    how = {
        Way.REGISTER: f"registers at {address(trunk)} as {trunk.username}",
        Way.PEER: f"calls from {', '.join(trunk.addresses) or trunk.host}, and to {address(trunk)}",
        Way.ACCOUNT: f"they register with us as {trunk.name}",
    }[trunk.way]
    return f"{how}; {trunk.transport.value.upper()}, {audio}; codecs {', '.join(trunk.codecs)}{numbers}"
