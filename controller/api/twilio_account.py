"""The author's side of an account: documents that are asked for, and callbacks that tell how a call is."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final, Self

import aiohttp
import structlog

from controller.api.control import LiveCall
from controller.api.twilio_documents import FETCH_SECONDS, Documents, FetchFailed
from controller.bot.adapters.twilio import call_sid
from controller.bot.twiml import Action

API_VERSION: Final = "2010-04-01"
NO_FIELDS: Final[Mapping[str, str]] = {}

log = structlog.get_logger()


class Account:
    """What is asked of and told to the servers of one account's author. Used as a context manager."""

    def __init__(self, sid: str, token: str) -> None:
        self.sid = sid
        self.token = token
        self.session = aiohttp.ClientSession()
        self._telling: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._telling:
            await asyncio.wait(self._telling, timeout=FETCH_SECONDS)
        await self.session.close()

    async def document(
        self, call: LiveCall, url: str, method: str, more: Mapping[str, str] = NO_FIELDS
    ) -> Sequence[Action]:
        """How the call goes on. Raises TwimlError."""
        form = {**call_form(call, self.sid), **more}
        return await Documents(self.session, self.token).actions(url, method, form)

    def tell_ended(self, call: LiveCall, url: str, method: str) -> None:
        """The status callback of a call that has ended: in the background, once, for there is nobody to wait for it."""
        now = datetime.now(UTC)
        talked = round((now - call.answered_at).total_seconds()) if call.answered_at else 0
        form = {
            **call_form(call, self.sid, "completed"),
            "CallDuration": str(talked),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "0",
            "Timestamp": written(now),
        }
        task = asyncio.create_task(self._tell(call.id, url, method, form))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, call_id: str, url: str, method: str, form: Mapping[str, str]) -> None:
        try:
            await Documents(self.session, self.token).fetch(url, method, form)
        except FetchFailed as error:
            log.warning("status callback not taken", call=call_id, reason=str(error))


def call_form(call: LiveCall, account: str, status: str | None = None) -> dict[str, str]:
    """What Twilio tells the author's server about a call: with a request for a document, or as a status callback."""
    return {
        "AccountSid": account,
        "ApiVersion": API_VERSION,
        "CallSid": call_sid(call.id),
        "CallStatus": status or status_of(call),
        "Direction": "outbound-api" if call.direction == "outbound" else "inbound",
        "From": call.from_number or "anonymous",
        "To": call.to_number or "",
    }


def status_of(call: LiveCall) -> str:
    """As Twilio calls it."""
    return "in-progress" if call.answered_at else "ringing"


def written(at: datetime) -> str:
    """As Twilio writes it (RFC 2822)."""
    return format_datetime(at.astimezone(UTC))
