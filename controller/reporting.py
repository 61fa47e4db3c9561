"""What the HTTP API is given to show: the running parts of the controller, looked at from outside."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from controller.api import passing
from controller.api.accounts import Accounts
from controller.api.bot_states import BotStates
from controller.api.event_log import EventLog
from controller.api.feed import event_log
from controller.api.metrics import Backlog, Gauges, Metrics
from controller.api.parts import Parts
from controller.api.softphone import Softphones
from controller.api.twilio import Twilio
from controller.api.twilio_account import Account
from controller.api.users import Users, users_path
from controller.ari.client import AriClient
from controller.closures_file import ClosuresFile
from controller.config import Settings
from controller.errors import SettingError
from controller.guard.bans import Gate
from controller.guard.bans_file import BansFile
from controller.guard.guard import Guard
from controller.guard.security_stream import SecurityStream
from controller.records import outbox
from controller.records.items import Item
from controller.records.keeping import Keeping
from controller.records.keys import Keys
from controller.records.store import RecordStore
from controller.routing.router import Router
from controller.session.control import LiveCalls
from controller.session.dispatcher import Dispatcher
from controller.session.journal import Submit
from controller.session.speaking import Change
from controller.tracing.tracer import NO_TRACER, Tracer
from controller.trunks.book import TrunkBook
from controller.trunks.manager import Manager
from controller.trunks.trunk import Trunks
from controller.trunks.trunks_file import TrunksFile
from controller.trunks.watch import TrunkWatch

RAW_EVENTS_KEPT_MAX: Final = 2_000
"""Asterisk's own, for those who watch them: a few seconds of a busy one."""

BACKLOG_SECONDS_MAX: Final = 2.0
"""For a count that takes milliseconds: whoever asks for figures while the database is away gets the others soon."""

log = structlog.get_logger()


def counted(metrics: Metrics, bots: BotStates, submit: Submit) -> Submit:
    """Everything that is written is counted on its way."""

    def submit_counted(
        item: Item, stored: Callable[[], None] | None = None, refused: Callable[[], None] | None = None
    ) -> None:
        metrics.observe(item)
        bots.observe(item)
        submit(item, stored, refused)

    return submit_counted


def live_calls(dispatcher: Dispatcher, store: RecordStore) -> LiveCalls:
    """What can be done to calls, and what was done with which key."""
    return LiveCalls(dispatcher, Keys(store.database))


async def api_parts(
    settings: Settings,
    dispatcher: Dispatcher,
    records: Keeping,
    figures: tuple[Metrics, BotStates],
    routing: tuple[Router, ClosuresFile],
    telephony: tuple[Softphones, TrunkWatch, Guard],
) -> Parts:
    """All that the API works on."""
    store = records.store
    events = await event_log(store)

    def tell(changes: Sequence[Change]) -> None:
        now = datetime.now(UTC)
        events.publish_passing([passing.speaking(one.call_id, one.route, one.speaking, now) for one in changes])

    dispatcher.speaking.on_changed = tell
    return Parts(
        health=lambda: health(dispatcher, records),
        drain=dispatcher.drain,
        calls=live_calls(dispatcher, store),
        store=store,
        events=events,
        raw_events=EventLog(RAW_EVENTS_KEPT_MAX),
        metrics=figures[0],
        bots=figures[1],
        router=routing[0],
        closures=routing[1],
        voicemail_folder=Path(settings.voicemail_dir),
        recordings_folder=Path(settings.recordings_dir),
        gauges=lambda: gauges(dispatcher, records, events, telephony[2]),
        accounts=Accounts(Users(users_path(settings))),
        settings=settings,
        softphones=telephony[0],
        trunks=telephony[1],
        guard=telephony[2],
    )


@asynccontextmanager
async def tracing(settings: Settings) -> AsyncIterator[Tracer]:
    """Traces, where a collector is named. Raises SettingError."""
    endpoint = settings.otel_exporter_otlp_endpoint
    if not endpoint:
        yield NO_TRACER
        return
    try:
        from controller.tracing.otlp import collecting  # noqa: PLC0415 - an extra that most do not need
    except ImportError as error:
        mend = "pip install 'ari-controller[otel]', or leave it empty"
        raise SettingError("OTEL_EXPORTER_OTLP_ENDPOINT", "needs a library that is not installed", mend) from error
    headers = settings.otel_exporter_otlp_headers.get_secret_value()
    async with collecting(endpoint, headers, settings.node_name) as collector:
        yield Tracer(collector.export)


@asynccontextmanager
async def twilio_account(settings: Settings) -> AsyncIterator[Account | None]:
    """With which bots steer their calls as they would at Twilio, where one is set. Raises SettingError."""
    account, token = settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value()
    if bool(account) != bool(token):
        missing = "TWILIO_AUTH_TOKEN" if account else "TWILIO_ACCOUNT_SID"
        raise SettingError(missing, "is empty, and the other half of the account is not", "Set both, or neither")
    if not account:
        yield None
        return
    async with Account(account, token) as opened:
        yield opened


def trunk_watch(settings: Settings, ari: AriClient, router: Router) -> TrunkWatch:
    """The trunks of trunks.toml, and how they are. Raises SettingError."""
    manager = Manager(settings.manager_address, settings.ari_username, settings.ami_password.get_secret_value())
    book = TrunkBook(settings.phone_number)

    def take(trunks: Trunks) -> None:
        book.take(trunks)
        router.trunk_countries = trunks.countries

    return TrunkWatch(settings, TrunksFile(settings, ari, manager, take), book, ari, manager)


def sip_guard(settings: Settings, ari: AriClient) -> Guard:
    """Watches the SIP port."""
    stream = SecurityStream(settings.manager_address, settings.ari_username, settings.ami_password.get_secret_value())
    return Guard(ari, stream.run, BansFile(settings), Gate(settings.sip_ban_attempts, settings.sip_ban_seconds))


def twilio_routes(account: Account | None, calls: LiveCalls) -> list[web.RouteDef]:
    """The part of Twilio's REST API that its bots use, where an account is set."""
    return Twilio(calls, account).routes() if account else []


def health(dispatcher: Dispatcher, records: Keeping) -> dict[str, Any]:
    """Whether a call that arrived now would be served; the words of `/healthz` and `/readyz`."""
    workers = dispatcher.workers.connected
    return {
        "ready": dispatcher.connected and workers > 0 and not dispatcher.draining,
        "draining": dispatcher.draining,
        "asterisk": dispatcher.connected,
        "media_workers": workers,
        "media_loads": dispatcher.workers.loads,
        "calls": dispatcher.calls,
        "records_waiting": records.waiting,
        "records_on_disk": records.spool.waiting,
        "records_lost": records.lost,
    }


async def gauges(dispatcher: Dispatcher, records: Keeping, events: EventLog, guard: Guard) -> Gauges:
    """What is so just now, for `/metrics`."""
    return Gauges(
        live_calls=dispatcher.calls,
        asterisk_connected=dispatcher.connected,
        media_loads=tuple(dispatcher.workers.loads),
        records_waiting=records.waiting,
        records_on_disk=records.spool.waiting,
        records_on_disk_bytes=records.spool.size,
        records_lost=records.lost,
        outbox=await _backlogs(records.store),
        event_readers=events.readers,
        sip_banned=len(guard.bans),
        sip_attempts=guard.attempts,
        tasks=len(asyncio.all_tasks()),
        sip_spared=guard.spared,
    )


async def _backlogs(store: RecordStore) -> tuple[Backlog, ...]:
    """None while the database is away: the other figures are wanted then."""
    now = datetime.now(UTC)
    try:
        async with asyncio.timeout(BACKLOG_SECONDS_MAX):
            return tuple(Backlog.of(state, now) for state in await outbox.states(store.database))
    except (SQLAlchemyError, OSError) as error:
        log.info("the outbox was not counted", reason=str(error))
        return ()
