"""Faults of a trunk, planted at a real carrier: it refuses the account, or nobody is there."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from controller.doctor.finding import Fault
from tests.integration.doctor.looking import WHOLE, name
from tests.integration.doctor.planted import FaultCase, Place, Plant, Planted
from tests.integration.stack import asterisks
from tests.integration.stack.bot import Bot
from tests.integration.stack.stack import Stack
from tests.integration.stack.trunks import ACCOUNT, PASSWORD, Trunks, with_trunks

pytestmark = pytest.mark.integration

CARRIER = "127.0.0.3"
UNUSED_PORT = 9


@pytest.fixture(scope="module")
def running_stack(sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The carrier has two customers, and of one of them it takes no registration (403)."""
    accounts = tmp_path_factory.mktemp("accounts")
    closed = ACCOUNT.replace("max_contacts=1", "max_contacts=0")
    (accounts / "pjsip.conf").write_text(ACCOUNT.format(name="acme", more="") + closed.format(name="closed", more=""))
    with asterisks.running(
        folders={str(sounds_folder): sounds_folder, "/accounts": accounts},
        trunks=tmp_path_factory.mktemp("trunks"),
        carrier={"BIND_ADDRESS": CARRIER},
    ) as pair:
        stack = Stack(pair, tmp_path_factory.mktemp("stack"), sounds_folder)
        with_trunks(stack)
        yield stack
        stack.stop()


def refused(account: str, password: str) -> Plant:
    @asynccontextmanager
    async def plant(place: Place) -> AsyncIterator[Planted]:
        trunks = Trunks(place.stack)
        trunks.password(password)
        trunks.write(trunks.registered(account))
        await trunks.until("refused")
        yield Planted()
        trunks.password(PASSWORD)
        trunks.write("")

    return plant


@asynccontextmanager
async def nobody_there(place: Place) -> AsyncIterator[Planted]:
    trunks = Trunks(place.stack)
    port = f"port = {place.stack.asterisks.carrier.sip_port}"
    trunks.write(trunks.registered(transport="tcp").replace(port, f"port = {UNUSED_PORT}"))
    await trunks.until("unreachable")
    yield Planted()
    trunks.write("")


CASES = [
    pytest.param(refused("acme", "wrong"), "the password or the user name is wrong (SIP 401)", id="wrong password"),
    pytest.param(refused("closed", PASSWORD), "they refuse this account", id="forbidden"),
    pytest.param(refused("stranger", PASSWORD), "they do not know this account (SIP 404)", id="unknown account"),
]


@pytest.mark.parametrize(("plant", "why"), CASES)
async def test_a_registration_that_is_refused_says_why(
    stack: Stack, bot: Bot, tmp_path: Path, capfd: pytest.CaptureFixture[str], plant: Plant, why: str
) -> None:
    place = Place(stack, bot, tmp_path)
    (found,) = await name(place, FaultCase(Fault.REGISTRATION_REFUSED, plant), capfd)
    assert why in found.seen
    assert found.where.startswith("trunks.")


@pytest.mark.skipif(not WHOLE, reason="make doctor-faults; the trunk's state itself is tested with the trunks")
async def test_a_carrier_that_is_not_there(
    stack: Stack, bot: Bot, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await name(Place(stack, bot, tmp_path), FaultCase(Fault.TRUNK_UNREACHABLE, nobody_there), capfd)
