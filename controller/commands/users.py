"""`ari-controller user`: who may sign in at the page."""

import sys
from typing import Annotated

import typer

from controller.api.tokens import Role
from controller.api.users import Users, users_path
from controller.commands import environment

cli = typer.Typer(help="Who may sign in at the page.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="1 to 64 letters, digits and . _ @ -; records and logs say it")]


@cli.command("add")
def add_user(
    name: Name,
    role: Annotated[Role, typer.Option(help="read: see; operate: also act on calls; admin: everything")] = Role.ADMIN,
) -> None:
    """Add somebody, or give them another password and role. The password is asked for, or read from standard input."""
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    _users().add(name, role, password)
    typer.echo(f"{name} may sign in, with the role {role}.")


@cli.command("list")
def list_users() -> None:
    """Who may sign in, and with which role."""
    found = _users().all()
    for user in found:
        typer.echo(f"{user.role:8} {user.name}")
    if not found:
        typer.echo("Nobody yet: ari-controller user add NAME")


@cli.command("remove")
def remove_user(name: Name) -> None:
    """Whoever is signed in by this name is out at once."""
    if not _users().remove(name):
        typer.echo(f"There is no user {name}.")
        raise typer.Exit(1)
    typer.echo(f"{name} may not sign in any more.")


def _users() -> Users:
    return Users(users_path(environment.read_settings(quiet=True)))
