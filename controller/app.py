"""Puts the control plane together: `serve` is the whole of `ari-controller serve`."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import structlog

from controller.api.bot_states import BotStates
from controller.api.events import tap
from controller.api.metrics import Metrics
from controller.api.server import serve_api
from controller.api.softphone import Softphones
from controller.ari.client import AriClient
from controller.ari.event_stream import EventStream
from controller.bot.adapters import audio_carried
from controller.bot.chooser import BotChooser
from controller.bot.preflight import check_bot
from controller.bot.websocket import where
from controller.call.vocabulary import Ending
from controller.closures_file import ClosuresFile, closures_path, data_folder
from controller.config import Address, Settings
from controller.context.context import Context
from controller.errors import SETTING_STATUS, SettingError
from controller.records.items import CallClosed
from controller.records.keeping import Keeping, keeping
from controller.records.retention import Retention, Sweeper
from controller.reporting import (
    api_parts,
    counted,
    live_calls,
    sip_guard,
    tracing,
    trunk_watch,
    twilio_account,
    twilio_routes,
)
from controller.routes_file import RoutesFile, load_routes, tls_of
from controller.routing.router import Router
from controller.routing.routes import Routes
from controller.session.departure import Departure
from controller.session.dispatcher import Dispatcher, Rules
from controller.session.files import remover
from controller.session.steering import Documents
from controller.session.voices import Voices
from controller.sounds.sounds import Sounds
from controller.stopping import Stopping, cancel, until_stopped
from controller.tracing.calls import trace_calls
from controller.tracing.tracer import Tracer
from controller.trunks.book import TrunkBook
from controller.trunks.watch import TrunkWatch
from controller.webhooks.sender import Sender
from controller.webhooks.targets import audience

SPOOL_FOLDER: Final = "spool"
"""Beside a SQLite database, else in data/: where records wait while the database is away."""
WORKER_STOP_SECONDS: Final = 3.0
"""For our own media worker to end its sessions."""
WORKER_RESTART_SECONDS: Final = 0.5
"""Between the end of our own media worker, which should not end, and the next."""

ABANDONED_MAX: Final = 10_000
"""Calls that one controller can have had at a time, with room to spare."""

log = structlog.get_logger()


class MediaWorkerRefusedError(SettingError):
    """Our own media worker ended over a setting, and has said which."""

    def __init__(self, problem: str) -> None:
        super().__init__("MEDIA_URL is empty", problem, "Correct that setting")


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingError for what a change of settings would mend."""
    router = Router(load_routes(settings))
    await asyncio.gather(*(check_bot(bot.url, setting, tls_of(bot)) for setting, bot in router.routes.bots().items()))
    routes_file = RoutesFile(settings, router)
    closures_file = ClosuresFile(closures_path(settings), router.close)
    stopping = Stopping()
    async with AsyncExitStack() as stack:
        tracer = await stack.enter_async_context(tracing(settings))
        records = await stack.enter_async_context(_records(settings, router.routes, tracer))
        store, writer = records.store, records.writer
        ari = await stack.enter_async_context(AriClient.of(settings))
        sounds = Sounds(Path(settings.sounds_dir))
        await sounds.open()
        voices = Voices(sounds)
        await voices.prepare(router.routes)

        async def prepare(routes: Routes) -> None:
            told = audience(settings, routes)
            await voices.prepare(routes)
            store.tell(told)

        routes_file.on_loaded = prepare
        context = await stack.enter_async_context(Context(store.database, settings, tracer))
        account = await stack.enter_async_context(twilio_account(settings))
        trunks = trunk_watch(settings, ari, router)
        rules = await stack.enter_async_context(
            _rules(settings, router.routes, (voices, trunks.book), context, account)
        )
        figures, softphones = (Metrics(), BotStates()), Softphones(ari)
        dispatcher = Dispatcher(
            ari, router, counted(*figures, writer.submit), rules, softphones.who_listens, writer.submit
        )
        await _go_on(records, settings.node_name, dispatcher)
        parts = await api_parts(
            settings,
            dispatcher,
            records,
            figures,
            (router, closures_file),
            (softphones, trunks, sip_guard(settings, ari)),
        )
        await stack.enter_async_context(
            serve_api(settings, parts, twilio_routes(account, live_calls(dispatcher, store)))
        )
        if not parts.accounts.users.all():
            log.info("nobody can sign in yet", mend="ari-controller user add NAME")
        sweeper = Sweeper(store.database, Retention.of(settings), remover(ari, *folders(settings)))
        await stack.enter_async_context(in_background("retention", sweeper.run()))
        await stack.enter_async_context(in_background("guard", parts.guard.run()))
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, routes_file, trunks)
        tasks = [
            asyncio.create_task(EventStream(ari, dispatcher, tap=tap(parts.raw_events)).run(), name="event stream"),
            asyncio.create_task(routes_file.watch(), name="routes"),
            asyncio.create_task(closures_file.watch(), name="closures"),
            asyncio.create_task(trunks.run(), name="trunks"),
        ]
        stack.push_async_callback(cancel, tasks)
        tasks += _media_plane(settings, dispatcher)
        departure = Departure(dispatcher, settings.on_stop, settings.drain_seconds, bool(settings.media_urls))
        stack.push_async_callback(departure.leave, stopping.hurried)
        bots = sorted({where(bot.url) for bot in router.routes.bots().values()})
        log.info("started", number=settings.phone_number, routes=router.routes.source, bots=bots)
        log.info("to call", phone=f"register a SIP phone as user phone at port {settings.sip_port}", dial="any number")
        await until_stopped(stopping, tasks)
        log.info("stopping", calls=dispatcher.calls, on_stop=settings.on_stop)


def _media_plane(settings: Settings, dispatcher: Dispatcher) -> list["asyncio.Task[None]"]:
    """Links to the media workers; and the workers, where the settings name none."""
    urls = settings.media_urls
    token = settings.media_token.get_secret_value()
    tasks: list[asyncio.Task[None]] = []
    if not urls:
        count = settings.media_workers or os.cpu_count() or 1
        urls, token = [f"ws://127.0.0.1:{_free_port()}" for _ in range(count)], secrets.token_urlsafe(32)
        own = [_own_worker(settings, url, token, number) for number, url in enumerate(urls)]
        tasks.extend(asyncio.create_task(worker, name="media worker") for worker in own)
    tasks.extend(asyncio.create_task(dispatcher.workers.follow(url, token), name="media links") for url in urls)
    return tasks


def _reload(routes_file: RoutesFile, trunks: TrunkWatch) -> None:
    routes_file.reload()
    trunks.reload()


def folders(settings: Settings) -> tuple[Path, Path]:
    """Of voicemails, and of recordings."""
    return Path(settings.voicemail_dir), Path(settings.recordings_dir)


@asynccontextmanager
async def _rules(
    settings: Settings, routes: Routes, parts: tuple[Voices, TrunkBook], context: Context, documents: Documents | None
) -> AsyncIterator[Rules]:
    """What is the same for all calls."""
    names = tuple(name for name in settings.sip_headers.split(",") if name)
    calls_max = routes.calls_max or settings.calls_max
    async with aiohttp.ClientSession() as session:
        chooser = BotChooser(session, audio_carried())
        voices, trunks = parts
        yield Rules(
            voices,
            *folders(settings),
            context,
            chooser,
            documents,
            settings.media_load_max,
            calls_max,
            settings.drain_new_calls,
            names,
            settings.phone_number,
            trunks,
        )


@asynccontextmanager
async def _records(settings: Settings, routes: Routes, tracer: Tracer) -> AsyncIterator[Keeping]:
    told, folder = audience(settings, routes), data_folder(settings) / SPOOL_FOLDER
    async with (
        keeping(settings.database_url, settings.node_name, told, folder) as records,
        in_background("webhooks", Sender(records.store, tracer).run()),
        in_background("traces", trace_calls(records.store, tracer)),
    ):
        yield records


@asynccontextmanager
async def in_background(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs what calls do not need: should it fail, that is said, and they go on without it."""

    def say_failure(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception():
            log.error("a background task failed", task=name, exc_info=task.exception())

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(say_failure)
    try:
        yield
    finally:
        await cancel([task])


async def _go_on(records: Keeping, node: str, dispatcher: Dispatcher) -> None:
    """With the calls of an earlier controller of our name. Where nobody can, their records are closed."""
    store = records.store
    dispatcher.adopt(await store.held_calls(node))
    now = datetime.now(UTC)
    # Those of version 0.1 have no name.
    for call in [
        call for name in {node, ""} for call in await store.list_calls(ABANDONED_MAX, live_only=True, node=name)
    ]:
        if call.id in dispatcher.sessions:
            continue
        log.warning("record of an earlier controller closed", call=call.id)
        answered_at = (await store.show_call(call.id)).answered_by_steps
        records.writer.submit(CallClosed(call.id, now, Ending.CONTROLLER_LOST, answered_at))


# --- a media worker of our own ------------------------------------------------------------------------------


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _own_worker(settings: Settings, url: str, token: str, number: int) -> None:
    """Keep one media worker running as a child process; `number` counts them from 0."""
    rtp = Address.parse(settings.media_rtp_listen)
    environment = {
        **os.environ,
        "MEDIA_LISTEN": url.removeprefix("ws://"),
        "MEDIA_TOKEN": token,
        "MEDIA_RTP_LISTEN": f"{rtp.host}:{rtp.port + number if rtp.port else 0}",
        "MEDIA_RTP_HOST": settings.media_rtp_host,
    }
    while True:
        # A group of its own: Ctrl-C is for us, who end its calls before we end it.
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "controller", "media", "--owned"),
            env=environment,
            start_new_session=True,
            stdin=asyncio.subprocess.PIPE,
        )
        try:
            status = await worker.wait()
        except asyncio.CancelledError:
            await _stop(worker)
            raise
        if status == SETTING_STATUS:
            raise MediaWorkerRefusedError("the media worker cannot run with these settings: see its own line")
        log.error("media worker ended, starting another", status=status)
        await asyncio.sleep(WORKER_RESTART_SECONDS)


async def _stop(worker: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), WORKER_STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()
