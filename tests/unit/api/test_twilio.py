"""Twilio's REST surface, driven by Twilio's own library; and documents fetched with signatures that it accepts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from controller.api.control import LiveCall, NotAllowed, NotNow, NotSupported
from controller.api.twilio import Twilio, is_signed
from controller.api.twilio_account import Account
from controller.api.twilio_forms import call_form
from controller.bot.adapters.twilio import call_sid, signature
from controller.bot.twiml import Action, ConnectStream, Dial, Hangup, Pause, PlayFile, Redirect, Say
from controller.errors import ControllerError, SoundError

ACCOUNT = "AC" + "1" * 32
TOKEN = "t0ken"
CALL = LiveCall(
    "20261122-141507-7f3k9q",
    datetime(2026, 11, 22, 14, 15, 7, tzinfo=UTC),
    "+4930111",
    None,
    "+4930222",
    "default",
    "talking",
    answered_at=datetime(2026, 11, 22, 14, 15, 9, tzinfo=UTC),
)


class Calls:
    """Notes what it is told; refuses when told to."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.refuses: ControllerError | None = None
        self.at_end: list[Callable[[], None]] = []

    def live(self) -> Sequence[LiveCall]:
        return [CALL]

    async def hang_up(self, call_id: str, by: str) -> None:
        self._note("hang_up", call_id, by)

    async def carry_out(self, call_id: str, actions: Sequence[Action], by: str) -> None:
        self._note(list(actions), call_id, by)

    def when_ended(self, call_id: str, tell: Callable[[], None]) -> None:
        assert call_id == CALL.id
        self.at_end.append(tell)

    def _note(self, what: Any, call_id: str, by: str) -> None:
        if self.refuses:
            raise self.refuses
        assert (call_id, by) == (CALL.id, f"twilio {ACCOUNT}")
        self.told.append(what)


class Api:
    def __init__(self, calls: Calls, url: str) -> None:
        self.calls = calls
        self.url = url

    async def ask(self, work: Callable[[Client], Any], token: str = TOKEN) -> Any:
        """What the official library gets for this; it blocks, so beside our loop."""

        def run() -> Any:
            client = Client(ACCOUNT, token)
            client.api.base_url = self.url
            try:
                return work(client)
            finally:
                client.http_client.session.close()

        return await asyncio.to_thread(run)

    async def fails(self, work: Callable[[Client], Any], token: str = TOKEN) -> tuple[int, int, str]:
        with pytest.raises(TwilioRestException) as raised:
            await self.ask(work, token)
        return raised.value.status, raised.value.code, raised.value.msg


@asynccontextmanager
async def served(routes: Sequence[web.RouteDef]) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    calls = Calls()
    async with Account(ACCOUNT, TOKEN) as account, served(Twilio(calls, account).routes()) as url:
        yield Api(calls, url)


def update(**fields: str) -> Callable[[Client], Any]:
    return lambda client: client.calls(call_sid(CALL.id)).update(**fields)


async def test_the_library_reads_a_call(api: Api) -> None:
    call = await api.ask(lambda client: client.calls(call_sid(CALL.id)).fetch())
    assert (call.status, call.account_sid, call.to) == ("in-progress", ACCOUNT, "+4930222")
    assert call.start_time == CALL.answered_at
    assert call.direction == "inbound"


async def test_status_completed_hangs_up(api: Api) -> None:
    call = await api.ask(update(status="completed"))
    assert call.status == "completed"
    assert api.calls.told == ["hang_up"]


async def test_twiml_is_carried_out(api: Api) -> None:
    call = await api.ask(update(twiml="<Response><Say>One moment</Say><Dial>+4930333</Dial></Response>"))
    assert call.status == "in-progress"
    assert api.calls.told == [[Say("One moment"), Dial(("+4930333",)), Hangup()]]


async def test_a_document_is_fetched_with_a_signature(api: Api) -> None:
    validator = RequestValidator(TOKEN)
    asked: list[Any] = []

    async def first(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert validator.validate(str(request.url), form, request.headers["X-Twilio-Signature"])
        assert not validator.validate(str(request.url), {**form, "To": "x"}, request.headers["X-Twilio-Signature"])
        asked.append(form)
        return web.Response(text="<Response><Redirect method='GET'>next?a=1</Redirect></Response>")

    async def second(request: web.Request) -> web.Response:
        assert validator.validate(str(request.url), {}, request.headers["X-Twilio-Signature"])
        asked.append(dict(request.query))
        return web.Response(text="<Response><Play>https://a.example/x.wav</Play></Response>")

    async with served([web.post("/docs/first", first), web.get("/docs/next", second)]) as url:
        await api.ask(update(url=f"{url}/docs/first"))
        await api.ask(update(twiml=f"<Response><Redirect method='GET'>{url}/docs/next</Redirect></Response>"))
    assert api.calls.told == [[PlayFile("https://a.example/x.wav"), Hangup()]] * 2
    assert asked[0] == call_form(CALL, ACCOUNT)
    assert asked[1] == {"a": "1", **call_form(CALL, ACCOUNT)}


async def test_a_redirect_behind_other_verbs_is_left_for_later(api: Api) -> None:
    async def serve(_request: web.Request) -> web.Response:
        return web.Response(text="<Response><Pause/><Redirect method='GET'>next</Redirect></Response>")

    async with served([web.post("/docs/first", serve)]) as url:
        await api.ask(update(url=f"{url}/docs/first"))
        await api.ask(update(twiml="<Response><Pause/><Redirect>https://a.example/</Redirect></Response>"))
    assert api.calls.told == [
        [Pause(), Redirect(f"{url}/docs/next", "GET")],
        [Pause(), Redirect("https://a.example/", "POST")],
    ]


async def test_who_is_told_of_streams_and_phones() -> None:
    """Signed as Twilio's own library checks it, in the background, and as the document's place says."""
    told: list[tuple[str, dict[str, str]]] = []

    async def take(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert RequestValidator(TOKEN).validate(str(request.url), form, request.headers["X-Twilio-Signature"])
        told.append((request.path, form))
        return web.Response(status=204)

    async def serve(_request: web.Request) -> web.Response:
        stream = "<Connect><Stream url='wss://b/' statusCallback='stream'/></Connect>"
        dial = "<Dial><Number statusCallback='/phone'>+49301</Number></Dial>"
        return web.Response(text=f"<Response>{stream}{dial}</Response>")

    routes = [web.post("/docs/first", serve), web.post("/docs/stream", take), web.post("/phone", take)]
    async with Account(ACCOUNT, TOKEN) as account, served(routes) as url:
        connect, dial, _ = await account.document(CALL, f"{url}/docs/first", "POST")
        assert isinstance(connect, ConnectStream)
        assert isinstance(dial, Dial)
        assert connect.callback
        account.tell_of_stream(CALL, connect.callback, {"StreamEvent": "stream-started", "StreamName": ""})
        account.tell_of_phone(CALL, dict(dial.callbacks)["+49301"], {"CallSid": "CA2", "CallStatus": "ringing"})
        await account.__aexit__()
    (stream,) = (form for path, form in told if path == "/docs/stream")
    (phone,) = (form for path, form in told if path == "/phone")
    assert stream.keys() == {"AccountSid", "CallSid", "StreamEvent", "Timestamp"}
    assert datetime.fromisoformat(stream["Timestamp"]).tzinfo
    assert (phone["CallSid"], phone["ParentCallSid"]) == ("CA2", call_sid(CALL.id))
    assert (phone["CallStatus"], phone["Direction"], phone["From"]) == ("ringing", "outbound-dial", "+4930111")


async def test_the_action_of_a_document_counts_from_where_it_was_found() -> None:
    async def serve(_request: web.Request) -> web.Response:
        return web.Response(text="<Response><Dial action='after?a=1' method='get'>+49301</Dial></Response>")

    async with Account(ACCOUNT, TOKEN) as account, served([web.post("/docs/first", serve)]) as url:
        dial, _ = await account.document(CALL, f"{url}/docs/first", "POST")
    assert dial == Dial(("+49301",), then=Redirect(f"{url}/docs/after?a=1", "GET"))


async def test_the_end_of_a_call_is_told_to_its_status_callback(api: Api) -> None:
    told: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert RequestValidator(TOKEN).validate(str(request.url), form, request.headers["X-Twilio-Signature"])
        told.append(form)
        return web.Response(status=204)

    async with Account(ACCOUNT, TOKEN) as account, served([web.post("/status", take)]) as url:
        async with served(Twilio(api.calls, account).routes()) as rest:
            await Api(api.calls, rest).ask(update(status="completed", status_callback=f"{url}/status"))
        assert told == []
        for tell in api.calls.at_end:
            tell()
        await account.__aexit__()
    ((form),) = told
    assert {**form, **call_form(CALL, ACCOUNT, "completed")} == form
    assert int(form["CallDuration"]) >= 0


async def test_a_status_callback_that_is_away_harms_nobody(api: Api) -> None:
    await api.ask(update(status="completed", status_callback="http://127.0.0.1:1/?key=secret"))
    async with Account(ACCOUNT, TOKEN) as account:
        with capture_logs() as lines:
            account.tell_ended(CALL, "http://127.0.0.1:1/?key=secret", "POST")
            await account.__aexit__()
    assert lines[0]["event"] == "status callback not taken"
    assert "secret" not in str(lines)


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        ("no", 500, "answered 500"),
        ("<Response><Redirect>loop</Redirect></Response>", 200, "no end of them"),
        ("x" * 70_000, 200, "may have 65536"),
        ("<Nothing/>", 200, "this is a <Nothing>"),
    ],
)
async def test_a_document_that_is_no_good_is_an_error_of_twilios_form(
    api: Api, answer: str, status: int, message: str
) -> None:
    async def serve(_request: web.Request) -> web.Response:
        return web.Response(text=answer, status=status)

    async with served([web.post("/loop", serve)]) as url:
        found = await api.fails(update(url=f"{url}/loop"))
    assert found[0] == 400
    assert message in found[2]
    assert api.calls.told == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 21218),
        ({"status": "paused"}, 21216),
        ({"twiml": "<Response><Gather/></Response>"}, 12100),
        ({"twiml": "x" * 4_001}, 12100),
        ({"url": "ftp://a.example/"}, 11200),
        ({"url": "http://127.0.0.1:1/"}, 11200),
        ({"url": "http://a.example/", "method": "PUT"}, 21213),
        ({"status": "completed", "status_callback": "ftp://a.example/"}, 21609),
    ],
)
async def test_a_request_that_is_wrong_has_a_code_of_twilios(api: Api, fields: dict[str, str], code: int) -> None:
    assert (await api.fails(update(**fields)))[:2] == (400, code)
    assert api.calls.told == []


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (NotNow("it ends"), (400, 21220)),
        (NotAllowed("the fence"), (403, 21215)),
        (NotSupported("no voice"), (501, 20001)),
        (SoundError("no such language"), (400, 13520)),
    ],
)
async def test_what_the_call_refuses_is_told(api: Api, error: ControllerError, found: tuple[int, int]) -> None:
    api.calls.refuses = error
    assert (await api.fails(update(status="completed")))[:2] == found


async def test_who_has_not_the_token_is_not_let_in(api: Api) -> None:
    assert (await api.fails(update(status="completed"), token="wrong"))[:2] == (401, 20003)
    assert (await api.fails(lambda client: client.api.accounts("AC9").calls(call_sid(CALL.id)).fetch()))[0] == 401
    async with aiohttp.ClientSession() as session:
        url = f"{api.url}/2010-04-01/Accounts/{ACCOUNT}/Calls/{call_sid(CALL.id)}.json"
        for header in ("", "Basic ***", "Basic", "Bearer x", "Basic " + "é"):
            async with session.post(url, headers={"Authorization": header}) as response:
                assert response.status == 401
                assert (await response.json())["code"] == 20003
    assert api.calls.told == []


async def test_a_call_that_is_over_is_not_found(api: Api) -> None:
    found = await api.fails(lambda client: client.calls(call_sid("another")).update(status="completed"))
    assert found[:2] == (404, 20404)


def test_a_signature_is_checked() -> None:
    fields = call_form(CALL, ACCOUNT, "completed")
    given = signature(TOKEN, "https://a.example/status", fields)
    assert RequestValidator(TOKEN).validate("https://a.example/status", fields, given)
    assert is_signed(TOKEN, "https://a.example/status", fields, given)
    assert not is_signed(TOKEN, "https://a.example/status", {**fields, "CallStatus": "busy"}, given)
    assert not is_signed("other", "https://a.example/status", fields, given)
    assert not is_signed(TOKEN, "https://a.example/status", fields, "é")
