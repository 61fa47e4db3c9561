"""routes.toml files of the tests."""

from collections.abc import Mapping
from typing import Final

from controller.routing.ladder_reading import Surroundings
from controller.routing.problems import RoutesError
from controller.routing.reading import read_routes
from controller.routing.routes import Routes

NONE: Final[Mapping[str, str]] = {}


def routes_of(text: str, environment: Mapping[str, str] = NONE, files: Mapping[str, str] = NONE) -> Routes:
    """`files`: by name; they are in the folder `/etc`."""
    contents = {f"/etc/{name}": content for name, content in files.items()}

    def read(name: str) -> str:
        if name not in contents:
            raise FileNotFoundError(2, "No such file or directory")
        return contents[name]

    around = Surroundings(
        environment=environment,
        locate=lambda name: f"/etc/{name}",
        is_file=contents.__contains__,
        read=read,
    )
    return read_routes(text, "routes.toml", around)


def problems_of(text: str) -> list[str]:
    """What is wrong with it, a line each."""
    try:
        routes_of(text, {"SHORT": "s3cret"}, {"signs": "a secret of some length"})
    except RoutesError as error:
        return [str(problem).removeprefix("routes.toml") for problem in error.problems]
    return []
