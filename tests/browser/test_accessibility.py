"""axe finds nothing serious, on any view, in light and dark, on a telephone and on a wide screen."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize

from tests.browser.conftest import WEB, signed_in
from tests.integration.stack.stack import Stack

AXE = WEB / "node_modules/axe-core/axe.min.js"
VIEWS = ["live", "history", "routes", "health"]


async def faults(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run()")
    return [
        f"{fault['id']}: {fault['nodes'][0]['html']}"
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize(("width", "scheme", "locale"), [(1280, "light", "en-GB"), (400, "dark", "de-DE")])
async def test_every_view(browser: Browser, stack: Stack, width: int, scheme: Any, locale: str) -> None:
    # axe runs as a script of ours, which the page's own policy rightly refuses.
    screen = ViewportSize(width=width, height=800)
    context = await browser.new_context(viewport=screen, color_scheme=scheme, locale=locale, bypass_csp=True)
    complaints: list[str] = []
    page = await signed_in(context, stack, complaints)
    found = {}
    for view in VIEWS:
        await page.goto(f"http://localhost:{stack.api_port}/#/{view}")
        await page.get_by_role("heading", level=1).wait_for()
        found[view] = await faults(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{view} is too wide"
    assert found == {view: [] for view in VIEWS}
    await context.close()
    assert not complaints
