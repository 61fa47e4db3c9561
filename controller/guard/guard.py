"""Watches who wants in at the SIP port, and shuts out who guesses: Asterisk's word in, an access list out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, Protocol

import structlog

from controller.background import Background
from controller.errors import AsteriskError, SettingError
from controller.guard.attempts import Outcome, read
from controller.guard.bans import Ban, Gate, Ledger, Network, belongs, note, shut_out
from controller.guard.bans_file import BansFile

LOOK_SECONDS: Final = 1.0
"""Between two looks at the clock and at the file: bans last minutes."""

log = structlog.get_logger()

Listen = Callable[[Callable[[Mapping[str, str]], None], Callable[[], None]], Awaitable[None]]
"""Hands every security event over, and says when it begins to, for ever."""


class Asterisk(Protocol):
    """What is needed of it (`ari.client.AriClient`)."""

    async def shut_out(self, addresses: Sequence[str]) -> None: ...

    async def trunk_networks(self) -> list[Network]: ...


class Guard:
    """Bans are in the ledger first and then in Asterisk, which forgets them when it ends."""

    def __init__(self, asterisk: Asterisk, listen: Listen, file: BansFile, gate: Gate) -> None:
        self._asterisk = asterisk
        self._listen = listen
        self._file = file
        self._gate = gate
        self._work = Background("a source could not be shut out")
        self._shut_out: frozenset[str] | None = None
        """As Asterisk has it; None: not known."""
        self._considered: set[str] = set()
        self.attempts = 0
        self.spared = 0
        """Attempts too many from addresses that are known."""

    @property
    def bans(self) -> list[Ban]:
        """Those in force."""
        return list(self._gate.ledger.bans.values())

    async def run(self) -> None:
        """For ever; where nobody is to be shut out, nothing is done."""
        if not self._gate.attempts_max:
            return
        self._refresh()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listening(), name="security events")
            tasks.create_task(self._looking(), name="bans")

    def lift(self, address: str) -> bool:
        """Let it in again; False: it was not shut out. Raises SettingError."""
        if address not in self._gate.ledger.bans:
            return False
        self.keep(partial(_drop, address))
        log.info("ban lifted", address=address)
        return True

    def asterisk_connected(self) -> None:
        """It may be another one than before, which knows nothing of bans."""
        self._shut_out = None

    # --- what Asterisk says ---------------------------------------------------------------------------------

    async def _listening(self) -> None:
        await self._listen(self.receive, self.asterisk_connected)

    def receive(self, event: Mapping[str, str]) -> None:
        """One security event."""
        attempt = read(event)
        if attempt is None:
            return
        now = datetime.now(UTC)
        self.attempts += attempt.outcome is Outcome.TRIED
        known_since = self._gate.ledger.known.get(attempt.address)
        ban = self._gate.receive(attempt, now)
        if self._gate.ledger.known.get(attempt.address) != known_since:
            self.keep(lambda ledger: note(ledger, attempt.address, now))
        if ban and self._gate.knows(ban.address, now):
            self._spare(ban.address)
        elif ban and ban.address not in self._considered:
            self._considered.add(ban.address)
            self._work.start(self._consider(ban))

    def _spare(self, address: str) -> None:
        self.spared += 1
        log.warning("a source that guesses is known, and not banned", address=address)

    async def _consider(self, ban: Ban) -> None:
        try:
            if belongs(ban.address, await self._asterisk.trunk_networks()):
                self._spare(ban.address)
                return
            self.keep(lambda ledger: shut_out(ledger, ban))
            log.warning("source banned", address=ban.address, attempts=ban.attempts, until=ban.until.isoformat())
            await self._apply()
        except (AsteriskError, SettingError) as error:
            log.warning("a source could not be shut out", address=ban.address, reason=str(error))
        finally:
            self._considered.discard(ban.address)

    # --- what is done ---------------------------------------------------------------------------------------

    async def _looking(self) -> None:
        while True:
            try:
                self._refresh()
                self._end_bans(datetime.now(UTC))
                await self._apply()
            except (AsteriskError, SettingError) as error:
                log.debug("bans are not in force", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    def _refresh(self) -> None:
        self._gate.ledger = self._file.news() or self._gate.ledger

    def keep(self, change: Callable[[Ledger], object]) -> None:
        """Change what outlives a restart. Raises SettingError."""
        self._gate.ledger = self._file.change(change)

    def _end_bans(self, now: datetime) -> None:
        for address in self._gate.over(now):
            self.keep(partial(_drop, address))
            log.info("ban over", address=address)

    async def _apply(self) -> None:
        """Asterisk's list becomes ours."""
        wanted = frozenset(self._gate.ledger.bans)
        if wanted != self._shut_out:
            await self._asterisk.shut_out(sorted(wanted))
            self._shut_out = wanted


def _drop(address: str, ledger: Ledger) -> None:
    ledger.bans.pop(address, None)
