"""What was recorded of a call, read back and listened to."""

import asyncio
import hashlib
import io
import time
import wave

import numpy as np

from controller.carrier import listening
from controller.carrier.sounds import SAMPLE_RATE, Samples
from controller.records.items import RecordingMade
from tests.integration.stack.stack import SETTLE_SECONDS, Stack

HOLE_SAMPLES_MAX = 800  # 100 ms


async def recordings(stack: Stack, count: int = 1, of: str = "") -> list[RecordingMade]:
    """Of this call, or the test's only one: there a moment after its end, and Asterisk has nothing of them any more."""
    call_id = of or (await stack.record()).summary.id
    deadline = time.monotonic() + SETTLE_SECONDS
    async with stack.ari() as ari:
        while True:
            made = (await stack.record_of(call_id)).recordings
            if len(made) == count and not [name for name in await ari.stored_recordings() if call_id in name]:
                return list(made)
            assert time.monotonic() < deadline, f"{made}, not {count}\n{stack.controller.log()}"
            await asyncio.sleep(0.05)


def sides(stack: Stack, made: RecordingMade, rate: int = SAMPLE_RATE) -> tuple[Samples, Samples]:
    """The caller, and what the caller heard; the file is what its record says."""
    content = (stack.directory / "recordings" / f"{made.name}.wav").read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (made.size_bytes, made.sha256)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, rate, 2)
        assert made.duration_ms == file.getnframes() * 1000 // rate
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


def spans(samples: Samples, hertz: float) -> list[listening.Span]:
    """Tones; a packet that came late leaves a hole of 20 ms, which divides none."""
    found: list[listening.Span] = []
    for span in listening.tones(samples, hertz):
        goes_on = found and span.start - found[-1].end <= HOLE_SAMPLES_MAX
        found.append(listening.Span(found.pop().start if goes_on else span.start, span.end))
    return found
