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


async def test_voicemails_here_and_recordings_there(tmp_path: Path) -> None:
    folder = tmp_path / "voicemail"
    folder.mkdir()
    (folder / "c1-voicemail.wav").touch()
    (tmp_path / "outside.wav").touch()
    asterisk = Asterisk()
    remove = remover(cast("AriClient", asterisk), folder)
    for name in ("c1-voicemail.wav", "c1-recording", "../outside.wav"):
        await remove(name)
    assert list(folder.iterdir()) == []
    assert (tmp_path / "outside.wav").exists()
    assert asterisk.removed == ["c1-recording", "../outside.wav"]
