"""A running API: real sockets, real tokens, a real store, and calls that only pretend."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from controller.api.accounts import Accounts
from controller.api.event_log import EventLog
from controller.api.feed import event_log
from controller.api.metrics import Gauges, Metrics
from controller.api.parts import Parts
from controller.api.server import serve_api
from controller.api.softphone import Softphones
from controller.api.users import Users
from controller.ari.client import AriClient
from controller.closures_file import ClosuresFile
from controller.config import Settings
from controller.guard.guard import Guard
from controller.records.store import RecordStore
from controller.reporting import sip_guard, trunk_watch
from controller.routes_file import load_routes
from controller.routing.router import Router
from controller.trunks.watch import TrunkWatch
from tests.integration.stack.processes import free_port
from tests.unit.api.fakes import FakeCalls, FakeExchange

ROUTES = """
[defaults]
country = "DE"
time_zone = "Europe/Berlin"
human = "desk"

[bots.reception]
url = "ws://bot/"

[humans.desk]
dial = "PJSIP/human"

[calendars.office]
mon-fri = ["09:00-18:00"]

[[routes]]
name = "sales"
match = {to = "+49302312520*"}
ladder = [{bot = "reception", hours = "office"}, {human = "desk", on = ["closed"]}]

[[routes]]
name = "default"
ladder = [{bot = "reception"}, {human = "desk"}]
"""

SECRETS = {role: f"{role}-secret-of-the-tests" for role in ("read", "operate", "admin")}


@dataclass
class Api:
    """What a test asks."""

    url: str
    calls: FakeCalls
    store: RecordStore
    session: aiohttp.ClientSession
    parts: Parts
    health: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, role: str = "admin", **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {SECRETS[role]}"} if role else {}
        headers |= options.pop("headers", {})
        return self.session.request(method, self.url + path, headers=headers, **options)

    async def json(self, method: str, path: str, role: str = "admin", status: int = 200, **options: Any) -> Any:
        async with self.ask(method, path, role, **options) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None) if answer.content_type.endswith("json") else None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A module that needs others has a fixture of this name."""
    return make_settings(tmp_path)


def make_settings(folder: Path, **others: Any) -> Settings:
    tokens = ",".join(f"{role}-person:{role}:{secret}" for role, secret in SECRETS.items())
    fields = {"api_tokens": tokens, "api_requests_per_second": 10_000.0, "api_token_path": str(folder / "token")}
    return Settings.model_validate({"api_listen": f"127.0.0.1:{free_port()}", **fields, **others})


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: migrations take longer than most of these tests."""
    path = tmp_path_factory.mktemp("api") / "calls.sqlite3"

    async def make() -> None:
        await (await RecordStore.open(f"sqlite+aiosqlite:///{path}")).close()

    asyncio.run(make())
    return path


@pytest.fixture
async def store(tmp_path: Path, empty_database: Path) -> AsyncIterator[RecordStore]:
    shutil.copy(empty_database, tmp_path / "calls.sqlite3")
    store = await RecordStore.open(f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3")
    yield store
    await store.close()


@pytest.fixture
def calls() -> FakeCalls:
    return FakeCalls()


@pytest.fixture
def health() -> dict[str, Any]:
    return {
        "ready": True,
        "asterisk": True,
        "media_workers": 1,
        "media_loads": [0.1],
        "calls": 0,
        "records_waiting": 0,
    }


@pytest.fixture
def exchange() -> FakeExchange:
    return FakeExchange()


@pytest.fixture
async def parts(
    tmp_path: Path, calls: FakeCalls, store: RecordStore, health: dict[str, Any], exchange: FakeExchange
) -> Parts:
    return await make_parts(tmp_path, health, calls, store, exchange)


async def make_parts(
    folder: Path,
    health: dict[str, Any],
    calls: FakeCalls,
    store: RecordStore,
    exchange: FakeExchange,
    *,
    routes: str = ROUTES,
    softphones: Softphones | None = None,
) -> Parts:
    events = await event_log(store)
    metrics = Metrics()

    async def gauges() -> Gauges:
        return Gauges(asterisk_connected=True)

    (folder / "routes.toml").write_text(routes, encoding="utf-8")
    router = Router(load_routes(Settings(routes_file=str(folder / "routes.toml"))))
    closures = ClosuresFile(folder / "closed.json", router.close)
    accounts = Accounts(Users(folder / "users.json"))
    recordings = folder / "recordings"
    return Parts(
        lambda: health, calls, store, events, EventLog(10), metrics, router, closures, folder, recordings, gauges,
        accounts, Settings(), softphones or Softphones(exchange), no_trunks(folder, router), no_bans(folder),
        drain=lambda draining: health.update(draining=draining, ready=not draining),
    )  # fmt: skip


def no_bans(folder: Path) -> Guard:
    return sip_guard(Settings(database_url=f"sqlite+aiosqlite:///{folder}/calls.sqlite3"), nowhere())


def nowhere() -> AriClient:
    return AriClient("http://127.0.0.1:1", "", "", "test")


def no_trunks(folder: Path, router: Router) -> TrunkWatch:
    return trunk_watch(Settings(trunks_dir=str(folder)), nowhere(), router)


@pytest.fixture
async def api(
    settings: Settings, parts: Parts, calls: FakeCalls, store: RecordStore, health: dict[str, Any]
) -> AsyncIterator[Api]:
    async with serve_api(settings, parts), aiohttp.ClientSession() as session:
        yield Api(f"http://{settings.api_listen}", calls, store, session, parts, health)
