"""The files that records name: recordings of calls and voicemails."""

import asyncio
from pathlib import Path

from controller.ari.client import AriClient
from controller.records.retention import RemoveRecording


def remover(ari: AriClient, voicemails: Path, recordings: Path) -> RemoveRecording:
    """What removes a file by the name that its record has."""

    async def remove(name: str) -> None:
        # The name comes from the database: only a name, and no way out of the folder.
        own = voicemails / Path(name).name, recordings / f"{Path(name).name}.wav"
        for path in own:
            if await asyncio.to_thread(path.is_file):
                await asyncio.to_thread(path.unlink, missing_ok=True)
                return
        await ari.delete_recording(name)

    return remove
