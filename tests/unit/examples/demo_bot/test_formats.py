import numpy as np
import pytest

from examples.demo_bot.formats import Format
from examples.demo_bot.hearing import Ear
from examples.demo_bot.speech import tone


@pytest.mark.parametrize(
    ("audio", "frame_bytes"),
    [
        ({"encoding": "mulaw", "sample_rate": 8000, "channels": 1}, 160),
        ({"encoding": "alaw"}, 160),
        ({"encoding": "pcm16", "sample_rate": 8000}, 320),
        ({"encoding": "pcm16", "sample_rate": 16000}, 640),
        ({"encoding": "pcm16", "sample_rate": 24000}, 960),
    ],
)
def test_what_start_may_ask_for(audio: dict[str, object], frame_bytes: int) -> None:
    audio_format = Format.of(audio)
    assert audio_format.frame_bytes == frame_bytes
    beep = tone(440, 1.0)
    encoded = audio_format.encode(beep)
    assert len(encoded) == 50 * frame_bytes
    decoded = audio_format.decode(encoded).astype(float)
    assert np.corrcoef(decoded, beep)[0, 1] > 0.99
    heard = Ear(audio_format).hear(encoded)
    assert heard[-1][1], "a tone is as loud as speech"
