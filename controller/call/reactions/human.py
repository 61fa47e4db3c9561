"""What the humans do who are dialled: ring, pick up, listen, talk, or not."""

from typing import Final

from controller.call import ear, events, finish, ladder, outcomes, rungs
from controller.call.commands import (
    Commands,
    Consult,
    EndConsult,
    HangUpHuman,
    JoinHuman,
    RejoinCaller,
    TellTransfer,
    Whisper,
)
from controller.call.legs import HumanParty
from controller.call.phrases import PRESS_TO_ACCEPT, said, spoken
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State, TransferOutcome
from controller.routing.route import Sound
from controller.routing.trigger import Trigger

JOIN_SECONDS: Final = 5.0
"""A human who has picked up is in the bridge in milliseconds; past this it will not happen."""
WHISPER_SECONDS: Final = 60.0
"""Longest time for what the human hears first, should Asterisk never report its end."""
WHISPER_CHARACTERS_MAX: Final = 600
"""Some forty seconds of speech: no caller waits longer for a human who is there."""


def ringing(call: CallState, _event: events.HumanRinging) -> Commands:
    yield call.note("human_ringing")
    if call.bot:
        yield TellTransfer(call.bot.attempt, "ringing")


def answered(call: CallState, event: events.HumanAnswered) -> Commands:
    """The first to pick up has the call; the other phones stop ringing."""
    party = call.human
    if party is None or party.picked is not None:
        return
    party.picked = event.attempt
    yield call.note("human_answered", party.legs[event.attempt] if len(party.rung.endpoints) > 1 else "")
    for attempt in [ringing for ringing in party.legs if ringing != event.attempt]:
        del party.legs[attempt]
        yield HangUpHuman(attempt)
    sound = _whisper(call, party)
    if party.request and party.request.attended and call.bot:
        yield Consult(event.attempt)
        call.enter(State.CONSULTING, JOIN_SECONDS)
    elif sound:
        yield Whisper(event.attempt, sound)
        call.enter(State.WHISPERING, WHISPER_SECONDS)
    else:
        yield from _join(call, party)


def _whisper(call: CallState, party: HumanParty) -> Sound | None:
    """What this human hears first: what the bot says, or the route; a key to press must be named."""
    words = party.request.whisper or (party.request.summary if party.rung.whisper else "") if party.request else ""
    if words.startswith(("http://", "https://")):
        return Sound(file=words)
    sound = Sound(text=words[:WHISPER_CHARACTERS_MAX]) if words else party.rung.whisper
    if sound is None and party.rung.accept_digit:
        return said(PRESS_TO_ACCEPT, call.route.language, digit=party.rung.accept_digit)
    return sound and spoken(sound, call.route.language)


def whispered(call: CallState, _event: events.WhisperEnded) -> Commands:
    party = call.human
    if party is None:
        return
    if party.rung.accept_digit:
        call.enter(State.WHISPERING, party.rung.accept_seconds)
    else:
        yield from _join(call, party)


def pressed(call: CallState, event: events.HumanPressed) -> Commands:
    party = call.human
    if party and event.digit == party.rung.accept_digit:
        yield call.note("human_accepted", f"pressed {event.digit}")
        yield from _join(call, party)


def not_accepted(call: CallState, _event: events.DeadlinePassed) -> Commands:
    """Nobody pressed the key: a voicemail, most likely."""
    party = call.human
    if party and party.picked is not None:
        attempt = party.picked
        yield HangUpHuman(attempt)
        yield from not_reached(call, events.HumanGone(attempt, TransferOutcome.NO_ANSWER, "did not accept the call"))


def _join(call: CallState, party: HumanParty) -> Commands:
    if party.picked is None:
        return
    party.accepted = True
    yield from ear.answer(call)
    yield from ear.quiet(call)
    yield JoinHuman(party.picked)
    call.enter(State.DIALLING, JOIN_SECONDS)


def joined(call: CallState, event: events.HumanJoined) -> Commands:
    if call.human is None or call.human.picked != event.attempt:
        return
    yield call.note("human_joined")
    if call.bot:
        yield TellTransfer(call.bot.attempt, "connected")
    yield from finish.close_bot(call, "transferred")
    call.enter(State.WITH_HUMAN)


# --- bot and human talk -------------------------------------------------------------------------------------


def consulting(call: CallState, _event: events.ConsultBegun) -> Commands:
    yield call.note("consulting")
    if call.bot:
        yield TellTransfer(call.bot.attempt, "consulting")
    call.enter(State.CONSULTING)


def complete(
    call: CallState, _event: events.TransferCompleted | events.BotLost | events.BotHungUp | events.WorkerLost
) -> Commands:
    """The human gets the caller: as the bot says, or because there is no bot any more."""
    if call.human:
        yield from _join(call, call.human)


def bot_gone(
    call: CallState, event: events.BotLost | events.BotHungUp | events.WorkerLost | events.MediaGone
) -> Commands:
    """A human is there already, and gets the caller."""
    yield call.note("bot_lost", getattr(event, "detail", ""))
    yield from finish.close_bot(call, "failed")
    if call.human:
        yield from _join(call, call.human)


def cancelled(call: CallState, _event: events.TransferCancelled) -> Commands:
    """The bot has the caller back."""
    consulted = call.state is State.CONSULTING
    yield outcomes.note(call, TransferOutcome.CANCELLED, "by the bot")
    yield from finish.hang_up_humans(call)
    yield from _back_to_bot(call, consulted=consulted)


def consult_over(call: CallState, event: events.HumanGone) -> Commands:
    """The human hung up on the bot."""
    yield outcomes.note(call, event.outcome, event.detail)
    if call.human:
        call.human.legs.pop(event.attempt, None)
    yield from finish.hang_up_humans(call)
    yield from outcomes.tell(call, TransferOutcome.DECLINED, event.detail)
    yield from _back_to_bot(call, consulted=True)


def consult_failed(call: CallState, _event: events.DeadlinePassed) -> Commands:
    yield outcomes.note(call, TransferOutcome.FAILED, "bot and human were not brought together")
    yield from finish.hang_up_humans(call)
    yield from outcomes.tell(call, TransferOutcome.FAILED, "")
    yield from _back_to_bot(call, consulted=True)


# --- not this one -------------------------------------------------------------------------------------------


def not_reached(call: CallState, event: events.HumanGone) -> Commands:
    """The next phone; then back to the bot if it is still there and the route does not say otherwise."""
    party = call.human
    if party is None:
        return
    yield outcomes.note(call, event.outcome, event.detail)
    party.legs.pop(event.attempt, None)
    party.picked = None if party.picked == event.attempt else party.picked
    if party.legs:
        return
    if party.waiting:
        yield from rungs.dial_next(call, party)
        return
    call.human = None
    call.reached = event.outcome
    yield from outcomes.tell(call, event.outcome, event.detail)
    if call.bot and not (party.request and party.rung.otherwise == "next"):
        yield from _back_to_bot(call, consulted=False)
    else:
        yield from ladder.leave_rung(call, Trigger.FAILED, f"{party.rung}: {event.outcome}")


def ring_too_long(call: CallState, _event: events.DeadlinePassed) -> Commands:
    """Asterisk has not ended it: so do we, one phone after the other."""
    for attempt in list(call.human.legs) if call.human else []:
        yield HangUpHuman(attempt)
        yield from not_reached(call, events.HumanGone(attempt, TransferOutcome.NO_ANSWER))


def left(call: CallState, event: events.HumanGone) -> Commands:
    if call.human:
        call.human.legs.pop(event.attempt, None)
    yield call.note("human_hung_up")
    if ladder.goes_on(call):
        call.human = None
        call.reached = TransferOutcome.CONNECTED
        # Asterisk 22.10.1 now and then sends such a caller nothing of what is played next (docs/asterisk.md).
        yield RejoinCaller()
        yield from ladder.take_next_rung(call)
    else:
        yield from finish.end(call, Ending.HUMAN_HUNG_UP)


def _back_to_bot(call: CallState, *, consulted: bool) -> Commands:
    yield from ear.quiet(call)
    if consulted:
        yield EndConsult()
    if call.bot:
        call.enter(State.TALKING)
    else:
        yield from ladder.leave_rung(call, Trigger.FAILED, "bot and human are gone")
