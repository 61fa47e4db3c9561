"""Somebody listens in: hears both sides, is heard by neither, and changes nothing by coming and going."""

from playwright.async_api import Page, expect

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.sounds import tone
from tests.browser import ear
from tests.browser.conftest import BOTS_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack

CALLER, BOT, OPERATOR = 440.0, 1_000.0, 620.0
SPEAKING = f"""
AudioContext.prototype.createMediaStreamDestination = function () {{
    const target = new MediaStreamAudioDestinationNode(this);
    const voice = new OscillatorNode(this, {{frequency: {OPERATOR}}});
    voice.connect(target);
    voice.start();
    return target;
}};
"""
"""In place of the silence that the page sends: even a browser that spoke would not be heard."""


async def test_listening_in(page: Page, stack: Stack, bot: Bot, carrier: Carrier) -> None:
    await page.add_init_script(SPEAKING)
    await page.reload()
    caller = await carrier.dial(BOTS_NUMBER)
    call = await bot.call()
    await call.until_message("answered")
    await caller.until_answered()
    await page.get_by_role("list").get_by_role("link", name=caller.peer).click()
    actions = page.get_by_role("article")
    await actions.get_by_role("button", name="Listen in").click()
    await expect(page.get_by_role("log")).to_contain_text("Somebody listens in")

    caller.play(tone(CALLER, 6.0))
    await ear.until_loudest(page, CALLER)
    assert not listening.sounds(caller.heard)
    await call.speak(tone(BOT, 4.0))
    await ear.until_all(page, CALLER, BOT)
    await call.until(lambda: bool(listening.tones(call.heard, CALLER, 200)), "the caller")
    await caller.until_tone(BOT)
    assert not listening.tones(call.heard, OPERATOR)

    await page.get_by_role("region", name="Listening in").get_by_role("button", name="Stop listening").click()
    await expect(page.get_by_role("log")).to_contain_text("No longer listened to")
    await call.send("clear")
    await call.speak(tone(1_300.0, 1.0))
    await caller.until_tone(1_300.0)
    caller.play(tone(800.0, 1.0))
    await call.until(lambda: bool(listening.tones(call.heard, 800.0, 200)), "the caller, afterwards")
    await caller.hang_up()
    record = await stack.record()
    assert record.summary.ending == "caller_hung_up"
    heard = [(step.kind, step.detail) for step in record.steps if step.kind.startswith("listener")]
    assert heard == [("listener_joined", "by anna"), ("listener_left", "by anna")]


async def test_a_call_that_ends_ends_for_who_listens(page: Page, stack: Stack, bot: Bot, carrier: Carrier) -> None:
    caller = await carrier.dial(BOTS_NUMBER)
    call = await bot.call()
    await call.until_message("answered")
    await page.get_by_role("list").get_by_role("link", name=caller.peer).click()
    await page.get_by_role("article").get_by_role("button", name="Listen in").click()
    region = page.get_by_role("region", name="Listening in")
    await call.speak(tone(BOT, 4.0))
    await ear.until_loudest(page, BOT)
    await caller.hang_up()
    await expect(region).to_be_hidden()
    assert (await stack.record()).summary.ending == "caller_hung_up"
