"""The page as a person uses it: it calls the bot, shows what happens, and remembers it."""

from playwright.async_api import Page, expect

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.browser import demo, ear
from tests.browser.conftest import BOTS_NUMBER, BROKEN_NUMBER, NUMBER, SAID
from tests.browser.figures import FIGURES
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack

BOT = 1_000.0
"""Hz: of the tests' bot, and of the demo bot's beep."""
WATCH_WHO_SPEAKS = """() => {
    window.spoke = [];
    const look = () => {
        const shown = document.querySelector("article .voice")?.textContent;
        if (shown && shown !== window.spoke.at(-1)) window.spoke.push(shown);
    };
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
    look();
}"""
SPOKE = "(some) => some.some((one) => window.spoke.includes(one))"
SPEAKS = "(some) => some.includes(window.spoke.at(-1))"
DURATION = "() => document.querySelector('audio[controls]')?.duration || 0"


async def press(page: Page, key: str) -> None:
    await page.get_by_role("group", name="Keypad").get_by_role("button", name=key, exact=True).click()


async def test_the_demo_bot(page: Page, stack: Stack, demo_bot: None, carrier: Carrier) -> None:
    """All of it with what a newcomer has: the number that is filled in, and the bot that comes with us."""
    del demo_bot
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.get_by_label("Number")).to_have_value(NUMBER)
    await page.get_by_role("region", name="Phone").get_by_role("button", name="Call").click()
    await page.get_by_role("list").get_by_role("link", name="anna").click()
    timeline = page.get_by_role("log")
    await expect(timeline).to_contain_text("Press one for an appointment")

    # Two: the bot beeps, and says back what it heard.
    await press(page, "2")
    await ear.until_loudest(page, BOT)
    FIGURES["page_heard_bot"] = True
    await ear.until_loudest(page, SAID)
    FIGURES["bot_heard_page"] = bool(listening.tones(demo.heard(), SAID, 200))
    assert FIGURES["bot_heard_page"]

    await press(page, "1")
    await expect(timeline).to_contain_text("Appointment confirmed")
    FIGURES["result_shown"] = await timeline.get_by_text("Appointment confirmed").is_visible()

    await press(page, "0")
    human = await carrier.incoming()
    await human.answer()
    await human.until_tone(SAID)
    FIGURES["human_reached"] = bool(listening.tones(human.heard, SAID))
    await page.get_by_role("region", name="Phone").get_by_role("button", name="Hang up").click()
    await human.until_ended()
    record = await stack.record()
    assert record.summary.ending == "caller_hung_up"

    await page.get_by_role("navigation").get_by_role("link", name="History").click()
    await page.get_by_role("list").get_by_role("link", name="anna").click()
    await expect(timeline).to_contain_text("Appointment confirmed")
    await page.wait_for_function(DURATION)
    seconds = await page.evaluate(DURATION)
    FIGURES["history_shown"] = seconds > 1 and await page.locator("canvas").is_visible()
    assert FIGURES["history_shown"]


async def test_a_call_from_the_page(page: Page, stack: Stack, bot: Bot, carrier: Carrier) -> None:
    await page.get_by_role("button", name="Call", exact=True).click()
    await page.get_by_label("Number").fill(BOTS_NUMBER)
    await page.get_by_role("region", name="Phone").get_by_role("button", name="Call").click()
    call = await bot.call()
    await call.until_message("answered")
    assert call.start["from"] == {"number": "browser", "name": "anna"}

    # Page to bot, and bot to page; and the page says who speaks: the microphone in its pauses does not.
    await page.get_by_role("link", name="anna").click()
    await page.evaluate(WATCH_WHO_SPEAKS)
    await call.until(lambda: bool(listening.tones(call.heard[-8_000:], SAID, 200)), "the microphone's tone")
    await page.wait_for_function(SPOKE, arg=["caller speaks"])
    await call.speak(tone(BOT, 20.0))
    await ear.until_loudest(page, BOT)
    await page.wait_for_function(SPOKE, arg=["bot speaks", "both speak"])
    await call.send("clear")
    await page.wait_for_function(SPEAKS, arg=["caller speaks", "nobody speaks"])

    # The recording, begun and paused from the page.
    actions = page.get_by_role("article")
    await actions.get_by_role("button", name="Record").click()
    await actions.get_by_role("button", name="Pause recording").click()
    await actions.get_by_role("button", name="Resume recording").click()
    await expect(actions.get_by_role("button", name="Pause recording")).to_be_visible()

    # A key, a result, a human.
    await press(page, "1")
    await call.until_message("dtmf", digit="1")
    begun = len(call.heard) // 8  # ms of the caller's audio
    said = {"text": "You are booked for Wednesday.", "start_ms": begun + 100, "end_ms": begun + 900}
    await call.send("transcript", role="bot", **said)
    await call.send("result", name="Appointment confirmed", data={"day": "Wednesday"})
    timeline = page.get_by_role("log")
    await expect(timeline).to_contain_text("Appointment confirmed")
    await expect(timeline).to_contain_text("You are booked for Wednesday.")
    await call.send("transfer", summary="a question on the bill")
    human = await carrier.incoming()
    await human.answer()
    await human.until_tone(SAID)
    await expect(timeline).to_contain_text("connected")
    await expect(page.locator("article .voice")).to_have_text("talks to a human")

    # From the page it ends, and the page knows it afterwards.
    await page.get_by_role("article").get_by_role("button", name="Hang up").click()
    await human.until_ended()
    await page.get_by_role("navigation").get_by_role("link", name="History").click()
    await page.get_by_role("list").get_by_role("link", name="anna").first.click()
    await expect(page.get_by_role("article")).to_contain_text("ended from here")
    await expect(page.get_by_role("log")).to_contain_text("Appointment confirmed")
    # A word leads to its place in the recording, and is marked there.
    await page.wait_for_function(DURATION)
    await page.locator(".word", has_text="booked").click()
    await expect(page.locator(".word.now")).to_have_text("booked")
    record = await stack.record()
    assert record.summary.ending == "operator_hung_up"
    assert [step.detail for step in record.steps if step.kind == "recording_asked"] == [
        "start, by anna", "pause, by anna", "resume, by anna",
    ]  # fmt: skip
    assert any(step.kind == "operator_hung_up" and step.detail == "by anna" for step in record.steps)


async def test_a_bot_that_fails_shows_the_rung_taken(page: Page, stack: Stack, carrier: Carrier) -> None:
    caller = await carrier.dial(BROKEN_NUMBER)
    human = await carrier.incoming()
    await page.get_by_role("list").get_by_role("link", name=caller.peer).click()
    await expect(page.get_by_role("article")).to_contain_text("desk")
    await expect(page.get_by_role("log")).to_contain_text("unreachable")
    await human.answer()
    await expect(page.get_by_role("log")).to_contain_text("Human and caller are connected")
    await caller.hang_up()
    await human.until_ended()
    assert (await stack.record()).summary.ending == "caller_hung_up"
