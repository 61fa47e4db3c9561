"""What the faults happen to: both Asterisks, a controller, media workers, two bots, a company's system, and callers."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

from controller.records.store import RecordStore
from tests.bench import process
from tests.chaos.callers import Call, Callers, Refused, calling
from tests.chaos.outside import NAMES, Clock, Names
from tests.chaos.proxy import Proxy, proxying
from tests.chaos.telephones import telephones
from tests.integration.stack import asterisks
from tests.integration.stack.processes import free_port, healthy
from tests.integration.stack.stack import Stack
from tests.unit.webhooks.receiver import SECRET, Receiver, receiving

RTP_PORTS: Final = 2_000
"""Of each Asterisk, four to a call and more for those that come after it."""
SETTLED_SECONDS: Final = 30.0
"""For records to be closed, events delivered and Asterisk empty, when the last caller has gone."""
RECORDS_MAX: Final = 100_000
"""A day of calls that come and go."""
NUMBER_DIGITS: Final = 7
"""Of a caller's; what the routing puts before them is not asked here."""
ACCEPT_SECONDS: Final = 8
"""For a bot on a machine that others share; a new call waits so long for one that is frozen."""

ROUTES: Final = """
[bots.first]
url = "ws://{host}:{first}/"
accept_seconds = {accept}
reconnect_seconds = {reconnect}

[bots.second]
url = "ws://127.0.0.1:{second}/"
accept_seconds = {accept}

[humans.desk]
dial = "PJSIP/{human}@trunk"

[[routes]]
name = "all"
ladder = [{{bot = "first"}}, {{bot = "second"}}, {{human = "desk"}}]
"""


class Bots:
    """Two of them, each a process."""

    def __init__(self, report_seconds: float = 1.0) -> None:
        self.ports = (free_port(), free_port())
        self._report_seconds = report_seconds
        self._running: list[tuple[AsyncExitStack, process.Process]] = []

    async def start(self, number: int = 0) -> None:
        """The first (0) or the second; in the place of one that was killed."""
        standing = AsyncExitStack()
        bot = await standing.enter_async_context(
            process.running("tests.chaos.bot", str(self.ports[number]), str(self._report_seconds))
        )
        self._running[number : number + 1] = [(standing, bot)]
        await bot.hear()

    def signal(self, number: int, signal_: signal.Signals) -> None:
        self._running[number][1].signal(signal_)

    async def as_usual(self) -> None:
        """Whatever was done to them is undone."""
        for number, (_, bot) in enumerate(self._running):
            bot.signal(signal.SIGCONT)
            if not bot.running:
                await self.start(number)

    async def reports(self) -> dict[str, set[str]]:
        """By the caller's number, from both; those of a bot that is dead are gone with it."""
        made: dict[str, set[str]] = {}
        for _, bot in self._running:
            bot.signal(signal.SIGCONT)
            with suppress(RuntimeError, OSError):
                for number, names in (await bot.ask(""))["reports"].items():
                    made.setdefault(number, set()).update(names)
        return made

    async def stop(self) -> None:
        for standing, bot in self._running:
            bot.signal(signal.SIGCONT)
            await standing.aclose()


@dataclass
class Scene:
    """All that there is. `ari` is the line between the controller and Asterisk."""

    stack: Stack
    bots: Bots
    ari: Proxy
    receiver: Receiver
    callers: Callers
    clock: Clock
    names: Names
    answered: list[Call] = field(default_factory=list)
    """Every call of this fault that was answered; each must have its record."""

    async def ready(self, *, reconnect: int = 5, workers: int = 1, by_name: bool = False, **settings: str) -> None:
        """A controller with these settings; what earlier faults have left is no more."""
        await self.bots.as_usual()
        self.clock.jump(0)
        self.names.back()
        await asyncio.to_thread(self._ready, reconnect, workers, by_name, settings)
        self.receiver.taken.clear()
        self.answered.clear()

    def _ready(self, reconnect: int, workers: int, by_name: bool, settings: dict[str, str]) -> None:
        first, second = self.bots.ports
        asterisk, bot, crm = NAMES if by_name else ("127.0.0.1",) * 3
        routes = ROUTES.format(
            host=bot,
            first=first,
            second=second,
            accept=ACCEPT_SECONDS,
            reconnect=reconnect,
            human=asterisks.HUMAN_NUMBER,
        )
        self.stack.routes_file.write_text(routes)
        usual = {
            "ROUTES_FILE": str(self.stack.routes_file),
            "ARI_URL": f"http://{asterisk}:{self.ari.port}",
            "WEBHOOK_URL": self.receiver.url.replace("127.0.0.1", crm),
            "WEBHOOK_SECRET": SECRET,
            # How much is carried is asked elsewhere: here no load is shed.
            "MEDIA_LOAD_MAX": "1",
            "LOG_LEVEL": "info",
        }
        stack = self.stack
        prefix = self.names.prefix if by_name else ()
        for running in (stack.controller, stack.second_media, stack.media):
            # The first worker has calls of earlier faults behind it, as in life; but not another's names.
            if running.running and (running is not stack.media or running.prefix != prefix):
                running.stop()
            running.prefix = prefix
        if not stack.media.running:
            stack.start_media(LOG_LEVEL="info")
        stack.start_controller(**{**usual, **settings})
        if workers > 1:
            stack.start_second_media()

    async def again(self) -> None:
        """The controller, as it was started before."""
        await asyncio.to_thread(self.stack.start_controller, **self.stack.custom)

    async def call(self) -> Call:
        """Raises Refused, TimeoutError."""
        call = await self.callers.call()
        self.answered.append(call)
        return call

    async def recovered(self, calls: Sequence[Call], seconds: float) -> bool:
        """All calls that are still there hear what they say from now on, and a new one gets through."""
        try:
            async with asyncio.timeout(seconds):
                said = [(call, call.heard.said) for call in calls]
                while not all(call.heard.latest >= number or call.dialog.taken_away for call, number in said):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
                ready = f"http://127.0.0.1:{self.stack.api_port}/readyz"
                while not await asyncio.to_thread(healthy, ready):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.01)
                while True:
                    with suppress(Refused, TimeoutError):
                        await self.call()
                        return True
        except TimeoutError:
            return False

    # --- afterwards -----------------------------------------------------------------------------------------

    async def left_behind(self) -> list[str]:
        deadline = time.monotonic() + SETTLED_SECONDS
        while (left := await self.stack.left_behind()) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
        return left

    async def records_lost(self, reports: dict[str, set[str]]) -> int:
        """Calls that were answered and have no closed record, reports in none, endings nobody was told of."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while (lost := await self._records_lost(reports)) and time.monotonic() < deadline:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.2)
        return lost

    async def _records_lost(self, reports: dict[str, set[str]]) -> int:
        store = await RecordStore.open(self.stack.settings["DATABASE_URL"])
        try:
            listed = await store.list_calls(RECORDS_MAX)
            records = {(record.from_number or "")[-NUMBER_DIGITS:]: record for record in listed}
            told = {message["call_id"] for message in self.receiver.taken if message["type"] == "call.ended"}
            lost = 0
            for call in self.answered:
                record = records.get(str(call.number))
                if record is None or record.ending is None:
                    lost += 1
                    continue
                detail = await store.show_call(record.id)
                stored = {result.id.rpartition("/")[2] for result in detail.results}
                lost += len(reports.get(str(call.number), set()) - stored) + (record.id not in told)
            return lost
        finally:
            await store.close()


@asynccontextmanager
async def scene(report_seconds: float = 1.0) -> AsyncIterator[Scene]:
    """Until the end of the block, after which nothing of it is left, however it ends."""
    async with AsyncExitStack() as standing:
        directory, sounds = (Path(standing.enter_context(TemporaryDirectory())) for _ in range(2))
        pair = standing.enter_context(asterisks.running(RTP_PORTS))
        stack = Stack(pair, directory, sounds)
        standing.callback(stack.stop)
        bots = Bots(report_seconds)
        standing.push_async_callback(bots.stop)
        await bots.start(0)
        await bots.start(1)
        line = await standing.enter_async_context(proxying(urlsplit(pair.bundled.url).port or 80))
        receiver = await standing.enter_async_context(receiving(free_port()))
        sip = await standing.enter_async_context(telephones(pair.bundled.sip_port))
        callers = await standing.enter_async_context(calling(sip))
        clock, names = Clock(directory), Names(directory)
        yield Scene(stack, bots, line, receiver, callers, clock, names)
