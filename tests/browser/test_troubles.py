"""What the page says when something is gone: the controller, a call, the session; and that it comes back."""

import re

from playwright.async_api import Browser, Page, Route, expect

from controller.api.event_log import EventLog
from controller.api.parts import Parts
from controller.api.server import serve_api
from controller.api.tokens import Role
from controller.config import Settings
from tests.browser.conftest import BOTS_NUMBER, PASSWORD, sign_in
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack

AWAY = "The controller does not answer. This page comes back by itself."
SOON_MS = 30_000


def reopened(log: EventLog) -> None:
    """As a controller that is started anew has it."""
    log.closed = False


async def test_a_controller_that_goes_and_comes_back(browser: Browser, played: tuple[Settings, Parts]) -> None:
    settings, parts = played
    url = f"http://{settings.api_listen}"
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    voice = page.get_by_role("list").get_by_role("link").locator(".voice")
    async with serve_api(settings, parts):
        await sign_in(page, url)
        await expect(voice).to_have_text("caller speaks")
        await page.goto(f"{url}/#/live/nothing")
        await expect(page.get_by_role("heading", name="There is no such call.")).to_be_visible()
    notice = page.get_by_role("alert").filter(has_text=AWAY)
    await expect(notice).to_be_visible(timeout=SOON_MS)
    await expect(voice).to_have_text("talks to the bot")
    for view in ("history", "routes"):
        await page.goto(f"{url}/#/{view}")
        problem = page.get_by_role("main").get_by_role("alert").filter(has_text="The controller does not answer.")
        await expect(problem).to_be_visible()
    reopened(parts.events)
    async with serve_api(settings, parts):
        await expect(problem).to_have_count(0, timeout=SOON_MS)
        await expect(page.get_by_role("heading", name="sales")).to_be_visible(timeout=SOON_MS)
        await expect(notice).to_have_count(0)
        # Somebody gives her a password, perhaps the same: whoever is signed in with the one before is so no longer.
        parts.accounts.users.add("anna", Role.OPERATE, PASSWORD)
        await page.goto(f"{url}/#/health")
        await expect(page.get_by_role("status").filter(has_text="Your session has ended")).to_be_visible()
        await page.locator("input[name=name]").fill("anna")
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Health")).to_be_visible()
        await context.close()


async def test_a_session_that_ends_under_a_call(page: Page, stack: Stack, bot: Bot) -> None:
    """The call goes on behind the door, and one can hang up there."""
    await page.get_by_role("button", name="Call", exact=True).click()
    await page.get_by_label("Number").fill(BOTS_NUMBER)
    phone = page.get_by_role("region", name="Phone")
    await phone.get_by_role("button", name="Call").click()
    call = await bot.call()
    await call.until_message("answered")

    async def refuse(route: Route) -> None:
        await route.fulfill(status=401, json={"detail": "signed out"})

    await page.route(re.compile("/v1/(session|routes|closed|hours)"), refuse)
    await page.goto(f"{page.url.partition('#')[0]}#/routes")
    await expect(page.locator("input[name=password]")).to_be_visible()
    begun = len(call.heard)
    await call.until(lambda: len(call.heard) > begun + 8_000, "the call goes on")
    await phone.get_by_role("button", name="Hang up").click()
    await expect(phone).to_have_count(0)
    assert (await stack.record()).summary.ending == "caller_hung_up"
