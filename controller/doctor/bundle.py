"""A support bundle: one archive with what somebody needs who is to help, and with nothing secret in it.

Everything goes in through `Bundle.add`, which masks it: there is no second way.
"""

import io
import json
import os
import platform
import sys
import tarfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any, Final

import aiohttp
from pydantic import SecretStr

from controller.config import FILE_SUFFIX, Settings, read_env_file
from controller.doctor.masking import is_secret_name, mask, mask_values, secrets_of
from controller.doctor.observe.asterisk import get_api, reason
from controller.errors import SettingError

LOG_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of each log, from its end: a day of one that is not on debug."""
CONFIGURATION: Final = ("routes.toml", "trunks.toml", "closed.json")


@dataclass
class Bundle:
    """Files by their names, masked as they come in."""

    secrets: set[str]
    files: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        self.files[name] = mask(text, self.secrets)

    def add_json(self, name: str, value: Any) -> None:
        self.add(name, json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")

    def write(self, path: Path) -> None:
        """A tar.gz that only its owner can read. Raises SettingError."""
        folder = path.name.removesuffix(".gz").removesuffix(".tar").removesuffix(".tgz")
        now = int(time.time())
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
                for name, text in self.files.items():
                    content = text.encode()
                    entry = tarfile.TarInfo(f"{folder}/{name}")
                    entry.size, entry.mtime, entry.mode = len(content), now, 0o600
                    archive.addfile(entry, io.BytesIO(content))
        except OSError as error:
            mend = "Name a file that is not there yet, in a folder of yours"
            raise SettingError("--output", f"cannot write {path} ({error.strerror})", mend) from error


def known_secrets(settings: Settings, environment: Mapping[str, str]) -> set[str]:
    """Of the settings, wherever they come from, of the environment, and of every file that is named for one."""
    values = {**read_env_file(Path(".env")), **environment}
    held = {
        name: value.get_secret_value()
        for name in Settings.model_fields
        if isinstance(value := getattr(settings, name), SecretStr)
    }
    found = secrets_of({name: value for name, value in values.items() if is_secret_name(name)})
    found |= secrets_of({f"{name}_secret": value for name, value in held.items()})
    files = [path for name, path in values.items() if name.endswith(FILE_SUFFIX) and is_secret_name(name[:-5])]
    for path in (*files, settings.api_token_path):
        found |= secrets_of({"secret": _text(Path(path)).strip()})
    return found


def add_versions(bundle: Bundle, asterisk: str) -> None:
    packages = {found.metadata["Name"]: found.version for found in distributions()}
    bundle.add_json(
        "versions.json",
        {
            "ari-controller": version("ari-controller"),
            "asterisk": asterisk,
            "python": sys.version,
            "platform": platform.platform(),
            "packages": dict(sorted(packages.items())),
        },
    )


def add_configuration(bundle: Bundle, settings: Settings, environment: Mapping[str, str]) -> None:
    """What is set, the files that say more, and of secrets only that they are set."""
    shown = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        shown[name.upper()] = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    bundle.add_json("settings.json", mask_values(shown, bundle.secrets))
    names = {name.upper() for name in Settings.model_fields}
    given = {
        name: value for name, value in environment.items() if name in names or name.removesuffix(FILE_SUFFIX) in names
    }
    bundle.add_json("environment.json", mask_values(given, bundle.secrets))
    for file in dict.fromkeys((settings.routes_file or CONFIGURATION[0], *CONFIGURATION[1:])):
        if text := _text(Path(file)):
            bundle.add(f"configuration/{Path(file).name}", text)


async def add_warnings(bundle: Bundle, settings: Settings, url: str) -> None:
    """What the running controller lately warned of, in its own memory."""
    try:
        bundle.add_json("warnings.json", await get_api(settings, f"{url}/v1/warnings"))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        bundle.add_json("warnings.json", {"problem": f"the controller does not tell: {reason(error)}"})


def add_logs(bundle: Bundle, files: Iterable[Path]) -> None:
    """The ends of logs; `-` is standard input. Raises SettingError."""
    for file in files:
        if str(file) == "-":
            bundle.add("logs/standard-input.log", sys.stdin.buffer.read()[-LOG_BYTES_MAX:].decode(errors="replace"))
            continue
        try:
            content = file.read_bytes()[-LOG_BYTES_MAX:]
        except OSError as error:
            raise SettingError(
                "--log", f"cannot read {file} ({error.strerror})", "Name a log that can be read"
            ) from error
        bundle.add(f"logs/{file.name}", content.decode(errors="replace"))


def _text(path: Path) -> str:
    """Nothing where it cannot be read: who runs the doctor need not be who runs the controller."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
