"""What a routes.toml or trunks.toml refers to outside of itself."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from controller.routing.locate import Path
from controller.routing.problems import Findings

TLS_FILES: Final = ("ca_file", "certificate_file", "key_file")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """So that reading the file is pure."""

    environment: Mapping[str, str]
    locate: Callable[[str], str]
    """The path of a file that it names, which counts from its own folder."""
    is_file: Callable[[str], bool]
    read: Callable[[str], str]
    """The content of a file. Raises OSError, or UnicodeDecodeError."""
    protocols: Mapping[str, Collection[str]]
    """What bots may speak, and the audio that each protocol carries."""
    try_tls: Callable[[str, str, str], None]
    """Reads the files of TLS_FILES. Raises SettingError naming one of them."""

    def secret(self, variable: str, file: str, path: Path, findings: Findings) -> str:
        """From the one of the two that is named. What is wrong with it is a finding, which never shows it."""
        if variable:
            value = self.environment.get(variable, "")
            if not value:
                findings.add(path, f"the environment variable {variable} is not set", "Set it, in .env or there")
        elif file:
            value = self._secret_in(self.locate(file), path, findings)
        else:
            return ""
        if not value.isprintable():
            findings.add(path, "the secret has line breaks or other control characters", "Write it in one line")
        return value

    def _secret_in(self, file: str, path: Path, findings: Findings) -> str:
        try:
            value = self.read(file).strip()
        except OSError as error:
            findings.add(path, f"cannot read {file} ({error.strerror})", "Name a readable file")
            return ""
        except UnicodeDecodeError:
            findings.add(path, f"{file} is no text", "Name a file with the secret in it, in UTF-8")
            return ""
        if not value:
            findings.add(path, f"{file} is empty", "Write the secret into it")
        return value
