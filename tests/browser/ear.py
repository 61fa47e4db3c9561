"""What is in the page's audio, not what its labels say."""

import asyncio
from collections.abc import Callable
from typing import Final

from playwright.async_api import Page

LEVELS: Final = """async (wanted) => {
    const audio = document.querySelector("audio");
    if (!audio || !audio.srcObject) return null;
    if (window.ear?.stream !== audio.srcObject) {
        const context = new AudioContext(), analyser = context.createAnalyser();
        analyser.fftSize = 4096;
        analyser.smoothingTimeConstant = 0;
        context.createMediaStreamSource(audio.srcObject).connect(analyser);
        window.ear = {stream: audio.srcObject, context, analyser};
    }
    const {context, analyser} = window.ear;
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const width = context.sampleRate / analyser.fftSize;
    const levels = wanted.map((hertz) => bins[Math.round(hertz / width)]);
    return {levels, loudest: bins.indexOf(Math.max(...bins)) * width};
}"""
"""Decibels at frequencies, and which is the loudest of all."""
HEARD_DB: Final = -50.0
SECONDS_MAX: Final = 10.0


async def until_loudest(page: Page, hertz: float) -> None:
    """Until this is the loudest tone in the page's audio."""
    await _until(page, [hertz], lambda levels, loudest: levels[0] > HEARD_DB and abs(loudest - hertz) < 30)


async def until_all(page: Page, *hertz: float) -> None:
    """Until all of these are heard at once."""
    await _until(page, list(hertz), lambda levels, _loudest: min(levels) > HEARD_DB)


async def _until(page: Page, hertz: list[float], enough: Callable[[list[float], float], bool]) -> None:
    heard = None
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while not (heard and all(heard["levels"]) and enough(heard["levels"], heard["loudest"])):
                await asyncio.sleep(0.05)
                heard = await page.evaluate(LEVELS, hertz)
    except TimeoutError:
        raise AssertionError(f"the page does not hear {hertz} Hz, but {heard}") from None
