"""Asks the operator's own system which bot takes a call, and what the bot is told: a signed webhook, per call.

It must answer in a moment, for the caller is listening to the ringing; whatever goes wrong, the bot of the route takes
the call, and the reason is in the log and in the call's record.
"""

import json
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.bot.signing import sign
from controller.bot.tls import TlsContexts, TlsFiles
from controller.bot.websocket import where
from controller.errors import SettingError

ANSWER_BYTES_MAX: Final = 65_536

OK: Final = 200
NO_CONTENT: Final = 204

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BotChoice:
    """Which bot, and what it is told."""

    url: str
    protocol: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    username: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom to ask. A key may be a part of the URL."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    """For the signature (RFC 9421); empty: requests are not signed."""
    seconds: float = 1.0
    """How long it may take, connection and all."""
    ca_file: str = ""
    """An authority of the operator's own, which counts beside the machine's."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came of it."""

    bot: BotChoice
    problem: str = ""
    """Why the usual bot takes the call, where that was not the webhook's own wish."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the webhook is told of the call."""

    call_id: str
    caller: str | None
    callee: str | None
    route: str
    usual: BotChoice
    """The bot of the route, which takes the call when the webhook does not say otherwise."""
    audio: str = "mulaw"
    """Which the bot has to carry."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Such as the trunk or SIP headers."""


class _Answer(BaseModel):
    """All of it may be left out: then it is as the route says."""

    model_config = ConfigDict(extra="ignore", strict=True)

    url: Annotated[str, Field(pattern=r"^wss?://[^/?#\s]+", max_length=2_000)] | None = None
    protocol: Annotated[str, Field(max_length=50)] | None = None
    parameters: dict[str, str] = {}
    """Added to those of the route, and they win."""
    headers: dict[str, str] = {}
    token: Annotated[str, Field(max_length=4_000)] | None = Field(default=None, repr=False)


class BotChooser:
    """`carried`: the protocols that may be chosen, and the audio of each."""

    def __init__(self, session: ClientSession, carried: Mapping[str, Collection[str]]) -> None:
        self._session = session
        self._carried = carried
        self._tls = TlsContexts()

    async def choose(self, webhook: Webhook, question: Question) -> Chosen:
        """Never raises: the usual bot takes the call where there is no other answer."""
        try:
            answer = await self._ask(webhook, question)
        except TimeoutError:
            problem = f"no answer within {webhook.seconds:g} s"
        except (ClientError, OSError) as error:
            problem = f"not reached: {_without(webhook.url, str(error))}"
        except SettingError as error:
            problem = f"{error.setting} {error.problem}"
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            problem = f"{'.'.join(map(str, first['loc'])) or 'answer'}: {first['msg']}"
        except ValueError as error:
            problem = str(error)
        else:
            return Chosen(_merged(question.usual, answer))
        log.warning("bot webhook failed", call=question.call_id, url=where(webhook.url), reason=problem)
        return Chosen(question.usual, problem)

    async def _ask(self, webhook: Webhook, question: Question) -> _Answer:
        body = json.dumps(_told(question), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if webhook.secret:
            now, nonce = time.time(), secrets.token_hex(16)
            headers |= sign(webhook.secret, webhook.url, nonce=nonce, unix_seconds=now, method="POST", body=body)
        request = self._session.post(
            webhook.url,
            data=body,
            headers=headers,
            timeout=ClientTimeout(total=webhook.seconds),
            allow_redirects=False,
            ssl=self._tls.context(TlsFiles(webhook.ca_file, machines_too=True)) if webhook.ca_file else True,
        )
        async with request as response:
            if response.status == NO_CONTENT:
                return _Answer()
            if response.status != OK:
                raise ValueError(f"it answered HTTP {response.status}")
            text = await response.content.read(ANSWER_BYTES_MAX + 1)
            while len(text) <= ANSWER_BYTES_MAX and (more := await response.content.read(ANSWER_BYTES_MAX)):
                text += more
        if len(text) > ANSWER_BYTES_MAX:
            raise ValueError(f"its answer is longer than {ANSWER_BYTES_MAX} bytes")
        return self._checked(_Answer.model_validate_json(text), question)

    def _checked(self, answer: _Answer, question: Question) -> _Answer:
        if answer.protocol is not None and answer.protocol not in self._carried:
            raise ValueError(f"protocol: there is no {answer.protocol!r}")
        if answer.protocol is not None and question.audio not in self._carried[answer.protocol]:
            raise ValueError(f"protocol: {answer.protocol} does not carry {question.audio}")
        return answer


def _told(question: Question) -> dict[str, Any]:
    parties = {"from": question.caller, "to": question.callee}
    return {
        "type": "choose_bot",
        "call_id": question.call_id,
        **{name: {"number": number} if number else {} for name, number in parties.items()},
        "route": question.route,
        "bot": {
            "url": question.usual.url,
            "protocol": question.usual.protocol,
            "parameters": dict(question.usual.parameters),
        },
        **question.more,
    }


def _merged(usual: BotChoice, answer: _Answer) -> BotChoice:
    url = answer.url or usual.url
    # A secret is for the bot that it was given for: another host gets one only from the answer.
    same_host = _host(url) == _host(usual.url)
    return BotChoice(
        url=url,
        protocol=answer.protocol or usual.protocol,
        parameters={**usual.parameters, **answer.parameters},
        token=answer.token if answer.token is not None else (usual.token if same_host else ""),
        # A name belongs to its password.
        username=usual.username if same_host and answer.token is None else "",
        headers={**(usual.headers if same_host else {}), **answer.headers},
    )


def _host(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0].rpartition('@')[2].lower()}"


def _without(url: str, text: str) -> str:
    """The text without what may be secret in the URL."""
    return text.replace(url, where(url))
