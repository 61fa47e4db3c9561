import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from controller.config import Settings
from controller.errors import AsteriskAway
from controller.guard import guard as module
from controller.guard.bans import Ban, Gate, Network, shut_out
from controller.guard.bans_file import BansFile
from controller.guard.guard import Guard
from tests.unit.guard.test_attempts import EVENT

STRANGER, TRUNK = "198.51.100.7", "203.0.113.5"


class FakeAsterisk:
    def __init__(self) -> None:
        self.lists: list[list[str]] = []
        self.away = False

    async def shut_out(self, addresses: Sequence[str]) -> None:
        if self.away:
            raise AsteriskAway("PUT", "no answer")
        self.lists.append(list(addresses))

    async def trunk_networks(self) -> list[Network]:
        return [ip_network("203.0.113.0/29")]


@pytest.fixture
def asterisk() -> FakeAsterisk:
    return FakeAsterisk()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3")


@pytest.fixture
def file(settings: Settings) -> BansFile:
    """As another process has it."""
    return BansFile(settings)


@pytest.fixture
def guard(asterisk: FakeAsterisk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Guard:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)

    async def listen(_receive: Callable[[Mapping[str, str]], None], _connected: Callable[[], None]) -> None:
        await asyncio.Event().wait()

    return Guard(asterisk, listen, BansFile(settings), Gate(attempts_max=3, ban_seconds=600))


def guess(guard: Guard, address: str, times: int = 4, event: str = "InvalidAccountID") -> None:
    for number in range(times):
        changed = {"Event": event, "RemoteAddress": f"IPV4/UDP/{address}/5060", "SessionID": f"{event}-{number}"}
        guard.receive({**EVENT, **changed})


async def run_until(guard: Guard, wanted: Callable[[], bool]) -> None:
    task = asyncio.create_task(guard.run())
    try:
        async with asyncio.timeout(5):
            while not wanted():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.005)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_who_guesses_is_shut_out_and_let_in_again(guard: Guard, asterisk: FakeAsterisk, file: BansFile) -> None:
    guess(guard, STRANGER)
    await run_until(guard, lambda: asterisk.lists == [[STRANGER]])
    assert [ban.address for ban in guard.bans] == [STRANGER]
    assert guard.attempts == 4
    assert guard.lift(STRANGER)
    assert not guard.lift(STRANGER)
    await run_until(guard, lambda: asterisk.lists == [[STRANGER], []])
    assert file.read().bans == {}


@pytest.mark.parametrize("address", [TRUNK, STRANGER])
async def test_trunks_and_those_we_know_are_spared(guard: Guard, asterisk: FakeAsterisk, address: str) -> None:
    """Whoever writes their address into a packet does not shut them out."""
    if address == STRANGER:
        guess(guard, STRANGER, 1, "SuccessfulAuth")
    with capture_logs() as logs:
        guess(guard, address, 9)
        await run_until(guard, lambda: guard.spared > 0)
    assert guard.bans == []
    assert all(not addresses for addresses in asterisk.lists)
    assert any(line["address"] == address and line["log_level"] == "warning" for line in logs if "address" in line)


async def test_bans_outlive_a_restart_and_come_to_an_end(guard: Guard, asterisk: FakeAsterisk, file: BansFile) -> None:
    now = datetime.now(UTC)
    file.change(lambda ledger: shut_out(ledger, Ban("198.51.100.8", now + timedelta(seconds=600), 4)))
    file.change(lambda ledger: shut_out(ledger, Ban("198.51.100.9", now - timedelta(seconds=1), 4)))
    await run_until(guard, lambda: asterisk.lists == [["198.51.100.8"]])
    assert list(file.read().bans) == ["198.51.100.8"]


async def test_what_another_process_lifts(guard: Guard, asterisk: FakeAsterisk, file: BansFile) -> None:
    guess(guard, STRANGER)
    await run_until(guard, lambda: asterisk.lists == [[STRANGER]])
    file.change(lambda ledger: ledger.bans.clear())
    await run_until(guard, lambda: asterisk.lists == [[STRANGER], []])


async def test_an_asterisk_that_was_away_is_told_when_it_is_back(guard: Guard, asterisk: FakeAsterisk) -> None:
    asterisk.away = True
    guess(guard, STRANGER)
    await run_until(guard, lambda: bool(guard.bans))
    asterisk.away = False
    await run_until(guard, lambda: asterisk.lists == [[STRANGER]])
    guard.asterisk_connected()
    await run_until(guard, lambda: asterisk.lists == [[STRANGER], [STRANGER]])
