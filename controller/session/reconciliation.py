"""Comparing notes with Asterisk after a gap in its events. Pure: what is there and what we know -> what to do.

Asterisk never repeats an event. So on every connection all channels and bridges are listed, and for each
difference the event that we missed is made up, or what nobody owns is removed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.ari import ids
from controller.ari.events import Bridge, Channel

UNANSWERED = "Ring"
"""Asterisk's state of a channel that calls us and has not been answered."""


@dataclass(frozen=True, slots=True)
class Live:
    """One running session: the channels that it believes to exist."""

    call_id: str
    caller_channel: str
    channels: frozenset[str]


@dataclass(slots=True)
class Findings:
    """What the comparison found."""

    callers_gone: list[str] = field(default_factory=list)
    """Calls (ids) whose caller is no longer there."""
    channels_gone: list[tuple[str, str]] = field(default_factory=list)
    """(call id, channel id) of other channels that are no longer there."""
    humans_up: list[tuple[str, Channel]] = field(default_factory=list)
    """(call id, channel) of humans who have answered, perhaps unseen."""
    callees_up: list[str] = field(default_factory=list)
    """Calls (ids) that we placed and whose callee has picked up, perhaps unseen."""
    callers_new: list[Channel] = field(default_factory=list)
    """Callers who wait unanswered in our application and whom nobody serves."""
    callers_stranded: list[Channel] = field(default_factory=list)
    """Answered callers in our application whose session is gone."""
    listeners: dict[str, Channel] = field(default_factory=dict)
    """Phones that listen in, and the snoops between them and calls."""
    listeners_bridges: frozenset[str] = frozenset()
    orphaned_channels: list[str] = field(default_factory=list)
    orphaned_bridges: list[str] = field(default_factory=list)


def compare(app: str, channels: Iterable[Channel], bridges: Iterable[Bridge], sessions: Iterable[Live]) -> Findings:
    """Hold what Asterisk has against what we believe."""
    there = {channel.id: channel for channel in channels}
    known = {session.call_id: session for session in sessions}
    findings = Findings()
    for session in known.values():
        _check_session(session, there, findings)
    callers = {session.caller_channel for session in known.values()}
    for channel in there.values():
        ours = ids.parse(channel.id)
        if (ours and ours.role == "listen") or (ids.is_call_id(channel.dialplan.exten) and is_in(app, channel)):
            findings.listeners[channel.id] = channel
        elif ours:
            if ours.call_id not in known:
                stranded = ours.role == "callee" and channel.state == "Up"
                findings.callers_stranded.append(channel) if stranded else findings.orphaned_channels.append(channel.id)
        elif channel.id not in callers and is_in(app, channel):
            unanswered = channel.state == UNANSWERED
            (findings.callers_new if unanswered else findings.callers_stranded).append(channel)
    parsed = {bridge.id: ours for bridge in bridges if (ours := ids.parse(bridge.id))}
    findings.listeners_bridges = frozenset(name for name, ours in parsed.items() if ours.role == "listen")
    findings.orphaned_bridges = [
        name for name, ours in parsed.items() if ours.call_id not in known and ours.role != "listen"
    ]
    return findings


def _check_session(session: Live, there: Mapping[str, Channel], findings: Findings) -> None:
    if session.caller_channel not in there:
        findings.callers_gone.append(session.call_id)
    elif _is_callee(session.caller_channel) and there[session.caller_channel].state == "Up":
        findings.callees_up.append(session.call_id)
    for channel_id in sorted(session.channels):
        channel = there.get(channel_id)
        ours = ids.parse(channel_id)
        if channel is None:
            findings.channels_gone.append((session.call_id, channel_id))
        elif ours and ours.role == "agent" and channel.state == "Up":
            findings.humans_up.append((session.call_id, channel))


def _is_callee(channel_id: str) -> bool:
    ours = ids.parse(channel_id)
    return ours is not None and ours.role == "callee"


def is_in(app: str, channel: Channel) -> bool:
    """A channel in Stasis carries the application and its arguments as dialplan data."""
    return channel.dialplan.app_data.split(",", 1)[0] == app
