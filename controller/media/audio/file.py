"""A WAV file that a bot wants played, as audio in the bot's own format. Pure."""

import struct
from typing import Final

import numpy as np

from controller.media.audio import g711
from controller.sounds import wav

SECONDS_MAX: Final = 60
"""As much as the playout holds."""

_G711: Final = {6: g711.decode_alaw, 7: g711.decode_mulaw}
"""Format tags of WAV files (RFC 2361)."""


def read(content: bytes, encoding: str, rate: int) -> bytes:
    """The file's sound in this format. Raises ValueError with the mend."""
    samples, file_rate = _g711(content) or wav.read(content)
    if len(samples) > SECONDS_MAX * file_rate:
        raise ValueError(f"it is longer than {SECONDS_MAX} s: shorten it")
    wanted = wav.resample(samples, file_rate, rate)
    linear = np.round(np.clip(wanted, -1, 1) * 32_767).astype("<i2")
    if encoding == "pcm16":
        return linear.tobytes()
    encode = g711.encode_mulaw if encoding == "mulaw" else g711.encode_alaw
    return encode(linear.astype(np.int16, copy=False)).tobytes()


def _g711(content: bytes) -> tuple[wav.Wave, int] | None:
    """Samples and rate of a file of G.711, which Python's own reader does not know; None where it is another."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None
    chunks = _chunks(content)
    form = chunks.get(b"fmt ", b"")
    if len(form) < 16:
        return None
    tag, channels, rate = struct.unpack_from("<HHI", form)
    if tag not in _G711:
        return None
    if channels != 1 or rate != 8_000:
        raise ValueError(f"it has G.711 with {channels} channels and {rate} samples per second: it needs 1 and 8000")
    codes = np.frombuffer(chunks.get(b"data", b""), np.uint8)
    if not len(codes):
        raise ValueError("it has no sound in it")
    return _G711[tag](codes).astype(np.float32) / np.float32(32_768), rate


def _chunks(content: bytes) -> dict[bytes, bytes]:
    """Name -> content of the file's chunks; what a header promises beyond the file's end is not there."""
    found: dict[bytes, bytes] = {}
    start = 12
    while start + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, start)
        found.setdefault(name, content[start + 8 : start + 8 + size])
        start += 8 + size + size % 2
    return found
