"""What is true of every call after every event, whatever has happened."""

from typing import TYPE_CHECKING

from controller.call import commands as c
from controller.call.call import Call
from controller.call.vocabulary import State
from controller.routing.route import DocumentRung, QueueRung

if TYPE_CHECKING:
    from tests.simulation.world import World

PEOPLE_DECIDE = frozenset({State.TALKING, State.CONSULTING, State.WITH_HUMAN, State.AWAY})
"""May last as long as they like: no deadline is wanted."""
SOMEBODY_IS_HEARD = frozenset({State.TALKING, State.WITH_HUMAN, State.AWAY, State.RECORDING, State.ENDING, State.ENDED})
TO_THE_CALLER = (
    c.RingCaller, c.OpenBridge, c.AnswerCaller, c.StartMusic, c.PlaySound, c.RecordCaller, c.PressKeys, c.SendAway,
    c.TakeBack, c.HangUpCaller, c.HandToDialplan,
)  # fmt: skip


class Broken(AssertionError):
    """An invariant."""


def need(truth: object, otherwise: str) -> None:
    if not truth:
        raise Broken(otherwise)


def allow(world: "World", command: c.Command) -> None:
    """Before the world obeys."""
    need(world.closed == 0, "nothing comes after the record's end")
    if isinstance(command, c.OpenRecord):
        need(world.opened == 0, "one record")
    elif isinstance(command, c.Recorded):
        need(world.opened, "the record begins with its opening")
    if isinstance(command, c.Note | c.CloseRecord):
        need(command.at >= world.noted_at, "the record is in order")
        world.noted_at = command.at
    elif isinstance(command, TO_THE_CALLER):
        need(not world.caller_known_gone, f"{type(command).__name__} to a caller of whom we know that they are gone")


def check(call: Call, world: "World") -> None:
    """After an event whose commands the world has obeyed."""
    need(world.caller_ended <= 1, "a caller is given away once")
    need(world.answers <= 1, "a caller is answered once")
    if call.state is State.ENDED:
        _nothing_left(call, world)
        return
    need(call.deadline is not None or call.state in PEOPLE_DECIDE, "a state that waits for us has a deadline")
    need((call.ending is None) == (call.state is not State.ENDING), "a call that ends has an ending, no other has")
    if call.state is not State.ENDING:
        need(call.caller_here, "nobody goes on without a caller")
        _next_step(call, world)
        if call.up:
            _no_dead_air(call, world)


def _nothing_left(call: Call, world: "World") -> None:
    need(world.opened == world.closed == 1, "one record, and it is closed")
    need(call.deadline is None, "no timer is left")
    held = {
        "bot": call.bot, "human": call.human, "line": call.line or world.in_line, "bots": world.wanted_bots,
        "humans": world.wanted_humans, "recordings": world.recordings,
    }  # fmt: skip
    left = [name for name, what in held.items() if what]
    need(not left, f"left behind: {left}")


def _next_step(call: Call, world: "World") -> None:
    """Somebody or something is there that brings the caller further."""
    if world.deaf or world.dead or not world.caller:
        return  # the news of it comes, when Asterisk is heard again
    match call.state:
        case State.TALKING:
            need(call.bot and call.bot.attempt in world.bots, "who talks to a bot has one")
        case State.WITH_HUMAN:
            need(call.human and call.human.picked in world.humans, "who talks to a human has one")
        case State.CONSULTING:
            need(call.human and call.human.picked in world.humans, "a bot that consults has a human")
            need(call.bot and call.bot.attempt in world.bots, "a human who is consulted has a bot")
        case State.DIALLING | State.WHISPERING:
            need(call.human and call.human.legs, "somebody's phone rings")
        case State.AWAY:
            need(call.away and world.away, "who is away is with the dialplan")
            need(call.deadline is not None or isinstance(call.away.rung if call.away else None, QueueRung), "it ends")
        case State.WAITING:
            need(call.line and world.in_line, "who waits is in line")
        case _:
            pass


def _no_dead_air(call: Call, world: "World") -> None:
    """An answered caller hears somebody, or music, or a sound, unless that is about to change by our own request."""
    if call.state in SOMEBODY_IS_HEARD or world.music or world.sound is not None or call.answering or world.deaf:
        return
    asked = 0 <= call.rung < len(call.route.ladder) and isinstance(call.route.ladder[call.rung], DocumentRung)
    joining = call.human is not None and call.human.accepted
    taken_over = call.state is State.OFFERING and call.workers_lost
    picked_up = call.state is State.OFFERING and call.arrival.placed  # before the bot was there, which is asked first
    need(asked or joining or taken_over or picked_up, f"dead air, {call.state}")
