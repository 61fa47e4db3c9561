"""TwiML documents from their authors' servers: asked for as Twilio would, with a signature, and bounded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp

from controller.bot import twiml
from controller.bot.adapters.twilio import signature
from controller.bot.twiml import Action, TwimlError

LinkT = TypeVar("LinkT", twiml.Redirect, twiml.Callback)

FETCH_SECONDS: Final = 5.0
"""For one document: the caller waits for it."""

REDIRECTS_MAX: Final = 5
"""From one document to the next, so that two that name each other come to an end."""


def _at(url: str, action: Action) -> Action:
    """What it names counts from where it was found."""
    match action:
        case twiml.Redirect():
            return _moved(url, action)
        case twiml.Dial(then=then, callbacks=callbacks):
            told = tuple((target, _moved(url, callback)) for target, callback in callbacks)
            return replace(action, then=then and _moved(url, then), callbacks=told)
        case twiml.ConnectStream(then=then, callback=callback):
            return replace(action, then=then and _moved(url, then), callback=callback and _moved(url, callback))
        case _:
            return action


def _moved(url: str, named: LinkT) -> LinkT:
    return replace(named, url=urljoin(url, named.url))


class FetchFailed(TwimlError):
    """No document: the server is away, says no, or says too much."""


class Documents:
    """Fetches with the token of one account."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self._session = session
        self._token = token

    async def actions(self, url: str, method: str, form: Mapping[str, str]) -> list[Action]:
        """The document at the URL; one that is a Redirect and nothing else is another's name. Raises TwimlError."""
        for _ in range(REDIRECTS_MAX + 1):
            actions = [_at(url, action) for action in twiml.parse(await self.fetch(url, method, form))]
            if not isinstance(first := actions[0], twiml.Redirect):
                return actions
            url, method = first.url, first.method
        raise FetchFailed(f"{REDIRECTS_MAX} redirects, and no end of them", "Redirect")

    async def fetch(self, url: str, method: str, form: Mapping[str, str]) -> str:
        """The text at the URL. Raises FetchFailed."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise FetchFailed(f"{url[:200]!r} is no URL of http or https")
        if method == "GET":
            url += ("&" if parts.query else "?") + urlencode(form)
            fields: dict[str, str] = {}
        else:
            fields = dict(form)
        headers = {"X-Twilio-Signature": signature(self._token, url, fields)}
        try:
            async with self._session.request(
                method,
                url,
                data=fields or None,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS),
            ) as response:
                if not 200 <= response.status < 300:
                    raise FetchFailed(f"{parts.hostname} answered {response.status}")
                body = await response.content.read(twiml.DOCUMENT_CHARACTERS_MAX + 1)
                while len(body) <= twiml.DOCUMENT_CHARACTERS_MAX and (more := await response.content.readany()):
                    body += more
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise FetchFailed(f"{parts.hostname} does not answer ({str(error) or 'not in time'})") from error
        if len(body) > twiml.DOCUMENT_CHARACTERS_MAX:
            raise FetchFailed(f"a document may have {twiml.DOCUMENT_CHARACTERS_MAX} bytes")
        return body.decode(errors="replace")
