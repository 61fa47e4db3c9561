"""What a test in a browser is given: `browser`, and `page`, signed in, at a whole stack with real Asterisks."""

import os
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from controller.api.tokens import Role
from controller.api.users import Users
from controller.carrier.sounds import tone
from tests.integration.conftest import (  # noqa: F401 - fixtures
    bot,
    carrier,
    running_asterisks,
    running_stack,
    sounds_folder,
    stack,
)
from tests.integration.stack.stack import Stack

CHROMIUM = shutil.which("chromium") or ""
WEB = Path(__file__).parents[2] / "web"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream"),
    "--use-fake-device-for-media-stream",
]
PASSWORD = "correct horse"
SAID = 620.0
"""Hz: what the fake microphone says, again and again."""
WITHOUT_CLEANING = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
const raw = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
navigator.mediaDevices.getUserMedia = (wanted) => open({audio: {...wanted.audio, ...raw}});
"""
"""A tone is noise to a browser, which takes it out."""


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    users = tmp_path_factory.mktemp("users") / "users.json"
    Users(users).add("anna", Role.OPERATE, PASSWORD)
    return {"USERS_FILE": str(users), "PAGE_DIR": str(WEB / "dist")}


@pytest.fixture
async def browser(stack: Stack, tmp_path: Path) -> AsyncIterator[Browser]:  # noqa: ARG001, F811 - closed before it
    assert CHROMIUM, "chromium is missing: setup/chromium"
    assert (WEB / "dist/index.html").exists(), "the page is not built: make page"
    _write(tmp_path / "said.wav")
    async with async_playwright() as playwright:
        arguments = [*ARGUMENTS, f"--use-file-for-fake-audio-capture={tmp_path / 'said.wav'}"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=dict(os.environ))
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, stack: Stack) -> AsyncIterator[Page]:  # noqa: F811
    context = await browser.new_context(locale="en-GB", permissions=["microphone"])
    await context.add_init_script(WITHOUT_CLEANING)
    complaints: list[str] = []
    page = await signed_in(context, stack, complaints)
    yield page
    await context.close()
    assert not complaints


async def signed_in(context: BrowserContext, stack: Stack, complaints: list[str]) -> Page:  # noqa: F811
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"http://localhost:{stack.api_port}/")
    await page.locator("input[name=name]").fill("anna")
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("navigation").wait_for()
    return page


def _write(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(tone(SAID, 2.0).tobytes())
