"""In which line of a TOML text each key stands, which tomllib does not say.

The text has been read by tomllib before, so whatever is met here is valid; nothing is checked twice.
"""

import re
from bisect import bisect_left
from typing import Final

Path = tuple[str | int, ...]

_SPACE: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
_STRING: Final = re.compile(
    r'"""(?P<long>(?:[^\\]|\\.)*?)"{3,5}'
    r"|'''(?P<literal_long>.*?)'{3,5}"
    r'|"(?P<basic>(?:[^"\\\n]|\\.)*)"'
    r"|'(?P<literal>[^'\n]*)'",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Path, int]:
    """The line of each key, of each table, and of each element of a list; counted from 1."""
    return _Walk(text).run()


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._elements: dict[Path, int] = {}
        """How many of each `[[list]]` there have been."""

    def run(self) -> dict[Path, int]:
        table: Path = ()
        self._space()
        while self._at < len(self._text):
            if self._peek("["):
                table = self._header()
            else:
                self._pair(table)
            self._space()
        return self._lines

    def _header(self) -> Path:
        many = self._peek("[[")
        line = self._line()
        self._at += 2 if many else 1
        keys = self._keys()
        self._at += 2 if many else 1
        path: Path = ()
        for key in keys[:-1]:
            self._lines.setdefault((*path, key), line)
            path = self._inner((*path, key))
        path = (*path, keys[-1])
        if many:
            self._lines.setdefault(path, line)
            self._elements[path] = self._elements.get(path, -1) + 1
        path = self._inner(path)
        self._lines.setdefault(path, line)
        return path

    def _inner(self, path: Path) -> Path:
        """A `[[list]]` stands for its latest element."""
        return (*path, self._elements[path]) if path in self._elements else path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._at += 1  # =
        self._space()
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._space()
            quoted = _STRING.match(self._text, self._at)
            bare = _BARE.match(self._text, self._at)
            if quoted:
                keys.append(quoted["basic"] or quoted["literal"] or "")
                self._at = quoted.end()
            elif bare:
                keys.append(bare[0])
                self._at = bare.end()
            self._space()
            if not self._peek("."):
                return keys
            self._at += 1

    def _value(self, path: Path) -> None:
        string = _STRING.match(self._text, self._at)
        if string:
            self._at = string.end()
        elif self._peek("["):
            self._list(path)
        elif self._peek("{"):
            self._table(path)
        else:
            scalar = _SCALAR.match(self._text, self._at)
            self._at = scalar.end() if scalar else len(self._text)

    def _list(self, path: Path) -> None:
        self._at += 1
        index = 0
        self._space()
        while not self._peek("]"):
            self._lines[(*path, index)] = self._line()
            self._value((*path, index))
            index += 1
            self._separator()
        self._at += 1

    def _table(self, path: Path) -> None:
        self._at += 1
        self._space()
        while not self._peek("}"):
            self._pair(path)
            self._separator()
        self._at += 1

    def _separator(self) -> None:
        self._space()
        if self._peek(","):
            self._at += 1
            self._space()

    def _space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _line(self) -> int:
        return bisect_left(self._ends, self._at) + 1
