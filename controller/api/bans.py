"""Who is shut out of the SIP port, and letting them in again."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus

from pydantic import IPvAnyAddress

from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.problems import Problem
from controller.api.tokens import Role
from controller.guard.bans import Ban


class BanInfo(Model):
    """An address that is shut out."""

    address: str
    until: datetime
    attempts: int
    """Without the right password, within a minute, that led to it."""

    @classmethod
    def of(cls, ban: Ban) -> "BanInfo":
        return cls.model_validate(asdict(ban))


class BanList(Model):
    """All of them."""

    bans: list[BanInfo]
    attempts: int
    """Requests without the right password since the controller started, from anywhere."""
    spared: int
    """Times that an address would have been shut out, were it not a trunk's or one of somebody we know."""


class LiftQuery(Model):
    """Whom to let in again."""

    address: IPvAnyAddress


async def list_bans(parts: Parts, _asked: Asked[Nothing, Nothing]) -> BanList:
    guard = parts.guard
    return BanList(bans=[BanInfo.of(ban) for ban in guard.bans], attempts=guard.attempts, spared=guard.spared)


async def lift_ban(parts: Parts, asked: Asked[LiftQuery, Nothing]) -> None:
    address = str(asked.query.address)
    if not parts.guard.lift(address):
        raise Problem(HTTPStatus.NOT_FOUND, f"{address} is not shut out")


OPERATIONS = (
    Operation("GET", "/v1/bans", Role.READ, list_bans, "Who is shut out of the SIP port", BanList),
    Operation(
        "DELETE", "/v1/bans", Role.OPERATE, lift_ban, "Let an address in again", query=LiftQuery, status=204,
        problems=(404,),
    ),
)  # fmt: skip
