"""What the author of an account is told of a call: the forms of Twilio's requests. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from controller.api.control import LiveCall
from controller.bot.adapters.twilio import call_sid

API_VERSION: Final = "2010-04-01"

PROGRESS_SOURCE: Final = "call-progress-events"
"""Where a callback about a call or phone comes from, as Twilio names it."""


def call_form(call: LiveCall, account: str, status: str | None = None) -> dict[str, str]:
    """Of the call itself: with a request for a document, or as the beginning of a callback."""
    return {
        "AccountSid": account,
        "ApiVersion": API_VERSION,
        "CallSid": call_sid(call.id),
        "CallStatus": status or status_of(call),
        "Direction": "outbound-api" if call.direction == "outbound" else "inbound",
        "From": call.from_number or "anonymous",
        "To": call.to_number or "",
    }


def ended_form(call: LiveCall, account: str, at: datetime) -> dict[str, str]:
    """Of a call that is over."""
    talked = round((at - call.answered_at).total_seconds()) if call.answered_at else 0
    return {
        **call_form(call, account, "completed"),
        "CallDuration": str(talked),
        "CallbackSource": PROGRESS_SOURCE,
        "SequenceNumber": "0",
        "Timestamp": written(at),
    }


def stream_form(call: LiveCall, account: str, stream: Mapping[str, str], at: datetime) -> dict[str, str]:
    """Of a stream; `stream` has its sid, its name, what happened, and what was wrong."""
    told = {"AccountSid": account, "CallSid": call_sid(call.id), "Timestamp": at.astimezone(UTC).isoformat()}
    return {**told, **{name: value for name, value in stream.items() if value}}


def phone_form(call: LiveCall, account: str, phone: Mapping[str, str], at: datetime) -> dict[str, str]:
    """Of a phone that is dialled for a call; `phone` has its sid, number, status, place in the sequence, duration."""
    return {
        **call_form(call, account),
        "ParentCallSid": call_sid(call.id),
        "Direction": "outbound-dial",
        "CallbackSource": PROGRESS_SOURCE,
        "Timestamp": written(at),
        **phone,
    }


def phone_sid(call_id: str, attempt: int) -> str:
    """Of the call to a phone, which is one of its own to Twilio."""
    return call_sid(f"{call_id}/phone-{attempt}")


def status_of(call: LiveCall) -> str:
    """As Twilio calls it."""
    return "in-progress" if call.answered_at else "ringing"


def written(at: datetime) -> str:
    """As Twilio writes it (RFC 2822)."""
    return format_datetime(at.astimezone(UTC))
