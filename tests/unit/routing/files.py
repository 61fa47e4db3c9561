"""routes.toml files of the tests."""

from collections.abc import Mapping
from typing import Final

from controller.errors import SettingError
from controller.routing.problems import RoutesError
from controller.routing.reading import read_routes
from controller.routing.routes import Routes
from controller.routing.surroundings import Surroundings

NONE: Final[Mapping[str, str]] = {}
SECRETS: Final = {"SHORT": "s3cret"}
SECRET_FILES: Final = {"signs": "a secret of some length"}


def routes_of(text: str, environment: Mapping[str, str] = NONE, files: Mapping[str, str] = NONE) -> Routes:
    """`files`: by name; they are in the folder `/etc`."""
    contents = {f"/etc/{name}": content for name, content in files.items()}

    def read(name: str) -> str:
        if name not in contents:
            raise FileNotFoundError(2, "No such file or directory")
        return contents[name]

    def try_tls(*names: str) -> None:
        for key, name in zip(("ca_file", "certificate_file", "key_file"), names, strict=True):
            if name and name not in contents:
                raise SettingError(key, f"cannot use {name} (No such file or directory)", "Name a readable PEM file")

    around = Surroundings(
        environment=environment,
        locate=lambda name: f"/etc/{name}",
        is_file=contents.__contains__,
        read=read,
        protocols={"native": ["mulaw", "alaw", "pcm16/8000", "pcm16/16000", "pcm16/24000"], "twilio": ["mulaw"]},
        try_tls=try_tls,
    )
    return read_routes(text, "routes.toml", around)


def problems_of(
    text: str, environment: Mapping[str, str] = SECRETS, files: Mapping[str, str] = SECRET_FILES
) -> list[str]:
    """What is wrong with it, a line each."""
    try:
        routes_of(text, environment, files)
    except RoutesError as error:
        return [str(problem).removeprefix("routes.toml") for problem in error.problems]
    return []
