"""The pictures of the README: `python -m tests.browser.screenshots`, with calls that only pretend."""

import asyncio
import tempfile
import wave
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.async_api import Browser, ViewportSize, async_playwright

from controller.api.bot_states import BotStates
from controller.api.server import serve_api
from controller.api.tokens import Role
from controller.media.control_messages import Speaking
from controller.records.items import (
    CallClosed,
    CallOpened,
    DtmfPressed,
    Item,
    MetadataAdded,
    RecordingMade,
    ResultReported,
    StepTaken,
    TranscriptSaid,
)
from controller.records.store import RecordStore
from tests.browser.conftest import CHROMIUM, PASSWORD, WEB, sign_in
from tests.integration.stack.processes import free_port
from tests.unit.api.conftest import make_parts, make_settings
from tests.unit.api.fakes import LIVE, FakeCalls, FakeExchange

ROUTES: Final = """
[defaults]
country = "DE"
time_zone = "Europe/Berlin"
human = "desk"

[bots.reception]
url = "wss://bot.example.com/reception"
[bots.night]
url = "wss://bot.example.com/night"

[humans.desk]
dial = "PJSIP/desk"
[humans.sales]
dial = "PJSIP/sales"

[calendars.practice]
mon-thu = ["08:00-12:30", "14:00-18:00"]
fri = ["08:00-13:00"]
public_holidays = {country = "DE", region = "BE"}
closed = ["12-24", "12-31", {from = 2026-07-27, to = 2026-08-07, reason = "summer holidays"}]
[calendars.practice.special]
2026-12-23 = ["08:00-12:00"]

[[routes]]
name = "sales"
match = {to = "+49302312510*"}
escape = "0"
ladder = [{bot = "reception"}, {human = "sales"}, {voicemail = {greeting = "Please leave a message."}}]

[[routes]]
name = "reception"
escape = "0"
ladder = [
    {bot = "reception", hours = "practice"},
    {bot = "night", on = ["closed"]},
    {human = "desk"},
    {voicemail = {greeting = "Please leave a message."}},
]
"""
PICTURES: Final = Path(__file__).parents[2] / "docs/images"
SHOTS: Final = [
    ("live", "#/live/live-4", 1280, "light"),
    ("live", "#/live/live-4", 1280, "dark"),
    ("live", "#/live/live-4", 400, "light"),
    ("live", "#/live/live-4", 400, "dark"),
    ("history", "#/history/past-0", 1280, "light"),
    ("routes", "#/routes", 1280, "light"),
    ("health", "#/health", 400, "dark"),
]
DONE: Final = "Done: Wednesday"
THERE: Final = {"live": DONE, "history": DONE, "routes": "Hours and holidays", "health": "Ready."}
"""What has to be seen first."""
CALLERS: Final = [
    ("+41441234567", None, "talking", "reception"),
    ("+498912345678", "Autohaus Huber", "offering", "reception"),
    (None, None, "with_human", "sales"),
    ("+4917112345678", None, "dialling", "sales"),
    ("+493012345678", "Ada Lovelace", "talking", "reception"),
]
SECONDS: Final = 42


def conversation(call_id: str) -> list[Item]:
    said = [
        ("bot", "Hello, this is Dr. Sommer's practice. How can I help you?"),
        ("caller", "I'd like to move my appointment on Tuesday, I cannot leave before five."),
        ("bot", "There is Wednesday at 17:30, or Thursday at 10. Press 1 for Wednesday."),
    ]
    return [
        StepTaken(call_id, 0, 2, "rung", "bot reception"),
        StepTaken(call_id, 1, 140, "answered"),
        MetadataAdded(call_id, "m", 150, "context", {"customer": 4711}),
        *(
            TranscriptSaid(call_id, f"t{n}", 900 + n * 4_000, role, text, 100 + n * 4_000, 3_900 + n * 4_000)
            for n, (role, text) in enumerate(said)
        ),
        DtmfPressed(call_id, "d", 13_800, "1"),
        ResultReported(call_id, "r", 14_100, "Appointment confirmed", {"when": "Wednesday, 17:30"}),
        TranscriptSaid(call_id, "t9", 15_000, "bot", "Done: Wednesday, half past five. Anything else?"),
    ]


async def stage(store: RecordStore, calls: FakeCalls, folder: Path) -> None:
    now = datetime.now(UTC)
    calls.calls = []
    for place, (number, name, state, route) in enumerate(CALLERS):
        start = now - timedelta(seconds=31 * (len(CALLERS) - place) - 10)
        human = "desk" if state in {"with_human", "dialling"} else ""
        live = replace(
            LIVE, id=f"live-{place}", started_at=start, answered_at=start, from_number=number, from_name=name
        )
        speaking = Speaking.BOT if place else Speaking.CALLER
        calls.calls.append(
            replace(live, state=state, route=route, human=human, bot="" if human else "reception", speaking=speaking)
        )
        await store.write([CallOpened(live.id, start, number, name, "+493023125000", route), *conversation(live.id)])
    for place in range(8):
        number, name, _, route = CALLERS[(place + 4) % len(CALLERS)]
        call_id, start = f"past-{place}", now - timedelta(minutes=17 * (place + 1))
        quality = {"mos": 4.3, "jitter_ms": 2.1, "lost": 3, "packets_in": 3_250}
        ending = ("bot_hung_up", "caller_hung_up", "voicemail", "human_hung_up")[place % 4]
        await store.write(
            [
                CallOpened(call_id, start, number, name, "+493023125000", route),
                *conversation(call_id),
                RecordingMade(call_id, "rec", 140, call_id, "wav", SECONDS * 1000, 1_344_044, ""),
                CallClosed(call_id, start + timedelta(seconds=SECONDS + place), ending, start, 16, quality),
            ]
        )
        speech(folder / f"{call_id}.wav")


def used(bots: BotStates) -> None:
    """As after a day of calls."""
    began = datetime.now(UTC) - timedelta(minutes=3)
    for name, response_ms in (("reception", 480.0), ("night", 610.0)):
        bots.observe(CallOpened(name, began, None, None, None, "reception"))
        bots.observe(StepTaken(name, 0, 2, "rung", f"bot {name}"))
        bots.observe(StepTaken(name, 1, 90, "bot_accepted"))
        bots.observe(CallClosed(name, began, "bot_hung_up", began, 16, {"bot_response_ms": response_ms}))


def speech(path: Path) -> None:
    """Two who take turns, as a waveform has them."""
    chance = np.random.default_rng(7)
    time = np.arange(SECONDS * 8_000) / 8_000
    syllables = np.abs(np.sin(time * 9)) * np.abs(np.sin(time * 2.3)) * chance.uniform(0.3, 1, len(time))
    turn = (time // 4).astype(int) % 2 == 0
    sides = np.stack([np.where(turn, 0, syllables), np.where(turn, syllables, 0)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((sides * 12_000).astype(np.int16).tobytes())


async def shoot(browser: Browser, url: str, name: str, path: str, width: int, scheme: Any) -> None:
    screen = ViewportSize(width=width, height=800)
    context = await browser.new_context(viewport=screen, color_scheme=scheme, locale="en-GB")
    page = await context.new_page()
    await sign_in(page, url)
    await page.goto(f"{url}/{path}")
    await page.get_by_text(THERE[name]).first.wait_for()
    if name == "history":
        await page.locator("canvas").wait_for()
        await page.locator(".word", has_text="Tuesday").click()
        await page.locator(".word.now").wait_for()
    if name == "routes":
        await page.locator(".months").wait_for()
    await page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png")
    await context.close()


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = await RecordStore.open(f"sqlite+aiosqlite:///{folder}/calls.sqlite3")
        health = {"ready": True, "asterisk": True, "media_workers": 1, "media_loads": [0.1], "calls": 5}
        calls = FakeCalls()
        waiting = {**health, "records_waiting": 0}
        parts = await make_parts(folder, waiting, calls, store, FakeExchange(), routes=ROUTES)
        parts.recordings_folder.mkdir(exist_ok=True)
        await stage(store, calls, parts.recordings_folder)
        used(parts.bots)
        parts.accounts.users.add("anna", Role.OPERATE, PASSWORD)
        address = f"127.0.0.1:{free_port()}"
        settings = make_settings(folder, page_dir=str(WEB / "dist"), api_listen=address)
        async with serve_api(settings, parts), async_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-gpu"]
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
            PICTURES.mkdir(exist_ok=True)
            for shot in SHOTS:
                await shoot(browser, f"http://{address}", *shot)
            await browser.close()
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
