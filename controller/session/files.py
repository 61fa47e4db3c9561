"""The files that records name: recordings, which Asterisk keeps, and voicemails, which we do."""

import asyncio
from pathlib import Path

from controller.ari.client import AriClient
from controller.records.retention import RemoveRecording


def remover(ari: AriClient, voicemails: Path) -> RemoveRecording:
    """What removes a file by the name that its record has."""

    async def remove(name: str) -> None:
        # The name comes from the database: only a name, and no way out of the folder.
        voicemail = voicemails / Path(name).name
        if await asyncio.to_thread(voicemail.is_file):
            await asyncio.to_thread(voicemail.unlink, missing_ok=True)
        else:
            await ari.delete_recording(name)

    return remove
