"""What the controller has lately warned of in its log, for those who cannot read it where it is written."""

from datetime import datetime

from controller import logs
from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.tokens import Role


class Warned(Model):
    """One line of the log."""

    at: datetime
    level: str
    """warning, error or critical."""
    what: str
    mend: str
    """What to do about it; empty where there is nothing, or nobody knows."""
    details: dict[str, str]


class WarningList(Model):
    """The latest, newest first. Of the controller's own process: media workers have logs of their own."""

    warnings: list[Warned]


async def list_warnings(_parts: Parts, _asked: Asked[Nothing, Nothing]) -> WarningList:
    latest = [
        Warned(at=one.at, level=one.level, what=one.what, mend=one.mend, details=dict(one.details))
        for one in reversed(logs.LATEST)
    ]
    return WarningList(warnings=latest)


OPERATIONS = (
    Operation(
        "GET", "/v1/warnings", Role.OPERATE, list_warnings, "What the controller has lately warned of", WarningList
    ),
)
