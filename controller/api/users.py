"""Who may sign in: local users with roles, in a small file that only our own user can read.

The command writes it and the controller looks at it whenever somebody comes, so that a removed user is out at once.
Passwords are there as argon2id hashes.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from controller.api.tokens import Role
from controller.closures_file import data_folder
from controller.config import Settings
from controller.errors import SettingError
from controller.whole_file import alone, replace

SETTING: Final = "USERS_FILE"
FILE_NAME: Final = "users.json"
PASSWORD_LETTERS_MIN: Final = 8
"""With the limit on attempts nobody guesses eight letters that are in no list."""
PASSWORD_LETTERS_MAX: Final = 256
"""Nobody types more; hashing it costs no more than any other."""
USERS_MAX: Final = 1_000
"""An office, not an audience: the file is read as a whole."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_HASHER: Final = PasswordHasher()
"""The library's own choice of costs (RFC 9106, low memory): some 50 ms and 64 MB for each."""
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$itBNGWbEj1w7cwCYN2nnhg$LH6zySJ2wjO8/X4Yhum8KAmImQ6fDJ3doS8VI1/GodY"
"""Tried for a name that nobody has, so that the time does not say whether somebody has it."""


def users_path(settings: Settings) -> Path:
    """Beside the SQLite database, unless USERS_FILE says otherwise."""
    return Path(settings.users_file) if settings.users_file else data_folder(settings) / FILE_NAME


@dataclass(frozen=True, slots=True)
class User:
    """`name` is what records and logs call them."""

    name: str
    role: Role
    password_hash: str


class Users:
    """Those of the file as it is now."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._users: Mapping[str, User] = {}

    def all(self) -> list[User]:
        """By name. Raises SettingError for a file that cannot be read."""
        self._refresh()
        return sorted(self._users.values(), key=lambda user: user.name)

    def find(self, name: str) -> User | None:
        """Raises SettingError."""
        self._refresh()
        return self._users.get(name)

    def add(self, name: str, role: Role, password: str) -> None:
        """Add somebody, or give them another password and role. Raises SettingError."""
        if not _NAME.fullmatch(name):
            mend = "Use 1 to 64 letters, digits and . _ @ -"
            raise SettingError("NAME", f"{name!r} cannot be the name of a user", mend)
        if not PASSWORD_LETTERS_MIN <= len(password) <= PASSWORD_LETTERS_MAX:
            problem = f"it has {len(password)} letters"
            mend = f"Choose {PASSWORD_LETTERS_MIN} to {PASSWORD_LETTERS_MAX}"
            raise SettingError("password", problem, mend)
        user = User(name, role, _HASHER.hash(password))
        self._change(lambda users: {**users, name: user})

    def remove(self, name: str) -> bool:
        """False: there was nobody of this name. Raises SettingError."""
        found = self.find(name) is not None
        self._change(lambda users: {other: user for other, user in users.items() if other != name})
        return found

    def _refresh(self) -> None:
        try:
            facts = self.path.stat()
            seen = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if seen == self._seen:
                return
            self._users = _parse(self.path.read_text(encoding="utf-8"), self.path)
            self._seen = seen
        except FileNotFoundError:
            self._users, self._seen = {}, None
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(SETTING, f"cannot read {self.path} ({error})", "Make it readable") from error

    def _change(self, change: Callable[[Mapping[str, User]], Mapping[str, User]]) -> None:
        try:
            with alone(self.path.parent):
                self._refresh()
                users = change(self._users)
                if len(users) > USERS_MAX:
                    raise SettingError(SETTING, f"there are {USERS_MAX} users already", "Remove one first")
                replace(self.path, _written(users))
        except OSError as error:
            problem = f"cannot write {self.path} ({error.strerror})"
            raise SettingError(SETTING, problem, "Name a file that can be written") from error


def verify(user: User | None, password: str) -> bool:
    """Whether it is this user's. Takes its time, also for nobody: run it in a thread."""
    try:
        _HASHER.verify(user.password_hash if user else _NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return user is not None


def _written(users: Mapping[str, User]) -> str:
    kept = [{"name": user.name, "role": user.role, "password": user.password_hash} for user in users.values()]
    return json.dumps({"users": kept}, indent=1) + "\n"


def _parse(content: str, path: Path) -> Mapping[str, User]:
    try:
        return {user.name: user for user in map(_user, json.loads(content)["users"])}
    except (ValueError, KeyError, TypeError) as error:
        mend = f"Remove {path}, and add the users again"
        raise SettingError(SETTING, f"{path} cannot be read ({error})", mend) from error


def _user(raw: Mapping[str, Any]) -> User:
    return User(str(raw["name"]), Role(raw["role"]), str(raw["password"]))
