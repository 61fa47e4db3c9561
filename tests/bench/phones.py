"""The callers' ends of the audio: every phone speaks and hears as a telephone does, all through one socket."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import numpy as np
import numpy.typing as npt

from controller.media.playout import FRAME_BYTES, FRAME_MS
from controller.media.rows import SOCKADDR_IN
from tests.bench.phone_lines import RECEIVE_BATCH, PhoneLines
from tests.bench.speech import FIRST_NUMBER, Frames, faults, speech

SLOTS: Final = 4
"""A phone's packets are due at one of this many moments of every 20 ms: real calls do not tick together."""

SLOT_SECONDS: Final = FRAME_MS / 1_000 / SLOTS


class Phones:
    """Phone n calls from FIRST_NUMBER + n, and speaks once it hears Asterisk."""

    def __init__(self, count: int, frames: int) -> None:
        self._frames = frames
        self._lines = PhoneLines(count)
        self._said = np.stack([speech("caller", FIRST_NUMBER + phone, frames) for phone in range(count)])
        self._next_frame = np.zeros(count, np.int64)
        self._asterisk = np.zeros(count, SOCKADDR_IN)
        """Where each phone's packets come from, and go to."""
        nothing = np.zeros(0, np.int64)
        self._came = [(nothing, nothing, np.zeros((0, FRAME_BYTES), np.uint8))]
        """Phones, times in ns and payloads of every batch."""
        self._by_slot = [np.arange(slot, count, SLOTS) for slot in range(SLOTS)]

    @staticmethod
    def address(phone: int) -> str:
        return PhoneLines.address(phone)

    @property
    def port(self) -> int:
        return self._lines.port

    @property
    def hearing(self) -> int:
        """How many phones have heard Asterisk so far: their calls are up."""
        return int(np.count_nonzero(self._asterisk["port"]))

    @asynccontextmanager
    async def switched_on(self) -> AsyncIterator["Phones"]:
        talking = asyncio.create_task(self._talk())
        try:
            yield self
        finally:
            talking.cancel()
            await asyncio.wait([talking])
            self._lines.close()

    async def _talk(self) -> None:
        start = time.monotonic()
        for slot in itertools.count():
            await asyncio.sleep(max(0.0, start + slot * SLOT_SECONDS - time.monotonic()))
            # Not as they come: the kernel notes when that was, and the cores are wanted elsewhere.
            while self._receive() == RECEIVE_BATCH:
                pass
            phones = self._by_slot[slot % SLOTS]
            up = (self._asterisk["port"][phones] > 0) & (self._next_frame[phones] < self._frames)
            self._send(phones[up])

    def _send(self, phones: npt.NDArray[np.int64]) -> None:
        numbers = self._next_frame[phones]
        self._next_frame[phones] += 1
        self._lines.send(phones, numbers, self._said[phones, numbers], self._asterisk[phones])

    def _receive(self) -> int:
        batch = self._lines.receive()
        if batch is None:
            return 0
        self._asterisk[batch.phones] = batch.sources
        self._came.append((batch.phones, batch.times, batch.payloads))
        return len(batch.phones)

    # --- afterwards -----------------------------------------------------------------------------------------

    def heard(self) -> "Heard":
        """Everything that came, by phone."""
        if not self._came:
            return Heard(
                self._frames, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, FRAME_BYTES), np.uint8)
            )
        phones, times, payloads = (np.concatenate(column) for column in zip(*self._came, strict=True))
        order = np.argsort(phones, kind="stable")
        return Heard(self._frames, phones[order], times[order], payloads[order])


class Heard:
    """What the phones heard: rows sorted by phone, in each phone's order of arrival."""

    def __init__(
        self, frames: int, phones: npt.NDArray[np.int64], times: npt.NDArray[np.int64], payloads: Frames
    ) -> None:
        self._frames, self._phones, self._times, self._payloads = frames, phones, times, payloads

    def faults(self, phone: int) -> Counter[str]:
        """What differs from what the bot said to this phone."""
        rows = slice(*np.searchsorted(self._phones, [phone, phone + 1]))
        return faults(self._payloads[rows], speech("bot", FIRST_NUMBER + phone, self._frames))

    def interval_errors_ms(self) -> npt.NDArray[np.float64]:
        """How far from 20 ms apart a phone's packets were."""
        same = self._phones[1:] == self._phones[:-1]
        errors: npt.NDArray[np.float64] = np.abs(np.diff(self._times)[same] / 1e6 - FRAME_MS)
        return errors

    def set_up_per_s(self) -> float:
        """How fast calls came up, by the first packet of each."""
        _, first = np.unique(self._phones, return_index=True)
        up = np.sort(self._times[first]) / 1e9
        return float((len(up) - 1) / (up[-1] - up[0])) if len(up) > 1 else 0.0
