"""Calls from the page: an account for a moment, and the WebSocket on which it speaks SIP."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from controller.api.operations import Asked, Model, Nothing, Operation
from controller.api.parts import Parts
from controller.api.problems import Problem
from controller.api.sessions import COOKIE
from controller.api.softphone import DOMAIN, HEARTBEAT_SECONDS, MESSAGE_BYTES_MAX
from controller.api.tokens import Role
from controller.errors import AsteriskError


class PhoneAccount(Model):
    """With it a browser may call, on one WebSocket, which it opens within half a minute."""

    user: str
    password: str
    domain: str
    number: str
    """The number that reaches the bot; of a listener: what is to be dialled."""


class SocketQuery(Model):
    """Whose SIP it is."""

    user: Annotated[str, StringConstraints(max_length=64)]


async def open_softphone(parts: Parts, asked: Asked[Nothing, Nothing]) -> PhoneAccount:
    return await _account(parts, asked.by)


async def _account(parts: Parts, owner: str, listens_to: str = "") -> PhoneAccount:
    try:
        account = await parts.softphones.open(owner, listens_to)
    except AsteriskError as error:
        detail = f"Asterisk gives this browser no account ({error.reason}): docs/page.md says what it needs"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail) from error
    number = listens_to or parts.settings.phone_number
    return PhoneAccount(user=account.user, password=account.password, domain=DOMAIN, number=number)


async def listen_to_call(parts: Parts, asked: Asked[Nothing, Nothing]) -> PhoneAccount:
    """Who really listens is in the call's record from then on."""
    call_id = asked.path["call_id"]
    parts.calls.check(call_id)
    return await _account(parts, asked.by, call_id)


async def connect_softphone(parts: Parts, asked: Asked[SocketQuery, Nothing]) -> web.StreamResponse:
    account = parts.softphones.find(asked.query.user, asked.by)
    if account is None:
        raise Problem(HTTPStatus.NOT_FOUND, "there is no such account: ask for one, and come within half a minute")
    socket = web.WebSocketResponse(
        protocols=("sip",), heartbeat=HEARTBEAT_SECONDS, max_msg_size=MESSAGE_BYTES_MAX, compress=False
    )
    if not socket.can_prepare(asked.request):
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
        raise Problem(HTTPStatus.UPGRADE_REQUIRED, "this is for WebSockets that speak SIP", headers=upgrade)
    await socket.prepare(asked.request)
    await parts.softphones.serve(account, socket, _while_signed_in(parts, asked))
    await socket.close()
    return socket


def _while_signed_in(parts: Parts, asked: Asked[SocketQuery, Nothing]) -> Callable[[], bool]:
    """A call may outlast the day for which somebody has signed in, and nothing else of them."""
    if "Authorization" in asked.request.headers:
        return asked.lasts
    return partial(parts.accounts.sessions.stands, asked.request.cookies.get(COOKIE, ""))


OPERATIONS = (
    Operation(
        "POST", "/v1/softphone", Role.OPERATE, open_softphone, "A SIP account for this browser, for one call",
        PhoneAccount, status=201, problems=(409, 503),
    ),
    Operation(
        "POST", "/v1/calls/{call_id}/listen", Role.OPERATE, listen_to_call,
        "A SIP account for this browser, to hear a call", PhoneAccount, status=201, problems=(404, 409, 503),
    ),
    Operation(
        "GET", "/v1/softphone/sip", Role.OPERATE, connect_softphone, "SIP over a WebSocket, to Asterisk",
        query=SocketQuery, status=101, problems=(404, 426),
    ),
)  # fmt: skip
