"""What a browser may come with: no Opus, and TLS with a certificate of one's own."""

import base64
import hashlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from controller.api.server import serve_api
from controller.api.softphone import Softphones
from controller.api.tokens import Role
from controller.carrier import listening
from controller.carrier.sounds import tone
from controller.records.store import RecordStore
from tests import certificates
from tests.browser import ear
from tests.browser.conftest import BOTS_NUMBER, PASSWORD, SAID, WEB, WITHOUT_CLEANING, launched, sign_in
from tests.integration.stack.bot import Bot
from tests.integration.stack.processes import free_port
from tests.integration.stack.stack import Stack
from tests.unit.api.conftest import make_parts, make_settings
from tests.unit.api.fakes import FakeCalls, FakeExchange

BOT = 1_000.0
WITHOUT_OPUS = """
const offer = RTCPeerConnection.prototype.createOffer;
RTCPeerConnection.prototype.createOffer = function (...wanted) {
    window.connection = this;
    const codecs = RTCRtpReceiver.getCapabilities("audio").codecs;
    const older = codecs.filter(({mimeType}) => /PCM[UA]|telephone-event/.test(mimeType));
    for (const transceiver of this.getTransceivers()) transceiver.setCodecPreferences(older);
    return offer.apply(this, wanted);
};
"""
CODECS = """async () => {
    const all = [...(await window.connection.getStats()).values()];
    const used = all.filter(({type}) => type === "inbound-rtp" || type === "outbound-rtp").map(({codecId}) => codecId);
    return used.map((id) => all.find((one) => one.id === id)?.mimeType);
}"""


async def both_are_heard(page: Page, bot: Bot) -> None:
    """A call from the page: its microphone reaches the bot, and the bot's voice reaches the page."""
    await page.get_by_role("button", name="Call", exact=True).click()
    await page.get_by_label("Number").fill(BOTS_NUMBER)
    phone = page.get_by_role("region", name="Phone")
    await phone.get_by_role("button", name="Call").click()
    call = await bot.call()
    await call.until_message("answered")
    await call.until(lambda: bool(listening.tones(call.heard, SAID, 200)), "the microphone's tone")
    await call.speak(tone(BOT, 4.0))
    await ear.until_loudest(page, BOT)


async def hang_up(page: Page) -> None:
    await page.get_by_role("region", name="Phone").get_by_role("button", name="Hang up").click()


async def test_a_browser_without_opus(page: Page, stack: Stack, bot: Bot) -> None:
    await page.add_init_script(WITHOUT_OPUS)
    await page.reload()
    await both_are_heard(page, bot)
    assert set(await page.evaluate(CODECS)) == {"audio/PCMU"}
    await hang_up(page)
    assert (await stack.record()).summary.ending == "caller_hung_up"


@pytest.fixture
def certified(tmp_path: Path) -> certificates.Certificates:
    return certificates.make(tmp_path)


def fingerprint(certificate: str) -> str:
    """Of its public key."""
    asked = ["openssl", "x509", "-pubkey", "-noout", "-in", certificate]
    public = subprocess.run(asked, check=True, capture_output=True).stdout
    key = base64.b64decode(b"".join(line for line in public.splitlines() if not line.startswith(b"--")))
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.fixture
async def trusting(stack: Stack, tmp_path: Path, certified: certificates.Certificates) -> AsyncIterator[Browser]:
    """A browser that knows the key of our certificate, and no other of ours."""
    del stack
    async with launched(
        tmp_path, f"--ignore-certificate-errors-spki-list={fingerprint(certified.certificate('server'))}"
    ) as browser:
        yield browser


@pytest.fixture
async def address(stack: Stack, tmp_path: Path, certified: certificates.Certificates) -> AsyncIterator[str]:
    """The API and the page behind TLS, with the way to the real Asterisk."""
    store = await RecordStore.open(f"sqlite+aiosqlite:///{tmp_path}/calls.sqlite3")
    settings = make_settings(
        tmp_path,
        page_dir=str(WEB / "dist"),
        api_listen=f"127.0.0.1:{free_port()}",
        api_tls_certificate=certified.certificate("server"),
        api_tls_key=certified.key("server"),
    )
    health = {"ready": True, "asterisk": True, "media_workers": 1, "media_loads": [0.1], "calls": 0}
    async with stack.ari() as ari:
        phones = Softphones(ari)
        waiting = {**health, "records_waiting": 0}
        parts = await make_parts(tmp_path, waiting, FakeCalls(), store, FakeExchange(), softphones=phones)
        parts.accounts.users.add("anna", Role.OPERATE, PASSWORD)
        async with serve_api(settings, parts):
            yield f"https://{settings.api_listen}"
    await store.close()


@pytest.mark.usefixtures("carrier")
async def test_behind_tls(trusting: Browser, address: str, stack: Stack, bot: Bot) -> None:
    context = await trusting.new_context(locale="en-GB", permissions=["microphone"])
    await context.add_init_script(WITHOUT_CLEANING)
    page = await context.new_page()
    await sign_in(page, address)
    (cookie,) = await context.cookies()
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    await both_are_heard(page, bot)
    await hang_up(page)
    assert (await stack.record()).summary.ending == "caller_hung_up"
    await context.close()
