"""What an operation of the API is: a row of a table, from which routes, checks and the OpenAPI document are made."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from controller.api.parts import Parts
from controller.api.tokens import Role


class Model(BaseModel):
    """Base of all requests and answers. What is not known is refused: a misspelt name must not be passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Nothing(Model):
    """No query parameters, or no body."""


Q = TypeVar("Q", bound=Model)
B = TypeVar("B", bound=Model)


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q, B]):
    """One request that has been let in and checked."""

    request: web.Request
    path: Mapping[str, str]
    query: Q
    body: B
    by: str
    """Name of the token, or of the user."""
    role: Role | None = None
    lasts: Callable[[], bool] = lambda: True
    """Whether who asked may still be here: what goes on for long has to look now and then."""


Answer = BaseModel | web.StreamResponse | None
Work = Callable[[Parts, Asked[Any, Any]], Awaitable[Answer]]

BODY_BYTES_MAX: Final = 64 * 1024
"""Of a request: the longest text to be spoken and a summary have room ten times over."""

PATH_PATTERNS: Final = {
    "call_id": "[0-9A-Za-z_-]{1,64}",
    "handoff_id": r"[0-9A-Za-z_-]{1,64}(?:\.[0-9A-Za-z_-]{1,64})?",
    "number": "[1-9][0-9]{0,17}",
}
"""What stands for a name in a path; anything else is not found."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path."""

    method: str
    path: str
    """With {names} of PATH_PATTERNS."""
    role: Role | None
    """The least that the token must have; None: no token."""
    work: Work
    summary: str
    answer: type[BaseModel] | None = None
    """None: an answer without a body, or one of `media_type`."""
    limited: bool = False
    """Counted by address although it needs no token."""
    query: type[Model] = Nothing
    body: type[Model] = Nothing
    status: int = HTTPStatus.OK
    media_type: str = "application/json"
    also: tuple[int, ...] = ()
    """Statuses of further answers of the same form."""
    problems: tuple[int, ...] = ()
    """Statuses of errors beside those that every operation can have."""

    @property
    def id(self) -> str:
        """As in the OpenAPI document."""
        return getattr(self.work, "__name__", "")

    @property
    def path_names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def has_body(self) -> bool:
        return self.body is not Nothing

    @property
    def route(self) -> str:
        """The path as aiohttp's router reads it."""
        return re.sub(r"\{(\w+)\}", lambda name: f"{{{name[1]}:{PATH_PATTERNS[name[1]]}}}", self.path)
