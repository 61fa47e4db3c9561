"""What a person would have heard: tones, silences, and whether one sound is contained in another. Pure numpy.

All sounds are int16, 8 kHz, mono; all positions and lengths are in samples unless a name says milliseconds.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from controller.carrier.sounds import SAMPLE_RATE, Samples

FRAME: Final = 160
"""20 ms: sounds are judged in frames of this length."""

SOUND_LEVEL_DB: Final = -45.0
"""A frame louder than this is a sound: far above G.711's noise (-70), and below any speech (-30)."""

TONE_SHARE: Final = 0.6
"""Of a frame's energy must be at the tone's frequency. Speech rarely has a third of it there."""

MATCH_SCORE: Final = 0.8
"""From here on `find` has found it: G.711 twice over leaves 0.99, half of it is 0.7, foreign speech below 0.3."""

_FULL_SCALE: Final = 32_768.0


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of sound, or of silence."""

    start: int
    end: int

    @property
    def milliseconds(self) -> float:
        return (self.end - self.start) * 1000 / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Match:
    """Where one sound was best found in another, and how alike they are there (1: the same but for loudness)."""

    offset: int
    score: float

    @property
    def found(self) -> bool:
        return self.score >= MATCH_SCORE


def level_db(samples: Samples) -> float:
    """Loudness (root mean square) relative to full scale; -inf for digital silence."""
    if not len(samples):
        return -np.inf
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(np.mean((samples / _FULL_SCALE) ** 2)))


def sounds(samples: Samples, at_least_ms: float = 20.0, *, pauses_ms: float = 0.0) -> list[Span]:
    """The stretches that are no silence; pauses of up to `pauses_ms` within them count as sound."""
    loud = _frame_levels(samples) > SOUND_LEVEL_DB
    pauses = [span for span in _spans(~loud) if span.milliseconds <= pauses_ms]
    for pause in pauses:
        if pause.start and pause.end < len(loud) * FRAME:
            loud[pause.start // FRAME : pause.end // FRAME] = True
    return [span for span in _spans(loud) if span.milliseconds >= at_least_ms]


def first_sound(samples: Samples) -> int | None:
    """Where the first sound begins, to the sample; None: all silent."""
    spans = sounds(samples)
    if not spans:
        return None
    start = spans[0].start
    threshold = _FULL_SCALE * 10 ** (SOUND_LEVEL_DB / 20)
    return start + int(np.argmax(np.abs(samples[start:].astype(np.int32)) > threshold))


def longest_silence(samples: Samples) -> Span:
    """The longest stretch without sound; of no length where there is none."""
    silences = _spans(_frame_levels(samples) <= SOUND_LEVEL_DB)
    return max(silences, key=lambda span: span.end - span.start, default=Span(0, 0))


def silent_for_ms(samples: Samples) -> float:
    """How long it has been silent up to the end."""
    spans = sounds(samples)
    return Span(spans[-1].end if spans else 0, len(samples)).milliseconds


def tones(samples: Samples, hertz: float, at_least_ms: float = 60.0) -> list[Span]:
    """Where a tone of this frequency is heard: loud enough, and most of what is heard there (Goertzel, per frame)."""
    present = (_frame_levels(samples) > SOUND_LEVEL_DB) & (_tone_shares(samples, hertz) > TONE_SHARE)
    return [span for span in _spans(present) if span.milliseconds >= at_least_ms]


def tone_level_db(samples: Samples, hertz: float) -> float:
    """Loudness of one frequency over all of `samples`, relative to full scale (a full sine is -3)."""
    share = float(np.mean(_tone_shares(samples, hertz))) if len(samples) >= FRAME else 0.0
    with np.errstate(divide="ignore"):
        return level_db(samples) + float(10 * np.log10(share))


def find(wanted: Samples, heard: Samples) -> Match:
    """Where in `heard` is `wanted`, whole, at any loudness? Normalised cross-correlation, by FFT.

    What telephony does to a sound (G.711, delay, another volume) keeps the score above 0.9; a packet's loss
    costs little; a piece left out within it costs what follows.
    """
    needle = trim(wanted).astype(np.float64)
    hay = heard.astype(np.float64)
    if not len(needle) or len(hay) < len(needle):
        return Match(0, 0.0)
    needle -= needle.mean()
    size = 1 << (len(hay) + len(needle)).bit_length()
    products = np.fft.irfft(np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(hay**2)])
    places = len(hay) - len(needle) + 1
    window = np.sqrt(np.maximum(energy[len(needle) :] - energy[:places], 0.0))
    # Where next to nothing is heard, nothing is alike: without this a click in silence would score high.
    quiet = 10 ** (SOUND_LEVEL_DB / 20) * _FULL_SCALE * np.sqrt(len(needle)) / 10
    scores = products[:places] / (np.linalg.norm(needle) * np.maximum(window, quiet) + 1e-9)
    best = int(np.argmax(scores))
    return Match(best, float(scores[best]))


def trim(samples: Samples) -> Samples:
    """Without the silence at both ends."""
    spans = sounds(samples)
    return samples[spans[0].start : spans[-1].end] if spans else samples[:0]


def _frames(samples: Samples) -> npt.NDArray[np.float64]:
    whole = len(samples) // FRAME * FRAME
    return samples[:whole].reshape(-1, FRAME) / _FULL_SCALE


def _frame_levels(samples: Samples) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        levels: npt.NDArray[np.float64] = 10 * np.log10(np.mean(_frames(samples) ** 2, axis=1))
    return levels


def _tone_shares(samples: Samples, hertz: float) -> npt.NDArray[np.float64]:
    """Per frame: which share of its energy one frequency has, 0 to 1."""
    frames = _frames(samples)
    turn = np.exp(-2j * np.pi * hertz / SAMPLE_RATE * np.arange(FRAME))
    power = 2 * np.abs(frames @ turn) ** 2 / FRAME
    shares: npt.NDArray[np.float64] = power / (np.sum(frames**2, axis=1) + 1e-12)
    return shares


def _spans(frames: npt.NDArray[np.bool_]) -> list[Span]:
    """The runs of True, in samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(np.int8)))
    return [Span(int(start) * FRAME, int(end) * FRAME) for start, end in zip(edges[::2], edges[1::2], strict=True)]
