"""Callers who talk all the time and listen for every word that the bot says back."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import numpy as np

from controller.media.playout import FRAME_MS
from controller.media.rows import SOCKADDR_IN
from tests.bench.phone_lines import RECEIVE_BATCH, Batch, PhoneLines
from tests.bench.speech import FIRST_NUMBER
from tests.bench.stamp import MAGIC, STAMP
from tests.chaos.heard import Heard
from tests.chaos.telephones import Dialog, Refused, Telephones

LINES: Final = 1_000
"""Telephones that take turns: enough that what is late for one call has come before its telephone has the next."""
SLOTS: Final = 4
SLOT_SECONDS: Final = FRAME_MS / 1_000 / SLOTS
"""A telephone's packets are due at one of four moments of every 20 ms."""
BEHIND_SECONDS_MAX: Final = 0.1
"""Who stood still longer says nothing for that time: a burst of a second's packets is no telephone's."""
FIRST_WORD_SECONDS: Final = 30.0
"""From the answer to the first word that comes back."""
LAST_WORD_SECONDS: Final = 10.0
"""For what is on its way when a caller falls silent; each second without a word ends it."""


class Call:
    """One caller's. It lasts until `Callers.end`, or until somebody takes it away."""

    def __init__(self, number: int, line: int, dialog: Dialog) -> None:
        self.number, self.line, self.dialog = number, line, dialog
        self.heard = Heard()
        self.talking = True
        self.lost = False
        """Taken from its caller: hung up by somebody else, or nothing comes back any more."""


class Callers:
    """Each call has a number of its own, from FIRST_NUMBER."""

    def __init__(self, telephones: Telephones) -> None:
        self._telephones = telephones
        self._lines = PhoneLines(LINES)
        self._numbers = itertools.count(FIRST_NUMBER)
        self._on: dict[int, Call] = {}
        """By line."""
        self._peers = np.zeros(LINES, SOCKADDR_IN)

    @property
    def live(self) -> int:
        return len(self._on)

    async def call(self) -> Call:
        """Answered, and the first word has come back. Raises Refused, TimeoutError."""
        number = next(self._numbers)
        line = number % LINES
        dialog, (host, port) = await self._telephones.dial(number, PhoneLines.address(line), self._lines.port)
        call = Call(number, line, dialog)
        self._peers[line] = (socket.AF_INET, port, int.from_bytes(socket.inet_aton(host), "big"), 0)
        self._on[line] = call
        try:
            async with asyncio.timeout(FIRST_WORD_SECONDS):
                while not call.heard.up:  # noqa: ASYNC110 - it is looked at where packets are read
                    await asyncio.sleep(0.005)
        except TimeoutError:
            await self._hang_up(call)
            raise
        return call

    async def end(self, call: Call) -> None:
        """Falls silent, hears out what is on its way, hangs up; says whether the call was still there."""
        call.talking = False
        deadline, since = time.monotonic() + LAST_WORD_SECONDS, call.heard.missing
        while not call.heard.whole and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
            if call.heard.missing == since:
                break
            since = call.heard.missing
        call.lost = call.dialog.taken_away or not call.heard.back_since(call.heard.last_said_at_ns - 2_000_000_000)
        await self._hang_up(call)

    async def _hang_up(self, call: Call) -> None:
        await self._telephones.hang_up(call.dialog)
        if self._on.get(call.line) is call:
            del self._on[call.line]

    # --- audio ----------------------------------------------------------------------------------------------

    async def talk(self) -> None:
        """Everybody, until cancelled."""
        start = time.monotonic()
        slot = 0
        while True:
            behind = time.monotonic() - start - slot * SLOT_SECONDS
            if behind > BEHIND_SECONDS_MAX:
                slot += int(behind / SLOT_SECONDS)
            await asyncio.sleep(max(0.0, -behind))
            while (batch := self._lines.receive()) is not None:
                self._note(batch)
                if len(batch.phones) < RECEIVE_BATCH:
                    break
            self._send(slot % SLOTS)
            slot += 1

    def _send(self, slot: int) -> None:
        now = time.time_ns()
        calls = [call for line, call in self._on.items() if line % SLOTS == slot and call.talking]
        if not calls:
            return
        frames = np.zeros(len(calls), STAMP)
        frames["magic"] = MAGIC
        frames["call"] = [call.number for call in calls]
        frames["number"] = [call.heard.say(now) for call in calls]
        lines = np.array([call.line for call in calls])
        payloads = frames.view(np.uint8).reshape(len(calls), STAMP.itemsize)
        self._lines.send(lines, frames["number"].astype(np.int64), payloads, self._peers[lines])

    def _note(self, batch: Batch) -> None:
        stamps = batch.payloads.reshape(-1).view(STAMP)
        for line, at, magic, number, frame in zip(
            batch.phones.tolist(),
            batch.times.tolist(),
            stamps["magic"].tolist(),
            stamps["call"].tolist(),
            stamps["number"].tolist(),
            strict=True,
        ):
            call = self._on.get(line)
            if magic != MAGIC or call is None:
                continue  # silence, music, an announcement
            if number == call.number:
                call.heard.came_back(frame, at)
            else:
                call.heard.foreign += 1

    def close(self) -> None:
        self._lines.close()


@asynccontextmanager
async def calling(telephones: Telephones) -> AsyncIterator[Callers]:
    callers = Callers(telephones)
    talking = asyncio.create_task(callers.talk())
    try:
        yield callers
    finally:
        talking.cancel()
        with suppress(asyncio.CancelledError):
            await talking
        callers.close()


async def dial_all(callers: Callers, count: int, per_second: float) -> list[Call]:
    """So many calls, one after another begun. Raises Refused, TimeoutError."""
    calls: list[asyncio.Task[Call]] = []
    try:
        for _ in range(count):
            calls.append(asyncio.create_task(callers.call()))
            await asyncio.sleep(1 / per_second)
        return list(await asyncio.gather(*calls))
    finally:
        for call in calls:
            call.cancel()


__all__ = ["Call", "Callers", "Refused", "calling", "dial_all"]
