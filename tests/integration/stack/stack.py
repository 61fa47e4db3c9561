"""All of it together: what a test is given as `stack`."""

import asyncio
import json
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.ari.client import AriClient
from controller.records.store import CallDetail, CallSummary, RecordStore
from tests.integration.stack.asterisks import HUMAN_NUMBER, Asterisks
from tests.integration.stack.processes import Process, free_port

SETTLE_SECONDS = 20.0
RECORDS_MAX = 1_000
API_TOKEN = "admin-token-of-the-tests"


@dataclass
class Stack:
    """Two Asterisks, a controller, a media worker. The bot's and the database's places are in `settings`."""

    asterisks: Asterisks
    directory: Path
    sounds: Path
    bot_port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)
    media_port: int = field(default_factory=free_port)
    second_media_port: int = field(default_factory=free_port)
    seen: set[str] = field(default_factory=set)
    """Ids of the calls of earlier tests."""
    custom: dict[str, str] = field(default_factory=dict)
    """What the controller runs with beside the usual settings."""

    def __post_init__(self) -> None:
        token = "token-of-the-tests"
        self.settings = {
            "ARI_URL": self.asterisks.bundled.url,
            "ARI_PASSWORD": self.asterisks.bundled.password,
            "BOT_URL": f"ws://127.0.0.1:{self.bot_port}/",
            "BOT_ACCEPT_SECONDS": "2",
            "BOT_RECONNECT_SECONDS": "0",
            "HUMAN_ENDPOINT": f"PJSIP/{HUMAN_NUMBER}@trunk",
            "HUMAN_RING_SECONDS": "5",
            "ON_STOP": "human",
            "SOUNDS_DIR": str(self.sounds),
            "VOICEMAIL_DIR": f"{self.directory}/voicemail",
            "RECORDINGS_DIR": f"{self.directory}/recordings",
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.directory}/calls.sqlite3",
            "MEDIA_URL": f"ws://127.0.0.1:{self.media_port},ws://127.0.0.1:{self.second_media_port}",
            "MEDIA_LISTEN": f"127.0.0.1:{self.media_port}",
            "MEDIA_RTP_LISTEN": "127.0.0.1:0",
            "MEDIA_TOKEN": token,
            "SIP_BAN_ATTEMPTS": "0",
            "API_LISTEN": f"127.0.0.1:{self.api_port}",
            "API_TOKENS": f"tests:admin:{API_TOKEN}",
        }
        self.controller = Process("serve", self.settings, self.directory / "controller.log")
        self.media = Process("media", self.settings, self.directory / "media.log")
        second = {**self.settings, "MEDIA_LISTEN": f"127.0.0.1:{self.second_media_port}"}
        self.second_media = Process("media", second, self.directory / "second-media.log")

    # --- processes ------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.start_media()
        self.start_controller()

    def start_media(self, **settings: str) -> None:
        self.media.start(**settings)
        self.media.wait_until_ready(f"http://127.0.0.1:{self.media_port}/healthz")

    def start_second_media(self) -> None:
        """For one test: a second worker, connected when this returns."""
        self.second_media.start()
        deadline = time.monotonic() + SETTLE_SECONDS + 5
        while self.health()["media_workers"] < 2:
            if time.monotonic() > deadline:
                raise AssertionError(f"the second worker did not connect:\n{self.second_media.log()}")
            time.sleep(0.05)

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api_port}/healthz", timeout=2) as answer:
            health: dict[str, Any] = json.load(answer)
            return health

    def media_sessions(self) -> int:
        """That the media worker carries."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.media_port}/healthz", timeout=2) as answer:
            return int(json.load(answer)["sessions"])

    def start_controller(self, **settings: str) -> None:
        """`settings` for this test; the next one gets a controller with its own again."""
        self.custom = settings
        self.controller.start(**settings)
        self.until_ready()

    def until_ready(self) -> None:
        """Until a call that arrives would be served."""
        self.controller.wait_until_ready(f"http://127.0.0.1:{self.api_port}/readyz")

    def restart_controller(self, **settings: str) -> None:
        self.controller.stop()
        self.start_controller(**settings)

    def route(self, routes: str, **settings: str) -> None:
        """For one test: a controller with this routes.toml and these settings; one that has them reads it again."""
        new = self.routes_file.with_suffix(".new")
        new.write_text(routes)
        new.replace(self.routes_file)
        wanted = {"ROUTES_FILE": str(self.routes_file), **settings}
        if self.controller.running and self.custom == wanted:
            self._reload_routes()
        else:
            self.restart_controller(**wanted)

    @property
    def spool(self) -> Path:
        """Where records wait for a Postgres that is away, of a controller that is started in our directory."""
        return self.directory / "data" / "spool"

    @property
    def routes_file(self) -> Path:
        return self.directory / "routes.toml"

    def _reload_routes(self) -> None:
        before = self.controller.logged
        self.controller.reload()
        deadline = time.monotonic() + SETTLE_SECONDS
        while "routes loaded" not in self.controller.log(before):
            if time.monotonic() > deadline:
                raise AssertionError(f"the routes were not read:\n{self.controller.log(before)}")
            time.sleep(0.01)

    def as_usual(self, settings: dict[str, str]) -> None:
        """Whatever a test did to the processes is undone; the controller has these settings."""
        if self.second_media.running:
            self.second_media.stop()
        if not self.media.running:
            self.start_media()
        if self.controller.running and self.custom != settings:
            self.controller.stop()
        if not self.controller.running:
            self.start_controller(**settings)
        self.until_ready()

    def stop(self) -> None:
        for process in (self.controller, self.media, self.second_media):
            if process.running:
                process.stop()

    # --- records --------------------------------------------------------------------------------------------

    async def records(self) -> list[CallSummary]:
        """Of the calls of this test, newest first."""
        store = await RecordStore.open(self.settings["DATABASE_URL"])
        try:
            return [call for call in await store.list_calls(RECORDS_MAX) if call.id not in self.seen]
        finally:
            await store.close()

    async def until_step(self, kind: str) -> None:
        """Until the record of the test's only call has a step of this kind, on disk."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                for call in await self.records():
                    if any(step.kind == kind for step in (await self.record_of(call.id)).steps):
                        return
                await asyncio.sleep(0.05)

    async def record(self) -> CallDetail:
        """The record of the test's only call, once it is closed."""
        await self.until_closed(1)
        (call,) = await self.records()
        return await self.record_of(call.id)

    async def record_of(self, call_id: str) -> CallDetail:
        store = await RecordStore.open(self.settings["DATABASE_URL"])
        try:
            return await store.show_call(call_id)
        finally:
            await store.close()

    async def until_closed(self, calls: int | None = None) -> None:
        """Until so many records are there and closed; None: all that there are."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            records = await self.records()
            if calls in (None, len(records)) and all(record.ending for record in records):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{calls} closed records expected, there are {records}\n{self.controller.log()}")
            await asyncio.sleep(0.02)

    # --- Asterisk -------------------------------------------------------------------------------------------

    def ari(self) -> AriClient:
        """A client of the test's own, for the bundled Asterisk."""
        bundled = self.asterisks.bundled
        return AriClient(bundled.url, bundled.username, bundled.password, "ari-controller")

    async def left_behind(self) -> list[str]:
        """Names of all channels and ids of all bridges in the bundled Asterisk."""
        async with self.ari() as ari:
            channels, bridges = await ari.channels(), await ari.bridges()
        return [channel.name for channel in channels] + [bridge.id for bridge in bridges]

    async def until_nothing_left(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while left := await self.left_behind():
            if time.monotonic() > deadline:
                raise AssertionError(f"left behind in Asterisk: {left}\n{self.controller.log()}")
            await asyncio.sleep(0.02)
