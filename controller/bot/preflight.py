"""A look at the bot's URL before the first call: what a change of BOT_URL would mend is said at the start."""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

import structlog

from controller.bot.tls import TlsFiles, context_of
from controller.bot.websocket import where
from controller.errors import SettingError

PREFLIGHT_SECONDS: Final = 3.0
"""Longest wait: a bot that is slow to start is no reason to wait with everything else."""

log = structlog.get_logger()


class BotAway(SettingError):
    """Nothing answers at the bot's address. It may well start after us."""


async def check_bot(url: str, setting: str = "BOT_URL", files: TlsFiles = TlsFiles()) -> None:  # noqa: B008
    """`reach_bot`, but a bot that is merely away is said and not raised."""
    try:
        await reach_bot(url, setting, files)
    except BotAway as error:
        log.warning("bot away", url=where(url), reason=error.problem, mend=error.mend)


async def reach_bot(url: str, setting: str = "BOT_URL", files: TlsFiles = TlsFiles()) -> None:  # noqa: B008
    """Connect once, with TLS for wss and https, and hang up. Raises SettingError, BotAway where nothing answers."""
    parts = urlsplit(url)
    secure = parts.scheme in ("wss", "https")
    port = parts.port or (443 if secure else 80)
    shown = where(url)
    try:
        async with asyncio.timeout(PREFLIGHT_SECONDS):
            tls = context_of(files) if secure else None
            _, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    except ssl.SSLCertVerificationError as error:
        problem = f"the certificate of {shown} is not accepted ({error.verify_message})"
        mend = "Give the bot a certificate for this name from a CA that this machine trusts, or name the right host"
        raise SettingError(setting, problem, mend) from error
    except ssl.SSLError as error:
        problem = f"{shown} does not speak TLS ({error.reason or error})"
        raise SettingError(setting, problem, "Use a port that does, or ws:// on a private network") from error
    except OSError as error:  # TimeoutError is one
        reason = error.strerror or str(error) or "not in time"
        problem = f"nothing answers at {shown} ({reason})"
        raise BotAway(setting, problem, f"Start it, or correct {setting}") from error
    writer.close()
