"""Our public address: asked for over real sockets, written where Asterisk reads it, told as it is."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiohttp import web

from controller.ari.client import AriClient
from controller.config import Address, Settings
from controller.errors import SettingError
from controller.trunks.outside import OutsideAddress, observed, seen_by
from controller.trunks.public_address import AddressState
from controller.trunks.trunk import Trunks, Way
from tests.integration.stack.stun import PUBLIC, stun_server
from tests.unit.ari.fake_asterisk import FakeAsterisk
from tests.unit.trunks.files import trunks_of

REGISTERED = '[trunks.carrier]\nhost = "sip.example.com"\nusername = "u"\npassword = {env = "CARRIER_PASSWORD"}\n'


class Registrations:
    """Asterisk's, as far as they are made anew."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def __call__(self, names: Sequence[str]) -> None:
        self.made.extend(names)


RELOAD = ("PUT", "/asterisk/modules/res_pjsip.so")
SHOW = ("GET", "/asterisk/config/dynamic/res_pjsip/transport/udp")


@pytest.fixture
async def asterisk(tmp_path: Path) -> AsyncIterator[FakeAsterisk]:
    """It tells what stood in the file when it last read it."""
    fake = FakeAsterisk()
    await fake.server.start_server()
    told = {"external_media_address": ""}

    def read(_: web.Request) -> web.Response:
        pairs = (line.partition("=") for line in (tmp_path / "external.conf").read_text().splitlines())
        told.update({name: value for name, _, value in pairs})
        return web.Response(status=204)

    fake.answers[RELOAD] = read
    fake.answers[SHOW] = lambda _: web.json_response(
        [{"attribute": name, "value": value} for name, value in told.items()]
    )
    yield fake
    await fake.stop()


def reloads(asterisk: FakeAsterisk) -> int:
    return sum((request.method, request.path) == RELOAD for request in asterisk.requests)


@pytest.fixture
async def ari(asterisk: FakeAsterisk) -> AsyncIterator[AriClient]:
    async with asterisk.client() as client:
        yield client


def settings(folder: Path, **more: str) -> Settings:
    return Settings(trunks_dir=str(folder), **more)


async def test_a_lost_packet_is_asked_for_again() -> None:
    async with stun_server(deaf=1) as server:
        host, _, port = server.partition(":")
        assert await seen_by(Address(host=host, port=int(port))) == (PUBLIC, "127.0.0.1")


async def test_what_is_found_is_told_once(asterisk: FakeAsterisk, ari: AriClient, tmp_path: Path) -> None:
    registrations = Registrations()
    async with stun_server() as server:
        address = OutsideAddress(settings(tmp_path, external_address="auto", stun_server=server), ari, registrations)
        await address.look(trunks_of(REGISTERED))
        await address.look(trunks_of(REGISTERED))
    assert (address.now.state, address.now.told) == (AddressState.RIGHT, PUBLIC)
    kept = (tmp_path / "external.conf").read_text()
    assert kept.splitlines()[1:] == [f"external_signaling_address={PUBLIC}", f"external_media_address={PUBLIC}"]
    assert reloads(asterisk) == 1
    assert registrations.made == ["carrier"]


async def test_another_address_is_told_and_registered_anew(
    asterisk: FakeAsterisk, ari: AriClient, tmp_path: Path
) -> None:
    registrations = Registrations()
    trunks = Trunks(by_name={**trunks_of(REGISTERED).by_name})
    assert trunks.by_name["carrier"].way is Way.REGISTER
    for public in (PUBLIC, "203.0.113.8"):
        async with stun_server(public) as server:
            address = OutsideAddress(
                settings(tmp_path, external_address="auto", stun_server=server), ari, registrations
            )
            await address.look(trunks)
    assert "external_media_address=203.0.113.8\n" in (tmp_path / "external.conf").read_text()
    assert reloads(asterisk) == 2
    assert registrations.made == ["carrier", "carrier"]


async def test_an_asterisk_that_is_away_is_told_later(asterisk: FakeAsterisk, ari: AriClient, tmp_path: Path) -> None:
    reading = asterisk.answers.pop(RELOAD)
    async with stun_server() as server:
        address = OutsideAddress(settings(tmp_path, external_address="auto", stun_server=server), ari, Registrations())
        await address.look(Trunks())
        assert "Asterisk cannot be asked to" in address.now.problem
        asterisk.answers[RELOAD] = reading
        await address.look(Trunks())
    assert address.now.state is AddressState.RIGHT


async def test_a_new_controller_leaves_alone_what_is_right(
    asterisk: FakeAsterisk, ari: AriClient, tmp_path: Path
) -> None:
    registrations = Registrations()
    async with stun_server() as server:
        for _ in range(2):
            own = settings(tmp_path, external_address="auto", stun_server=server)
            await OutsideAddress(own, ari, registrations).look(trunks_of(REGISTERED))
    assert (reloads(asterisk), registrations.made) == (1, ["carrier"])


async def test_an_asterisk_with_an_address_of_its_own_is_named(
    asterisk: FakeAsterisk, ari: AriClient, tmp_path: Path
) -> None:
    asterisk.will_answer(*SHOW, [{"attribute": "external_media_address", "value": "203.0.113.99"}])
    async with stun_server() as server:
        own = settings(tmp_path, external_address="auto", stun_server=server)
        address = OutsideAddress(own, ari, Registrations())
        await address.look(Trunks())
    assert address.now.state is AddressState.DIFFERS
    assert address.now.mend == "Give it auto as well"


async def test_a_folder_that_cannot_be_written_is_named(ari: AriClient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    async with stun_server() as server:
        own = settings(tmp_path / "file", external_address="auto", stun_server=server)
        address = OutsideAddress(own, ari, Registrations())
        await address.look(Trunks())
    assert "cannot write" in address.now.problem
    assert "TRUNKS_DIR" in address.now.mend


async def test_nobody_answers_and_what_was_told_stays(ari: AriClient, tmp_path: Path) -> None:
    (tmp_path / "external.conf").write_text(f"external_media_address={PUBLIC}\n")
    own = settings(tmp_path, external_address="auto", stun_server="127.0.0.1:1")
    address = OutsideAddress(own, ari, Registrations())
    await address.look(Trunks())
    assert (address.now.state, address.now.told) == (AddressState.UNKNOWN, PUBLIC)
    assert f"{PUBLIC} is told until then" in address.now.problem


async def test_a_set_address_is_compared_and_nothing_written(tmp_path: Path) -> None:
    async with stun_server() as server:
        right = await observed(settings(tmp_path, external_address=PUBLIC, stun_server=server))
        wrong = await observed(settings(tmp_path, external_address="203.0.113.8", stun_server=server))
        missing = await observed(settings(tmp_path, stun_server=server))
    assert [one.state for one in (right, wrong, missing)] == ["right", "differs", "differs"]
    assert not (tmp_path / "external.conf").exists()


async def test_no_server_is_asked_where_none_is_named(tmp_path: Path) -> None:
    assert (await observed(settings(tmp_path, external_address=PUBLIC))).state is AddressState.UNASKED


def test_auto_needs_a_server(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="EXTERNAL_ADDRESS=auto asks it"):
        OutsideAddress(settings(tmp_path, external_address="auto"), AriClient("http://x", "", "", ""), Registrations())
