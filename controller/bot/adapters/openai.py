"""OpenAI Realtime: we are the client of a speech model, as its GA interface has it (`session.type` is `realtime`).

JSON text frames, audio in Base64. A company without a bot has one with an API key: what the model is to be and do is in
the parameters (`openai_session.py`), and three functions let it steer the call.
"""

import json
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, quote, urlsplit

from controller.bot.adapters.adapter import (
    Adapter,
    Behaviour,
    Handshake,
    Left,
    Opening,
    Speech,
    Step,
    Steps,
    authorized,
)
from controller.bot.adapters.heard import Heard
from controller.bot.adapters.openai_session import Tool, read_wishes
from controller.bot.adapters.reading import read, read_base64, read_object
from controller.bot.protocol import (
    Accept,
    AudioFormat,
    Clear,
    Cleared,
    Dtmf,
    Error,
    Hangup,
    Log,
    Reject,
    Start,
    ToBot,
    Transcript,
    Transfer,
    TransferProgress,
    UnknownType,
    from_bot,
)
from controller.errors import ProtocolError

TRANSCRIPT_CHARACTERS_MAX: Final = 20_000
MESSAGE_CHARACTERS_MAX: Final = 500
"""Of an error that is passed on."""

PARTIALS_MAX: Final = 16
"""Utterances at a time that are still being written down; of more, the oldest begins anew."""

FAILURES_MAX: Final = 3
"""Responses in a row that failed; then the model is given up, for the caller hears nothing."""

KEYS_SECONDS: Final = 2.0
"""Keys that come closer together are told as one number."""

KEYS_MAX: Final = 64

SCARCE_SHARE: Final = 0.05
"""Of a rate limit: what remains is said once when it is less."""

BUSY_CODES: Final = ("rate_limit_exceeded", "insufficient_quota", "session_limit_exceeded")

KNOWN_AND_NOT_NEEDED: Final = frozenset({
    "session.created",
    "conversation.created",
    "conversation.item.created",
    "conversation.item.added",
    "conversation.item.done",
    "conversation.item.deleted",
    "conversation.item.truncated",
    "conversation.item.input_audio_transcription.segment",
    "input_audio_buffer.committed",
    "input_audio_buffer.cleared",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.timeout_triggered",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_audio.done",
    "response.audio.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
})  # fmt: skip

Event = dict[str, Any]


class OpenAI(Adapter):
    """Parameters: see `docs/bots/openai.md`."""

    FORMATS: ClassVar = (
        AudioFormat(),
        AudioFormat(encoding="alaw"),
        AudioFormat(encoding="pcm16", sample_rate=24000),
    )
    CANNOT: ClassVar = {
        Behaviour.PAUSE: "the model is interrupted or it is not",
        Behaviour.MARK: "the model does not ask what was heard: it is told where it was interrupted",
        Behaviour.SPEECH_EVENTS: "the model listens for itself (turn_detection)",
        Behaviour.RESUME_SESSION: "a new connection is a new conversation: the model apologises and asks to go on",
        Behaviour.LOG: "the model has no log; what its server reports as wrong becomes log lines of the call",
        Behaviour.ACK: "a result is answered at once, so that the model goes on speaking, and not when it is stored",
        Behaviour.METADATA: "the parameters of the route, and nothing later",
        Behaviour.SEND_DTMF: "no function for it is offered to the model",
        Behaviour.PLAY: "no function for it is offered to the model",
        Behaviour.HOLD: "no function for it is offered to the model",
        Behaviour.RECORDING: "no function for it is offered to the model",
    }

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        audio = opening.start.audio
        self._wishes = read_wishes(opening.parameters or {}, opening.start)
        self._heard = Heard(48 if audio.encoding == "pcm16" else 8)
        self._accepted = False
        self._response = ""
        """Whose audio came last."""
        self._hushed = ""
        """The response that was interrupted: what still comes of it is not played."""
        self._responding = self._response_wanted = False
        """One response at a time: the next one is asked for when this one is done."""
        self._failures = 0
        self._leaving = False
        """Transfer or hangup is under way: it is not to be interrupted, and nothing is added."""
        self._transfer_call: str | None = None
        """The model's call of the function, which is answered when the outcome is known."""
        self._partials: dict[str, str] = {}
        self._keys = ""
        self._keys_seen_at: float | None = None
        self._results = 0
        self._scarce: set[str] = set()

    def handshake(self) -> Handshake:
        parts = urlsplit(self.opening.url)
        url = self.opening.url
        if "model" not in parse_qs(parts.query):
            model = "model=" + quote(self._wishes.model, safe="")
            url = parts._replace(query=f"{parts.query}&{model}" if parts.query else model).geturl()
        return Handshake(url, None, authorized(self.opening, url))

    # --- to the model ---------------------------------------------------------------------------------------

    def to_bot(self, message: ToBot) -> Steps:
        match message:
            case Start():
                return (_event("session.update", session=self._wishes.session),)
            case Dtmf(digit=digit):
                self._keys = (self._keys + digit)[-KEYS_MAX:]
                self._keys_seen_at = None
                return self._tell_keys() if digit == "#" else ()
            case Cleared(played_ms=played_ms):
                return [
                    _event("conversation.item.truncate", item_id=cut.item, content_index=cut.part,
                           audio_end_ms=cut.heard_ms)
                    for cut in self._heard.cleared(played_ms)
                ]  # fmt: skip
            case TransferProgress(state=state, detail=detail) if state not in {"dialling", "ringing", "connected"}:
                return self._transfer_failed(state, detail)
            case Error(message=problem) if self._transfer_call is not None:
                return self._transfer_failed("failed", problem)
            case _:
                return ()

    def audio_to_bot(self, audio: bytes | bytearray | memoryview) -> str:
        # Written by hand: json.dumps would look through it for what must be escaped, and find nothing.
        return '{"type":"input_audio_buffer.append","audio":"' + b2a_base64(audio, newline=False).decode("ascii") + '"}'

    def watch(self, now: float) -> Steps:
        steps: list[Step] = []
        if self._keys:
            if self._keys_seen_at is None:
                self._keys_seen_at = now
            elif now - self._keys_seen_at >= KEYS_SECONDS:
                steps += self._tell_keys()
        if self._failures and self._response_wanted and not self._responding:
            steps += self._ask()
        return steps

    def _ask(self, instructions: str = "") -> Steps:
        """Let the model speak, now or when it has spoken."""
        if self._responding:
            self._response_wanted = True
            return ()
        self._responding, self._response_wanted = True, False
        return (_event("response.create", response={"instructions": instructions} if instructions else {}),)

    def _tell_keys(self) -> Steps:
        """As what the caller says; keys interrupt the model, as speech does."""
        keys, self._keys, self._keys_seen_at = self._keys, "", None
        content = [{"type": "input_text", "text": f"(The caller pressed on the telephone: {keys})"}]
        told = _event("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        if self._leaving:
            return (told,)
        cancel = (_event("response.cancel"),) if self._responding else ()
        return [*self._hush(), *cancel, told, *self._ask()]

    def _answer_function(self, call: str, output: Mapping[str, Any]) -> str:
        item = {"type": "function_call_output", "call_id": call, "output": json.dumps(output)}
        return _event("conversation.item.create", item=item)

    def _transfer_failed(self, state: str, detail: str) -> Steps:
        call, self._transfer_call, self._leaving = self._transfer_call, None, False
        if call is None:
            return ()
        output = {"transferred": False, "why": state, "detail": detail, "caller": "is with you again"}
        return [self._answer_function(call, output), *self._ask()]

    # --- from the model -------------------------------------------------------------------------------------

    def text_from_bot(self, text: bytes) -> Steps:
        event = read_object(text)
        kind = read(event, "type", str)
        take = self._TAKES.get(kind)
        if take is not None:
            return take(self, event)
        if kind in KNOWN_AND_NOT_NEEDED:
            return ()
        raise UnknownType(f"unknown event {kind[:50]!r}", "type")

    def _updated(self, _event: Event) -> Steps:
        if self._accepted:
            return ()
        self._accepted = True
        greeting = self._ask(self._wishes.greeting) if self._wishes.greeting else ()
        return [Accept(type="accept"), *greeting]

    def _audio(self, event: Event) -> Steps:
        response = read(event, "response_id", str, "")
        audio = read_base64(event.get("delta"), "delta")
        if self._leaving or (response and response == self._hushed):
            return ()
        self._response = response
        self._heard.said(read(event, "item_id", str, ""), read(event, "content_index", int, 0), len(audio))
        return (Speech(audio),)

    def _speech_started(self, _event: Event) -> Steps:
        return () if self._leaving else self._hush()

    def _hush(self) -> list[Step]:
        self._hushed = self._response
        return [Clear(type="clear")]

    def _response_created(self, _event: Event) -> Steps:
        self._responding = True
        return ()

    def _response_done(self, event: Event) -> Steps:
        self._responding = False
        response = read(event, "response", dict)
        if read(response, "status", str, "completed") == "failed":
            return self._response_failed(response)
        self._failures = 0
        steps: list[Step] = []
        for item in read(response, "output", list, []):
            if isinstance(item, dict) and item.get("type") == "function_call":
                steps += self._call_function(item)
        return [*steps, *(self._ask() if self._response_wanted and not self._leaving else ())]

    def _response_failed(self, response: Event) -> Steps:
        """Tried again a moment later (`watch`), for the caller waits; not for ever."""
        self._failures += 1
        self._response_wanted = True
        problem = read(response, "status_details.error.message", str, "without a reason")[:MESSAGE_CHARACTERS_MAX]
        code = read(response, "status_details.error.code", str, "")
        steps: list[Step] = [_log("error", f"the model could not answer: {problem}")]
        if self._failures >= FAILURES_MAX or code == "insufficient_quota":
            steps.append(Left(f"could not answer: {problem}"))
        return steps

    # --- functions ------------------------------------------------------------------------------------------

    def _call_function(self, item: Event) -> Steps:
        if read(item, "status", str, "completed") != "completed":
            return ()
        call = read(item, "call_id", str)
        name = read(item, "name", str)
        try:
            arguments = read_object(read(item, "arguments", str, "{}").encode() or b"{}")
            return self._carry_out(name, call, arguments)
        except ProtocolError as fault:
            # The model can mend it, and nobody else can.
            self._response_wanted = True
            return (self._answer_function(call, {"error": str(fault)}),)

    def _carry_out(self, name: str, call: str, arguments: Event) -> Steps:
        if self._leaving and name in {Tool.TRANSFER, Tool.HANGUP}:
            raise ProtocolError("a transfer or the end of the call is under way already")
        match name:
            case Tool.TRANSFER:
                summary = read(arguments, "summary", str, "")[:TRANSCRIPT_CHARACTERS_MAX]
                self._leaving, self._transfer_call = True, call
                return (Transfer(type="transfer", summary=summary),)
            case Tool.HANGUP:
                reason = read(arguments, "reason", str, "")[:200]
                self._leaving = True
                return (
                    self._answer_function(call, {"ok": True}),
                    Hangup(type="hangup", reason=reason or "the model ended the call"),
                )
            case Tool.RESULT:
                return self._take_result(call, arguments)
            case _:
                raise ProtocolError(f"there is no function {name[:50]!r}", "name")

    def _take_result(self, call: str, arguments: Event) -> Steps:
        self._results += 1
        name = read(arguments, "name", str)[:200]
        data = read(arguments, "data", dict, {})
        result = from_bot({"type": "result", "id": f"result-{self._results}", "name": name, "data": data})
        self._response_wanted = True
        return (result, self._answer_function(call, {"ok": True}))

    # --- what was said, and what went wrong -----------------------------------------------------------------

    def _partial(self, event: Event, role: str) -> Steps:
        item = read(event, "item_id", str)
        text = (self._partials.pop(item, "") + read(event, "delta", str, ""))[:TRANSCRIPT_CHARACTERS_MAX]
        self._partials[item] = text
        if len(self._partials) > PARTIALS_MAX:
            del self._partials[next(iter(self._partials))]
        return (_transcript(role, item, text, final=False),)

    def _final(self, event: Event, role: str) -> Steps:
        item = read(event, "item_id", str)
        text = read(event, "transcript", str)[:TRANSCRIPT_CHARACTERS_MAX]
        self._partials.pop(item, None)
        return (_transcript(role, item, text, final=True),) if text.strip() else ()

    def _not_understood(self, event: Event) -> Steps:
        problem = read(event, "error.message", str, "no reason given")
        return (_log("warning", f"what the caller said was not written down: {problem}"),)

    def _error(self, event: Event) -> Steps:
        message = read(event, "error.message", str, "no reason given")[:MESSAGE_CHARACTERS_MAX]
        code = read(event, "error.code", str, "")
        if not self._accepted:
            self._accepted = True
            return (Reject(type="reject", reason="busy" if code in BUSY_CODES else "unavailable", message=message),)
        # The server began one by itself: what we wanted is said in it.
        harmless = code == "conversation_already_has_active_response"
        return (_log("debug" if harmless else "error", f"the model's server: {message}"),)

    def _rate_limits(self, event: Event) -> Steps:
        steps: list[Step] = []
        for entry in read(event, "rate_limits", list, []):
            if not isinstance(entry, dict):
                continue
            name = read(entry, "name", str, "")[:50]
            limit, remaining = read(entry, "limit", float, 0.0), read(entry, "remaining", float, 0.0)
            if remaining >= limit * SCARCE_SHARE:
                self._scarce.discard(name)
            elif name not in self._scarce and len(self._scarce) < PARTIALS_MAX:
                self._scarce.add(name)
                seconds = read(entry, "reset_seconds", float, 0.0)
                steps.append(_log("warning", f"rate limit: {remaining:g} of {limit:g} {name} remain for {seconds:g} s"))
        return steps

    _TAKES: ClassVar[Mapping[str, Callable[["OpenAI", Event], Steps]]] = {
        "session.updated": _updated,
        "response.output_audio.delta": _audio,
        "response.audio.delta": _audio,
        "input_audio_buffer.speech_started": _speech_started,
        "response.created": _response_created,
        "response.done": _response_done,
        "response.output_audio_transcript.delta": partial(_partial, role="bot"),
        "response.audio_transcript.delta": partial(_partial, role="bot"),
        "response.output_audio_transcript.done": partial(_final, role="bot"),
        "response.audio_transcript.done": partial(_final, role="bot"),
        "conversation.item.input_audio_transcription.delta": partial(_partial, role="caller"),
        "conversation.item.input_audio_transcription.completed": partial(_final, role="caller"),
        "conversation.item.input_audio_transcription.failed": _not_understood,
        "rate_limits.updated": _rate_limits,
        "error": _error,
    }


def _event(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def _log(level: Any, message: str) -> Log:
    return Log(type="log", level=level, message=message[:TRANSCRIPT_CHARACTERS_MAX])


def _transcript(role: Any, item: str, text: str, *, final: bool) -> Transcript:
    return Transcript(type="transcript", id=item[:128] or None, role=role, text=text, final=final)
