"""What is wrong in a routes.toml: all of it at once, each with its line and its mend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from controller.errors import SettingError
from controller.routing.locate import Path, lines_of

OURS: Final = "routes"
"""The type of errors that carry their own mend."""

TYPE_WORDS: Final[Mapping[str, str]] = {
    "int_type": "a whole number, such as 10",
    "float_type": "a number, such as 2.5",
    "string_type": "a text, in quotes",
    "bool_type": "true or false",
    "list_type": "a list, in [brackets]",
    "dict_type": "a table, in {braces}",
    "model_type": "a table, in {braces}",
    "date_type": "a date, such as 2026-12-24",
    "too_short": "at least one",
}
"""What pydantic's types of errors ask for, in words."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` is counted from 1; 0 where none is to blame."""

    source: str
    line: int
    key: str
    what: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        key = f"{self.key}: " if self.key else ""
        return f"{place}: {key}{self.what}. {self.mend}"


class RoutesError(SettingError):
    """A routes.toml that cannot be used."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        what = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        super().__init__(source, what, "Correct the file; `ari-controller check` reads it")

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n  ".join([f"{self.setting}: {self.problem}", *map(str, self.problems)])


class Findings:
    """Collects the problems of one file."""

    def __init__(self, source: str, text: str) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._text = text

    @cached_property
    def _lines(self) -> dict[Path, int]:
        """Not looked for where nothing is wrong."""
        return lines_of(self._text)

    def add(self, path: Path, what: str, mend: str) -> None:
        self.problems.append(Problem(self._source, self._line(path), _written(path), what, mend))

    def add_unknown(self, path: Path, kind: str, name: str, known: Iterable[str]) -> None:
        """A name that nothing in the file has."""
        self.add(path, f"there is no {kind} {name!r}", nearest(name, known, f"Add it, such as [{kind}s.{name}]"))

    def add_all(self, path: Path, model: type[BaseModel], error: ValidationError) -> None:
        """What pydantic found in the table at `path`."""
        for details in error.errors(include_url=False):
            what, mend = _explain(model, details)
            self.add((*path, *details["loc"]), what, mend)

    def _line(self, path: Path) -> int:
        """Of what is missing: where it should be."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)


def wrong(what: str, mend: str) -> PydanticCustomError:
    """For validators: an error in our words."""
    return PydanticCustomError(OURS, "{what}", {"what": what, "mend": mend})


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The mend of a name that is not known."""
    names = sorted(known)
    close = get_close_matches(name, names, 1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return otherwise or f"Known are: {', '.join(names) or 'none'}"


def _written(path: Path) -> str:
    """As one would point to it; elements of lists are counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _explain(model: type[BaseModel], details: ErrorDetails) -> tuple[str, str]:
    name = str(details["loc"][-1]) if details["loc"] else ""
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "routes":
            return context["what"], context["mend"]
        case "extra_forbidden":
            return "this key is not known", nearest(name, _keys_at(model, details["loc"][:-1]))
        case "missing":
            return "is missing", f"Add {name} = …"
        case "literal_error" | "enum":
            return (
                f"{details['input']!r} is not possible here",
                f"Write {context['expected'].replace(chr(39), chr(34))}",
            )
        case _:
            # The value itself is not shown: it could be a secret that was put into the wrong place.
            said = details["msg"].removeprefix("Input should be ")
            return "does not fit", f"Write {TYPE_WORDS.get(details['type']) or said[0].lower() + said[1:]}"


def _keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys of a table within the table of `model`."""
    for part in path:
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
