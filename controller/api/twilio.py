"""The part of Twilio's REST API that bots of Media Streams use: a call is shown, ended, or given another document.

`POST /2010-04-01/Accounts/{sid}/Calls/{sid}.json` with `Status=completed`, `Twiml` or `Url`; answers and errors have
Twilio's form, so that its own libraries read them. What is to happen goes through `CallControl`.
"""

import hmac
from binascii import a2b_base64
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from controller.api.control import CallNotFound, LiveCall, NotAllowed, NotNow, NotSupported
from controller.api.twilio_account import Account
from controller.api.twilio_documents import FetchFailed
from controller.api.twilio_forms import API_VERSION, status_of, written
from controller.bot import twiml
from controller.bot.adapters.twilio import call_sid, signature
from controller.bot.twiml import Action, TwimlError
from controller.errors import ControllerError, SoundError

PATH: Final = f"/{API_VERSION}/Accounts/{{account}}/Calls/{{call:CA[0-9a-f]{{32}}}}.json"

TWIML_CHARACTERS_MAX: Final = 4_000
"""Twilio's own limit for a document in a request."""

MORE_INFO: Final = "https://www.twilio.com/docs/errors/"

ENDED: Final = ("completed", "canceled")


class CallControl(Protocol):
    """What happens to the call. Raises CallNotFound, NotNow, NotAllowed, NotSupported, SoundError."""

    def live(self) -> Sequence[LiveCall]: ...

    async def hang_up(self, call_id: str, by: str) -> None: ...

    async def carry_out(self, call_id: str, actions: Sequence[Action], by: str) -> None:
        """Take the call from its bot and do these things, each when the one before is over.

        Returns when the call has been told. The last one is a Hangup or a Redirect.
        """

    def when_ended(self, call_id: str, tell: Callable[[], None]) -> None:
        """Tell so, once, when the call has ended."""


class TwilioError(Exception):
    """An answer in Twilio's form. `code` is one of its error dictionary."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        body = {"code": self.code, "message": str(self), "more_info": f"{MORE_INFO}{self.code}", "status": self.status}
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if self.status == HTTPStatus.UNAUTHORIZED else None
        return web.json_response(body, status=self.status, headers=headers)


class Twilio:
    """The routes."""

    def __init__(self, control: CallControl, account: Account) -> None:
        self._control = control
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self._show), web.post(PATH, self._update)]

    async def _show(self, request: web.Request) -> web.Response:
        try:
            account = self._authenticated(request)
            return web.json_response(_resource(self._find(request), account))
        except TwilioError as error:
            return error.response()

    async def _update(self, request: web.Request) -> web.Response:
        try:
            account = self._authenticated(request)
            call = self._find(request)
            form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
            ended = await self._change(call, account, form)
            return web.json_response(_resource(call, account, "completed" if ended else None))
        except TwilioError as error:
            return error.response()
        except ControllerError as error:
            return _explain(error, request.path).response()

    async def _change(self, call: LiveCall, account: str, form: Mapping[str, str]) -> bool:
        """Returns whether the call is ended by it."""
        by = f"twilio {account}"
        self._follow(call, form)
        status, document, url = form.get("Status"), form.get("Twiml"), form.get("Url")
        if status is not None:
            if status not in ENDED:
                raise TwilioError(400, 21216, f"Invalid Status {status[:50]!r}: it can be completed or canceled")
            await self._control.hang_up(call.id, by)
            return True
        if document is not None:
            if len(document) > TWIML_CHARACTERS_MAX:
                raise TwilioError(400, 12100, f"Twiml may have {TWIML_CHARACTERS_MAX} characters: use Url")
            actions = twiml.parse(document)
            if isinstance(first := actions[0], twiml.Redirect):
                actions = await self._fetch(call, first.url, first.method)
        elif url is not None:
            actions = await self._fetch(call, url, form.get("Method", "POST").upper())
        else:
            raise TwilioError(400, 21218, "One of Status, Twiml and Url is needed")
        await self._control.carry_out(call.id, actions, by)
        return False

    def _follow(self, call: LiveCall, form: Mapping[str, str]) -> None:
        """Its end is told to where the request says."""
        url, method = form.get("StatusCallback", ""), form.get("StatusCallbackMethod", "POST").upper()
        if not url:
            return
        if urlsplit(url).scheme not in {"http", "https"} or method not in {"GET", "POST"}:
            raise TwilioError(400, 21609, "StatusCallback has to be a URL, and StatusCallbackMethod GET or POST")
        self._control.when_ended(call.id, lambda: self._account.tell_ended(call, url, method))

    async def _fetch(self, call: LiveCall, url: str, method: str) -> list[Action]:
        if method not in {"GET", "POST"}:
            raise TwilioError(400, 21213, f"Method {method[:20]!r} is none of GET and POST")
        return list(await self._account.document(call, url, method))

    def _authenticated(self, request: web.Request) -> str:
        account = request.match_info["account"]
        login, password = _credentials(request.headers.get("Authorization", ""))
        right = hmac.compare_digest(password, self._account.token.encode())
        if not (right and account == self._account.sid and login == account.encode()):
            raise TwilioError(401, 20003, "Authenticate")
        return account

    def _find(self, request: web.Request) -> LiveCall:
        sid = request.match_info["call"]
        for call in self._control.live():
            if call_sid(call.id) == sid:
                return call
        raise TwilioError(404, 20404, f"The requested resource {request.path} was not found")


def _credentials(header: str) -> tuple[bytes, bytes]:
    """Of HTTP's basic authentication (RFC 7617); empty ones where the header is anything else."""
    scheme, _, encoded = header.partition(" ")
    try:
        login, _, password = a2b_base64(encoded if scheme.lower() == "basic" else "").partition(b":")
    except ValueError:
        return b"", b""
    return login, password


def is_signed(token: str, url: str, fields: Mapping[str, str], given: str) -> bool:
    """Whether a request with this `X-Twilio-Signature` is of somebody who has the token."""
    return hmac.compare_digest(signature(token, url, dict(fields)).encode(), given.encode())


def _explain(error: ControllerError, path: str) -> TwilioError:
    match error:
        case CallNotFound():
            return TwilioError(404, 20404, f"The requested resource {path} was not found")
        case NotNow():
            return TwilioError(400, 21220, f"Invalid call state: {error}")
        case NotAllowed():
            return TwilioError(403, 21215, f"Not allowed: {error}")
        case NotSupported():
            return TwilioError(501, 20001, f"Not supported: {error}")
        case FetchFailed():
            return TwilioError(400, 11200, f"No document: {error}")
        case SoundError():
            return TwilioError(400, 13520, f"Nothing to play: {error}")
        case TwimlError():
            return TwilioError(400, 12100, f"Document parse failure: {error}")
        case _:
            return TwilioError(500, 20500, str(error))


def _resource(call: LiveCall, account: str, status: str | None = None) -> dict[str, Any]:
    """The call as Twilio shows one; what does not exist here is null."""
    sid = call_sid(call.id)
    return {
        "sid": sid,
        "account_sid": account,
        "api_version": API_VERSION,
        "answered_by": None,
        "caller_name": call.from_name,
        "date_created": written(call.started_at),
        "date_updated": written(call.answered_at or call.started_at),
        "direction": "outbound-api" if call.direction == "outbound" else "inbound",
        "duration": None,
        "end_time": None,
        "forwarded_from": None,
        "from": call.from_number or "anonymous",
        "from_formatted": call.from_number or "anonymous",
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "start_time": written(call.answered_at) if call.answered_at else None,
        "status": status or status_of(call),
        "subresource_uris": {},
        "to": call.to_number,
        "to_formatted": call.to_number,
        "trunk_sid": None,
        "uri": f"/{API_VERSION}/Accounts/{account}/Calls/{sid}.json",
    }
