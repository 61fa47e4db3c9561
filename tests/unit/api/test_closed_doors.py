"""Every route of the running API is asked without a token. They come from the router: a new one is asked too."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from controller.api.catalogue import OPERATIONS
from controller.api.parts import Parts
from controller.api.server import assembled, serve_api
from controller.api.twilio import Twilio
from controller.api.twilio_account import Account
from tests.unit.api.conftest import make_settings
from tests.unit.api.test_twilio import ACCOUNT, TOKEN, Calls

OPEN = {"/", "/icon.svg", "/assets/{name}", "/healthz", "/readyz"}
"""The page is the same for everybody and knows nothing; whether we run says nothing of calls."""
UNKNOWN_OR_REFUSED = "/v1/handoffs/{handoff_id}"
"""Whoever shows a wrong secret is not told whether there is such a handoff: 404."""
FITTING = {"account": ACCOUNT, "call": "CA" + "1" * 32, "handoff_id": "h1"}
"""What stands in a path where it is not any word."""
AT_ONCE = 20


def doors(app: web.Application) -> Iterator[tuple[str, str]]:
    """Method and path of every route."""
    for route in app.router.routes():
        resource = route.resource
        assert resource is not None
        yield route.method, resource.canonical


def concrete(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: FITTING.get(name[1], "1"), path)


def closed(path: str, status: int) -> bool:
    return status == 401 or (path == UNKNOWN_OR_REFUSED and status == 404)


@pytest.mark.attack("every HTTP route without a token")
async def test_nothing_is_said_without_a_token(
    tmp_path: Path, parts: Parts, record_property: Callable[[str, object], None]
) -> None:
    async with Account(ACCOUNT, TOKEN) as account, aiohttp.ClientSession() as session:
        others = Twilio(Calls(), account).routes()
        settings = make_settings(tmp_path)
        wanted = sorted(set(doors(assembled(settings, parts, others))))
        gate = asyncio.Semaphore(AT_ONCE)

        async def status(method: str, path: str, authorization: str) -> int:
            url = f"http://{settings.api_listen}{concrete(path)}"
            body = {"name": "nobody", "password": "a guess of many letters"} if method == "POST" else None
            headers = {"Authorization": authorization} if authorization else {}
            async with gate, session.request(method, url, json=body, headers=headers) as answer:
                return answer.status

        async with serve_api(settings, parts, others):
            for authorization in ("", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc="):
                asked = [(method, path) for method, path in wanted if path not in OPEN]
                statuses = await asyncio.gather(*(status(method, path, authorization) for method, path in asked))
                found = {
                    door: status for door, status in zip(asked, statuses, strict=True) if not closed(door[1], status)
                }
                assert found == {}

    record_property("routes", len(asked))
    assert {path for _, path in wanted} >= OPEN
    assert len(asked) >= len([one for one in OPERATIONS if one.role])
