"""Calls steered from outside while people hear them: over our API, and by Twilio's own library."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from controller.media.audio import g711
from controller.sounds import wav
from tests.bots.bot import BotCall as ProtocolCall
from tests.bots.bot import running
from tests.bots.twilio_bot import TwilioBot
from tests.integration.ladder.routes import routes
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import HIGH, OTHER, hear_each_other, talking
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = pytest.mark.integration

ACCOUNT, TOKEN = "AC" + "1" * 32, "t0ken-of-the-tests"
WAIT_SECONDS = 20.0


class Api:
    """A client with the token `tests`."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def live(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.url}/v1/calls?live=true") as answer:
            calls: list[dict[str, Any]] = (await answer.json())["calls"]
            return calls

    async def do(self, call_id: str, what: str, **body: Any) -> int:
        async with self.session.post(f"{self.url}/v1/calls/{call_id}/{what}", json=body) as answer:
            return answer.status


@asynccontextmanager
async def file_server(content: bytes) -> AsyncIterator[str]:
    """The URL of a file."""

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=content)

    app = web.Application()
    app.router.add_get("/a.wav", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/a.wav"
    finally:
        await runner.cleanup()


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {API_TOKEN}"}) as session:
        yield Api(session, f"http://127.0.0.1:{stack.api_port}")


async def test_a_live_call_is_seen_and_hung_up(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    caller, call = await talking(carrier, bot)
    (live,) = await api.live()
    assert live["id"] == call.start["call_id"]
    assert (live["live"]["state"], live["to_number"]) == ("talking", PHONE_NUMBER)
    assert live["answered_at"]
    assert await api.do(live["id"], "hangup") == 202
    await caller.until_ended()
    record = await stack.record()
    assert record.summary.ending == "operator_hung_up"
    assert [step.detail for step in record.steps if step.kind == "operator_hung_up"] == ["by tests"]
    assert await api.live() == []
    assert await api.do(live["id"], "hangup") == 404


async def test_a_call_is_transferred(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    caller, call = await talking(carrier, bot)
    call_id = call.start["call_id"]
    assert await api.do(call_id, "transfer", to="+19005550000") == 403
    assert await api.do(call_id, "transfer", summary="urgent") == 202
    human = await carrier.incoming()
    assert await api.do(call_id, "transfer") == 409
    await human.answer()
    assert (await call.until_message("end"))["reason"] == "transferred"
    await hear_each_other(caller, human)
    await human.hang_up()
    await caller.until_ended()
    record = await stack.record()
    assert record.summary.ending == "human_hung_up"
    assert [step.detail for step in record.steps if step.kind == "transfer_requested"] == ["human by bridge, by tests"]


async def test_a_call_is_taken_over(stack: Stack, bot: Bot, carrier: Carrier, api: Api) -> None:
    caller, call = await talking(carrier, bot)
    assert await api.do(call.start["call_id"], "takeover") == 202
    await call.until_message("end")
    human = await carrier.incoming()
    await human.answer()
    await human.until_answered()
    await hear_each_other(caller, human)
    await caller.hang_up()
    await human.until_ended()
    record = await stack.record()
    assert [step.detail for step in record.steps if step.kind == "taken_over"] == ["by tests"]


async def test_the_caller_hears_what_is_played_and_the_bot_is_told_what_is_known(
    stack: Stack, bot: Bot, carrier: Carrier, api: Api
) -> None:
    caller, call = await talking(carrier, bot)
    call_id = call.start["call_id"]
    assert await api.do(call_id, "metadata", metadata={"customer": 4711}) == 202
    await call.until_message("metadata_update", data={"customer": 4711})
    since = time.monotonic()
    assert await api.do(call_id, "play", text="One moment please, somebody will be with you.") == 202
    await caller.until_sound(300, since=since)
    await caller.until_quiet(1000, since=since)
    assert await api.do(call_id, "play", sound="no-such") == 422
    assert await api.do(call_id, "digits", digits="5") == 202
    since = time.monotonic()
    await call.speak(tone(OTHER, 0.5))
    await caller.until_tone(OTHER, since=since)
    await caller.hang_up()
    record = await stack.record()
    kinds = [step.kind for step in record.steps]
    assert kinds.index("metadata") < kinds.index("played") < kinds.index("dtmf_sent")


async def test_a_file_is_played_and_the_bot_is_not_heard_meanwhile(
    stack: Stack, bot: Bot, carrier: Carrier, api: Api
) -> None:
    caller, call = await talking(carrier, bot)
    wanted = wav.write(tone(HIGH, 1.5).astype(np.float32) / np.float32(32_768), 8_000)
    since = time.monotonic()
    async with file_server(wanted) as url:
        assert await api.do(call.start["call_id"], "play", url=url) == 202
    await caller.until_tone(HIGH, since=since)
    await call.speak(tone(OTHER, 0.4))
    await caller.until_quiet(500)
    heard = caller.heard_since(since)
    assert sum(span.milliseconds for span in listening.tones(heard, HIGH)) > 1_300
    assert not listening.tones(heard, OTHER)
    since = time.monotonic()
    await call.speak(tone(OTHER, 0.4))
    await caller.until_tone(OTHER, since=since)
    await caller.hang_up()
    await stack.record()


# --- Twilio -------------------------------------------------------------------------------------------------


@pytest.fixture
async def twilio(stack: Stack) -> AsyncIterator[TwilioBot]:
    """A bot of Media Streams has the calls."""
    bot = TwilioBot()
    async with running(bot):
        ladder = '{bot = "streams"}, {human = "desk"}'
        streams = f'[bots.streams]\nurl = "{bot.url}"\nprotocol = "twilio"\nparameters = {{accountSid = "{ACCOUNT}"}}'
        stack.route(routes(stack, ladder, more=streams), TWILIO_ACCOUNT_SID=ACCOUNT, TWILIO_AUTH_TOKEN=TOKEN)
        yield bot


async def streaming(carrier: Carrier, bot: TwilioBot) -> tuple[Phone, ProtocolCall, str]:
    """Caller and bot hear each other; the last is the call's sid."""
    caller = await carrier.dial(PHONE_NUMBER)
    call = await bot.next_call()
    await caller.until_answered()
    since = time.monotonic()
    await call.speak(g711.encode_mulaw(tone(OTHER, 0.5)).tobytes())
    await caller.until_tone(OTHER, since=since)
    await call.until(lambda now: any(message["event"] == "start" for message in now.messages))
    start = next(message["start"] for message in call.messages if message["event"] == "start")
    assert start["accountSid"] == ACCOUNT
    return caller, call, start["callSid"]


async def ask(stack: Stack, work: Callable[[Client], Any]) -> Any:
    """The official library blocks, so beside our loop."""

    def run() -> Any:
        client = Client(ACCOUNT, TOKEN)
        client.api.base_url = f"http://127.0.0.1:{stack.api_port}"
        try:
            return work(client)
        finally:
            client.http_client.session.close()

    return await asyncio.to_thread(run)


async def test_twilios_library_ends_a_call(stack: Stack, twilio: TwilioBot, carrier: Carrier) -> None:
    caller, call, sid = await streaming(carrier, twilio)
    assert (await ask(stack, lambda client: client.calls(sid).fetch())).status == "in-progress"
    assert (await ask(stack, lambda client: client.calls(sid).update(status="completed"))).status == "completed"
    await caller.until_ended()
    await call.until(lambda now: now.over.is_set())
    assert call.faults == []
    record = await stack.record()
    assert record.summary.ending == "operator_hung_up"
    assert [step.detail for step in record.steps if step.kind == "operator_hung_up"] == [f"by twilio {ACCOUNT}"]


async def test_twilios_library_gives_a_call_to_a_human(stack: Stack, twilio: TwilioBot, carrier: Carrier) -> None:
    caller, call, sid = await streaming(carrier, twilio)
    async with author() as (url, told):
        await gives_to_a_human(stack, (caller, call, sid), carrier, (url, told))
    assert [(path, form.get("DialCallStatus")) for path, form in told] == [("/next", "completed"), ("/status", None)]
    assert {form["CallSid"] for _, form in told} == {sid}
    assert told[1][1]["CallStatus"] == "completed"
    assert (await stack.record()).summary.ending == "operator_hung_up"


Told = list[tuple[str, dict[str, str]]]


@asynccontextmanager
async def author(**documents: str) -> AsyncIterator[tuple[str, Told]]:
    """The server of whoever steers the call: it has these documents, and notes what it is told; else it hangs up."""
    told: Told = []

    async def take(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert RequestValidator(TOKEN).validate(str(request.url), form, request.headers["X-Twilio-Signature"])
        told.append((request.path, form))
        return web.Response(text=documents.get(request.path[1:], "<Response><Hangup/></Response>"))

    app = web.Application()
    app.router.add_post("/{document}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", told
    finally:
        await runner.cleanup()


async def until_told(told: Told, condition: Callable[[Told], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition(told):  # noqa: ASYNC110 - told by another's request
            await asyncio.sleep(0.02)


async def gives_to_a_human(
    stack: Stack,
    streamed: tuple[Phone, ProtocolCall, str],
    carrier: Carrier,
    author: tuple[str, Told],
) -> None:
    """With a document behind the human, and one who wants to know of the end."""
    caller, call, sid = streamed
    url, told = author
    dial = f"<Dial timeout='5' action='{url}/next'>desk</Dial>"
    document = f"<Response><Say>One moment please.</Say>{dial}</Response>"
    with pytest.raises(TwilioRestException) as refused:
        await ask(stack, lambda client: client.calls(sid).update(twiml=document.replace("desk", "+19005550000")))
    assert refused.value.code == 21215
    since = time.monotonic()
    await ask(stack, lambda client: client.calls(sid).update(twiml=document, status_callback=f"{url}/status"))
    await call.until(lambda now: now.over.is_set())
    await caller.until_sound(500, since=since)
    human = await carrier.incoming()
    await human.answer()
    await human.until_answered()
    await caller.until_quiet(200)
    await hear_each_other(caller, human)
    assert not listening.tones(human.heard, OTHER)
    await human.hang_up()
    await caller.until_ended()
    await until_told(told, lambda now: len(now) == 2)


async def test_keys_another_stream_and_a_phone_and_their_author_hears_of_them(
    stack: Stack, twilio: TwilioBot, carrier: Carrier
) -> None:
    caller, _, sid = await streaming(carrier, twilio)
    stream = f"<Connect><Stream url='{twilio.url}' name='second' statusCallback='/stream'/></Connect>"
    every = "initiated ringing answered completed"
    dial = f"<Dial><Number statusCallback='/phone' statusCallbackEvent='{every}'>desk</Number></Dial>"
    goodbye = "<Say>Thank you for your call, and goodbye.</Say>"
    async with author(next=f"<Response>{stream}{dial}{goodbye}</Response>") as (url, told):
        document = f"<Response><Play digits='12w#'/><Redirect>{url}/next</Redirect></Response>"
        await ask(stack, lambda client: client.calls(sid).update(twiml=document))
        second = await twilio.next_call(1)
        assert caller.digits == "12#", "before the next document"
        await until_told(told, lambda now: len(now) == 2)
        start = next(message["start"] for message in second.messages if message["event"] == "start")
        assert start["accountSid"] == ACCOUNT
        await second.hangup()
        human = await carrier.incoming()
        await human.answer()
        await hear_each_other(caller, human)
        since = time.monotonic()
        await human.hang_up()
        await caller.until_sound(500, since=since)
        await caller.until_ended()
        await until_told(told, lambda now: len(now) == 7)
    streams = [form for path, form in told if path == "/stream"]
    assert sorted(form["StreamEvent"] for form in streams) == ["stream-started", "stream-stopped"]
    assert {(form["StreamSid"], form["CallSid"]) for form in streams} == {(start["streamSid"], sid)}
    phones = sorted((form for path, form in told if path == "/phone"), key=lambda form: form["SequenceNumber"])
    assert [form["CallStatus"] for form in phones] == ["initiated", "ringing", "in-progress", "completed"]
    assert {form["ParentCallSid"] for form in phones} == {sid}
    assert (await stack.record()).summary.ending == "operator_hung_up"
