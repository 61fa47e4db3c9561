import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from controller.ari import event_stream
from controller.ari.client import AriClient
from controller.ari.event_stream import EventStream, reconnect_seconds
from controller.ari.events import AriEvent, ChannelDtmfReceived, StasisEnd, StasisStart
from controller.errors import SettingError
from tests.unit.ari.fake_asterisk import FakeAsterisk

CAPTURED = {event["type"]: event for event in json.loads((Path(__file__).parent / "captured_events.json").read_text())}


class Listener:
    def __init__(self) -> None:
        self.told: asyncio.Queue[str | AriEvent] = asyncio.Queue()

    def asterisk_connected(self) -> None:
        self.told.put_nowait("connected")

    def asterisk_event(self, event: AriEvent) -> None:
        self.told.put_nowait(event)
        if isinstance(event, StasisEnd):
            raise KeyError("a bug of ours")

    def asterisk_away(self) -> None:
        self.told.put_nowait("away")

    def application_replaced(self) -> None:
        self.told.put_nowait("replaced")


@pytest.fixture(autouse=True)
def _quick_reconnects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "RECONNECT_SECONDS_MIN", 0.0)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest_asyncio.fixture
async def ari(asterisk: FakeAsterisk) -> AsyncIterator[AriClient]:
    async with asterisk.client() as client:
        yield client


@pytest_asyncio.fixture
async def running(ari: AriClient, listener: Listener) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(EventStream(ari, listener).run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.usefixtures("running")
async def test_events_arrive_in_order(asterisk: FakeAsterisk, listener: Listener) -> None:
    stream = await asterisk.streams.get()
    assert await listener.told.get() == "connected"
    for event_type in ("StasisStart", "ChannelVarset", "ChannelDtmfReceived"):
        await stream.send_json(CAPTURED[event_type])
    assert isinstance(await listener.told.get(), StasisStart)
    assert isinstance(await listener.told.get(), ChannelDtmfReceived)


@pytest.mark.usefixtures("running")
async def test_nonsense_and_our_own_bugs_do_not_end_the_stream(asterisk: FakeAsterisk, listener: Listener) -> None:
    stream = await asterisk.streams.get()
    with capture_logs() as logs:
        await stream.send_str("no json")
        await stream.send_json({"type": "StasisStart"})
        await stream.send_json(CAPTURED["StasisEnd"])
        await stream.send_json(CAPTURED["StasisStart"])
        assert await listener.told.get() == "connected"
        assert isinstance(await listener.told.get(), StasisEnd)
        assert isinstance(await listener.told.get(), StasisStart)
    assert [line["event"] for line in logs if line["log_level"] in ("warning", "error")] == [
        "event not understood",
        "event not understood",
        "event not dealt with",
    ]


@pytest.mark.usefixtures("running")
async def test_reconnects_and_says_each_change_once(asterisk: FakeAsterisk, listener: Listener) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            stream = await asterisk.streams.get()
            assert await listener.told.get() == "connected"
            await stream.close()
            assert await listener.told.get() == "away"
    assert [line["event"] for line in logs if line["event"] == "asterisk away"] == ["asterisk away"] * 3


@pytest.mark.usefixtures("running")
async def test_an_application_that_is_not_active_is_connected_again(asterisk: FakeAsterisk, listener: Listener) -> None:
    asterisk.inactive_answers = 2
    for _ in range(3):
        await asterisk.streams.get()
    assert await listener.told.get() == "away"
    assert await listener.told.get() == "connected"


async def test_away_is_said_once(asterisk: FakeAsterisk, ari: AriClient, listener: Listener) -> None:
    back = FakeAsterisk(asterisk.server.port)  # before the close, which forgets the port
    await asterisk.server.close()
    with capture_logs() as logs:
        task = asyncio.create_task(EventStream(ari, listener).run())
        try:
            assert await listener.told.get() == "away"
            for _ in range(20):
                await asyncio.sleep(0)
            await back.server.start_server()
            assert await listener.told.get() == "connected"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await back.stop()
    assert [line["event"] for line in logs if line["log_level"] != "debug"] == ["asterisk away", "asterisk connected"]
    assert "ARI_URL" in logs[0]["mend"]


async def test_wrong_password_ends_it_with_the_setting(asterisk: FakeAsterisk, listener: Listener) -> None:
    async with asterisk.client(password="wrong-password") as ari:
        with pytest.raises(SettingError) as caught:
            await EventStream(ari, listener).run()
    assert caught.value.setting == "ARI_PASSWORD"
    assert "wrong-password" not in str(caught.value)


async def test_a_replaced_application_is_not_taken_back(
    asterisk: FakeAsterisk, listener: Listener, running: "asyncio.Task[None]"
) -> None:
    stream = await asterisk.streams.get()
    await stream.send_json({"type": "ApplicationReplaced", "application": "test-app"})
    await running
    assert [listener.told.get_nowait() for _ in range(2)] == ["connected", "replaced"]
    assert asterisk.streams.empty()


def test_reconnect_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [reconnect_seconds(failures, 0.0) for failures in range(7)] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert reconnect_seconds(0, 1.0) == 0.3125
    assert reconnect_seconds(100_000, 0.0) == 5.0
