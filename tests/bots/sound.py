"""What a bot says and hears, in the format of its route."""

import numpy as np
import numpy.typing as npt

from controller.config import BotAudio
from controller.media.audio import g711
from controller.session.translation import to_audio_format

Samples = npt.NDArray[np.int16]


def spoken_tone(audio: BotAudio, hertz: float, seconds: float) -> bytes:
    """As the bot would send it."""
    form = to_audio_format(audio)
    at = np.arange(round(seconds * form.sample_rate)) / form.sample_rate
    samples = (8_000 * np.sin(2 * np.pi * hertz * at)).astype("<i2")
    return samples.tobytes() if form.encoding == "pcm16" else g711.encode_mulaw(samples).tobytes()


def heard_samples(audio: BotAudio, heard: bytes) -> Samples:
    """What the bot was sent, 8 kHz. A pure tone stays one when samples are left out."""
    form = to_audio_format(audio)
    if form.encoding == "pcm16":
        linear = np.frombuffer(heard[: len(heard) // 2 * 2], "<i2").astype(np.int16)
        return linear[:: form.sample_rate // 8_000]
    return g711.decode_mulaw(np.frombuffer(heard, np.uint8))
