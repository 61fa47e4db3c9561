"""Between the vocabularies of Asterisk, the media worker, the store and the call. Pure."""

from datetime import datetime, timedelta
from typing import Final

from controller.ari import events as ari
from controller.bot import protocol
from controller.call import commands as c
from controller.call import events as e
from controller.call.causes import transfer_outcome
from controller.config import BotAudio
from controller.errors import ProtocolError
from controller.media import control_messages as media
from controller.records import items
from controller.routing.trigger import Trigger

BUSY_OR_AWAY: Final = {"busy": Trigger.BUSY, "unavailable": Trigger.UNREACHABLE}
"""A bot's own refusal, as the ladder names it."""

KEYS: Final = frozenset("0123456789ABCD*#")
"""The keys of a telephone (RFC 4733, section 3.2); Asterisk reports an E of its own as well."""

ITEM_ID_SEPARATOR: Final = "/"
"""Two bots of one call may use the same id for different things: the store gets attempt/id."""


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
        case ari.PlaybackFinished():
            return e.AnnouncementEnded()
        case _:
            return None


def from_human_channel(event: ari.AriEvent, attempt: int) -> e.Event | None:
    """What an event of a human's channel means to the call."""
    match event:
        case ari.ChannelStateChange(channel=ari.Channel(state="Up")):
            return e.HumanAnswered(attempt)
        case ari.ChannelStateChange(channel=ari.Channel(state="Ringing")):
            return e.HumanRinging(attempt)
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


def from_report(report: media.Report, attempt: int) -> e.Event | None:
    """What a report of the media worker means to the call."""
    match report:
        case media.Accepted():
            return e.BotAccepted(attempt)
        case media.Refused(reason=reason, detail=detail):
            return e.BotLost(attempt, BUSY_OR_AWAY[reason], detail or "the bot rejected the call")
        case media.Failed(trigger=trigger, detail=detail):
            return e.BotLost(attempt, Trigger(trigger), detail)
        case media.Disconnected(detail=detail):
            return e.BotLost(attempt, Trigger.DROPPED, detail)
        case media.Stalled(seconds=seconds):
            return e.BotLost(attempt, Trigger.STALLED, f"it took no audio for {seconds:g} s")
        case media.FirstAudio(to=to):
            return e.FirstAudio(attempt, to)
        case media.Silent(seconds=seconds):
            return e.MediaSilent(attempt, seconds)
        case media.BotMessage(message=message):
            return _from_bot(message, attempt)
        case media.Closed():
            return None


def _from_bot(raw: dict[str, object], attempt: int) -> e.Event | None:
    match protocol.from_bot(raw):
        case protocol.Transcript(id=str(item_id), role=role, text=text, final=True):
            return e.TranscriptSaid(attempt, item_id, role, text)
        case protocol.Result(id=str(item_id), name=name, data=data):
            return e.ResultReported(attempt, item_id, name, data)
        case protocol.Log(id=str(item_id), level=level, message=message, data=data):
            return e.LogWritten(attempt, item_id, level, message, data)
        case protocol.Transfer(to="human", way="bridge", summary=summary):
            return e.TransferRequested(attempt, summary)
        case protocol.Hangup(reason=reason):
            return e.BotHungUp(attempt, reason)
        case protocol.Transcript(final=False):
            return None
        case message:
            raise ProtocolError(f"the media worker passed on a {message.type}", "type")


def to_bot(command: c.TellDigit | c.TellTransfer | c.TellNotNow | c.TellStored) -> protocol.ToBot:
    """What the bot is told."""
    match command:
        case c.TellDigit(digit=digit, duration_ms=duration_ms):
            return protocol.Dtmf(digit=digit, duration_ms=duration_ms)
        case c.TellTransfer(state=state, detail=detail):
            return protocol.TransferProgress.model_validate({"state": state, "detail": detail})
        case c.TellNotNow(message=message):
            return protocol.Error(code="not_now", message=message)
        case c.TellStored(id=item_id):
            return protocol.Ack(id=item_id)


def to_item(
    command: c.OpenRecord | c.Note | c.Save | c.CloseRecord, call_id: str, started_at: datetime, position: int
) -> items.Item:
    """What is stored. `started_at` is aware; `position` counts the call's notes."""
    match command:
        case c.OpenRecord(arrival=arrival, route=route):
            return items.CallOpened(
                call_id,
                started_at,
                arrival.from_number or None,
                arrival.from_name or None,
                arrival.to_number or None,
                route.name,
            )
        case c.Note(at=at, kind=kind, detail=detail):
            return items.StepTaken(call_id, position, at * 1000, kind, detail)
        case c.Save(at=at, item=item):
            return _saved(item, call_id, at * 1000)
        case c.CloseRecord(at=at, ending=ending, answered_at=answered_at, cause=cause, statistics=statistics):
            return items.CallClosed(
                call_id,
                started_at + timedelta(seconds=at),
                ending,
                answered_at=None if answered_at is None else started_at + timedelta(seconds=answered_at),
                cause=cause or None,
                statistics=statistics,
            )


def _saved(item: e.TranscriptSaid | e.ResultReported | e.LogWritten, call_id: str, at_ms: float) -> items.Item:
    item_id = f"{item.attempt}{ITEM_ID_SEPARATOR}{item.id}"
    match item:
        case e.TranscriptSaid(role=role, text=text):
            return items.TranscriptSaid(call_id, item_id, at_ms, role, text)
        case e.ResultReported(name=name, data=data):
            return items.ResultReported(call_id, item_id, at_ms, name, data)
        case e.LogWritten(level=level, message=message, data=data):
            return items.LogWritten(call_id, item_id, at_ms, level, message, data)
