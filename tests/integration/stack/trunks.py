"""Trunks of trunks.toml as an operator has them, and a customer's account with the carrier."""

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.integration.stack.stack import API_TOKEN, Stack

SETTLE_SECONDS = 30.0
PASSWORD = "the right; password"
ACCOUNT = """
[{name}]
type=endpoint
context=from-provider
auth={name}
aors={name}
disallow=all
allow=ulaw,alaw
dtmf_mode=rfc4733
direct_media=no
trust_id_inbound=yes
trust_id_outbound=yes
send_pai=yes
{more}
[{name}]
type=auth
auth_type=userpass
username={name}
password=the right\\; password
[{name}]
type=aor
max_contacts=1
remove_existing=yes
"""


def with_trunks(stack: Stack) -> None:
    """The controller has a trunks.toml, empty as yet."""
    asterisk = stack.asterisks.bundled
    port, password = asterisk.manager
    (stack.directory / "trunks.toml").write_text("")
    (stack.directory / "carrier_password").write_text(PASSWORD)
    stack.settings |= {
        "TRUNKS_FILE": str(stack.directory / "trunks.toml"),
        "TRUNKS_DIR": str(stack.asterisks.trunks),
        "AMI_ADDRESS": f"{urlsplit(asterisk.url).hostname}:{port}",
        "AMI_PASSWORD": password,
    }


class Trunks:
    """What an operator does: writes trunks.toml, and looks at what comes of it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.carrier = stack.asterisks.carrier

    @property
    def folder(self) -> Path:
        """What the controller shares with Asterisk."""
        return Path(self.stack.settings["TRUNKS_DIR"])

    def password(self, text: str) -> None:
        (self.stack.directory / "carrier_password").write_text(text)

    def write(self, text: str) -> None:
        """And wait until Asterisk has it."""
        (self.stack.directory / "trunks.toml").write_text(text)
        before = self.stack.controller.logged
        self.stack.controller.reload()
        deadline = time.monotonic() + SETTLE_SECONDS
        while "trunks loaded" not in self.stack.controller.log(before):
            assert time.monotonic() < deadline, self.stack.controller.log(before)
            time.sleep(0.02)

    def registered(self, name: str = "acme", transport: str = "udp", more: str = "") -> str:
        port = self.carrier.tls_port if transport == "tls" else self.carrier.sip_port
        return (
            f'[trunks.{name}]\nhost = "{self.carrier.host}"\nport = {port}\n'
            f'transport = "{transport}"\nusername = "{name}"\n'
            f'password = {{file = "carrier_password"}}\nfrom_user = "{name}"\ncountry = "DE"\n{more}\n'
        )

    def show(self) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.stack.api_port}/v1/trunks", headers={"Authorization": f"Bearer {API_TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found

    async def until(self, state: str, done: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The first trunk, once it is in this state."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            shown = await asyncio.to_thread(self.show)
            trunk: dict[str, Any] = shown["trunks"][0]
            if trunk["state"] == state and done(trunk):
                return trunk
            assert time.monotonic() < deadline, (trunk, self.stack.asterisks.bundled.log()[-3000:])
            await asyncio.sleep(0.1)

    async def until_address(self, address: str) -> dict[str, Any]:
        """What is said of our public one, once Asterisk tells this."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            shown: dict[str, Any] = (await asyncio.to_thread(self.show))["address"]
            kept = (self.folder / "external.conf").read_text() if shown["told"] == address else ""
            if f"external_media_address={address}\n" in kept:
                return shown
            assert time.monotonic() < deadline, (shown, self.stack.controller.log()[-3000:])
            await asyncio.sleep(0.1)


@asynccontextmanager
async def operating(stack: Stack) -> AsyncIterator[Trunks]:
    """For one test; the next one finds no trunk and no call."""
    operator = Trunks(stack)
    yield operator
    await stack.until_nothing_left()
    operator.write("")
