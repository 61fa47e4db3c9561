"""The files of a setup on disk: nothing that exists is changed unless somebody agrees."""

import contextlib
import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.config import read_env_file
from controller.doctor.masking import mask, secrets_of
from controller.doctor.setup.writing import NO_TRUNK, PASSWORD_FILE, Answers, env_with, routes, settings_of, trunks
from controller.errors import SettingError
from controller.whole_file import PRIVATE, READABLE, alone, replace

CONTAINER_USER: Final = 1500
"""Of all our images: who reads a secret there."""
COMPOSE_FOLDER: Final = "routes"
"""Beside docker-compose.yml, which mounts it."""

Agree = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file as it is to be. `secret`: for its owner's eyes only."""

    path: Path
    content: str
    secret: bool = False


def in_compose(folder: Path) -> bool:
    return (folder / "docker-compose.yml").exists()


def wanted(answers: Answers, folder: Path) -> list[Wanted]:
    """Raises SettingError for a .env that cannot be read."""
    compose = in_compose(folder)
    place = folder / COMPOSE_FOLDER if compose else folder
    env = folder / ".env"
    files = [
        Wanted(env, env_with(_read(env), settings_of(answers, folder=COMPOSE_FOLDER if compose else "")), secret=True),
        Wanted(place / "routes.toml", routes(answers)),
    ]
    if answers.profile != NO_TRUNK:
        files.append(Wanted(place / "trunks.toml", trunks(answers)))
        if answers.trunk_password:
            files.append(Wanted(place / PASSWORD_FILE, answers.trunk_password + "\n", secret=True))
    return files


def write(files: list[Wanted], agree: Agree, say: Callable[[str], None]) -> list[Path]:
    """Those that were written. `agree` is asked for each that is there and would change. Raises SettingError."""
    written = []
    for file in files:
        before = _read(file.path)
        if before == file.content:
            say(f"{file.path} is as it should be")
            continue
        if before:
            say(difference(file, before))
            if not agree(f"Change {file.path} so?"):
                say(f"{file.path} stays as it is")
                continue
        _write(file)
        say(f"{file.path} written")
        written.append(file.path)
    return written


def difference(file: Wanted, before: str) -> str:
    """For a person to judge; a secret is only said to change."""
    if file.secret and file.path.name != ".env":
        return f"{file.path} would hold another secret"
    known = (
        secrets_of({name: value or "" for name, value in read_env_file(file.path).items()}) if file.secret else set()
    )
    lines = difflib.unified_diff(
        before.splitlines(), file.content.splitlines(), "as it is", "as it would be", "", "", 1, ""
    )
    return mask("\n".join(lines), known)


def _write(file: Wanted) -> None:
    try:
        with alone(file.path.parent):
            replace(file.path, file.content, PRIVATE if file.secret else READABLE)
        if file.secret and file.path.name == PASSWORD_FILE and os.geteuid() == 0:
            with contextlib.suppress(OSError):
                os.chown(file.path, CONTAINER_USER, CONTAINER_USER)
    except OSError as error:
        problem = f"cannot write {file.path} ({error.strerror})"
        raise SettingError("--folder", problem, "Name a folder of yours") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("--folder", f"cannot read {path} ({error})", "Make it readable, or move it away") from error
