"""Everything that can be looked at, in the order in which a call meets it."""

import asyncio
import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from controller.config import Settings
from controller.doctor.checks import asterisk as asterisk_checks
from controller.doctor.checks import audio, bots, endpoints, media, numbers, outside, storage
from controller.doctor.checks import trunks as trunk_checks
from controller.doctor.checks.address import public_address
from controller.doctor.checks.asterisk import AsteriskSeen, ControllerSeen
from controller.doctor.checks.audio import TrialCallSeen
from controller.doctor.checks.endpoints import EndpointSeen, PortSeen
from controller.doctor.finding import Area, Fault, Finding, fault, good, skipped
from controller.doctor.observe import asterisk as look_asterisk
from controller.doctor.observe import bots as look_bots
from controller.doctor.observe import media as look_media
from controller.doctor.observe import outside as look_outside
from controller.doctor.observe import sip as look_sip
from controller.doctor.observe import storage as look_storage
from controller.doctor.observe import trial_call
from controller.doctor.observe import trunks as look_trunks
from controller.errors import ControllerError, SettingError
from controller.routes_file import load_routes
from controller.routing.problems import RoutesError
from controller.routing.route import HumanRung
from controller.routing.router import routes_of_settings
from controller.routing.routes import Routes
from controller.trunks.outside import observed

ORDER: Final = {area: place for place, area in enumerate(Area)}
UNSYNCHRONISED: Final = 0x40
"""STA_UNSYNC of adjtimex(2)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`calls`: place a test call, and ask every bot to accept one. `address`: ours for Asterisk's audio."""

    calls: bool = True
    address: str = ""


async def examine(settings: Settings, wanted: Wanted = Wanted()) -> list[Finding]:
    """All findings, sorted. Raises nothing that a fault of the installation could cause."""
    routes, reading = _routes(settings)
    parts = await asyncio.gather(
        _telephony(settings, routes, wanted),
        _bots(routes, wanted),
        _storage(settings, routes),
    )
    found = [*reading, *(finding for part in parts for finding in part)]
    return sorted(found, key=lambda finding: ORDER[finding.area])


def _routes(settings: Settings) -> tuple[Routes, list[Finding]]:
    """Where the file cannot be used, what the settings alone say: the rest can be looked at all the same."""
    try:
        routes = load_routes(settings)
    except RoutesError as error:
        unusable = [
            fault(Area.ROUTES, Fault.ROUTES_UNUSABLE, str(one).removesuffix(f". {one.mend}"), one.mend, error.setting)
            for one in error.problems
        ]
        return routes_of_settings(settings), unusable
    except SettingError as error:
        problem = fault(Area.ROUTES, Fault.ROUTES_UNUSABLE, error.problem, error.mend, error.setting)
        return routes_of_settings(settings), [problem]
    return routes, [good(Area.ROUTES, f"{routes.source}: {len(routes.routes)} routes")]


# --- Asterisk, controller, media ----------------------------------------------------------------------------


async def _telephony(settings: Settings, routes: Routes, wanted: Wanted) -> list[Finding]:
    asterisk, controller, workers, ports, address = await asyncio.gather(
        look_asterisk.asterisk(settings),
        look_asterisk.controller(settings),
        look_media.workers(settings),
        look_sip.ports(settings),
        observed(settings),
    )
    known: list[EndpointSeen] = []
    heard = TrialCallSeen(skipped="Asterisk does not answer")
    if asterisk.answers:
        known = await look_asterisk.endpoints(settings)
        heard = await _trial_call(settings, known, wanted)
    trunks = await look_trunks.trunks(settings, controller.url)
    return [
        *_of_asterisk(settings, routes, asterisk, controller, ports),
        *public_address(address),
        *trunk_checks.trunks(trunks),
        *(_of_endpoints(settings, routes, asterisk, known) if asterisk.answers else ()),
        *audio.trial_call(heard),
        *asterisk_checks.controller(controller),
        *media.workers(workers, controller, settings.media_load_max),
        *storage.waiting(controller.records_waiting),
    ]


async def _trial_call(settings: Settings, known: list[EndpointSeen], wanted: Wanted) -> TrialCallSeen:
    if not wanted.calls:
        return TrialCallSeen(skipped="as you wished")
    return await trial_call.place(settings, frozenset(endpoint.name for endpoint in known), wanted.address)


def _of_asterisk(
    settings: Settings, routes: Routes, seen: AsteriskSeen, controller: ControllerSeen, ports: list[PortSeen]
) -> Iterator[Finding]:
    yield from asterisk_checks.reachable(seen)
    yield from endpoints.ports(ports)
    if seen.answers:
        yield from asterisk_checks.modules(seen)
        yield from asterisk_checks.clock(seen, _synchronised())
        yield from asterisk_checks.application(seen, controller)
        yield from asterisk_checks.limits(seen, routes.calls_max or settings.calls_max)
    else:
        unknown = (Area.MODULES, Area.CLOCK, Area.CODECS, Area.APPLICATION, Area.LIMITS, Area.HUMAN)
        yield from (skipped(area, "Asterisk does not answer") for area in unknown)


def _of_endpoints(
    settings: Settings, routes: Routes, asterisk: AsteriskSeen, known: list[EndpointSeen]
) -> Iterable[Finding]:
    yield from endpoints.codecs(known, asterisk.modules)
    yield from endpoints.humans(_humans(settings, routes), known)


def _humans(settings: Settings, routes: Routes) -> dict[str, str]:
    """Every phone that a caller may be given to: dial string -> who names it."""
    found: dict[str, str] = {settings.human_endpoint: "HUMAN_ENDPOINT"}
    for route in routes.routes:
        for rung in (*route.ladder, route.human, *route.humans.values()):
            if isinstance(rung, HumanRung):
                for dial in rung.endpoints:
                    found.setdefault(dial, f"{routes.source}: {rung.name or route.name}")
    return found


def _synchronised() -> bool | None:
    """What the kernel says of a time service. None: this is no Linux."""

    class Timex(ctypes.Structure):
        # adjtimex(2): of all fields only the mode, 0 for a look, and the status are of interest.
        _fields_ = (
            ("modes", ctypes.c_uint),
            ("before", ctypes.c_long * 4),
            ("status", ctypes.c_int),
            ("after", ctypes.c_byte * 512),
        )

    try:
        timex = Timex()
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else not timex.status & UNSYNCHRONISED


# --- bots, records, what is outside -------------------------------------------------------------------------


async def _bots(routes: Routes, wanted: Wanted) -> list[Finding]:
    seen = await look_bots.bots(routes, call=wanted.calls)
    if not seen:
        return [skipped(Area.BOT, "no route has one")]
    return [finding for one in seen for finding in bots.bot(one)]


async def _storage(settings: Settings, routes: Routes) -> list[Finding]:
    records, folders = await asyncio.gather(look_storage.records(settings), look_storage.folders(settings))
    readable = records.schema is storage.Schema.CURRENT and not records.problem
    history = await look_storage.history(settings) if readable else look_storage.History()
    try:
        targets = await look_outside.targets(settings, routes, history)
        webhooks = [finding for one in targets for finding in outside.target(one, look_asterisk.now())]
        webhooks = webhooks or [skipped(Area.WEBHOOKS, "none are set up")]
    except ControllerError as error:
        webhooks = [fault(Area.WEBHOOKS, Fault.WEBHOOK_UNREACHABLE, str(error), "Correct that setting")]
    certificates = await look_outside.certificates(settings, routes)
    return [
        *storage.records(records),
        *(finding for one in folders for finding in storage.folder(one)),
        *numbers.arrived(history.numbers, settings.phone_number, routes.country),
        *audio.earlier_calls(history.talks),
        *webhooks,
        *(finding for one in certificates for finding in outside.certificate(one, look_asterisk.now())),
    ]
