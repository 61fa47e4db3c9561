"""Many calls on one real WebSocket: they share its fate and nothing else."""

import asyncio
import json
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.bot import framing, multiplex, websocket
from controller.bot.adapters.adapter import Opening
from controller.bot.conversation import BotFailed, BotRefused
from controller.bot.framing import RECORD_HEADER, append, records
from controller.bot.multiplex import SharedSocket, SharedSockets
from controller.bot.protocol import TEXT_MESSAGE_BYTES_MAX, Answered, Party, Start
from tests.unit.bot.many_calls import Call, Worker, echo, serving_many, taking
from tests.unit.bot.scripted_bot import Line, serving, until


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    yield worker
    for call in worker.calls:
        call.stream.end("failed")
    worker.sockets.close()
    await worker.sockets.wait_closed()


async def test_two_calls_share_one_socket_and_hear_themselves_alone(worker: Worker) -> None:
    async with serving_many(echo) as bot:
        first, second = await worker.open(bot.url), await worker.open(bot.url)
        frames = {call: [os.urandom(size) for size in (160, 1, 70_000, 160)] for call in (first, second)}
        for number in range(4):
            for call in (first, second):
                assert call.stream.send_audio(frames[call][number])
            worker.sockets.flush()
        for call in (first, second):
            await until(lambda: len(call.audio) == sum(map(len, frames[call])))  # noqa: B023
            assert call.audio == b"".join(frames[call])
        assert len(bot.lines) == 1
        headers = bot.lines[0].headers
    assert headers["Sec-WebSocket-Protocol"] == "ari-controller.v1.mux"
    assert headers["Authorization"] == "Bearer bot-secret"
    assert not worker.counters


async def test_what_all_calls_say_is_one_message(worker: Worker) -> None:
    heard: list[bytes] = []

    async def listens(line: Line) -> None:
        while isinstance(frame := await line.hear(), bytes):
            heard.append(frame)

    async with serving_many(taking(3, listens)) as bot:
        for _ in range(3):
            await worker.open(bot.url)
        for call in worker.calls:
            call.stream.send_audio(b"a" * 160)
        worker.sockets.flush()
        worker.sockets.flush()
        await until(lambda: heard)
        worker.calls[0].stream.send_audio(b"b")
        worker.sockets.flush()
        await until(lambda: len(heard) == 2)
    assert [(call, bytes(audio)) for call, audio in records(memoryview(heard[0]))] == [
        (number, b"a" * 160) for number in (1, 2, 3)
    ]


async def test_a_message_to_the_bot_has_a_bound(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiplex, "UPLINK_MESSAGE_BYTES_MAX", 1_000)
    sizes: list[int] = []

    async def listens(line: Line) -> None:
        while isinstance(frame := await line.hear(), bytes):
            sizes.append(len(frame))

    async with serving_many(taking(1, listens)) as bot:
        call = await worker.open(bot.url)
        for _ in range(100):
            call.stream.send_audio(bytes(160))
        worker.sockets.flush()
        await until(lambda: sum(sizes) == 100 * 166)
    assert max(sizes) < 1_000 + 166


async def test_the_order_of_audio_and_messages_is_kept(worker: Worker) -> None:
    heard: list[Any] = []

    async def listens(line: Line) -> None:
        while (frame := await line.hear()) is not None:
            heard.append(frame)

    async with serving_many(taking(1, listens)) as bot:
        call = await worker.open(bot.url)
        call.stream.send_audio(b"before")
        call.stream.end("caller_hung_up")
        assert not call.stream.send_audio(b"after")
        worker.sockets.flush()
        await until(lambda: len(heard) == 2)
    assert heard == [b"\0\0\0\1\0\6before", {"call": 1, "type": "end", "reason": "caller_hung_up"}]


async def test_a_call_that_ends_leaves_the_socket_to_the_others(worker: Worker) -> None:
    async with serving_many(echo) as bot:
        first, second = await worker.open(bot.url), await worker.open(bot.url)
        first.stream.end("caller_hung_up")
        third = await worker.open(bot.url)
        for call in (second, third):
            call.stream.send_audio(b"still here")
        worker.sockets.flush()
        await until(lambda: second.audio and third.audio)
        assert len(bot.lines) == 1
    assert first.told == ["accepted"]


async def test_what_comes_for_a_call_that_has_ended_is_counted_and_ignored(worker: Worker) -> None:
    async def lags(line: Line) -> None:
        while (await line.hear_message())["type"] != "end":
            pass
        message = bytearray()
        for number in (1, 2, 4_000_000_000):
            append(message, number, b"late")
        await line.socket.send_bytes(bytes(message))
        await line.say(type="clear", call=1)
        await line.say(type="pause", call=2)

    async with serving_many(taking(2, lags)) as bot:
        first, second = await worker.open(bot.url), await worker.open(bot.url)
        first.stream.end("caller_hung_up")
        await until(lambda: second.told[-1] == "pause")
    assert first.told == ["accepted"]
    assert second.told == ["accepted", b"late", "pause"]
    assert worker.counters == {"stray_bot_records": 2, "stray_bot_messages": 1}


async def test_a_reject_is_one_calls_alone(worker: Worker) -> None:
    async def refuses_the_second(line: Line) -> None:
        started = await line.hear_message()
        await line.say(type="reject", reason="busy", message="one is enough", call=started["call"])
        await line.socket.send_bytes(RECORD_HEADER.pack(1, 2) + b"hi")

    async with serving_many(taking(1, refuses_the_second)) as bot:
        first = await worker.open(bot.url)
        with pytest.raises(BotRefused) as refused:
            await worker.open(bot.url)
        assert refused.value.reject.reason == "busy"
        await until(lambda: first.audio)
    assert first.told == ["accepted", b"hi"]


async def test_a_call_that_is_not_accepted_in_time_costs_the_others_nothing(worker: Worker) -> None:
    ends: list[Any] = []

    async def ponders(line: Line) -> None:
        ends.append((await line.hear_message())["type"])
        await asyncio.sleep(0)
        while (heard := await line.hear()) is not None:
            if isinstance(heard, bytes):
                await line.socket.send_bytes(heard)

    async with serving_many(taking(1, ponders)) as bot:
        first = await worker.open(bot.url)
        with pytest.raises(BotFailed) as failed:
            await worker.open(bot.url, accept_seconds=0.2)
        assert (failed.value.trigger, ends) == ("no_answer", ["start"])
        assert "did not accept the call within 0.2 s" in failed.value.detail
        first.stream.send_audio(b"still here")
        worker.sockets.flush()
        await until(lambda: first.audio == b"still here")


@pytest.mark.parametrize("manner", ["cut", "closed"])
async def test_a_lost_socket_loses_its_calls_and_the_next_call_opens_another(worker: Worker, manner: str) -> None:
    async def goes(line: Line) -> None:
        assert (await line.hear_message())["type"] == "start"
        if manner == "cut":
            line.socket._req.transport.abort()  # type: ignore[union-attr] # noqa: SLF001
        else:
            await line.socket.close(code=4001, message=b"bye")

    async with serving_many(taking(2, goes)) as bot:
        first, second = await worker.open(bot.url), await worker.open(bot.url)
        with pytest.raises(BotFailed) as failed:
            await worker.open(bot.url)
        reason = "lost the connection" if manner == "cut" else "closed the connection with code 4001 (bye)"
        assert failed.value.trigger == "unreachable"
        assert f"the bot {reason} before it accepted the call" in failed.value.detail
        assert first.told == second.told == ["accepted", f"lost: the bot {reason}"]
        assert not first.stream.send_audio(b"too late")
        bot.script = echo
        await worker.open(bot.url)
        assert len(bot.lines) == 2


async def test_bots_and_tokens_have_sockets_of_their_own(worker: Worker) -> None:
    async with serving_many(echo) as bot, serving_many(echo) as other:
        for url, token in ((bot.url, "a"), (bot.url, "b"), (bot.url, "a"), (other.url, "a")):
            await worker.open(url, token=token)
        assert [line.headers["Authorization"] for line in bot.lines] == ["Bearer a", "Bearer b"]
        assert len(other.lines) == 1


async def test_another_certificate_has_a_socket_of_its_own(worker: Worker) -> None:
    async with serving_many(echo) as bot:
        await worker.open(bot.url)
        worker.tls = ssl.create_default_context()
        await worker.open(bot.url)
        assert len(bot.lines) == 2


async def test_calls_that_come_together_open_one_socket_and_one_may_give_up(worker: Worker) -> None:
    async with serving_many(echo) as bot:
        first = asyncio.create_task(worker.open(bot.url))
        second = asyncio.create_task(worker.open(bot.url))
        await asyncio.sleep(0)  # both have begun, and no handshake is as quick as that
        first.cancel()
        assert (await second).told == ["accepted"]
        assert first.cancelled()
        assert len(bot.lines) == 1


async def test_nobody_at_the_address_is_tried_again_by_the_next_call(worker: Worker) -> None:
    async with serving_many(echo) as bot:
        url = bot.url
    for _ in range(2):
        with pytest.raises(BotFailed) as failed:
            await worker.open(url)
        assert (failed.value.trigger, failed.value.detail) == ("unreachable", f"{url}: the connection was refused")


async def test_a_server_that_does_not_answer_the_handshake_is_too_late_for_all(worker: Worker) -> None:
    gone = asyncio.Event()

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    async with server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        outcomes = await asyncio.gather(*(worker.open(url, 0.2) for _ in range(3)), return_exceptions=True)
        await gone.wait()
    for outcome in outcomes:
        assert isinstance(outcome, BotFailed)
        assert outcome.trigger == "no_answer"
        assert "did not complete the connection" in outcome.detail


async def test_a_bot_of_the_single_kind_is_unreachable(worker: Worker) -> None:
    async with serving(echo) as bot:
        with pytest.raises(BotFailed) as failed:
            await worker.open(bot.url)
    assert "does not speak ari-controller.v1.mux" in failed.value.detail


async def test_an_idle_socket_is_closed_and_the_next_call_opens_another(worker: Worker) -> None:
    async with serving_many(echo) as bot:
        call = await worker.open(bot.url)
        worker.wait(multiplex.IDLE_SECONDS + 1)
        (shared,) = worker.sockets._sockets.values()  # noqa: SLF001
        await until(lambda: shared._socket._heard)  # noqa: SLF001 - the ping has been answered
        call.stream.end("caller_hung_up")
        worker.wait(multiplex.IDLE_SECONDS - 1)
        await worker.open(bot.url)
        assert len(bot.lines) == 1
        worker.calls[1].stream.end("caller_hung_up")
        worker.wait(multiplex.IDLE_SECONDS + 1)
        await until(lambda: bot.lines[0].socket.closed)
        assert bot.lines[0].socket.close_code == 1000
        await worker.open(bot.url)
        assert len(bot.lines) == 2


async def test_a_dead_peer_is_noticed_by_its_missing_pong(worker: Worker) -> None:
    async def freezes(line: Line) -> None:
        line.socket._reader._protocol.pause_reading()  # type: ignore[union-attr] # noqa: SLF001
        await asyncio.sleep(60)

    async with serving_many(taking(2, freezes)) as bot:
        calls = [await worker.open(bot.url) for _ in range(2)]
        worker.wait(websocket.PING_SECONDS)
        worker.wait(websocket.PONG_SECONDS)
        for call in calls:
            assert call.told == ["accepted", "lost: the bot did not answer a ping within 5 s"]


FAULTS: list[tuple[str | bytes, dict[str, Any]]] = [
    ('{"call": 2, "type": "mark"}', {"call": 2, "code": "malformed", "field": "name"}),
    ('{"call": 2, "type": "accept"}', {"call": 2, "code": "not_now", "about": "accept"}),
    ('{"type": "clear"}', {"code": "malformed", "field": "call"}),
    ("not JSON", {"code": "malformed"}),
    (json.dumps({"call": 2, "type": "log", "message": "x" * TEXT_MESSAGE_BYTES_MAX}), {"code": "too_large"}),
    (RECORD_HEADER.pack(2, 161) + bytes(160), {"call": 2, "code": "malformed"}),
    (RECORD_HEADER.pack(9, 161) + bytes(160), {"code": "malformed"}),
    (b"\0\0\0\2\0", {"code": "malformed"}),
]


@pytest.mark.parametrize(("fault", "answer"), FAULTS)
async def test_a_fault_is_answered_and_costs_nothing(worker: Worker, fault: str | bytes, answer: Any) -> None:
    answers: list[Any] = []

    async def errs(line: Line) -> None:
        await (line.socket.send_bytes(fault) if isinstance(fault, bytes) else line.socket.send_str(fault))
        answers.append(await line.hear_message())
        await line.socket.send_bytes(RECORD_HEADER.pack(1, 2) + b"hi" + RECORD_HEADER.pack(2, 2) + b"ho")

    async with serving_many(taking(2, errs)) as bot:
        first, second = await worker.open(bot.url), await worker.open(bot.url)
        await until(lambda: first.audio and second.audio)
    told = {name: value for name, value in answers[0].items() if name not in {"type", "message"}}
    assert (answers[0]["type"], told) == ("error", answer)
    malformed = second.stream.counters["malformed_messages"] + worker.counters["malformed_bot_messages"]
    assert malformed == (answer["code"] != "not_now")
    assert first.stream.counters["malformed_messages"] == 0


async def test_audio_before_accept_is_told_once_and_not_played(worker: Worker) -> None:
    answers: list[Any] = []

    async def hurries(line: Line) -> None:
        started = await line.hear_message()
        for _ in range(2):
            await line.socket.send_bytes(RECORD_HEADER.pack(started["call"], 2) + b"hi")
        answers.append(await line.hear_message())
        await line.say(type="accept", call=started["call"])

    async with serving_many(taking(0, hurries)) as bot:
        call = await worker.open(bot.url)
    assert answers[0] | {"message": ""} == {"call": 1, "type": "error", "code": "not_now", "message": ""}
    assert call.told[0] == "accepted"


async def test_records_in_fragments_are_put_together(worker: Worker) -> None:
    async def fragments(line: Line) -> None:
        writer = line.socket._writer  # noqa: SLF001
        assert writer is not None
        transport = writer.transport
        assert transport is not None
        transport.write(b"\x02\x05\0\0\0\1\0" + b"\x89\x00" + b"\x00\x03\4ab" + b"\x80\x02cd")
        half = framing.RECORD_AUDIO_BYTES_MAX * 9
        transport.write(b"\x02\x7f" + half.to_bytes(8, "big") + bytes(half))
        transport.write(b"\x80\x7f" + half.to_bytes(8, "big") + bytes(half))
        transport.write(b"\x82\x08\0\0\0\1\0\2ef")

    async with serving_many(taking(1, fragments)) as bot:
        call = await worker.open(bot.url)
        await until(lambda: call.audio.endswith(b"ef"))
    assert call.audio == b"abcdef"
    assert worker.counters == {"malformed_bot_messages": 1}


async def test_our_own_fault_ends_one_call(worker: Worker) -> None:
    told: list[Any] = []

    async def speaks(line: Line) -> None:
        await line.socket.send_bytes(RECORD_HEADER.pack(1, 2) + b"hi" + RECORD_HEADER.pack(2, 2) + b"ho")
        told.append(await line.hear_message())

    async with serving_many(taking(2, speaks)) as bot:
        opening = asyncio.create_task(worker.open(bot.url))
        await until(lambda: worker.calls)
        worker.calls[0].fails = True
        await opening
        second = await worker.open(bot.url)
        await until(lambda: second.audio and told)
    assert worker.calls[0].told == ["accepted", "lost: the bot was cut off by a fault of ours"]
    assert told == [{"call": 1, "type": "end", "reason": "failed"}]
    assert second.told == ["accepted", b"ho"]


async def test_a_bot_that_does_not_read_loses_audio_and_then_the_socket(worker: Worker) -> None:
    async def is_deaf(line: Line) -> None:
        line.socket._reader._protocol.pause_reading()  # type: ignore[union-attr] # noqa: SLF001
        await asyncio.sleep(60)

    async with serving_many(taking(2, is_deaf)) as bot:
        first, second = await worker.open(bot.url), await worker.open(bot.url)
        sent = 0
        while first.stream.send_audio(bytes(1000)):
            worker.sockets.flush()
            sent += 1
            assert sent < 40_000
            if sent % 100 == 0:
                await asyncio.sleep(0.001)
        worker.sockets.flush()
        for _ in range(60):
            assert not first.stream.send_audio(bytes(500))
            assert not second.stream.send_audio(bytes(500))
            worker.sockets.flush()
        waiting = 2 * websocket.AUDIO_WAITING_BYTES_MAX // (1000 + 2 * RECORD_HEADER.size)
        # One waited before the sixty; with each of the others both calls lost a frame.
        assert [call.stream.counters["audio_frames_dropped_to_bot"] for call in (first, second)] == [
            61 - waiting,
            60 - waiting,
        ]
        for _ in range(20_000):
            second.stream.send(Answered())
        for call in (first, second):
            assert call.told == ["accepted", "lost: the bot does not read what it is sent"]


async def test_the_numbers_of_a_socket_are_used_up_some_day(worker: Worker) -> None:
    async with serving_many(echo) as bot:
        first = await worker.open(bot.url)
        (shared,) = worker.sockets._sockets.values()  # noqa: SLF001
        shared._last_number = framing.CALL_MAX  # noqa: SLF001
        with pytest.raises(BotFailed):
            await worker.open(bot.url)
        assert first.told[1].startswith("lost: the bot has had all the calls")
        await worker.open(bot.url)
        assert len(bot.lines) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=200), st.text(max_size=200)), max_size=10))
def test_whatever_the_bot_says_the_call_beside_it_loses_nothing(babble: list[bytes | str]) -> None:
    """The listener's side alone, without a socket: random messages between good ones."""
    counters: Counter[str] = Counter()
    shared = SharedSocket(lambda: 0.0, counters)
    call = Call(SharedSockets(lambda: 0.0, counters))
    number = shared.add(call.stream)
    call.stream._shared, call.stream.number = shared, number  # noqa: SLF001
    call.stream._answer = asyncio.Future(loop=asyncio.new_event_loop())  # noqa: SLF001
    start = Start(call_id="c", caller=Party(), callee=Party(), route="r")
    call.stream._opening = Opening("ws://bot/", start)  # noqa: SLF001
    call.stream.on_open()
    shared.on_text(b'{"call":1,"type":"accept"}')
    for what in babble:
        if isinstance(what, bytes):
            # Not by chance this call's own number.
            shared.on_binary(memoryview(b"\xff" + what), True)
        else:
            shared.on_text(what.encode(errors="replace"))
        shared.on_binary(memoryview(RECORD_HEADER.pack(number, 2) + b"ok"), True)
    assert call.told == ["accepted"] + [b"ok"] * len(babble)
    call.stream._answer.get_loop().close()  # noqa: SLF001
