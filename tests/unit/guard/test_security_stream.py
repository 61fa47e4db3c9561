import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from controller.config import Address
from controller.guard import security_stream as module
from controller.guard.security_stream import Event, SecurityStream

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
EVENTS = b"Event: ChallengeSent\r\nService: PJSIP\r\n\r\nEvent: Other\r\nAccountID: a:b\r\n\r\n"


@dataclass
class FakeManager:
    """One answer for each connection; then it closes."""

    answers: list[bytes]
    asked: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answers.pop(0) if self.answers else b"")
        await writer.drain()
        writer.close()


@pytest.fixture
async def manager(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[FakeManager, SecurityStream]]:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.01)
    fake = FakeManager([])
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield fake, SecurityStream(Address(host="127.0.0.1", port=port), "controller", "secret")


async def gather(stream: SecurityStream, count: int) -> list[Event]:
    found: list[Event] = []
    enough = asyncio.Event()

    def connected() -> None:
        assert len(found) % 2 == 0

    def receive(event: Event) -> None:
        found.append(event)
        if len(found) == count:
            enough.set()

    task = asyncio.create_task(stream.run(receive, connected))
    try:
        await asyncio.wait_for(enough.wait(), 5)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return found


async def test_events_of_one_connection_and_the_next(manager: tuple[FakeManager, SecurityStream]) -> None:
    fake, stream = manager
    success = b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n"
    fake.answers = [success + EVENTS, b"", success + EVENTS]
    events = await gather(stream, 4)
    assert events[:2] == [{"Event": "ChallengeSent", "Service": "PJSIP"}, {"Event": "Other", "AccountID": "a:b"}]
    assert events[2:] == events[:2]
    assert fake.asked[0] == b"Action: Login\r\nUsername: controller\r\nSecret: secret\r\nEvents: on\r\n\r\n"


async def test_a_refusal_is_said_once(manager: tuple[FakeManager, SecurityStream]) -> None:
    fake, stream = manager
    refused = b"Response: Error\r\nMessage: Authentication failed\r\n\r\n"
    fake.answers = [refused, refused, b"Response: Success\r\n\r\n" + EVENTS]
    with capture_logs() as logs:
        await gather(stream, 2)
    said = [line["reason"] for line in logs if line["log_level"] == "warning"]
    assert len([reason for reason in said if "Authentication failed" in reason]) == 1
