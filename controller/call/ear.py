"""What the caller hears besides bot and human: one thing at a time, music or a sound."""

from controller.call.commands import AnswerCaller, Commands, PlaySound, StartMusic, StopMusic, StopSound
from controller.call.phrases import spoken
from controller.call.state import CallState
from controller.routing.route import Sound


def answer(call: CallState) -> Commands:
    """Answer the caller, who cannot be told anything before."""
    if not call.up:
        call.answering = True
        yield AnswerCaller()


def music(call: CallState, name: str) -> Commands:
    """From now on music. A caller who is not answered hears the phone ring anyway.

    Whatever plays already goes on: where one class follows another within milliseconds, Asterisk 22.10.1 now and then
    lets the caller hear nothing else for the rest of the call.
    """
    if not call.up or call.music:
        return
    yield from quiet(call)
    call.music = name
    yield StartMusic(name)


def play(call: CallState, sound: Sound) -> Commands:
    """Answer if need be, and play; `SoundEnded` follows."""
    yield from answer(call)
    yield from quiet(call)
    call.sounds += 1
    call.sound = call.sounds
    yield PlaySound(call.sound, spoken(sound, call.route.language))


def quiet(call: CallState) -> Commands:
    """Neither music nor sound: somebody is about to speak."""
    if call.music:
        call.music = ""
        yield StopMusic()
    if call.sound is not None:
        yield StopSound(call.sound)
        call.sound = None
