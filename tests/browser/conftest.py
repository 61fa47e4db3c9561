"""What a test in a browser is given: `browser`, and `page`, signed in, at a whole stack with real Asterisks."""

import os
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from controller.api.parts import Parts
from controller.api.tokens import Role
from controller.api.users import Users
from controller.carrier.sounds import tone
from controller.config import Settings
from controller.records.store import RecordStore
from tests.browser import demo, figures
from tests.integration.conftest import (  # noqa: F401 - fixtures
    bot,
    carrier,
    running_asterisks,
    running_stack,
    sounds_folder,
    stack,
)
from tests.integration.stack.asterisks import HUMAN_NUMBER
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack
from tests.unit.api.conftest import make_parts, make_settings
from tests.unit.api.fakes import LIVE, FakeCalls, FakeExchange
from tests.unit.records.examples import opened

CHROMIUM = shutil.which("chromium") or ""
WEB = Path(__file__).parents[2] / "web"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream"),
    "--use-fake-device-for-media-stream",
]
PASSWORD = "correct horse"
SAID = 620.0
"""Hz: what the fake microphone says, with pauses, again and again."""
DEMO_PORT = free_port()
NUMBER, BOTS_NUMBER, BROKEN_NUMBER = "+493023125000", "+493023125001", "+493023125002"
"""Of the demo bot, as it is filled in; of a bot that does what the test says; of one that is not there."""
ROUTES = """
[defaults]
country = "DE"
time_zone = "Europe/Berlin"
human = "desk"

[humans.desk]
dial = "PJSIP/{human}@trunk"
ring_seconds = 5

[bots.demo]
url = "ws://127.0.0.1:{demo}/"
[bots.tests]
url = "ws://127.0.0.1:{bot}/"
reconnect_seconds = 0
[bots.broken]
url = "ws://127.0.0.1:9/"

[calendars.office]
mon-fri = ["09:00-12:30", "13:30-18:00"]
closed = ["12-24", {{from = 2026-12-28, to = 2026-12-30, reason = "stocktaking"}}]
public_holidays = {{country = "DE", region = "BE"}}

[[routes]]
name = "tests"
match = {{to = "{bots_number}"}}
recording = "on_demand"
ladder = [{{bot = "tests"}}, {{human = "desk"}}]

[[routes]]
name = "broken"
match = {{to = "{broken_number}"}}
ladder = [{{bot = "broken"}}, {{human = "desk"}}]

[[routes]]
name = "office"
match = {{to = "+493023125003"}}
ladder = [{{bot = "demo", hours = "office"}}, {{human = "desk", on = ["closed"]}}]

[[routes]]
name = "default"
recording = "always"
ladder = [{{bot = "demo"}}, {{human = "desk"}}]
"""
WITHOUT_CLEANING = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
const raw = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
navigator.mediaDevices.getUserMedia = (wanted) => open({audio: {...wanted.audio, ...raw}});
"""
"""A tone is noise to a browser, which takes it out."""


def pytest_unconfigure() -> None:
    """The last line of all."""
    if any(value is not None for value in figures.FIGURES.values()):
        print(figures.line())  # noqa: T201


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, running_stack: Stack) -> dict[str, str]:  # noqa: F811
    folder = tmp_path_factory.mktemp("page")
    Users(folder / "users.json").add("anna", Role.OPERATE, PASSWORD)
    routes = ROUTES.format(
        human=HUMAN_NUMBER, demo=DEMO_PORT, bot=running_stack.bot_port, bots_number=BOTS_NUMBER,
        broken_number=BROKEN_NUMBER,
    )  # fmt: skip
    (folder / "routes.toml").write_text(routes, encoding="utf-8")
    return {
        "USERS_FILE": str(folder / "users.json"),
        "ROUTES_FILE": str(folder / "routes.toml"),
        "PAGE_DIR": str(WEB / "dist"),
    }


@pytest.fixture
async def demo_bot() -> AsyncIterator[None]:
    async with demo.serving(DEMO_PORT):
        yield


@asynccontextmanager
async def launched(folder: Path, *more: str) -> AsyncIterator[Browser]:
    """A browser with a microphone that says its tone."""
    assert CHROMIUM, "chromium is missing: setup/chromium"
    assert (WEB / "dist/index.html").exists(), "the page is not built: make page"
    _write(folder / "said.wav")
    async with async_playwright() as playwright:
        arguments = [*ARGUMENTS, f"--use-file-for-fake-audio-capture={folder / 'said.wav'}", *more]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, env=dict(os.environ))
        yield browser
        await browser.close()


@pytest.fixture
async def browser(stack: Stack, tmp_path: Path) -> AsyncIterator[Browser]:  # noqa: ARG001, F811 - closed before it
    async with launched(tmp_path) as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser, stack: Stack) -> AsyncIterator[Page]:  # noqa: F811
    context = await browser.new_context(locale="en-GB", permissions=["microphone"])
    await context.add_init_script(WITHOUT_CLEANING)
    complaints: list[str] = []
    page = await signed_in(context, stack, complaints)
    yield page
    await context.close()
    assert not complaints


@pytest.fixture
async def played(tmp_path: Path) -> AsyncIterator[tuple[Settings, Parts]]:
    """The parts of an API that the test starts and stops; its one call is nobody's."""
    store = await RecordStore.open(f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3")
    health = {"ready": True, "asterisk": True, "media_workers": 1, "media_loads": [0.1], "calls": 1}
    parts = await make_parts(tmp_path, {**health, "records_waiting": 0}, FakeCalls(), store, FakeExchange())
    parts.accounts.users.add("anna", Role.OPERATE, PASSWORD)
    await store.write([opened(LIVE.id)])
    yield make_settings(tmp_path, page_dir=str(WEB / "dist"), api_listen=f"127.0.0.1:{free_port()}"), parts
    await store.close()


async def signed_in(context: BrowserContext, stack: Stack, complaints: list[str]) -> Page:  # noqa: F811
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await sign_in(page, f"http://localhost:{stack.api_port}")
    return page


async def sign_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/")
    await page.locator("input[name=name]").fill("anna")
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("navigation").wait_for()


def _write(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(np.concatenate([tone(SAID, 1.0), np.zeros(12_000, np.int16)]).tobytes())
