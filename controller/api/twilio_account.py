"""The author's side of an account: documents that are asked for, and callbacks that tell how a call is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Self

import aiohttp
import structlog

from controller.api.control import LiveCall
from controller.api.twilio_documents import FETCH_SECONDS, Documents, FetchFailed
from controller.api.twilio_forms import call_form, ended_form, phone_form, stream_form
from controller.background import Background
from controller.bot.twiml import Action, Callback

NO_FIELDS: Final[Mapping[str, str]] = {}

log = structlog.get_logger()


class Account:
    """What is asked of and told to the servers of one account's author. Used as a context manager.

    Callbacks are told in the background, each once: there is nobody who would wait for them.
    """

    def __init__(self, sid: str, token: str) -> None:
        self.sid = sid
        self.token = token
        self.session = aiohttp.ClientSession()
        self._telling = Background("status callback failed")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._telling.drain(FETCH_SECONDS)
        await self.session.close()

    async def document(
        self, call: LiveCall, url: str, method: str, more: Mapping[str, str] = NO_FIELDS
    ) -> Sequence[Action]:
        """How the call goes on. Raises TwimlError."""
        form = {**call_form(call, self.sid), **more}
        return await Documents(self.session, self.token).actions(url, method, form)

    def tell_ended(self, call: LiveCall, url: str, method: str) -> None:
        """The status callback of a call that has ended."""
        self._start(call, Callback(url, method), ended_form(call, self.sid, datetime.now(UTC)))

    def tell_of_stream(self, call: LiveCall, callback: Callback, stream: Mapping[str, str]) -> None:
        """The status callback of a bot's stream."""
        self._start(call, callback, stream_form(call, self.sid, stream, datetime.now(UTC)))

    def tell_of_phone(self, call: LiveCall, callback: Callback, phone: Mapping[str, str]) -> None:
        """The status callback of a phone that is dialled."""
        self._start(call, callback, phone_form(call, self.sid, phone, datetime.now(UTC)))

    def _start(self, call: LiveCall, callback: Callback, form: Mapping[str, str]) -> None:
        self._telling.start(self._tell(call.id, callback, form))

    async def _tell(self, call_id: str, callback: Callback, form: Mapping[str, str]) -> None:
        try:
            await Documents(self.session, self.token).fetch(callback.url, callback.method, form)
        except FetchFailed as error:
            log.warning("status callback not taken", call=call_id, reason=str(error))
