"""Between the vocabularies of Asterisk, the media worker, the store and the call. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from controller.ari import attestation
from controller.ari import events as ari
from controller.bot import protocol
from controller.bot.resumption import RESUME_SECONDS
from controller.call import commands as c
from controller.call import events as e
from controller.call.causes import transfer_outcome
from controller.config import BotAudio
from controller.errors import ProtocolError
from controller.media import control_messages as media
from controller.records import items
from controller.routing.route import Arrival, BotRung, Keep, Route
from controller.routing.trigger import Trigger
from controller.session.asterisk_audio import asterisk_audio
from controller.tracing.identity import TRACEPARENT, is_traceparent

BUSY_OR_AWAY: Final = {"busy": Trigger.BUSY, "unavailable": Trigger.UNREACHABLE}
"""A bot's own refusal, as the ladder names it."""

KEYS: Final = frozenset("0123456789ABCD*#")
"""The keys of a telephone (RFC 4733, section 3.2); Asterisk reports an E of its own as well."""

TRANSFER_STATES: Final = {
    "transfer_requested": "requested",
    "transfer_refused": "refused",
    "human_ringing": "ringing",
    "human_answered": "answered",
    "consulting": "consulting",
    "human_joined": "connected",
    "human_gone": "",
}
"""Steps on the way to a human, and what they are called as a fact of their own; empty: the step's outcome says it."""

ITEM_ID_SEPARATOR: Final = "/"
"""Two bots of one call may use the same id for different things: the store gets attempt/id."""


FORWARDED: Final = re.compile(r"<sips?:([^@;>]+)")
"""The number in Diversion (RFC 5806)."""

KNOWN: Final = frozenset({"caller_name", "rdnis", "endpoint", "language", "call_id", attestation.FROM})
"""What `AriClient.arrival` tells beside headers."""


def to_arrival(channel: ari.Channel, origin: str, came: Mapping[str, str]) -> Arrival:
    """What is known of a new call. `came`: what `AriClient.arrival` read."""
    diverted = FORWARDED.search(came.get("Diversion", ""))
    return Arrival(
        origin,
        _bare(channel.caller.number),
        came.get("caller_name") or channel.caller.name,
        _bare(channel.dialplan.exten),
        forwarded_from=diverted[1] if diverted else came.get("rdnis", ""),
        trunk=came.get("endpoint", ""),
        headers={name.lower(): value for name, value in came.items() if name not in KNOWN},
        # Of a phone here nobody but itself would have said so.
        stir_shaken=attestation.read(came) if origin == "trunk" else {},
    )


def _bare(number: str) -> str:
    """Without what may stand behind it in an address, such as `;verstat=TN-Validation-Passed`."""
    return number.partition(";")[0]


def to_audio_format(audio: BotAudio) -> protocol.AudioFormat:
    """The setting as the bot reads it."""
    encoding, _, rate = audio.partition("/")
    return protocol.AudioFormat.model_validate({"encoding": encoding, "sample_rate": int(rate or 8000)})


def from_caller_channel(event: ari.AriEvent) -> e.Event | None:
    """What an event of the caller's channel means to the call."""
    match event:
        case ari.ChannelHangupRequest(cause=cause, tech_cause=status):
            return e.CallerGone(cause or 0, status)
        case ari.StasisEnd() | ari.ChannelDestroyed():
            return e.CallerGone()
        case ari.ChannelDtmfReceived(digit=digit, duration_ms=duration_ms) if digit in KEYS:
            return e.CallerPressed(digit, duration_ms)
        case ari.ChannelHold():
            return e.CallerHeld(held=True)
        case ari.ChannelUnhold():
            return e.CallerHeld(held=False)
        case ari.PlaybackFinished(playback=ari.Playback(id=playback)):
            number = playback.rpartition("-")[2]
            return e.SoundEnded(int(number)) if number.isdecimal() else None
        case _:
            return None


def from_callee_channel(event: ari.AriEvent) -> e.Event | None:
    """What an event of the channel means of whom we call. How it failed, only its end says."""
    match event:
        case ari.ChannelStateChange(channel=ari.Channel(state="Up")):
            return e.CallerAnswered()
        case ari.ChannelDestroyed(cause=cause, tech_cause=status):
            return e.CallerGone(cause, status)
        case _:
            return None


def from_human_channel(event: ari.AriEvent, attempt: int) -> e.Event | None:
    """What an event of a human's channel means to the call."""
    match event:
        case ari.ChannelStateChange(channel=ari.Channel(state="Up")):
            return e.HumanAnswered(attempt)
        case ari.ChannelStateChange(channel=ari.Channel(state="Ringing")):
            return e.HumanRinging(attempt)
        case ari.ChannelDtmfReceived(digit=digit) if digit in KEYS:
            return e.HumanPressed(attempt, digit)
        case ari.PlaybackFinished():
            return e.WhisperEnded(attempt)
        case ari.ChannelDestroyed(cause=cause, cause_txt=text, tech_cause=status):
            detail = f"SIP {status}" if status else text
            return e.HumanGone(attempt, transfer_outcome(cause, status), detail)
        case _:
            return None


def from_media_channel(event: ari.AriEvent, attempt: int) -> e.Event | None:
    """What an event of a media channel means to the call."""
    if isinstance(event, ari.StasisEnd | ari.ChannelDestroyed):
        return e.MediaGone(attempt, "the media channel ended")
    return None


def from_report(report: media.Report, attempt: int) -> tuple[e.Event, ...]:
    """What a report of the media worker means to the call."""
    match report:
        case media.Accepted(resume_token=token):
            return (e.BotAccepted(attempt, token or ""),)
        case media.Refused(reason=reason, detail=detail):
            return (e.BotLost(attempt, BUSY_OR_AWAY[reason], detail or "the bot rejected the call"),)
        case media.Failed(trigger=trigger, detail=detail):
            return (e.BotLost(attempt, Trigger(trigger), detail),)
        case media.Disconnected(detail=detail, tried_seconds=tried):
            return (e.BotLost(attempt, Trigger.DROPPED, detail, tried),)
        case media.Stalled(seconds=seconds):
            return (e.BotLost(attempt, Trigger.STALLED, f"it took no audio for {seconds:g} s"),)
        case media.FirstAudio(to=to):
            return (e.FirstAudio(attempt, to),)
        case media.Silent(seconds=seconds):
            return (e.MediaSilent(attempt, seconds),)
        case media.BotMessage(message=message):
            return _from_bot(message, attempt)
        case media.Closed():
            return ()


def _from_bot(raw: dict[str, object], attempt: int) -> tuple[e.Event, ...]:
    match protocol.from_bot(raw):
        case protocol.Transcript(id=str(item_id), role=role, text=text, final=True, start_ms=start, end_ms=end):
            return (e.TranscriptSaid(attempt, item_id, role, text, start, end),)
        case protocol.Transcript(final=False):
            return ()
        case protocol.Result(id=str(item_id), name=name, data=data):
            return (e.ResultReported(attempt, item_id, name, data),)
        case protocol.Log(id=str(item_id), level=level, message=message, data=data):
            return (e.LogWritten(attempt, item_id, level, message, data),)
        case protocol.MetadataUpdate(data=data):
            return (e.MetadataAdded(attempt, _unnamed(data), data),)
        case protocol.Hangup(reason=reason, result=None):
            return (e.BotHungUp(attempt, reason),)
        case protocol.Hangup(reason=reason, result=protocol.FinalResult(id=item_id, name=name, data=data)):
            result = e.ResultReported(attempt, item_id or _unnamed({name: data}), name, data)
            return (result, e.BotHungUp(attempt, reason))
        case message:
            return (_asked(message, attempt),)


def _asked(message: protocol.FromBot, attempt: int) -> e.Event:
    """What the bot wants done with the call."""
    match message:
        case protocol.Transfer(to=to, way=way, summary=summary, whisper=whisper, headers=headers):
            to = "" if to == "human" else to
            return e.TransferRequested(attempt, summary, to, way, whisper, tuple(headers.items()))
        case protocol.TransferComplete():
            return e.TransferCompleted(attempt)
        case protocol.TransferCancel():
            return e.TransferCancelled(attempt)
        case protocol.Hold():
            return e.HoldRequested(attempt, held=True)
        case protocol.Unhold():
            return e.HoldRequested(attempt, held=False)
        case protocol.SendDtmf(digits=digits):
            return e.DigitsRequested(attempt, digits)
        case protocol.Recording(action=action):
            return e.RecordingRequested(attempt, action)
        case _:
            raise ProtocolError(f"the media worker passed on a {message.type}", "type")


def _unnamed(data: Mapping[str, object]) -> str:
    """An id for what came without one: the same for the same content, and not to be acknowledged."""
    return f"~{hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:32]}"


def to_start(
    command: c.OpenBot,
    call_id: str,
    arrival: Arrival,
    route: Route,
    metadata: Mapping[str, object],
    previous: Sequence[Mapping[str, object]] = (),
) -> protocol.Start:
    """What the bot is told of the call. `metadata`: what is known by now; `previous`: of earlier calls."""
    forwarded = protocol.Party(number=arrival.forwarded_from) if arrival.forwarded_from else None
    return protocol.Start(
        call_id=call_id,
        direction=arrival.direction,
        caller=protocol.Party(number=arrival.from_number or None, name=arrival.from_name or None),
        callee=protocol.Party(number=arrival.to_number or None),
        route=route.name,
        audio=to_audio_format(command.rung.audio),
        resumed=command.resumed,
        resume=protocol.ResumePoint(token=command.resume_token) if command.resume_token else None,
        forwarded_from=forwarded,
        trunk=arrival.trunk or None,
        language=route.language or None,
        sip_headers=dict(arrival.headers) or None,
        stir_shaken=protocol.StirShaken.model_validate(arrival.stir_shaken) if arrival.stir_shaken else None,
        previous=[_previous(call) for call in previous] or None,
        parameters=dict(command.rung.parameters) or None,
        metadata=dict(metadata),
    )


def _previous(call: Mapping[str, object]) -> protocol.PreviousCall:
    told = {name: call[name] for name in protocol.PreviousCall.model_fields if call.get(name)}
    return protocol.PreviousCall.model_validate(told)


def to_opening(session: str, rung: BotRung, start: protocol.Start) -> media.Open:
    """What the media worker is asked for."""
    target = media.BotTarget(
        url=rung.url,
        token=rung.token,
        username=rung.username,
        signing_secret=rung.signing_secret,
        ca_file=rung.ca_file,
        certificate_file=rung.certificate_file,
        key_file=rung.key_file,
        accept_seconds=rung.accept_seconds,
        resume_seconds=min(rung.reconnect_seconds, RESUME_SECONDS),
        multiplex=rung.multiplex,
        protocol=rung.protocol,
        headers={**rung.headers, **_traced(rung, start)},
        parameters=dict(rung.parameters),
    )
    return media.Open(
        session=session,
        bot=target,
        start=start,
        encoding=asterisk_audio(rung.audio, rung.transport).encoding,
        uplink_ms=rung.uplink_ms,
        voice=rung.voice,
        stall_seconds=rung.stall_seconds,
    )


def _traced(rung: BotRung, start: protocol.Start) -> dict[str, str]:
    """The call's trace, for the handshake; one of many calls belongs to none of them."""
    told = start.metadata.get(TRACEPARENT)
    return {TRACEPARENT: str(told)} if is_traceparent(told) and not rung.multiplex else {}


def to_bot(command: c.Told) -> protocol.ToBot:
    """What the bot is told."""
    match command:
        case c.TellDigit(digit=digit, duration_ms=duration_ms):
            return protocol.Dtmf(digit=digit, duration_ms=duration_ms)
        case c.TellTransfer(state=state, detail=detail):
            return protocol.TransferProgress.model_validate({"state": state, "detail": detail})
        case c.TellNotNow(message=message, about=about):
            return protocol.Error(code="not_now", message=message, about=about)
        case c.TellStored(id=item_id):
            return protocol.Ack(id=item_id)
        case c.TellMetadata(data=data):
            return protocol.MetadataUpdated(data=data)
        case c.TellRecording(state=state, detail=detail):
            return protocol.RecordingState.model_validate({"state": state, "detail": detail})


def to_be_kept(command: c.Recorded, keep: Keep) -> c.Recorded | None:
    """What of it may be written, by the call's route; None: nothing."""
    match command:
        case c.Save(item=e.TranscriptSaid()) if not keep.transcripts:
            return None
        case c.Save(item=e.LogWritten()) if not keep.logs:
            return None
        case c.Note(kind="dtmf" | "dtmf_sent") if not keep.digits:
            return replace(command, detail="")
        case c.Note(kind="rung_left", detail=detail) if not keep.digits and detail.startswith(Trigger.ESCAPE):
            return replace(command, detail=Trigger.ESCAPE.value)
        case _:
            return command


def to_items(command: c.Recorded, call_id: str, started_at: datetime, position: int) -> list[items.Item]:
    """What is stored. `started_at` is aware; `position` counts the call's notes."""
    match command:
        case c.OpenRecord(arrival=arrival, route=route):
            opened = items.CallOpened(
                call_id,
                started_at,
                arrival.from_number or None,
                arrival.from_name or None,
                arrival.to_number or None,
                route.name,
                arrival.forwarded_from or None,
                arrival.direction,
            )
            return [opened]
        case c.Note():
            return _noted(command, call_id, position)
        case c.Save(at=at, item=item):
            return [_saved(item, call_id, at * 1000)]
        case c.SaveMetadata(at=at, id=item_id, source=source, data=data):
            return [items.MetadataAdded(call_id, item_id, at * 1000, source, data)]
        case c.SaveVoicemail(at=at, name=name, seconds=seconds):
            return [items.VoicemailLeft(call_id, name, at * 1000, f"{name}.wav", round(seconds * 1000))]
        case c.SaveCallback(at=at, number=number):
            return [items.CallbackAsked(call_id, "callback", at * 1000, number)]
        case c.CloseRecord(at=at, ending=ending, answered_at=answered_at, cause=cause, statistics=statistics):
            closed = items.CallClosed(
                call_id,
                started_at + timedelta(seconds=at),
                ending,
                answered_at=None if answered_at is None else started_at + timedelta(seconds=answered_at),
                cause=cause or None,
                statistics=statistics,
            )
            return [closed]


def _noted(note: c.Note, call_id: str, position: int) -> list[items.Item]:
    """A step; a key and the way to a human are facts of their own as well."""
    at_ms, item_id = note.at * 1000, f"step-{position}"
    noted: list[items.Item] = [items.StepTaken(call_id, position, at_ms, note.kind, note.detail)]
    if note.kind == "dtmf" and note.detail:
        noted.append(items.DtmfPressed(call_id, item_id, at_ms, note.detail))
    elif note.kind in TRANSFER_STATES:
        state = TRANSFER_STATES[note.kind] or note.detail.partition(":")[0]
        noted.append(items.TransferChanged(call_id, item_id, at_ms, note.way, note.to, state, note.detail))
    return noted


def _saved(item: e.Report, call_id: str, at_ms: float) -> items.Item:
    item_id = f"{item.attempt}{ITEM_ID_SEPARATOR}{item.id}"
    match item:
        case e.TranscriptSaid(role=role, text=text, start_ms=start, end_ms=end):
            return items.TranscriptSaid(call_id, item_id, at_ms, role, text, start, end)
        case e.ResultReported(name=name, data=data):
            return items.ResultReported(call_id, item_id, at_ms, name, data)
        case e.MetadataAdded(data=data):
            return items.MetadataAdded(call_id, item_id, at_ms, "bot", data)
        case e.LogWritten(level=level, message=message, data=data):
            return items.LogWritten(call_id, item_id, at_ms, level, message, data)
