"""Between a WAV file's samples (8 kHz) and the audio of a bot."""

import numpy as np

from controller.bot.protocol import AudioFormat
from controller.carrier.sounds import SAMPLE_RATE, Samples
from controller.media.audio import g711
from controller.media.audio.resample import downsampler, upsampler

ENCODERS = {"mulaw": g711.encode_mulaw, "alaw": g711.encode_alaw}
DECODERS = {"mulaw": g711.decode_mulaw, "alaw": g711.decode_alaw}


def to_audio(samples: Samples, audio: AudioFormat) -> bytes:
    """As the bot hears it."""
    if audio.encoding in ENCODERS:
        return ENCODERS[audio.encoding](samples).tobytes()
    factor = audio.sample_rate // SAMPLE_RATE
    if factor > 1 and len(samples):
        up = upsampler(factor)
        wide, _ = up(samples[np.newaxis, :], np.zeros((1, up.history_samples), np.int16))
        samples = wide[0]
    return samples.astype("<i2").tobytes()


def to_samples(data: bytes, audio: AudioFormat) -> Samples:
    """What the bot said."""
    if audio.encoding in DECODERS:
        return DECODERS[audio.encoding](np.frombuffer(data, np.uint8))
    factor = audio.sample_rate // SAMPLE_RATE
    samples = np.frombuffer(data[: len(data) // (2 * factor) * 2 * factor], "<i2").astype(np.int16)
    if factor > 1 and len(samples):
        down = downsampler(factor)
        narrow, _ = down(samples[np.newaxis, :], np.zeros((1, down.history_samples), np.int16))
        samples = narrow[0]
    return samples


def bytes_per_ms(audio: AudioFormat) -> int:
    return audio.sample_rate // 1000 * (2 if audio.encoding == "pcm16" else 1)


def silence(audio: AudioFormat, ms: int) -> bytes:
    return to_audio(np.zeros(ms * SAMPLE_RATE // 1000, np.int16), audio)
