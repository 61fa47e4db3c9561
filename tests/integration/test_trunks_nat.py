"""Trunks with a router between: we behind one, the other side in the street or behind a router of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.ari.client import AriClient
from controller.carrier import listening
from controller.carrier.carrier import Carrier
from controller.carrier.phone import Phone
from controller.carrier.sounds import tone
from controller.config import load
from controller.doctor.checks.audio import TALK_SECONDS_MIN
from controller.doctor.examination import Wanted, examine
from controller.doctor.finding import Fault
from tests.integration.stack import networks
from tests.integration.stack.asterisks import PHONE_NUMBER, Asterisk, Asterisks
from tests.integration.stack.bot import Bot
from tests.integration.stack.networks import STUN_PORT, Network, Router
from tests.integration.stack.parties import LOW, OTHER, bot_has, hear_each_other
from tests.integration.stack.stack import Stack
from tests.integration.stack.trunks import ACCOUNT, SETTLE_SECONDS, Trunks, operating, with_trunks

pytestmark = pytest.mark.integration

SIP_PORT = 5060
RTP_PORTS = "10000-10099"
ROUTER_FORGETS = 6  # seconds: more than a busy machine stands still; real ones take half a minute or more
PBX_PASSWORD = "a-password-of-the-pbx"
PBX = """
[office]
type=endpoint
context=from-provider
aors=office
outbound_auth=office
disallow=all
allow=ulaw,alaw
dtmf_mode=rfc4733
direct_media=no
from_user=pbx
send_pai=yes
[office]
type=aor
contact=sip:{office}
[office]
type=auth
auth_type=userpass
username=pbx
password={password}
[office]
type=identify
endpoint=office
match={office}
[office]
type=registration
server_uri=sip:{office}
client_uri=sip:pbx@{office}
contact_user=pbx
outbound_auth=office
retry_interval=1
forbidden_retry_interval=1
fatal_retry_interval=1
auth_rejection_permanent=no
max_retries=10000
max_random_initial_delay=0
"""


@dataclass(frozen=True)
class Street:
    """We are in an office; the carrier is in the street; a telephone system is in a home."""

    office: Network
    street: Network
    router: Router
    asterisks: Asterisks
    ours: str
    """Our Asterisk's address in the office, which nobody outside of it can reach."""
    pbx: Asterisk


@pytest.fixture(scope="module")
def place(sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    carriers, pbxs = tmp_path_factory.mktemp("carriers"), tmp_path_factory.mktemp("pbxs")
    sounds = {str(sounds_folder): sounds_folder}
    with ExitStack() as stack:
        office, street, home = (stack.enter_context(networks.network()) for _ in range(3))
        router = stack.enter_context(networks.router(office, street, forgets_after=ROUTER_FORGETS))
        home_router = stack.enter_context(networks.router(home, street, other_ports=True))
        (carriers / "pjsip.conf").write_text(ACCOUNT.format(name="acme", more=""))
        (pbxs / "pjsip.conf").write_text(PBX.format(office=router.outside, password=PBX_PASSWORD))
        carrier = {"ASTERISK_ROLE": "carrier", "PROVIDER_ADDRESSES": router.outside, "PROVIDER_HOST": router.outside}
        trunks = tmp_path_factory.mktemp("trunks")
        started = [
            stack.enter_context(
                networks.asterisk(office, {"EXTERNAL_ADDRESS": "auto", "RTP_PORTS": RTP_PORTS}, sounds, trunks)
            ),
            stack.enter_context(networks.asterisk(street, carrier, {**sounds, "/accounts": carriers})),
            stack.enter_context(networks.asterisk(home, carrier, {**sounds, "/accounts": pbxs})),
        ]
        networks.behind(started[0], router)
        networks.behind(started[2], home_router)
        # Who asks is this machine, which is in the street too: its question has to go by the router.
        router.pass_on(STUN_PORT, stack.enter_context(networks.stun_server(street)))
        for one in started:
            one.wait_until_ready()
        stack.enter_context(router.forwarding(RTP_PORTS, started[0].host))
        yield Street(office, street, router, Asterisks(started[0], started[1], trunks), started[0].host, started[2])


@pytest.fixture(scope="module")
def running_asterisks(place: Street) -> Asterisks:
    return place.asterisks


@pytest.fixture(scope="module")
def running_stack(place: Street, sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(place.asterisks, tmp_path_factory.mktemp("stack"), sounds_folder)
    with_trunks(stack)
    stack.settings |= {"EXTERNAL_ADDRESS": "auto", "STUN_SERVER": f"{place.router.inside}:{STUN_PORT}"}
    stack.settings |= {"MEDIA_RTP_LISTEN": f"{place.office.host}:0", "MEDIA_RTP_HOST": place.office.host}
    (stack.directory / "pbx_password").write_text(PBX_PASSWORD)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
async def trunks(stack: Stack) -> AsyncIterator[Trunks]:
    async with operating(stack) as operator:
        yield operator


async def test_the_public_address_is_found_and_told(place: Street, trunks: Trunks) -> None:
    outside = place.router.outside
    found = await trunks.until_address(outside)
    assert found == {"state": "right", "told": outside, "seen": outside, "problem": "", "mend": ""}
    transports = command(place.asterisks.bundled, "pjsip show transport tls")
    assert f"external_media_address      : {outside}" in transports


async def test_registered_from_behind_a_router(place: Street, bot: Bot, carrier: Carrier, trunks: Trunks) -> None:
    """No port for SIP is forwarded: the carrier calls back on the way of the registration, which is kept open."""
    trunks.write(trunks.registered(more="check_seconds = 1"))
    await trunks.until("registered")
    await asyncio.sleep(ROUTER_FORGETS + 1)
    phone = await carrier.dial(PHONE_NUMBER, customer="acme")
    call = await bot.call()
    await call.until_message("answered")
    await bot_has(phone, call)
    await another_address(place, trunks)
    await bot_has(phone, call)
    await call.send("transfer")
    human = await carrier.incoming()
    await human.answer()
    await hear_each_other(phone, human)
    contact, via, audio = await told(place, human)
    assert (contact, via) == (f"{place.router.outside}:{SIP_PORT}", f"{place.router.outside}:{SIP_PORT}")
    assert audio in {f"{place.router.outside}:{port}" for port in place.asterisks.bundled.rtp_ports}
    await phone.hang_up()
    await human.until_ended()


async def another_address(place: Street, trunks: Trunks) -> None:
    """As if the router had had another one until now: the new one is found, told, and the carrier hears of it."""
    (trunks.folder / "external.conf").write_text("external_media_address=203.0.113.9\n")
    async with trunks.stack.ari() as ari:
        await ari.reload_module("res_pjsip.so")
    carrier, ours = place.asterisks.carrier, place.asterisks.bundled
    assert "203.0.113.9" in command(ours, "pjsip show transport udp")
    trunks.stack.controller.reload()
    await until_said(ours, "pjsip show transport udp", f"external_media_address      : {place.router.outside}")
    await until_said(carrier, "pjsip show contacts", f"sip:acme@{place.router.outside}:{SIP_PORT}")


async def until_said(asterisk: Asterisk, line: str, wanted: str) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        while wanted not in command(asterisk, line):  # noqa: ASYNC110 - it knows no event
            await asyncio.sleep(0.1)


async def told(place: Street, phone: Phone) -> tuple[str, str, str]:
    """What the carrier was told by the INVITE to this phone: where we are for SIP, and where for audio."""
    carrier = place.asterisks.carrier
    async with AriClient(carrier.url, carrier.username, carrier.password, "carrier") as ari:
        names = ("PJSIP_HEADER(read,Contact)", "PJSIP_HEADER(read,Via)", "CHANNEL(rtp,dest)")
        contact, via, audio = [await ari.variable(phone.channel_id, name) or "" for name in names]
    return contact.partition("@")[2].partition(">")[0], via.split()[1].partition(";")[0], audio


def command(asterisk: Asterisk, line: str) -> str:
    return str(asterisk.container.exec(["asterisk", "-rx", line]).output.decode())


async def test_a_telephone_system_behind_a_router_registers_with_us(place: Street, bot: Bot, trunks: Trunks) -> None:
    """It says its address at home, which nobody can reach, and ports that its router does not show."""
    with place.router.forwarding(str(SIP_PORT), place.ours):
        trunks.write('[trunks.pbx]\nway = "account"\npassword = {file = "pbx_password"}\ncountry = "DE"\n')
        await trunks.until("registered")
        async with Carrier(place.pbx.url, place.pbx.password) as pbx:
            phone = await pbx.dial(PHONE_NUMBER, caller="100", customer="office")
            call = await bot.call()
            await call.until_message("answered")
            assert call.start["trunk"] == "pbx"
            await bot_has(phone, call)
            await call.send("transfer")
            human = await pbx.incoming()
            await human.answer()
            await hear_each_other(phone, human)
            await phone.hang_up()
            await human.until_ended()


async def test_an_address_that_is_not_told_is_named(
    stack: Stack, place: Street, bot: Bot, carrier: Carrier, trunks: Trunks
) -> None:
    """The carrier sends audio to the office's own address: the bot is deaf, the caller hears it."""
    stack.restart_controller(EXTERNAL_ADDRESS="")
    (trunks.folder / "external.conf").write_text(f"external_signaling_address={place.router.outside}\n")
    async with stack.ari() as ari:
        await ari.reload_module("res_pjsip.so")
    trunks.write(f'[trunks.carrier]\nhost = "{place.asterisks.carrier.host}"\n')
    with place.router.forwarding(str(SIP_PORT), place.ours):
        phone = await carrier.dial(PHONE_NUMBER)
        call = await bot.call()
        await call.until_message("answered")
        phone.play(tone(LOW, TALK_SECONDS_MIN))
        await call.speak(tone(OTHER, TALK_SECONDS_MIN))
        await phone.until_tone(OTHER)
        await asyncio.sleep(TALK_SECONDS_MIN + 0.5)
        assert not listening.tones(call.heard, LOW, 200)
        await call.send("hangup")
        await phone.until_ended()
    await stack.until_closed(1)
    found = await examine(load({**stack.settings, "EXTERNAL_ADDRESS": ""}), Wanted(calls=False))
    assert {Fault.PUBLIC_ADDRESS_DIFFERS, Fault.CALLERS_NOT_HEARD} <= {one.fault for one in found}
    assert trunks.show()["address"]["mend"].startswith(f"Write EXTERNAL_ADDRESS={place.router.outside}")
    stack.restart_controller()
    await trunks.until_address(place.router.outside)
