"""Asterisk's Manager Interface (AMI), for the one thing that ARI has no word for: registrations of ours elsewhere.

Its user may ask for reports and for a registration anew, and nothing else (asterisk-conf/manager.conf).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controller.config import Address
from controller.errors import AsteriskAway, AsteriskError

ANSWER_SECONDS: Final = 3.0
"""For connecting, and for all answers: Asterisk is next to us."""
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
"""Some 1 kB for each registration."""
DETAIL: Final = "OutboundRegistrationDetail"

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manager:
    """Each question has a connection of its own: they are rare."""

    address: Address
    username: str
    password: str

    async def registrations(self) -> dict[str, str]:
        """Asterisk's word for each registration, such as Registered, by the name of its trunk. Raises AsteriskError."""
        answers = await self._ask([{"Action": "PJSIPShowRegistrationsOutbound"}])
        return {one["ObjectName"]: one.get("Status", "") for one in answers if one.get("Event") == DETAIL}

    async def register(self, names: Sequence[str]) -> None:
        """Register anew, now. Raises AsteriskError."""
        if names:
            await self._ask([{"Action": "PJSIPRegister", "Registration": name} for name in names])

    async def _ask(self, actions: Sequence[Message]) -> list[Message]:
        request = "AMI " + actions[0]["Action"]
        login = {"Action": "Login", "Username": self.username, "Secret": self.password, "Events": "off"}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
                try:
                    writer.write(b"".join(map(_written, [login, *actions, {"Action": "Logoff"}])))
                    messages = _parsed(await _all(reader))
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise AsteriskAway(request, str(error) or "no answer in time") from error
        if not messages or messages[0].get("Response") != "Success":
            said = messages[0].get("Message", "") if messages else "nothing"
            raise AsteriskError(request, 401, said)
        return messages


async def _all(reader: asyncio.StreamReader) -> str:
    """Until Asterisk closes the connection, as asked."""
    parts = []
    size = 0
    while part := await reader.read(65536):
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            raise OSError("an answer without an end")
        parts.append(part)
    return b"".join(parts).decode(errors="replace")


def _written(action: Message) -> bytes:
    for value in action.values():
        if "\r" in value or "\n" in value:
            raise ValueError("a line break would begin another action")
    return "".join(f"{key}: {value}\r\n" for key, value in action.items()).encode() + b"\r\n"


def _parsed(text: str) -> list[Message]:
    """The first line is a greeting."""
    blocks = text.partition("\r\n")[2].split("\r\n\r\n")
    messages: list[Message] = []
    for block in blocks:
        pairs = (line.partition(":") for line in block.split("\r\n") if ":" in line)
        message = {key.strip(): value.strip() for key, _, value in pairs}
        if message:
            messages.append(message)
    return messages
