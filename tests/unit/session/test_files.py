"""Files go by the name that their records have, and no others."""

from pathlib import Path
from typing import cast

from controller.ari.client import AriClient
from controller.session.files import remover


class Asterisk:
    def __init__(self) -> None:
        self.removed: list[str] = []

    async def delete_recording(self, name: str) -> None:
        self.removed.append(name)


async def test_our_own_here_and_others_there(tmp_path: Path) -> None:
    folder = tmp_path / "voicemail"
    folder.mkdir()
    calls = tmp_path / "recordings"
    calls.mkdir()
    (calls / "c1-recording-1.wav").touch()
    (folder / "c1-voicemail.wav").touch()
    (tmp_path / "outside.wav").touch()
    asterisk = Asterisk()
    remove = remover(cast("AriClient", asterisk), folder, calls)
    for name in ("c1-voicemail.wav", "c1-recording-1", "c1-recording", "../outside", "../outside.wav"):
        await remove(name)
    assert list(folder.iterdir()) == []
    assert list(calls.iterdir()) == []
    assert (tmp_path / "outside.wav").exists()
    assert asterisk.removed == ["c1-recording", "../outside", "../outside.wav"]
