"""A file changed by many at once loses nothing, and is never seen in part."""

import threading
from pathlib import Path

import pytest

from controller.whole_file import PRIVATE, READABLE, alone, replace


def test_no_change_of_many_at_once_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "new" / "count"

    def count() -> None:
        for _ in range(20):
            with alone(path.parent):
                replace(path, str(int(path.read_text() if path.exists() else "0") + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() == "80"


@pytest.mark.parametrize("mode", [PRIVATE, READABLE])
def test_it_has_the_rights_that_are_asked_for(tmp_path: Path, mode: int) -> None:
    replace(tmp_path / "file", "ä", mode)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
    assert (tmp_path / "file").read_text(encoding="utf-8") == "ä"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    with pytest.raises(UnicodeEncodeError):
        replace(tmp_path / "file", "\ud800")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "before")]
