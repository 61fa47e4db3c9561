"""A media worker: its sockets, its engine, its clock, from start to clean end."""

import gc
import ipaddress
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web

from controller.config import Address, Settings
from controller.errors import SettingError
from controller.media import clock
from controller.media.engine import Engine
from controller.media.link_server import LinkServer
from controller.media.outbox import Outbox
from controller.media.udp import cannot_listen, open_socket

LINK_CLOSE_SECONDS: Final = 2.0
"""For the controller to answer our close frame at the end."""

COLLECT_AFTER_OBJECTS: Final = 50_000
"""New objects that can be part of a cycle, less those gone again: a few MB at the most."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a worker can be reached once it is up; the ports are the real ones where 0 was asked for."""

    control: Address
    rtp: Address


async def run_worker(settings: Settings, ready: Callable[[Listening], None] | None = None) -> None:
    """Work until cancelled; `ready` is called once, when controllers and Asterisk can come.

    Raises SettingError when a port is taken or the control link would be open to strangers.
    """
    listen = Address.parse(settings.media_listen)
    _require_token(listen, settings.media_token.get_secret_value())
    rtp = open_socket(Address.parse(settings.media_rtp_listen), "MEDIA_RTP_LISTEN")
    try:
        outbox = Outbox()
        engine = Engine(rtp, outbox, settings.media_silence_seconds, time.monotonic)
        link = LinkServer(
            engine, outbox, settings.media_token.get_secret_value(), _rtp_host(settings, rtp.address), rtp.address.port
        )
        taken_over = False
        try:
            async with _served(link.app, listen) as control:
                _log.info("media worker ready", control=str(control), rtp=str(rtp.address))
                if ready is not None:
                    ready(Listening(control, rtp.address))
                try:
                    with _calm_collector():
                        await clock.run(engine, time.monotonic)
                finally:
                    # It learns by the link's end that we are gone, before we take our time over the bots.
                    taken_over = engine.controller_present
        finally:
            await engine.shutdown(taken_over=taken_over)
    finally:
        rtp.close()


@contextmanager
def _calm_collector() -> Iterator[None]:
    """Keep Python's cycle collector off the audio path.

    What was loaded at start is never looked at again, and a round takes place after many more new objects than
    usual: every packet makes a few, and none of them is part of a cycle.
    """
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@asynccontextmanager
async def _served(app: web.Application, listen: Address) -> AsyncIterator[Address]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=LINK_CLOSE_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, listen.host, listen.port).start()
        except OSError as error:
            raise cannot_listen("MEDIA_LISTEN", listen, error) from error
        host, port = runner.addresses[0][:2]
        yield Address(host=host, port=port)
    finally:
        await runner.cleanup()


def _require_token(listen: Address, token: str) -> None:
    if not token and not _is_loopback(listen.host):
        raise SettingError(
            "MEDIA_TOKEN",
            f"empty, while MEDIA_LISTEN={listen} can be reached from other machines",
            "Set a secret, the same for controller and media worker, or listen on 127.0.0.1",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _rtp_host(settings: Settings, bound: Address) -> str:
    """The setting; else the one address that RTP is bound to; else empty, for the control link's own address."""
    if settings.media_rtp_host:
        return settings.media_rtp_host
    return "" if ipaddress.ip_address(bound.host).is_unspecified else bound.host
