"""The recording of the call: when it begins and ends, what the caller is told of it, and what may be done to it.

Asterisk makes it, beside the way of the audio; what becomes of each request comes back as `RecordingChanged`.
"""

from typing import Final

from controller.call import ear
from controller.call.commands import Commands, RecordCall
from controller.call.state import CallState
from controller.routing.route import Sound

NOT_HERE: Final = "calls are not recorded here"


def begin(call: CallState) -> Commands:
    """The caller is there: record, where the route says so."""
    if call.route.recording.mode == "always" and not call.tape.running and call.ending is None:
        yield from start(call)


def start(call: CallState) -> Commands:
    call.tape.number += 1
    call.tape.running, call.tape.paused = True, False
    yield RecordCall(call.tape.number, "start")


def stop(call: CallState) -> Commands:
    """It is over, if there is one."""
    if call.tape.running:
        call.tape.running = False
        yield RecordCall(call.tape.number, "stop")


def refusal(call: CallState, action: str) -> str:
    """Why this cannot be done to the recording now; empty: it can."""
    rule, tape = call.route.recording, call.tape
    if rule.mode == "off":
        return NOT_HERE
    if not call.answered or call.ending:
        return "the caller is not there to be recorded"
    if action == "start":
        return "the call is being recorded" if tape.running else ""
    if action == "stop" and rule.mode == "always":
        return "every call of this route is recorded: pause it instead"
    if not tape.running:
        return "the call is not being recorded"
    if action == "pause" and tape.paused:
        return "the recording is paused already"
    return "the recording is not paused" if action == "resume" and not tape.paused else ""


# --- what the caller is told --------------------------------------------------------------------------------


def untold(call: CallState) -> Sound | None:
    """What the caller has still to hear before whoever takes the call."""
    rule = call.route.recording
    return rule.announcement if rule.mode == "always" and not call.tape.announced else None


def tell(call: CallState, sound: Sound) -> Commands:
    """`SoundEnded` follows."""
    call.tape.announced = True
    yield call.note("recording_announced", str(sound))
    yield from ear.play(call, sound)
