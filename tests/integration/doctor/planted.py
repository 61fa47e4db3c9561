"""Faults to be planted in a stack that is healthy, each as it happens to people, and taken out again."""

import asyncio
import ssl
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import aiohttp
from aiohttp import web

from controller.doctor.finding import Fault
from controller.records import outbox
from controller.records.items import CallClosed, CallOpened
from controller.records.outbox import Outcome
from controller.records.schema import HEAD
from controller.records.store import RecordStore
from controller.records.targets import Audience
from controller.routing.webhook import Target
from tests.integration.stack.bot import Bot, serving
from tests.integration.stack.processes import free_port
from tests.integration.stack.sip_party import party
from tests.integration.stack.stack import Stack
from tests.integration.stack.stun import stun_server

NOBODY = "127.0.0.1:1"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """Where a fault is planted."""

    stack: Stack
    bot: Bot
    folder: Path

    async def until_health(self, true: Callable[[dict[str, object]], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not true(await asyncio.to_thread(self.stack.health)):  # noqa: ASYNC110 - it knows no event
                await asyncio.sleep(0.05)


@dataclass
class Planted:
    """`settings` are the doctor's; `calls`: it places its own; `address`: what it is told about this machine."""

    settings: dict[str, str] = field(default_factory=dict)
    calls: bool = False
    address: str = ""


Plant = Callable[[Place], AbstractAsyncContextManager[Planted]]


@dataclass(frozen=True)
class FaultCase:
    """`consequences`: what else the doctor may well say of it."""

    fault: Fault
    plant: Plant
    quick: bool = False
    """Among those that every test run plants."""
    consequences: frozenset[Fault] = frozenset()


def wrong_settings(**settings: str) -> Plant:
    @asynccontextmanager
    async def plant(_place: Place) -> AsyncIterator[Planted]:
        yield Planted(settings)

    return plant


# --- Asterisk -----------------------------------------------------------------------------------------------


@asynccontextmanager
async def no_module(place: Place) -> AsyncIterator[Planted]:
    async with _ari(place) as session:
        module = "/ari/asterisk/modules/app_transfer.so"
        (await session.delete(module)).raise_for_status()
        try:
            yield Planted()
        finally:
            (await session.post(module)).raise_for_status()


@asynccontextmanager
async def endpoint_without_g711(place: Place) -> AsyncIterator[Planted]:
    async with place.stack.ari() as ari:
        await ari.put_object("endpoint", "planted", {"allow": "g722", "context": "from-phone"})
        try:
            yield Planted()
        finally:
            await ari.delete_object("endpoint", "planted")


@asynccontextmanager
async def other_controller(place: Place) -> AsyncIterator[Planted]:
    async with place.stack.ari() as ari, ari.event_socket():
        async with asyncio.timeout(WAIT_SECONDS):
            while place.stack.controller.running:  # noqa: ASYNC110 - it ends: one who decides is enough
                await asyncio.sleep(0.05)
        yield Planted()
    place.stack.start_controller(**place.stack.custom)


@asynccontextmanager
async def clock_that_differs(place: Place) -> AsyncIterator[Planted]:
    async with _bent(place, clock=timedelta(minutes=3)) as url:
        yield Planted({"ARI_URL": url})


@asynccontextmanager
async def old_asterisk(place: Place) -> AsyncIterator[Planted]:
    async with _bent(place, version="20.9.1") as url:
        yield Planted({"ARI_URL": url})


@asynccontextmanager
async def audio_that_gets_lost(_place: Place) -> AsyncIterator[Planted]:
    """Asterisk sends its audio to an address at which nobody is (RFC 5737)."""
    yield Planted(calls=True, address="192.0.2.1")


def _ari(place: Place) -> aiohttp.ClientSession:
    bundled = place.stack.asterisks.bundled
    login = b64encode(f"{bundled.username}:{bundled.password}".encode()).decode()
    return aiohttp.ClientSession(bundled.url, headers={"Authorization": f"Basic {login}"})


@asynccontextmanager
async def _bent(place: Place, clock: timedelta = timedelta(), version: str = "") -> AsyncIterator[str]:
    """Asterisk's answers, of another time or another version."""

    async def pass_on(request: web.Request) -> web.Response:
        async with session.request(request.method, request.path_qs) as answer:
            content = await answer.json()
            if version and request.path.endswith("/info"):
                content["system"]["version"] = version
            date = format_datetime(datetime.now(UTC) + clock, usegmt=True)
            return web.json_response(content, status=answer.status, headers={"Date": date})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", pass_on)
    async with _ari(place) as session, _served(app) as url:
        yield url


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    port = free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def address_of_yesterday(_: Place) -> AsyncIterator[Planted]:
    """The line has another one now; a STUN server says so."""
    async with stun_server("203.0.113.8") as server:
        yield Planted({"EXTERNAL_ADDRESS": "203.0.113.7", "STUN_SERVER": server})


# --- calls that have been -----------------------------------------------------------------------------------


@asynccontextmanager
async def caller_without_audio(place: Place) -> AsyncIterator[Planted]:
    """A caller whose audio goes nowhere: as behind a NAT, nothing comes."""
    async with party(place.stack.asterisks.bundled.sip_port) as caller:
        await caller.call("+493023125000")
        await asyncio.sleep(2.5)
        await caller.hang_up()
    await place.stack.until_closed(1)
    yield Planted()


@asynccontextmanager
async def number_in_another_form(place: Place) -> AsyncIterator[Planted]:
    """The carrier sends the number without + and country code."""
    async with party(place.stack.asterisks.bundled.sip_port) as caller:
        await caller.call("03023125000")
        await caller.hang_up()
    await place.stack.until_closed(1)
    yield Planted()


# --- controller, media, bot ---------------------------------------------------------------------------------


@asynccontextmanager
async def no_controller(place: Place) -> AsyncIterator[Planted]:
    place.stack.controller.stop()
    try:
        yield Planted()
    finally:
        place.stack.start_controller(**place.stack.custom)


@asynccontextmanager
async def no_media_worker(place: Place) -> AsyncIterator[Planted]:
    place.stack.media.stop()
    await place.until_health(lambda health: health["media_workers"] == 0)
    try:
        yield Planted()
    finally:
        place.stack.start_media()
        await place.until_health(lambda health: bool(health["ready"]))


@asynccontextmanager
async def media_worker_with_another_token(place: Place) -> AsyncIterator[Planted]:
    place.stack.media.stop()
    place.stack.start_media(MEDIA_TOKEN="another-token-of-the-tests")
    try:
        yield Planted()
    finally:
        place.stack.media.stop()
        place.stack.start_media()
        await place.until_health(lambda health: bool(health["ready"]))


@asynccontextmanager
async def bot_of_another_protocol(place: Place) -> AsyncIterator[Planted]:
    place.bot.manner = "other_subprotocol"
    yield Planted(calls=True)
    place.bot.manner = "accept"


@asynccontextmanager
async def bot_that_thinks_too_long(place: Place) -> AsyncIterator[Planted]:
    place.bot.manner = "wait"
    yield Planted({"BOT_ACCEPT_SECONDS": "0.5"}, calls=True)
    place.bot.manner = "accept"


@asynccontextmanager
async def bot_nobody_trusts(place: Place) -> AsyncIterator[Planted]:
    async with _secure_bot(place, days=300) as (url, _):
        yield Planted({"BOT_URL": url})


@asynccontextmanager
async def certificate_near_its_end(place: Place) -> AsyncIterator[Planted]:
    async with _secure_bot(place, days=3) as (url, certificate):
        routes = place.folder / "routes.toml"
        bot = f'[bots.reception]\nurl = "{url}"\nca_file = "{certificate}"\n'
        routes.write_text(f'{bot}[[routes]]\nname = "default"\nladder = [{{bot = "reception"}}]\n')
        yield Planted({"ROUTES_FILE": str(routes)}, calls=True)


@asynccontextmanager
async def _secure_bot(place: Place, days: int) -> AsyncIterator[tuple[str, Path]]:
    certificate, key = place.folder / "bot.pem", place.folder / "bot.key"
    names = ["-subj", "/CN=bot", "-addext", "subjectAltName=IP:127.0.0.1", "-days", str(days)]
    files = ["-keyout", str(key), "-out", str(certificate)]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command = ["openssl", "req", "-x509", *kind, *names, *files]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    port = free_port()
    async with serving(port, tls):
        yield f"wss://127.0.0.1:{port}/", certificate


# --- routes, records, webhooks ------------------------------------------------------------------------------


@asynccontextmanager
async def broken_routes(place: Place) -> AsyncIterator[Planted]:
    routes = place.folder / "routes.toml"
    routes.write_text('[[routes]]\nname = "default"\nladder = [{bot = "nobody"}]\n')
    yield Planted({"ROUTES_FILE": str(routes)})


@asynccontextmanager
async def broken_trunks(place: Place) -> AsyncIterator[Planted]:
    trunks = place.folder / "trunks.toml"
    trunks.write_text('[trunks.carrier]\nprofile = "sipgate"\nusername = "1234567t0"\n')
    yield Planted({"TRUNKS_FILE": str(trunks)})


@asynccontextmanager
async def records_of_a_newer_version(place: Place) -> AsyncIterator[Planted]:
    url = f"sqlite+aiosqlite:///{place.folder}/newer.sqlite3"
    store = await RecordStore.open(url)
    async with store.database.writing() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (f"{int(HEAD) + 1:04}",))
    await store.close()
    yield Planted({"DATABASE_URL": url})


@asynccontextmanager
async def locked_records(place: Place) -> AsyncIterator[Planted]:
    url = f"sqlite+aiosqlite:///{place.folder}/locked.sqlite3"
    store = await RecordStore.open(url)
    try:
        async with store.database.writing():
            yield Planted({"DATABASE_URL": url})
    finally:
        await store.close()


@asynccontextmanager
async def folder_that_is_a_file(place: Place) -> AsyncIterator[Planted]:
    (place.folder / "recordings").write_text("no folder")
    yield Planted({"RECORDINGS_DIR": str(place.folder / "recordings")})


@asynccontextmanager
async def messages_given_up(place: Place) -> AsyncIterator[Planted]:
    url = f"sqlite+aiosqlite:///{place.folder}/given-up.sqlite3"
    now = datetime.now(UTC)
    async with _served(web.Application()) as receiver:
        store = await RecordStore.open(url, audience=Audience((Target("default", receiver, SECRET),)))
        opened = CallOpened("c1", now - timedelta(minutes=1), "+491713920012", None, "+493023125000", "default")
        await store.write([opened, CallClosed("c1", now, "caller_hung_up")])
        (stream,) = await outbox.take(store.database, "default", datetime.now(UTC), 60, 1)
        gone = Outcome(stream, 0, "HTTP 410", with_all_after=True)
        await outbox.settle(store.database, [gone], datetime.now(UTC))
        await store.close()
        yield Planted({"DATABASE_URL": url, "WEBHOOK_URL": receiver, "WEBHOOK_SECRET": SECRET})


CASES = (
    FaultCase(Fault.ASTERISK_UNREACHABLE, wrong_settings(ARI_URL=f"http://{NOBODY}"), quick=True),
    FaultCase(Fault.ASTERISK_REFUSES, wrong_settings(ARI_PASSWORD="not-the-password")),
    FaultCase(Fault.ASTERISK_TOO_OLD, old_asterisk),
    FaultCase(Fault.MODULES_MISSING, no_module, quick=True),
    FaultCase(Fault.APPLICATION_TAKEN, other_controller, consequences=frozenset({Fault.CONTROLLER_AWAY})),
    FaultCase(Fault.CLOCK_DIFFERS, clock_that_differs),
    FaultCase(Fault.SIP_SILENT, wrong_settings(SIP_PORT="1")),
    FaultCase(Fault.PUBLIC_ADDRESS_DIFFERS, address_of_yesterday),
    FaultCase(Fault.PUBLIC_ADDRESS_UNKNOWN, wrong_settings(STUN_SERVER=NOBODY)),
    FaultCase(Fault.CODEC_MISMATCH, endpoint_without_g711, quick=True),
    FaultCase(Fault.ONE_WAY_AUDIO, audio_that_gets_lost, consequences=frozenset({Fault.NO_AUDIO})),
    FaultCase(Fault.CALLERS_NOT_HEARD, caller_without_audio, quick=True),
    FaultCase(Fault.NUMBER_FORMAT, number_in_another_form, quick=True),
    FaultCase(Fault.CONTROLLER_AWAY, no_controller),
    FaultCase(Fault.MEDIA_AWAY, no_media_worker),
    FaultCase(Fault.MEDIA_TOKEN_DIFFERS, media_worker_with_another_token),
    FaultCase(Fault.RTP_PORTS_SHORT, wrong_settings(CALLS_MAX="1000")),
    FaultCase(Fault.ROUTES_UNUSABLE, broken_routes),
    FaultCase(Fault.TRUNKS_UNUSABLE, broken_trunks),
    FaultCase(Fault.BOT_UNREACHABLE, wrong_settings(BOT_URL=f"ws://{NOBODY}/")),
    FaultCase(Fault.BOT_PROTOCOL, bot_of_another_protocol, quick=True),
    FaultCase(Fault.BOT_SLOW, bot_that_thinks_too_long),
    FaultCase(Fault.BOT_CERTIFICATE, bot_nobody_trusts),
    FaultCase(Fault.CERTIFICATE_EXPIRING, certificate_near_its_end),
    FaultCase(Fault.HUMAN_UNKNOWN, wrong_settings(HUMAN_ENDPOINT="PJSIP/nobody")),
    FaultCase(Fault.HUMAN_OFFLINE, wrong_settings(HUMAN_ENDPOINT="PJSIP/human")),
    FaultCase(Fault.RECORDS_UNUSABLE, locked_records),
    FaultCase(Fault.RECORDS_NEWER, records_of_a_newer_version),
    FaultCase(Fault.FOLDER_UNUSABLE, folder_that_is_a_file),
    FaultCase(Fault.WEBHOOK_UNREACHABLE, wrong_settings(WEBHOOK_URL=f"http://{NOBODY}/", WEBHOOK_SECRET=SECRET)),
    FaultCase(Fault.WEBHOOK_GIVEN_UP, messages_given_up),
)
