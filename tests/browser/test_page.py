"""The page as a person uses it: it calls the bot, shows what happens, and remembers it."""

from playwright.async_api import Page, expect

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.browser import ear
from tests.browser.conftest import SAID
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack

BOT = 1_000.0  # Hz


async def test_a_call_from_the_page(page: Page, stack: Stack, bot: Bot, carrier: Carrier) -> None:
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_label("Number")).to_have_value("+493023125000")
    await page.get_by_role("region", name="Phone").get_by_role("button", name="Call").click()
    call = await bot.call()
    await call.until_message("answered")
    assert call.start["from"] == {"number": "browser", "name": "anna"}

    # Page to bot, and bot to page.
    await call.until(lambda: bool(listening.tones(call.heard[-8_000:], SAID, 200)), "the microphone's tone")
    await call.speak(tone(BOT, 4.0))
    await ear.until_loudest(page, BOT)
    await call.send("clear")

    # A key, a result, a human.
    await page.get_by_role("link", name="anna").click()
    await page.get_by_role("group", name="Keypad").get_by_role("button", name="1").click()
    await call.until_message("dtmf", digit="1")
    await call.send("transcript", role="bot", text="You are booked for Wednesday.")
    await call.send("result", name="Appointment confirmed", data={"day": "Wednesday"})
    timeline = page.get_by_role("log")
    await expect(timeline).to_contain_text("Appointment confirmed")
    await expect(timeline).to_contain_text("You are booked for Wednesday.")
    await call.send("transfer", summary="a question on the bill")
    human = await carrier.incoming()
    await human.answer()
    await human.until_tone(SAID)
    await expect(timeline).to_contain_text("connected")

    # From the page it ends, and the page knows it afterwards.
    await page.get_by_role("article").get_by_role("button", name="Hang up").click()
    await human.until_ended()
    await page.get_by_role("navigation").get_by_role("link", name="History").click()
    await page.get_by_role("list").get_by_role("link", name="anna").click()
    await expect(page.get_by_role("article")).to_contain_text("ended from here")
    await expect(page.get_by_role("log")).to_contain_text("Appointment confirmed")
    record = await stack.record()
    assert record.summary.ending == "operator_hung_up"
    assert any(step.kind == "operator_hung_up" and step.detail == "by anna" for step in record.steps)
