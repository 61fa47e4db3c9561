"""A look at the bot's URL before the first call: what a change of BOT_URL would mend is said at the start."""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

import structlog

from controller.errors import SettingError

PREFLIGHT_SECONDS: Final = 3.0
"""Longest wait: a bot that is slow to start is no reason to wait with everything else."""

log = structlog.get_logger()


async def check_bot(url: str, setting: str = "BOT_URL") -> None:
    """Connect once and hang up. Raises SettingError where TLS fails; a bot that is away is only said.

    A bot may well start after us, but a certificate that does not fit, or no TLS at all, needs a human.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    port = parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(PREFLIGHT_SECONDS):
            _, writer = await asyncio.open_connection(
                parts.hostname, port, ssl=ssl.create_default_context() if secure else None
            )
    except ssl.SSLCertVerificationError as error:
        problem = f"the certificate of {url} is not accepted ({error.verify_message})"
        mend = "Give the bot a certificate for this name from a CA that this machine trusts, or name the right host"
        raise SettingError(setting, problem, mend) from error
    except (ssl.SSLError, ConnectionResetError) as error:
        if not secure:
            log.warning("bot away", url=url, reason=str(error))
            return
        problem = f"{url} does not speak TLS ({error.strerror or error})"
        raise SettingError(setting, problem, "Use a port that does, or ws:// on a private network") from error
    except (OSError, TimeoutError) as error:
        log.warning("bot away", url=url, reason=str(error) or "no answer", mend="start it, or correct BOT_URL")
        return
    writer.close()
