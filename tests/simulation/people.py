"""Who acts by themselves: the caller, bots, humans, operators; and what happens to Asterisk and to ourselves."""

from typing import TYPE_CHECKING, Any, Final

from controller.call import commands as c
from controller.call import events as e
from controller.call.vocabulary import TransferOutcome
from controller.routing.trigger import Trigger
from tests.simulation import routes, successor

if TYPE_CHECKING:
    from tests.simulation.world import World

CANCELLED, FAILED = TransferOutcome.CANCELLED, TransferOutcome.FAILED
NOT_TAKEN: Final = (
    TransferOutcome.BUSY, TransferOutcome.NO_ANSWER, TransferOutcome.DECLINED, TransferOutcome.UNREACHABLE,
)  # fmt: skip
OUTCOMES: Final = (None, None, *NOT_TAKEN, FAILED)
REFUSED: Final = (Trigger.BUSY, Trigger.UNREACHABLE, Trigger.NO_ANSWER)
LOST: Final = (Trigger.DROPPED, Trigger.DROPPED, Trigger.STALLED)
ACTIONS: Final = ("start", "pause", "resume", "stop")


def enter(world: "World") -> None:
    """From the beginning on."""
    patience = world.chance.choice((5.0, 60.0, 600.0))
    world.later(lambda: _caller_acts(world, patience), world.chance.expovariate(0.5))
    if world.chance.random() < 0.3:
        world.later(lambda: _operator_acts(world), world.chance.expovariate(0.1))
    if world.faults:
        world.later(lambda: _go_deaf(world), world.chance.expovariate(0.05))
        world.later(lambda: successor.die(world), world.chance.expovariate(0.03))
        if world.chance.random() < world.faults:
            world.later(lambda: _catastrophe(world), world.chance.expovariate(0.02))


def see(world: "World", event: e.Event | None) -> None:
    """What of the world's is over once the call has been told."""
    match event:
        case e.BotLost() | e.WorkerLost():
            world.bots.pop(event.attempt, None)
        case e.HumanGone():
            world.wanted_humans.discard(event.attempt)
        case _:
            pass


# --- the caller ---------------------------------------------------------------------------------------------


def _caller_acts(world: "World", patience: float) -> e.Event | None:
    if not world.caller:
        return None
    if world.chance.random() < 2 / patience:
        world.caller_leaves()
        return None
    world.later(lambda: _caller_acts(world, patience), world.chance.expovariate(0.5))
    if world.deaf:
        return None
    dice = world.chance.random()
    if dice < 0.4:
        return e.CallerPressed(world.chance.choice("0159"))
    return e.CallerHeld(held=world.chance.random() < 0.5) if dice < 0.5 else None


# --- a bot --------------------------------------------------------------------------------------------------


def bot_is_asked(world: "World", command: c.OpenBot) -> None:
    attempt, chance = command.attempt, world.chance
    if command.rung.choose_url:
        rung = chance.choice((routes.BOT, routes.PATIENT))
        world.report(e.BotChosen(attempt, rung, "by chance", problem=chance.random() < 0.5))
    dice = chance.random()
    if world.crowded and chance.random() < 0.5:
        world.report(e.BotLost(attempt, Trigger.BUSY, "busy"))
    elif dice < 0.05 + world.faults:
        world.report(e.BotLost(attempt, chance.choice(REFUSED), "no"))
    elif dice < 0.05 + 1.3 * world.faults:
        world.report(e.WorkerLost(attempt, "went away", alone=world.chance.random() < 0.3))
    elif dice < 0.98:

        def accept() -> e.Event | None:
            if attempt not in world.bots:
                return None
            world.bots[attempt] = True
            world.later(lambda: _bot_acts(world, attempt), chance.expovariate(0.5))
            if chance.random() < max(0.1, world.faults):
                world.later(lambda: _bot_is_lost(world, attempt), chance.uniform(0, chance.choice((10, 60))))
            return e.BotAccepted(attempt)

        world.later(accept, chance.uniform(0, 6) if chance.random() < 0.3 else None)


def bot_talks(world: "World", attempt: int) -> None:
    if world.chance.random() < 0.8:
        world.report(e.FirstAudio(attempt, "caller"))


def _bot_is_lost(world: "World", attempt: int) -> e.Event | None:
    if not world.bots.get(attempt):
        return None
    dice = world.chance.random()
    if dice < 0.3:
        return e.WorkerLost(attempt, "the media worker went away")
    if dice < 0.4 and world.media.pop(attempt, False):
        return None if world.deaf else e.MediaGone(attempt, "the media channel ended")
    if dice < 0.5:
        return e.MediaSilent(attempt, 60.0)
    return e.BotLost(attempt, world.chance.choice(LOST), "gone", world.chance.choice((0.0, 2.0, 9.0)))


def _bot_acts(world: "World", attempt: int) -> None:
    if not world.bots.get(attempt):
        return
    chance = world.chance
    world.later(lambda: _bot_acts(world, attempt), chance.expovariate(0.5))
    act: Any = chance.choice(_ACTS)
    event: e.Event | None = act(attempt, chance)
    if event:
        world.report(event)  # the control link takes its time, and the bot may be given up meanwhile


_ACTS: Final = (
    lambda attempt, _: e.TranscriptSaid(attempt, "t", "bot", "hello"),
    lambda attempt, _: e.TranscriptSaid(attempt, "t", "caller", "hello"),
    lambda attempt, _: e.ResultReported(attempt, "r", "done"),
    lambda attempt, _: e.LogWritten(attempt, "l", "info", "hello"),
    lambda attempt, _: e.MetadataAdded(attempt, "m", {"a": 1}),
    lambda attempt, chance: e.HoldRequested(attempt, held=chance.random() < 0.4),
    lambda attempt, chance: e.HoldRequested(attempt, held=chance.random() < 0.4),
    lambda attempt, _: e.DigitsRequested(attempt, "1"),
    lambda attempt, chance: e.RecordingRequested(attempt, chance.choice(ACTIONS)),
    lambda attempt, chance: e.BotHungUp(attempt) if chance.random() < 0.3 else None,
    lambda attempt, chance: e.TransferRequested(
        attempt,
        chance.choice(("", "please")),
        chance.choice(("", "desk", "away", "queue", "all", "nobody")),
        chance.choice(("bridge", "attended", "attended")),
    ),
    lambda attempt, chance: e.FirstAudio(attempt, chance.choice(("bot", "caller"))),
    lambda attempt, chance: e.BotLost(attempt, Trigger.DROPPED) if chance.random() < 0.3 else None,
    lambda attempt, _: e.TransferCompleted(attempt),
    lambda attempt, _: e.TransferCancelled(attempt),
)


# --- a human ------------------------------------------------------------------------------------------------


def human_is_called(world: "World", command: c.DialHuman) -> None:
    attempt, chance = command.attempt, world.chance
    if world.fails():
        world.say(e.HumanGone(attempt, TransferOutcome.UNREACHABLE))
        return
    world.humans[attempt] = False
    world.show(e.HumanRinging(attempt))
    dice = chance.random()
    if dice < 0.3:
        world.later(lambda: _human_leaves(world, attempt, chance.choice(NOT_TAKEN)), chance.uniform(0, 20))
    elif dice < 0.9:
        world.later(lambda: _human_answers(world, attempt), chance.uniform(0, 20))


def _human_answers(world: "World", attempt: int) -> e.Event | None:
    if attempt not in world.humans:
        return None
    world.humans[attempt] = True
    for _ in range(2):
        pressed = e.HumanPressed(attempt, world.chance.choice("19"))
        world.show(pressed, world.chance.uniform(0, 20))
    world.later(lambda: _human_leaves(world, attempt, CANCELLED), world.chance.expovariate(1 / 20))
    return None if world.deaf else e.HumanAnswered(attempt)


def _human_leaves(world: "World", attempt: int, outcome: TransferOutcome) -> e.Event | None:
    if world.humans.pop(attempt, None) is None or world.deaf:
        return None
    return e.HumanGone(attempt, outcome)


# --- operators ----------------------------------------------------------------------------------------------


def _operator_acts(world: "World") -> e.Event | None:
    chance = world.chance
    world.later(lambda: _operator_acts(world), chance.expovariate(0.1))
    act: Any = chance.choice(_OPERATORS_ACTS)
    event: e.Event | None = act(chance)
    return event


_OPERATORS_ACTS: Final = (
    lambda chance: e.OperatorHungUp("somebody") if chance.random() < 0.3 else None,
    lambda chance: e.OperatorTransferred(
        "somebody",
        chance.choice(("", "away", "desk", "queue")),
        chance.choice(("bridge", "attended")),
        takes_over=chance.random() < 0.3,
    ),
    lambda _: e.OperatorPlayed("somebody", routes.SOUND),
    lambda _: e.OperatorPressed("somebody", "1"),
    lambda chance: e.OperatorSteered("somebody", chance.choice(routes.STEERED)),
    lambda _: e.OperatorKnows("somebody", "api-1", {"a": 1}),
    lambda chance: e.OperatorRecorded("somebody", chance.choice(ACTIONS)),
)


# --- Asterisk, and ourselves --------------------------------------------------------------------------------


def _go_deaf(world: "World") -> None:
    world.deaf = True
    world.later(lambda: _hear_again(world), world.chance.expovariate(0.5))


def _hear_again(world: "World") -> None:
    """Notes are compared (`session.reconciliation`): what we missed is made up."""
    world.deaf = False
    world.later(lambda: _go_deaf(world), world.chance.expovariate(0.05))
    call = world.call
    if call.sound is not None and world.sound is None:
        world.say(e.SoundEnded(call.sound), 0)
    if not world.caller:
        world.say(e.CallerGone(), 0)
        return
    if call.away and not world.away:
        world.say(e.CallerReturned(FAILED, "unseen"), 0)
    if call.bot and call.bot.joined and call.bot.attempt not in world.media:
        world.say(e.MediaGone(call.bot.attempt, "ended while Asterisk was away"), 0)
    for attempt in call.human.legs if call.human else ():
        if attempt not in world.humans:
            world.say(e.HumanGone(attempt, FAILED, "ended while Asterisk was away"), 0)
        elif world.humans[attempt]:
            world.say(e.HumanAnswered(attempt), 0)
    if call.arrival.placed and not call.answered:
        world.later(e.CallerAnswered, world.chance.uniform(0, 5))


def _catastrophe(world: "World") -> e.Event | None:
    if world.chance.random() < 0.5:
        return e.ShutDown()
    world.caller = world.away = False
    world.humans.clear()
    world.media.clear()
    return e.AsteriskLost()
