"""axe finds nothing serious on any view, light and dark, on a telephone and on a wide screen; and when it is there."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from controller.carrier.carrier import Carrier
from tests.browser.conftest import BOTS_NUMBER, WEB, signed_in
from tests.browser.figures import FIGURES
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack

AXE = WEB / "node_modules/axe-core/axe.min.js"
VIEWS = ["live", "history", "routes", "health"]
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
PAINT_MS_MAX = 5_000.0
"""The aim is 1,000, and the figure is shown: see `FRAMES_PER_SECOND_MIN`."""


FOUND: dict[str, int] = {}
"""By where it was looked."""


async def faults(page: Page, where: str) -> list[str]:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run()")
    serious = [
        f"{fault['id']}: {fault['nodes'][0]['html']}"
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]
    FOUND[where] = len(serious)
    FIGURES["axe_serious"] = sum(FOUND.values())
    return serious


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


LOOKS: list[dict[str, Any]] = [
    {"viewport": ViewportSize(width=1280, height=800), "color_scheme": "light", "locale": "en-GB"},
    {"viewport": ViewportSize(width=400, height=800), "color_scheme": "dark", "locale": "de-DE"},
]


@pytest.mark.parametrize("look", LOOKS, ids=["wide light", "narrow dark"])
async def test_every_view(browser: Browser, stack: Stack, bot: Bot, carrier: Carrier, look: dict[str, Any]) -> None:
    # axe runs as a script of ours, which the page's own policy rightly refuses.
    context = await browser.new_context(**look, bypass_csp=True)
    scheme = look["color_scheme"]
    complaints: list[str] = []
    url = f"http://localhost:{stack.api_port}"
    page = await context.new_page()
    await page.goto(url)
    await page.locator("input[name=name]").wait_for()
    assert await faults(page, f"door {scheme}") == []
    page = await signed_in(context, stack, complaints)
    found = {}
    for view in VIEWS:
        await page.goto(f"{url}/#/{view}")
        await page.get_by_role("heading", level=1).wait_for()
        await expect(page.get_by_text("…", exact=True)).to_have_count(0)
        found[view] = await faults(page, f"{view} {scheme}")
        assert await fits(page), f"{view} is too wide"
    assert found == {view: [] for view in VIEWS}

    caller = await carrier.dial(BOTS_NUMBER)
    call = await bot.call()
    await call.until_message("answered")
    await call.send("transcript", role="bot", text="Good morning")
    await page.goto(f"{url}/#/live/{call.start['call_id']}")
    await expect(page.get_by_role("log")).to_contain_text("Good morning")
    assert await faults(page, f"call {scheme}") == []
    assert await fits(page), "a call is too wide"
    await caller.hang_up()
    await context.close()
    assert not complaints


async def test_it_is_there_at_once(browser: Browser, stack: Stack) -> None:
    context = await browser.new_context()
    complaints: list[str] = []
    page = await signed_in(context, stack, complaints)
    await page.reload()
    await page.get_by_role("navigation").wait_for()
    await page.wait_for_function(PAINTED)
    FIGURES["first_paint_ms"] = round(await page.evaluate(PAINTED))
    await context.close()
    assert FIGURES["first_paint_ms"] < PAINT_MS_MAX
