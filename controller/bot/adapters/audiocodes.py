"""AudioCodes Bot API in streaming mode (VoiceAI Connect, Live Hub): JSON text frames, audio in Base64.

The bot is what VoiceAI Connect would connect to with `directSTT` and `directTTS`: it hears and speaks for itself.
Its words for the call (hangup, transfer, files to play …) are activities: `audiocodes_activities.py`.
"""

import json
from binascii import b2a_base64
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

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
from controller.bot.adapters.audiocodes_activities import PlayedFile, activities_of, activity_steps, played_file
from controller.bot.adapters.reading import read, read_base64, read_object
from controller.bot.protocol import (
    Accept,
    AudioFormat,
    Clear,
    Cleared,
    Dtmf,
    End,
    EndReason,
    Log,
    Mark,
    MarkReached,
    Play,
    PlayFinished,
    Reject,
    Start,
    ToBot,
    Transcript,
    UnknownType,
)
from controller.errors import ProtocolError

MEDIA_FORMATS: Final = {
    AudioFormat(encoding="pcm16", sample_rate=16000): "lpcm16",
    AudioFormat(): "mulaw",
    AudioFormat(encoding="pcm16"): "lpcm16_8",
    AudioFormat(encoding="pcm16", sample_rate=24000): "lpcm16_24",
}
"""AudioCodes' names; before them comes `raw/`, or `wav/` for samples with a header, which we do not take."""

END_REASONS: Final[dict[EndReason, tuple[str, str]]] = {
    "caller_hung_up": ("client-disconnected", "Client Side"),
    "human_hung_up": ("client-disconnected", "Client Side"),
    "bot_hung_up": ("bot-disconnected", "Bot Side"),
    "transferred": ("transferred", "Transferred"),
    "not_answered": ("not-answered", "Not answered"),
    "failed": ("error", "Error"),
    "shutdown": ("error", "Shutdown"),
}

PLAYING_MAX: Final = 256
"""Streams and files that wait to be heard: more are a bot gone wild."""

TEXT_CHARACTERS_MAX: Final = 20_000


class AudioCodes(Adapter):
    """Parameters that are not our own go to the bot as those of its `start` event."""

    FORMATS: ClassVar = tuple(MEDIA_FORMATS)
    CANNOT: ClassVar = {
        Behaviour.HEARD_MS: "an interruption is answered by playFinished, without milliseconds",
        Behaviour.PAUSE: "audio can be cut, by abortPrompts or barge-in, and not paused",
        Behaviour.SPEECH_EVENTS: "it is the bot that tells of speech (userStream.speech.started)",
        Behaviour.TRANSFER_PROGRESS: "a bot whose transfer has failed has the caller back without a word",
        Behaviour.RESULT: "the protocol has no word for it: sendMetaData is kept with the call",
        Behaviour.LOG: "the protocol has no word for it",
        Behaviour.ACK: "nothing is acknowledged",
        Behaviour.HOLD: "the protocol has no word for it",
        Behaviour.ERROR: "what is wrong is counted and not answered",
    }

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        own = dict(opening.parameters or {})
        self._bot_name = own.pop("botName", opening.start.route)
        self._language = own.pop("language", opening.start.language or "")
        self._barge_in = self._interruptible = _flag(own, "bargeIn", default=True)
        self._validates = _flag(own, "connectionValidate", default=False)
        self._transfer_to = own.pop("transferTo", "")
        self._parameters = own
        self._conversation = opening.start.call_id
        self._media = MEDIA_FORMATS[opening.start.audio]
        self._resumes = opening.start.resumed or opening.start.resume is not None
        self._accepted = False
        self._listens = False
        """The bot has said that it takes the caller's audio."""
        self._stream = ""
        """The play stream that is open; empty: none."""
        self._muted = False
        """Its audio is not played: it was interrupted, or has another format."""
        self._playing: dict[str, str] = {}
        """What waits to be heard: the play stream's id, by the name of the mark behind it or the id of the file."""
        self._counted = 0
        self._watched_from: float | None = None
        self._seconds = 0.0
        conversation = json.dumps(self._conversation)
        self._chunk_head = f'{{"type":"userStream.chunk","conversationId":{conversation},"audioChunk":"'

    def handshake(self) -> Handshake:
        return Handshake(self.opening.url, None, authorized(self.opening))

    # --- to the bot -----------------------------------------------------------------------------------------

    def to_bot(self, message: ToBot) -> Steps:
        match message:
            case Start():
                return (self._message("connection.validate") if self._validates else self._begin(),)
            case Dtmf(digit=digit):
                return (self._event("dtmf", value=digit),)
            case MarkReached(name=name) | PlayFinished(id=name):
                return self._finished([name])
            case Cleared(marks=names):
                return self._finished(names)
            case End(reason=reason):
                code, text = END_REASONS[reason]
                return (
                    *([self._message("userStream.stop")] if self._listens else []),
                    self._message("session.end", reasonCode=code, reason=text),
                )
            case _:
                return ()

    def audio_to_bot(self, audio: bytes | bytearray | memoryview) -> str | None:
        if not self._listens:
            return None
        # Written by hand: json.dumps would look through the payload for what must be escaped, and find nothing.
        return self._chunk_head + b2a_base64(audio, newline=False).decode("ascii") + '"}'

    def watch(self, now: float) -> Steps:
        if self._watched_from is None:
            self._watched_from = now
        self._seconds = now - self._watched_from
        return ()

    def _begin(self) -> str:
        formats = [f"raw/{self._media}"]
        if self._resumes:
            return self._message("session.resume", supportedMediaFormats=formats)
        return self._message(
            "session.initiate",
            expectAudioMessages=True,
            botName=self._bot_name,
            caller=self.opening.start.caller.number or "",
            supportedMediaFormats=formats,
        )

    def _call_begins(self) -> str:
        start = self.opening.start
        known = {
            "locale": self._language,
            "caller": start.caller.number,
            "callee": start.callee.number,
            "callerDisplayName": start.caller.name,
            "vaigConversationId": self._conversation,
        }
        parameters = {name: value for name, value in known.items() if value}
        return self._event("start", parameters=parameters | (start.sip_headers or {}) | self._parameters)

    def _finished(self, names: list[str]) -> Steps:
        streams = [self._playing.pop(name) for name in names if name in self._playing]
        return [self._event("playFinished", parameters={"streamId": stream}) for stream in streams]

    def _event(self, name: str, **fields: Any) -> str:
        at = datetime.fromtimestamp(self.opening.unix_seconds + self._seconds, UTC)
        activity = {
            "id": str(UUID(int=(int(self.opening.nonce, 16) + self._count()) % (1 << 128), version=4)),
            "timestamp": at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
            "type": "event",
            "name": name,
        }
        language = {"language": self._language} if self._language else {}
        return self._message("activities", activities=[activity | language | fields])

    def _message(self, kind: str, **fields: Any) -> str:
        return json.dumps({"type": kind, "conversationId": self._conversation} | fields)

    def _count(self) -> int:
        self._counted += 1
        return self._counted

    # --- from the bot ---------------------------------------------------------------------------------------

    def text_from_bot(self, text: bytes) -> Steps:
        message = read_object(text)
        kind = read(message, "type", str)
        match kind:
            case "playStream.chunk":
                return self._play_chunk(message)
            case "playStream.start":
                return self._play_start(message)
            case "playStream.stop":
                return self._play_stop(message)
            case "activities":
                return self._activities(message)
        if kind.startswith("userStream."):
            return self._user_stream(kind, message)
        return self._session(kind, message)

    def _session(self, kind: str, message: dict[str, Any]) -> Steps:
        match kind:
            case "session.accepted":
                return self._session_accepted(message)
            case "session.error":
                return self._session_error(read(message, "reason", str, "no reason given"))
            case "connection.validated" if self._validates:
                self._validates = False
                if read(message, "success", bool):
                    return (self._begin(),)
                return (Left(f"did not validate the connection: {read(message, 'reason', str, 'no reason given')}"),)
            case "connection.validated":
                return ()
        raise UnknownType(f"unknown type {kind[:50]!r}", "type")

    def _session_accepted(self, message: dict[str, Any]) -> Steps:
        if self._accepted:
            raise ProtocolError("session.accepted comes once", "type")
        chosen = read(message, "mediaFormat", str, f"raw/{self._media}")
        if chosen != f"raw/{self._media}":
            return (Left(f"wants {chosen[:50]}, and {self._other_format(chosen)}"),)
        self._accepted = True
        accept = Accept(type="accept", resume_token=self._conversation)
        begins = [] if self._resumes else [self._call_begins()]
        return (accept, *begins, self._message("userStream.start"))

    def _session_error(self, reason: str) -> Steps:
        if self._accepted:
            return (Left(f"reported an error: {reason[:200]}"),)
        if self._resumes:
            # It has forgotten the call, as one that was started anew has: it gets it as a new one.
            self._resumes = False
            return (self._begin(),)
        return (Reject(type="reject", message=reason[:500]),)

    def _user_stream(self, kind: str, message: dict[str, Any]) -> Steps:
        match kind:
            case "userStream.started":
                self._listens = True
            case "userStream.stopped":
                self._listens = False
            case "userStream.speech.started":
                return self._interrupted() if self._interruptible else ()
            case "userStream.speech.stopped" | "userStream.speech.committed":
                pass
            case "userStream.speech.hypothesis" | "userStream.speech.recognition":
                return self._said(message, final=kind.endswith("recognition"))
            case _:
                raise UnknownType(f"unknown type {kind[:50]!r}", "type")
        return ()

    def _said(self, message: dict[str, Any], *, final: bool) -> Steps:
        match message.get("alternatives"):
            case [{"text": str() as text}, *_]:
                pass
            case None:
                text = read(message, "text", str)
            case _:
                raise ProtocolError("alternatives.0.text must be a string", "alternatives.0.text")
        if not text:
            return ()
        said = Transcript(type="transcript", role="caller", text=text[:TEXT_CHARACTERS_MAX], final=final)
        return (*(self._interrupted() if self._interruptible else ()), said)

    # --- the bot's audio ------------------------------------------------------------------------------------

    def _play_start(self, message: dict[str, Any]) -> Steps:
        stream = read(message, "streamId", str)
        self._check_room()
        chosen = read(message, "mediaFormat", str, f"raw/{self._media}")
        spoken = _spoken(read(message, "altText", str, ""))
        self._apply(message, plays=True)
        before = self._ended()
        self._stream, self._muted = stream, chosen != f"raw/{self._media}"
        if self._muted:
            told = f"not played: mediaFormat of playStream.start is {chosen[:50]}, and {self._other_format(chosen)}"
            return (*before, Log(type="log", level="warning", message=told))
        return (*before, *spoken)

    def _play_chunk(self, message: dict[str, Any]) -> Steps:
        if not self._stream or message.get("streamId") != self._stream:
            raise ProtocolError("streamId is not the one of the play stream that was started", "streamId")
        audio = read_base64(message.get("audioChunk"), "audioChunk")
        return () if self._muted else (Speech(audio),)

    def _play_stop(self, message: dict[str, Any]) -> Steps:
        if not self._stream or read(message, "streamId", str) != self._stream:
            raise ProtocolError("streamId is not the one of the play stream that was started", "streamId")
        return self._ended()

    def _ended(self) -> list[Step]:
        """The open stream has all its audio: a mark behind it, unless it was interrupted."""
        stream, self._stream = self._stream, ""
        return [] if not stream or self._muted else [self._mark(stream)]

    def _mark(self, stream: str) -> Mark:
        return Mark(type="mark", name=self._wait_for(stream))

    def _wait_for(self, stream: str) -> str:
        name = f"play-{self._count()}"
        self._playing[name] = stream
        return name

    def _interrupted(self) -> Steps:
        """Silence, and nothing more of the stream that is open."""
        open_stream = bool(self._stream) and not self._muted
        if not open_stream and not self._playing:
            return ()
        mark = [self._mark(self._stream)] if open_stream else []
        self._muted = True
        # Dropped with the audio, the mark tells the bot that its stream is over.
        return (*mark, Clear(type="clear"))

    def _other_format(self, chosen: str) -> str:
        audio = self.opening.start.audio
        names = {name: known for known, name in MEDIA_FORMATS.items()}
        wanted = names.get(chosen.removeprefix("raw/"))
        mend = f"; set it to {wanted.encoding}/{wanted.sample_rate}" if wanted else ""
        return f"the audio of this bot is set to {audio.encoding}/{audio.sample_rate}{mend}"

    # --- activities -----------------------------------------------------------------------------------------

    def _activities(self, message: dict[str, Any]) -> Steps:
        """All of them, in order. A fault of one does not cost the others: it is written to the call's log."""
        steps: list[Step] = []
        faults: list[ProtocolError] = []
        for activity in activities_of(message):
            try:
                steps += self._activity(activity)
            except ProtocolError as fault:
                faults.append(fault)
        if faults and not steps:
            raise faults[0]
        told = [f"activity not carried out: {fault}"[:TEXT_CHARACTERS_MAX] for fault in faults]
        return [*steps, *(Log(type="log", level="warning", message=text) for text in told)]

    def _activity(self, activity: dict[str, Any]) -> Steps:
        self._apply(activity, plays=activity.get("name") == "playUrl")
        match activity.get("name"):
            case "config":
                return ()
            case "abortPrompts":
                return self._interrupted()
            case "playUrl":
                return self._play_file(played_file(activity, f"raw/{self._media}"))
        return activity_steps(activity, self._transfer_to)

    def _play_file(self, file: PlayedFile) -> Steps:
        self._check_room()
        spoken = _spoken(file.text)
        if file.audio is not None:
            return (Speech(file.audio), self._mark(file.url), *spoken)
        return (Play(type="play", url=file.url, id=self._wait_for(file.url)), *spoken)

    def _check_room(self) -> None:
        if len(self._playing) >= PLAYING_MAX:
            raise ProtocolError(f"{PLAYING_MAX} streams and files are waiting to be played already")

    def _apply(self, message: dict[str, Any], *, plays: bool) -> None:
        """`bargeIn` may be set for the session, or for what is played next."""
        self._barge_in = read(message, "sessionParams.bargeIn", bool, self._barge_in)
        if plays or "sessionParams" in message:
            self._interruptible = read(message, "activityParams.bargeIn", bool, self._barge_in)


def _spoken(text: str) -> list[Step]:
    """What the bot says, in its own writing."""
    return [Transcript(type="transcript", role="bot", text=text[:TEXT_CHARACTERS_MAX])] if text else []


def _flag(parameters: dict[str, str], name: str, *, default: bool) -> bool:
    text = parameters.pop(name, str(default)).lower()
    if text not in {"true", "false"}:
        raise ProtocolError(f"the parameter {name} must be true or false", name)
    return text == "true"
