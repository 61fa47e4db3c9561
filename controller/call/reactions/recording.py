"""What bots, operators and Asterisk have to say about the recording of the call."""

from controller.call import events, recording
from controller.call.commands import Commands, RecordCall, TellNotNow, TellRecording
from controller.call.state import CallState
from controller.call.vocabulary import State


def asked(call: CallState, event: events.RecordingRequested) -> Commands:
    """By the bot. What became of it is told by `RecordingChanged`."""
    refusal = recording.refusal(call, event.action)
    if refusal:
        yield TellNotNow(event.attempt, refusal, "recording")
    else:
        yield call.note("recording_asked", event.action)
        yield from _do(call, event.action)


def operator_recorded(call: CallState, event: events.OperatorRecorded) -> Commands:
    """Whoever asked has heard of a refusal already; what happened since is seen in the record."""
    if not recording.refusal(call, event.action):
        yield call.note("recording_asked", f"{event.action}, by {event.by}")
        yield from _do(call, event.action)


def _do(call: CallState, action: events.RecordingAction) -> Commands:
    if action == "start":
        announcement = call.route.recording.announcement
        if announcement and not call.tape.announced and call.state is State.TALKING and not call.music:
            yield from recording.tell(call, announcement)
        yield from recording.start(call)
    elif action == "stop":
        yield from recording.stop(call)
    else:
        call.tape.paused = action == "pause"
        yield RecordCall(call.tape.number, action)


def changed(call: CallState, event: events.RecordingChanged) -> Commands:
    current = event.number == call.tape.number and call.tape.running
    if event.state == "lost":
        yield from _lost(call, event, current=current)
        return
    if event.state == "failed" and current:
        call.tape.running = False
    yield call.note(f"recording_{event.state}", event.detail)
    if call.bot:
        yield TellRecording(call.bot.attempt, event.state, event.detail)


def _lost(call: CallState, event: events.RecordingChanged, *, current: bool) -> Commands:
    """What there is of it is kept. Where all of the call has to be recorded, the rest becomes another recording."""
    yield call.note("recording_failed", event.detail)
    if call.bot:
        yield TellRecording(call.bot.attempt, "failed", event.detail)
    if current:
        yield from recording.stop(call)
        # None begins while nothing must be recorded: it could not begin in silence.
        if not call.tape.paused:
            yield from recording.begin(call)
