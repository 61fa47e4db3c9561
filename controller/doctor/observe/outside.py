"""Looking at what the company runs, and at certificates: files, and those that servers show."""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from controller.bot.preflight import reach_bot
from controller.bot.websocket import where
from controller.config import Settings
from controller.doctor import der
from controller.doctor.checks.outside import CertificateSeen, TargetSeen
from controller.doctor.observe.asterisk import reason
from controller.doctor.observe.storage import History
from controller.errors import SettingError
from controller.routing.routes import Routes
from controller.webhooks import targets as webhook_targets

CONNECT_SECONDS: Final = 3.0
PEM_END: Final = "-----END CERTIFICATE-----"
SECURE: Final = frozenset({"https", "wss"})


async def targets(settings: Settings, routes: Routes, history: History) -> list[TargetSeen]:
    """Raises SettingError for a secret that cannot sign."""
    known = (*webhook_targets.targets(settings), *routes.webhooks)
    problems = await asyncio.gather(*(_unreachable(target.url, target.name) for target in known))
    seen = []
    for target, problem in zip(known, problems, strict=True):
        state = history.targets.get(target.name)
        error = (state.error if state else "") or history.problems.get(target.name, "")
        counts = (state.waiting, state.dead, state.oldest) if state else (0, 0, None)
        seen.append(TargetSeen(target.name, where(target.url), problem, *counts, error))
    return seen


async def _unreachable(url: str, name: str) -> str:
    """Why; empty where somebody answers, with a certificate that we trust."""
    try:
        await reach_bot(url, name)
    except SettingError as error:
        return error.problem
    return ""


async def certificates(settings: Settings, routes: Routes) -> list[CertificateSeen]:
    """Each once."""
    servers = dict.fromkeys(_servers(settings, routes))
    shown = await asyncio.gather(*(_shown(host, port) for host, port in servers))
    files = await asyncio.to_thread(lambda: [_of_file(path) for path in dict.fromkeys(_files(settings, routes))])
    return [seen for seen in shown if seen is not None] + files


def _servers(settings: Settings, routes: Routes) -> Iterator[tuple[str, int]]:
    bots = routes.bots().values()
    webhooks = (*routes.webhooks, *([] if not settings.webhook_url else webhook_targets.targets(settings)))
    urls = [settings.ari_url, settings.context_url, *(target.url for target in webhooks)]
    for url in [*(bot.url for bot in bots), *(bot.choose_url for bot in bots), *urls]:
        parts = urlsplit(url)
        if parts.scheme in SECURE and parts.hostname:
            yield parts.hostname, parts.port or 443


def _files(settings: Settings, routes: Routes) -> Iterator[str]:
    for bot in routes.bots().values():
        yield from (path for path in (bot.ca_file, bot.certificate_file) if path)
    if settings.api_tls_certificate:
        yield settings.api_tls_certificate


async def _shown(host: str, port: int) -> CertificateSeen | None:
    """What a server shows, trusted or not. None: nothing answers, which others say better."""
    tls = ssl.create_default_context()
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    name = f"{host}:{port}"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=tls)
    except (OSError, ssl.SSLError):
        return None
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return CertificateSeen(name, der.not_after(shown or b""))
    except ValueError as error:
        return CertificateSeen(name, problem=str(error))
    finally:
        writer.close()


def _of_file(path: str) -> CertificateSeen:
    """The one that ends first of all that are in it: a chain is as good as its weakest."""
    try:
        text = Path(path).read_text(encoding="ascii", errors="replace")
        ends = [der.not_after(ssl.PEM_cert_to_DER_cert(pem)) for pem in _certificates(text)]
        return CertificateSeen(path, min(ends)) if ends else CertificateSeen(path, problem="no certificate in it")
    except (OSError, ValueError) as error:
        return CertificateSeen(path, problem=reason(error))


def _certificates(text: str) -> Sequence[str]:
    begin = PEM_END.replace("END", "BEGIN")
    parts = text.split(PEM_END)[:-1]
    return [f"{begin}{part.partition(begin)[2]}{PEM_END}\n" for part in parts if begin in part]
