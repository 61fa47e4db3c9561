"""`setup` as a person meets it: a terminal of its own, a question, an answer, the next question."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(180)

QUESTION_SECONDS = 30.0
"""Far longer than any takes: a machine that stands still fails nothing."""
NUMBER, OTHER_NUMBER = "+493023125000", "+493023125999"
TOKEN, PASSWORD = "geheim-bot-token", "geheim-trunk-password"
CONVERSATION = (
    ("Carrier (none", "sipgate"),
    ("Your telephone number", "abc"),
    ("Write it like +493023125000", ""),
    ("Your telephone number [", NUMBER),
    ("The bot's address", "ws://127.0.0.1:1/"),
    ("Its secret (none: just Enter): ", TOKEN),
    ("Who takes over", "phone"),
    ("User name there", "1234567t0"),
    ("Password there: ", PASSWORD),
    ("Public address", ""),
)
"""What is asked, and what is answered; after one that is no answer it says so, and asks again.

What is not to be seen may be typed once the space behind the question stands there: then the terminal has stopped to
echo.
"""


class Terminal:
    """What stands on the screen, and a keyboard."""

    def __init__(self, end: int, process: "subprocess.Popen[bytes]") -> None:
        self.screen = ""
        self._end = end
        self._process = process
        self._read_until = 0

    def until(self, text: str, or_else: str | None = None) -> bool:
        """Until this stands behind what was read so far; or the other: false."""
        deadline = time.monotonic() + QUESTION_SECONDS
        while (at := self.screen.find(text, self._read_until)) < 0:
            if or_else is not None and or_else in self.screen[self._read_until :]:
                return False
            assert time.monotonic() < deadline, f"no {text!r}:\n{self.screen}"
            assert self._read(), f"ended before {text!r}:\n{self.screen}"
        self._read_until = at + len(text)
        return True

    def type(self, line: str) -> None:
        os.write(self._end, f"{line}\n".encode())

    def until_end(self) -> int:
        deadline = time.monotonic() + QUESTION_SECONDS
        while self._read():
            assert time.monotonic() < deadline, self.screen
        return self._process.wait(QUESTION_SECONDS)

    def _read(self) -> bool:
        if not select.select([self._end], [], [], 0.2)[0]:
            return True
        try:
            content = os.read(self._end, 4096)
        except OSError:  # the other side is closed
            return False
        self.screen += content.decode(errors="replace")
        return bool(content)


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "controller", "setup", "--folder", str(folder)],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True, env=environment(),
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def environment() -> dict[str, str]:
    nobody = {"ARI_URL": "http://127.0.0.1:1", "API_LISTEN": "127.0.0.1:1"}
    return {"PATH": os.environ["PATH"], "TERM": "dumb", "COLUMNS": "200", **nobody}


def says(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "controller", *command],
        cwd=folder, env=environment(), text=True, capture_output=True, check=False, timeout=QUESTION_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answer(person: Terminal, **instead: str) -> None:
    for question, usual in CONVERSATION:
        person.until(question)
        if question != "Write it like +493023125000":
            person.type(instead.get(usual, usual))


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_questions_answers_and_files_that_work(tmp_path: Path) -> None:
    with terminal(tmp_path) as person:
        answer(person)
        person.until("a call to +493023125000 takes the route default")
        assert person.until_end() == 1  # neither Asterisk nor the bot is there
    assert TOKEN not in person.screen
    assert PASSWORD not in person.screen
    written = contents(tmp_path)
    assert sorted(written) == [".env", "routes.toml", "trunk_password", "trunks.toml"]
    assert f"BOT_TOKEN={TOKEN}" in written[".env"]
    assert written["trunk_password"].strip() == PASSWORD
    assert "sipgate" in says(tmp_path, "trunks", "check")
    assert "default" in says(tmp_path, "route", "--to", NUMBER)

    with terminal(tmp_path) as person:
        answer(person, **{NUMBER: OTHER_NUMBER, PASSWORD: "another-password"})
        while person.until("[y/N]", "a call to "):
            person.type("n")
            person.until("stays as it is")
        assert "-PHONE_NUMBER=+493023125000" in person.screen
        assert person.until_end() == 1
    assert "another-password" not in person.screen
    assert contents(tmp_path) == written
