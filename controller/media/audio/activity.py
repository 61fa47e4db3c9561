"""Who can be heard just now: many streams at a time, by a glance at the newest frame of each. Pure.

Coarse and cheap, for people who look on. What bots are told of callers' speech is found frame by frame (`voice`).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from controller.media.audio import g711

ACTIVITY: Final = np.dtype([("floor", "f4"), ("glances", "u1"), ("heard", "?"), ("law", "u2")])
"""One stream. `floor`: the power of what is always there. `glances`: bit n, the glance n before the latest found it
loud. `heard`: it is to be heard. `law`: where its part of `POWER` begins."""

Activity = npt.NDArray[np.void]
Powers = npt.NDArray[np.float32]

GLANCE_MS: Final = 100
"""Between two glances: an onlooker sees no difference, and it is a fifth of the work."""

STRIDE: Final = 3
"""Every third sample of a frame tells its power as well as all do: few tones are a third of the sampling rate."""

POWER_MIN: Final = np.float32(200.0**2)
"""Of what is to be heard: `voice.LEVEL_MIN` squared, -44 dB."""

ABOVE_FLOOR: Final = np.float32(8.0)
"""9 dB louder than what is always there."""

FLOOR_MAX: Final = np.float32(328.0**2)
"""-40 dB. A hum up to there is taken for silence in time; what is 9 dB louder is heard for as long as it lasts."""

FLOOR_MIN: Final = np.float32(POWER_MIN / ABOVE_FLOOR)
FLOOR_RISE: Final = np.float32(10 ** (0.15 / 10))
"""From glance to glance, 1.5 dB a second: it falls at once to the quietest, which is between two words."""

BEGIN: Final = np.array([n & 7 in {3, 5, 6, 7} for n in range(256)])
"""By `glances`: two loud ones of three begin it, one is a click."""

GO_ON: Final = np.array([n & 0x7F != 0 for n in range(256)])
"""By `glances`: 700 ms without any end it, longer than the pauses between words."""

LAWS: Final = {"mulaw": 0, "alaw": 256}

POWER: Final = np.concatenate([g711.MULAW_TO_LINEAR, g711.ALAW_TO_LINEAR]).astype(np.float32) ** 2
"""Of every code of both laws."""


def new(count: int) -> Activity:
    """Room for streams; each begins as `beginning`."""
    return np.zeros(count, ACTIVITY)


def beginning(encoding: str) -> tuple[np.float32, int, bool, int]:
    """A stream that was never heard."""
    return FLOOR_MIN, 0, False, LAWS.get(encoding, 0)


def powers(activity: Activity, codes: npt.NDArray[np.uint8]) -> Powers:
    """Of frames of G.711, a row each."""
    mean: Powers = POWER.take(codes[:, ::STRIDE] + activity["law"][:, np.newaxis]).mean(axis=1)
    return mean


def power(audio: bytes, encoding: str) -> float:
    """Of one frame of G.711 or of linear samples; 0 of none."""
    if not audio:
        return 0.0
    if encoding in LAWS:
        squares = POWER[LAWS[encoding] :][np.frombuffer(audio, np.uint8)[::STRIDE]]
    else:
        squares = np.square(np.frombuffer(audio, "<i2")[::STRIDE], dtype=np.float32)
    return float(squares.mean())


def glance(activity: Activity, found: Powers) -> npt.NDArray[np.bool_]:
    """Take one glance at every stream (power 0: nothing came); which of them began or ceased to be heard."""
    floor = np.clip(np.minimum(found, activity["floor"] * FLOOR_RISE), FLOOR_MIN, FLOOR_MAX)
    glances = activity["glances"] << 1 | (found >= np.maximum(POWER_MIN, floor * ABOVE_FLOOR))
    before = activity["heard"]
    heard = np.where(before, GO_ON[glances], BEGIN[glances])
    changed: npt.NDArray[np.bool_] = heard != before
    activity["floor"], activity["glances"], activity["heard"] = floor, glances, heard
    return changed
