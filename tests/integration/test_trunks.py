"""Trunks of trunks.toml against a carrier: registered, by address, by TCP and TLS with SRTP; what goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.ari.client import AriClient
from controller.carrier.carrier import Carrier
from controller.errors import AsteriskAway
from tests import certificates, tls_versions
from tests.integration.stack import asterisks
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import bot_has, hear_each_other
from tests.integration.stack.processes import free_port
from tests.integration.stack.sip_party import party
from tests.integration.stack.stack import Stack
from tests.integration.stack.trunks import ACCOUNT, PASSWORD, Trunks, operating, with_trunks

pytestmark = pytest.mark.integration

CARRIER = "127.0.0.3"
EVERY_TLS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


@pytest.fixture(scope="module")
def running_asterisks(sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[asterisks.Asterisks]:
    """The carrier has an address of its own, and customers with accounts."""
    accounts, made = tmp_path_factory.mktemp("accounts"), tmp_path_factory.mktemp("certificates")
    (accounts / "pjsip.conf").write_text(
        ACCOUNT.format(name="acme", more="") + ACCOUNT.format(name="secure", more="media_encryption=sdes")
    )
    certificates.make(made, CARRIER)
    for file in made.iterdir():
        file.chmod(0o644)
    secure = {
        "SIP_TLS_CERTIFICATE": "/certificates/server.pem",
        "SIP_TLS_KEY": "/certificates/server.key",
        "SIP_TLS_CA": "/certificates/ca.pem",
    }
    with asterisks.running(
        asterisks.RTP_PORTS_EACH,
        folders={str(sounds_folder): sounds_folder, "/accounts": accounts, "/certificates": made},
        trunks=tmp_path_factory.mktemp("trunks"),
        carrier={"BIND_ADDRESS": CARRIER, **secure},
        settings={"TRUNK_HOST": "", "TRUNK_ADDRESSES": "", **secure},
    ) as pair:
        yield pair


@pytest.fixture(scope="module")
def running_stack(
    running_asterisks: asterisks.Asterisks, sounds_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    stack = Stack(running_asterisks, folder, sounds_folder)
    with_trunks(stack)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
async def trunks(stack: Stack) -> AsyncIterator[Trunks]:
    async with operating(stack) as operator:
        operator.password(PASSWORD)
        yield operator


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_registered_with_the_carrier(
    stack: Stack, bot: Bot, carrier: Carrier, trunks: Trunks, transport: str
) -> None:
    trunks.write(trunks.registered(transport=transport))
    shown = await trunks.until("registered")
    assert (shown["reason"], shown["transport"], shown["default"]) == ("", transport, True)
    phone = await carrier.dial(PHONE_NUMBER, customer="acme")
    call = await bot.call()
    await call.until_message("answered")
    await bot_has(phone, call)
    await call.send("transfer")
    human = await carrier.incoming()
    await human.answer()
    await hear_each_other(phone, human)
    await phone.hang_up()
    await human.until_ended()
    assert (await stack.record()).summary.to_number == PHONE_NUMBER


async def test_known_by_its_address(bot: Bot, carrier: Carrier, trunks: Trunks) -> None:
    peer = (
        f'[trunks.peer]\nhost = "{CARRIER}"\nport = {trunks.carrier.sip_port}\ncheck_seconds = 1\nsend_as = "digits"\n'
    )
    trunks.write(peer)
    await trunks.until("reachable")
    phone = await carrier.dial(PHONE_NUMBER)
    call = await bot.call()
    await call.until_message("answered")
    await bot_has(phone, call)
    await call.send("transfer")
    human = await carrier.incoming()
    assert human.number == asterisks.HUMAN_NUMBER[1:], "as this trunk wants it"
    await human.answer()
    await phone.hang_up()
    await human.until_ended()
    assert call.start["trunk"] == "peer"


async def test_the_number_stands_in_to(stack: Stack, bot: Bot, trunks: Trunks) -> None:
    async with party(stack.asterisks.bundled.sip_port) as provider:
        trunks.write(f'[trunks.peer]\nhost = "127.0.0.1"\nport = {provider.port}\ncalled_in = "to"\ncountry = "DE"\n')
        await provider.call("03023125000", account="1234567t0")
        call = await bot.call()
        assert call.start["to"]["number"] == PHONE_NUMBER
        await provider.hang_up()


async def test_who_is_no_trunk_is_not_let_in(bot: Bot, carrier: Carrier, trunks: Trunks) -> None:
    trunks.write('[trunks.other]\nhost = "192.0.2.1"\n')
    phone = await carrier.dial(PHONE_NUMBER, caller="other")
    await phone.until_ended()
    assert not bot.calls


async def test_tls_and_srtp(stack: Stack, bot: Bot, carrier: Carrier, trunks: Trunks) -> None:
    trunks.write(trunks.registered("secure", "tls", 'srtp = "required"'))
    await trunks.until("registered")
    phone = await carrier.dial(PHONE_NUMBER, customer="secure")
    call = await bot.call()
    await call.until_message("answered")
    await bot_has(phone, call)
    async with stack.ari() as ari:
        (caller,) = [one for one in await ari.channels() if one.name.startswith("PJSIP/secure-")]
        assert await ari.variable(caller.id, "CHANNEL(rtp,secure)") == "1"
        assert await ari.variable(caller.id, "CHANNEL(pjsip,secure)") == "1"
    await phone.hang_up()


async def test_sip_by_tls_is_1_2_or_1_3(stack: Stack, tmp_path: Path) -> None:
    """Ours and the carrier's; and who tries can speak the old versions."""
    made = certificates.make(tmp_path)
    assert tls_versions.can_try(made.certificate("server"), made.key("server")) == EVERY_TLS
    for asterisk in (stack.asterisks.bundled, stack.asterisks.carrier):
        assert tls_versions.spoken(asterisk.host, asterisk.tls_port) == ["TLSv1.2", "TLSv1.3"]


async def test_ari_by_tls(stack: Stack, tmp_path: Path) -> None:
    """Of an Asterisk whose HTTP server has a certificate; nobody else's is believed."""
    asterisk, port = stack.asterisks.carrier, free_port()
    lines = [
        "tlsenable=yes", f"tlsbindaddr={CARRIER}:{port}",
        "tlscertfile=/certificates/server.pem", "tlsprivatekey=/certificates/server.key",
    ]  # fmt: skip
    written = f"printf '%s\n' {' '.join(lines)} >>/etc/asterisk/http.conf && asterisk -rx 'module reload http'"
    assert asterisk.container.exec(["sh", "-c", written]).exit_code == 0
    url, account = f"https://{CARRIER}:{port}", (asterisk.username, asterisk.password, "another")
    authority = f"{tmp_path}/ca.pem"
    await asyncio.to_thread(Path(authority).write_bytes, asterisk.container.exec("cat /certificates/ca.pem").output)
    async with AriClient(url, *account, ca=authority) as ari, ari.event_socket():
        found = await ari.application()
    assert found is not None
    assert found.name == "another"
    async with AriClient(url, *account) as ari:
        with pytest.raises(AsteriskAway, match="certificate verify failed"):
            await ari.version()
    assert tls_versions.spoken(CARRIER, port) == ["TLSv1.2", "TLSv1.3"]


async def test_audio_in_clear_is_refused_where_srtp_is_required(bot: Bot, carrier: Carrier, trunks: Trunks) -> None:
    trunks.write(trunks.registered("acme", "tls", 'srtp = "required"'))
    await trunks.until("registered")
    phone = await carrier.dial(PHONE_NUMBER, customer="acme")
    await phone.until_ended()
    assert not bot.calls


async def test_a_certificate_of_nobody_is_not_believed(trunks: Trunks) -> None:
    """The carrier's certificate is for its address, and not for this name of it."""
    trunks.write(trunks.registered("secure", "tls").replace(f'host = "{CARRIER}"', 'host = "localhost"'))
    shown = await trunks.until("unreachable")
    assert "SIP_TLS_CA" in shown["mend"]


async def test_a_wrong_password_is_said_and_mended_while_a_call_goes_on(
    stack: Stack, bot: Bot, carrier: Carrier, trunks: Trunks
) -> None:
    trunks.write(trunks.registered())
    await trunks.until("registered")
    phone = await carrier.dial(PHONE_NUMBER, customer="acme")
    call = await bot.call()
    await call.until_message("answered")
    trunks.password("wrong")
    trunks.write(trunks.registered())
    shown = await trunks.until("refused")
    assert shown["reason"] == "the password or the user name is wrong (SIP 401)"
    assert shown["mend"] == "Correct username and password of [trunks.acme]"
    assert "wrong\n" not in stack.controller.log()
    assert PASSWORD not in stack.controller.log()
    await bot_has(phone, call)
    trunks.password(PASSWORD)
    trunks.write(trunks.registered())
    await trunks.until("registered")
    await bot_has(phone, call)
    await phone.hang_up()


async def test_nobody_there(trunks: Trunks) -> None:
    trunks.write(trunks.registered(transport="tcp").replace(f"port = {trunks.carrier.sip_port}", "port = 9"))
    shown = await trunks.until("unreachable")
    assert CARRIER in shown["reason"]


async def test_a_number_in_another_form_is_named_and_finds_its_route(
    stack: Stack, bot: Bot, carrier: Carrier, trunks: Trunks
) -> None:
    trunks.write(trunks.registered(more=f'numbers = "{PHONE_NUMBER}"\narrive_as = "plus"'))
    await trunks.until("registered")
    phone = await carrier.dial("03023125000", customer="acme")
    call = await bot.call()
    await call.until_message("answered")
    assert call.start["to"]["number"] == PHONE_NUMBER
    await phone.hang_up()
    record = await stack.record()
    assert record.summary.to_number == PHONE_NUMBER
    said = "'03023125000' came in the form national, and not plus"
    assert [step.detail for step in record.steps if step.kind == "odd_number"] == [said]
    shown = await trunks.until("registered")
    assert (shown["odd_number"]["number"], shown["odd_number"]["text"]) == ("03023125000", said)


async def test_a_trunk_has_so_many_calls_and_no_more(bot: Bot, carrier: Carrier, trunks: Trunks) -> None:
    trunks.write(trunks.registered(more="calls_max = 1"))
    await trunks.until("registered")
    phone = await carrier.dial(PHONE_NUMBER, customer="acme")
    call = await bot.call()
    await call.until_message("answered")
    second = await carrier.dial(PHONE_NUMBER, customer="acme")
    await second.until_ended()
    await call.send("transfer")
    await call.until_message("transfer_progress", state="unreachable")
    assert len(bot.calls) == 1
    await phone.hang_up()


async def test_a_bad_file_keeps_the_trunks_that_are_there(trunks: Trunks) -> None:
    trunks.write(trunks.registered())
    before = trunks.stack.controller.logged
    (trunks.stack.directory / "trunks.toml").write_text(trunks.registered(more='srtp = "requird"'))
    await trunks.until("registered", lambda _: bool(trunks.show()["problem"]))
    assert "trunks.toml:9: trunks.acme.srtp: 'requird' is not possible here" in trunks.show()["problem"]
    assert "trunks rejected, the earlier ones stay" in trunks.stack.controller.log(before)


async def test_asterisk_starts_again_without_us(stack: Stack, trunks: Trunks) -> None:
    trunks.write(trunks.registered())
    await trunks.until("registered")
    stack.controller.stop()
    stack.asterisks.bundled.kill()
    stack.asterisks.bundled.start()
    stack.start_controller()
    await trunks.until("registered")
