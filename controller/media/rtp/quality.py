"""How good a call sounded, from what the network did to it: the E-model (ITU-T G.107), for G.711."""

from typing import Final

_R_CLEAN: Final = 93.2
"""The rating of a narrowband call with nothing wrong (G.107, default values)."""

_LOSS_ROBUSTNESS: Final = 4.3
"""Bpl of G.711 without concealment of losses (G.113, table I.2)."""

_LOSS_WORST: Final = 95.0

_DELAY_FREE_MS: Final = 177.3
"""Delay beyond it disturbs the conversation itself (the simplified form of G.107, R. G. Cole and J. H. Rosenbluth)."""


def rating(loss_share: float, delay_ms: float) -> float:
    """The R factor, 0 to 93.2. `loss_share` of the packets, 0 to 1, at random; one-way mouth-to-ear delay."""
    loss_percent = 100 * loss_share
    loss = _LOSS_WORST * loss_percent / (loss_percent + _LOSS_ROBUSTNESS)
    delay = 0.024 * delay_ms + 0.11 * max(0.0, delay_ms - _DELAY_FREE_MS)
    return max(0.0, _R_CLEAN - loss - delay)


def mos(r: float) -> float:
    """Mean opinion score, 1 to 4.5 (G.107, annex B)."""
    if r <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
