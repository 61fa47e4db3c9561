"""Two hundred calls that all talk at once: the page stays quick, and does not grow without end."""

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ViewportSize, expect

from tests.browser import crowd
from tests.browser.conftest import PASSWORD, WEB, sign_in
from tests.browser.figures import FIGURES

WATCHED_SECONDS = 5
FRAMES = """(seconds) => new Promise((resolve) => {
    let frames = 0;
    const begun = performance.now();
    requestAnimationFrame(function frame(now) {
        frames += 1;
        if (now - begun < 1000 * seconds) requestAnimationFrame(frame);
        else resolve(1000 * frames / (now - begun));
    });
})"""
FRAMES_PER_SECOND_MIN = 10.0
"""The aim is 30, and the figure is shown: a machine that others share may be slower for a moment, but not by this."""
MB_MAX = 300.0


async def test_two_hundred_calls(browser: Browser, tmp_path: Path) -> None:
    async with crowd.serving(tmp_path, WEB / "dist", PASSWORD) as url:
        context = await browser.new_context(locale="en-GB", viewport=ViewportSize(width=1280, height=800))
        page = await context.new_page()
        await sign_in(page, url)
        await page.goto(f"{url}/#/live/live-7")
        await expect(page.get_by_role("list").get_by_role("link")).to_have_count(crowd.CALLS)
        await expect(page.get_by_role("log")).to_contain_text(crowd.SAID)
        FIGURES["fps_200_calls"] = round(await page.evaluate(FRAMES, WATCHED_SECONDS), 1)
        FIGURES["mb_200_calls"] = round(await megabytes(browser))
        await context.close()
    assert FIGURES["fps_200_calls"] > FRAMES_PER_SECOND_MIN
    assert FIGURES["mb_200_calls"] < MB_MAX


async def megabytes(browser: Browser) -> float:
    """What the largest page takes: its process's own memory, and its part of what it shares."""
    asking = await browser.new_browser_cdp_session()
    found: dict[str, Any] = await asking.send("SystemInfo.getProcessInfo")
    pages = [process["id"] for process in found["processInfo"] if process["type"] == "renderer"]
    return max(map(_megabytes, pages))


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
