"""The page without a mouse: what opens has the focus, and what closes gives it back."""

from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, expect

from controller.api.parts import Parts
from controller.api.server import serve_api
from controller.config import Settings
from tests.browser.conftest import sign_in
from tests.unit.api.fakes import LIVE


async def until_focused(page: Page, role: Literal["link", "button"], name: str) -> None:
    """Tab on to it: it has to be reached within the stops that the page has."""
    wanted = page.get_by_role(role, name=name)
    for _ in range(40):
        if await wanted.evaluate("(one) => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached")


async def test_by_keyboard_alone(browser: Browser, played: tuple[Settings, Parts]) -> None:
    settings, parts = played
    url = f"http://{settings.api_listen}"
    context = await browser.new_context(locale="en-GB", viewport=ViewportSize(width=400, height=800))
    page = await context.new_page()
    async with serve_api(settings, parts):
        await sign_in(page, url)
        row = page.get_by_role("list").get_by_role("link")
        await expect(row).to_be_visible()

        # A call, and back to where one was.
        await until_focused(page, "link", LIVE.from_number or "")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Back")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(row).to_be_focused()

        # A dialog has the focus, keeps it, and gives it back.
        await page.keyboard.press("Enter")
        await until_focused(page, "button", "Transfer")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("To whom")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Transfer", exact=True)).to_be_focused()

        # So does the telephone.
        await until_focused(page, "button", "Call")
        await page.keyboard.press("Enter")
        phone = page.get_by_role("region", name="Phone")
        await expect(phone).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await expect(phone.get_by_label("Number")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Call", exact=True)).to_be_focused()
    await context.close()
