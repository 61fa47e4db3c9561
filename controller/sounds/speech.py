"""Text to speech by espeak-ng, in a process of its own."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from controller.errors import SoundError

PROGRAM: Final = "espeak-ng"

SPEAK_SECONDS: Final = 10.0
"""Longest wait: a text of the greatest length takes it well below one."""

WORDS_PER_MINUTE: Final = 150
"""Slower than its own 175, which is hard to follow on the phone."""


async def speak(text: str, language: str) -> bytes:
    """A WAV file. Raises SoundError."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "speech.wav"
        # The text goes by stdin: as an argument it could be taken for an option.
        arguments = ("-v", language, "-s", str(WORDS_PER_MINUTE), "-b", "1", "-w", str(path), "--stdin")
        try:
            process = await asyncio.create_subprocess_exec(
                PROGRAM, *arguments,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise SoundError(
                f"cannot run {PROGRAM} ({error.strerror}): install it (apt-get install espeak-ng)"
            ) from error
        try:
            async with asyncio.timeout(SPEAK_SECONDS):
                _, complaint = await process.communicate(text.encode())
        except TimeoutError:
            raise SoundError(f"{PROGRAM} has not spoken {text[:40]!r} within {SPEAK_SECONDS:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode or not path.is_file():
            said = complaint.decode(errors="replace").strip() or f"status {process.returncode}"
            raise SoundError(f"{PROGRAM} does not speak language {language!r} ({said}): see `{PROGRAM} --voices`")
        return await asyncio.to_thread(path.read_bytes)
