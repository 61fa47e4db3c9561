"""Looking at the media workers that MEDIA_URL names."""

import asyncio
from urllib.parse import urlsplit

import aiohttp

from controller.config import Settings
from controller.doctor.checks.media import WorkerSeen
from controller.doctor.observe.asterisk import get_json, reason


async def workers(settings: Settings) -> list[WorkerSeen]:
    """Not by the control link: who opens one takes the controller's place."""
    return list(await asyncio.gather(*(_worker(url) for url in settings.media_urls)))


async def _worker(url: str) -> WorkerSeen:
    parts = urlsplit(url)
    shown = f"{parts.hostname}:{parts.port}"
    scheme = "https" if parts.scheme == "wss" else "http"
    try:
        health = await get_json(f"{scheme}://{parts.netloc}/healthz")
        return WorkerSeen(shown, controller=bool(health["controller"]))
    except (aiohttp.ClientError, OSError, ValueError, KeyError) as error:
        return WorkerSeen(shown, reason(error))
