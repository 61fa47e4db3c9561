"""Everything that a call meets: the caller, Asterisk, the media worker, bots, humans, operators, and faults.

It promises what the real ones promise (the docstrings in `call.commands`), late and in any order, and breaks at random
what they may break: requests fail, legs vanish, and Asterisk is not heard for a while, after which notes are compared.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import State
from tests.simulation import people, routes
from tests.simulation.invariants import Broken, allow, check

EVENTS_MAX: Final = 400
"""Of one call: a caller who is still there then hangs up."""
OVER_SECONDS: Final = 60.0
"""Of virtual time, from the end of the caller to the end of the call."""

CALL: Final = "20261122-163012-k3v9qx"

Happening = Callable[[], e.Event | None]


@dataclass(frozen=True)
class Told:
    """One event and what the call did about it."""

    at: float
    state: State
    event: e.Event | None
    commands: list[c.Command]


class World:
    """One call's; everything in it follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = Random(seed)  # noqa: S311 - no secret
        self.now = 0.0
        self.faults = chance.choice((0.0, 0.02, 0.1, 0.3))
        """How often what is asked for fails."""
        self.slowness = chance.choice((0.01, 0.1, 1.0))
        """Seconds that an answer takes, more or less."""
        self.crowded = chance.random() < 0.3
        """Bots are busy, and callers wait in line."""
        arrival = routes.arrival(chance)
        self.call = Call(CALL, arrival, routes.decision(chance, arrival), now=0.0)
        self._due: list[tuple[float, int, Happening]] = []
        self._planned = 0
        # What there is:
        self.caller = True
        self.caller_known_gone = False
        self.away = False
        self.music = self.in_line = False
        self.sound: int | None = None
        self.bots: dict[int, bool] = {}
        """Attempt -> accepted."""
        self.media: dict[int, bool] = {}
        """Attempt -> in the bridge."""
        self.humans: dict[int, bool] = {}
        """Attempt -> picked up."""
        self.whispers: set[int] = set()
        self.joined: set[int] = set()
        """Humans who are in the bridge with the caller; those who talk to the bot: `consulted`."""
        self.consulted: set[int] = set()
        self.up = False
        """The caller's channel is."""
        self.deaf = self.dead = False
        """Asterisk's events do not reach us; there is no controller."""
        self.controllers = 1
        # What was asked for:
        self.wanted_bots: set[int] = set()
        self.wanted_humans: set[int] = set()
        self.recordings: set[int] = set()
        self.opened = self.closed = self.caller_ended = self.answers = 0
        self.noted_at = 0.0

    # --- time -----------------------------------------------------------------------------------------------

    def later(self, happening: Happening, seconds: float | None = None) -> None:
        """Let something happen; by default as late as this world is slow."""
        delay = self.chance.expovariate(1 / self.slowness) if seconds is None else seconds
        self._planned += 1
        heapq.heappush(self._due, (self.now + delay, self._planned, happening))

    def say(self, event: e.Event, seconds: float | None = None) -> None:
        """An answer to a request: nobody hears it where who asked has died."""
        asked_by = self.controllers
        self.later(lambda: event if self.controllers == asked_by else None, seconds)

    def report(self, event: e.Event, seconds: float | None = None) -> None:
        """The media worker's word, which is kept until somebody hears it."""
        self.later(lambda: self._kept(event), seconds)

    def _kept(self, event: e.Event) -> e.Event | None:
        if self.dead:
            self.report(event, 0.1)
            return None
        return event

    def show(self, event: e.Event, seconds: float | None = None) -> None:
        """An event of Asterisk's: lost where nobody hears it."""
        self.later(lambda: None if self.deaf else event, seconds)

    def fails(self) -> bool:
        return self.chance.random() < self.faults

    # --- one call -------------------------------------------------------------------------------------------

    def play(self) -> Iterator[Told]:
        """Every event until the end. Raises Broken."""
        people.enter(self)
        yield from self._happen(None, self.call.begin())
        count, gone_at = 0, None
        while self.call.state is not State.ENDED:
            event = self._next()
            call = self.call
            if event is None or self.dead:
                continue
            count += 1
            if count == EVENTS_MAX and self.caller:
                self.caller_leaves()
            if isinstance(event, e.CallerGone | e.AsteriskLost):
                self.caller_known_gone = True
            if gone_at is None and not self.caller and not self.deaf and not self.dead:
                gone_at = self.now
            if gone_at is not None and self.now - gone_at > OVER_SECONDS:
                raise Broken(f"{OVER_SECONDS:g} s after its caller the call is still there, {call.state}")
            yield from self._happen(event, call.receive(event, self.now))
            if isinstance(event, e.DeadlinePassed) and call.deadline is not None and call.deadline <= self.now:
                raise Broken(f"a deadline that has passed stays, {call.state}")

    def _happen(self, event: e.Event | None, commands: list[c.Command]) -> Iterator[Told]:
        yield Told(self.now, self.call.state, event, commands)
        people.see(self, event)
        self.obey(commands)
        if not self.dead:
            check(self.call, self)

    def obey(self, commands: Iterable[c.Command]) -> None:
        for command in commands:
            allow(self, command)
            order = ORDERS.get(type(command))
            if order:
                order(self, command)

    def _next(self) -> e.Event | None:
        """The next event, or the deadline's when that comes first."""
        deadline = None if self.dead else self.call.deadline
        if deadline is not None and (not self._due or deadline <= self._due[0][0]):
            self.now = max(self.now, deadline)
            return e.DeadlinePassed()
        if not self._due:
            raise Broken(f"nothing will ever happen again, {self.call.state}")
        self.now, _, happening = heapq.heappop(self._due)
        return happening()

    def caller_leaves(self) -> None:
        self.caller = self.away = False
        self.show(e.CallerGone(16))


# --- what is asked for ----------------------------------------------------------------------------------------


def _fail_or(world: World, command: c.Command, event: e.Event | None = None) -> None:
    """What the call cannot do without: it fails only while the caller is there (`caller_leg`)."""
    if world.fails() and world.caller:
        world.say(e.CommandFailed(type(command).__name__, "no"))
    elif event and world.caller:
        world.say(event)


def _answer(world: World, command: c.AnswerCaller) -> None:
    world.answers += not world.up
    world.up = True
    _fail_or(world, command, e.CallerAnswered())


def _place(world: World, _: c.PlaceCall) -> None:
    if world.fails():
        world.caller = False
        world.show(e.CallerGone(world.chance.choice((17, 19, 21, 34))), world.chance.uniform(0, 30))
    else:
        world.later(lambda: _pick_up(world), world.chance.uniform(0.1, 20))


def _pick_up(world: World) -> e.Event | None:
    world.up = True
    return None if world.deaf else e.CallerAnswered()


def _start_music(world: World, _: c.StartMusic) -> None:
    world.music = True


def _stop_music(world: World, _: c.StopMusic) -> None:
    world.music = False


def _play(world: World, command: c.PlaySound) -> None:
    world.sound = command.number

    def ended() -> e.Event | None:
        if world.sound == command.number:
            world.sound = None
        return None if world.deaf else e.SoundEnded(command.number)

    world.later(ended, 0.01 if world.fails() else world.chance.uniform(0.5, 15))


def _stop_sound(world: World, _: c.StopSound) -> None:
    world.sound = None


def _record_caller(world: World, _: c.RecordCaller) -> None:
    seconds = 0.0 if world.fails() else world.chance.uniform(0, 20)
    world.show(e.RecordingEnded("name", seconds), seconds)


def _record_call(world: World, command: c.RecordCall) -> None:
    number, failed = command.number, world.fails()
    if command.action == "start":
        if world.recordings:
            raise Broken("one recording at a time")
        world.recordings.add(number)
    elif command.action == "stop":
        world.recordings.discard(number)
    elif number not in world.recordings:
        raise Broken("only what is recorded can be paused")
    state: Any = {"start": "recording", "resume": "recording", "pause": "paused", "stop": "stopped"}[command.action]

    asked_by = world.controllers

    def done() -> e.Event | None:
        if world.controllers != asked_by:
            return None
        if failed:
            world.recordings.discard(number)
        return e.RecordingChanged(number, "failed" if failed else state)

    world.later(done)


def _send_away(world: World, _: c.SendAway) -> None:
    world.away = True
    outcome = world.chance.choice(people.OUTCOMES)

    def back() -> e.Event | None:
        if not world.away:
            return None
        world.away = False
        return None if world.deaf else e.CallerReturned(outcome)

    if world.chance.random() < 0.8:
        world.later(back, world.chance.uniform(0, 60))


def _ask_document(world: World, _: c.AskDocument) -> None:
    call, rung = world.call, world.call.rung

    def asked() -> e.Event | None:
        if call is not world.call or call.rung != rung:
            return None  # as the session does
        if world.fails():
            return e.OperatorHungUp("the document's author")
        return e.OperatorSteered("the document's author", world.chance.choice(routes.STEERED))

    if not world.fails():
        world.later(asked)


def _take_back(world: World, command: c.TakeBack) -> None:
    _fail_or(world, command)


def _end_caller(world: World, _: c.Command) -> None:
    world.caller_ended += 1
    world.caller_known_gone = True
    world.caller = world.away = world.music = False
    world.sound = None
    world.show(e.CallerGone(16))


def _join_line(world: World, _: c.JoinLine) -> None:
    world.in_line = True
    if world.fails():
        world.say(e.LineFull("full"), 0)
        return
    world.say(e.LineMoved(2), 0)
    for _again in range(world.chance.randrange(3)):
        world.later(lambda: e.TurnCame() if world.in_line else None, world.chance.uniform(0, 40))


def _leave_line(world: World, _: c.LeaveLine) -> None:
    world.in_line = False


def _open_bot(world: World, command: c.OpenBot) -> None:
    world.wanted_bots.add(command.attempt)
    world.bots[command.attempt] = False
    people.bot_is_asked(world, command)


def _open_media(world: World, command: c.OpenMedia) -> None:
    attempt = command.attempt
    if world.fails():
        world.say(e.MediaGone(attempt, "no"))
        return
    world.media[attempt] = False
    asked_by = world.controllers

    def joined() -> e.Event | None:
        if world.controllers != asked_by:
            return None
        if attempt not in world.media:
            return e.MediaGone(attempt, "ended before it entered Stasis")
        world.media[attempt] = True
        return e.MediaJoined(attempt)

    world.later(joined)


def _play_bot(world: World, command: c.PlayBot) -> None:
    if command.attempt not in world.wanted_bots:
        raise Broken("a bot that is closed is not played")
    people.bot_talks(world, command.attempt)


def _close_bot(world: World, command: c.CloseBot) -> None:
    world.wanted_bots.discard(command.attempt)
    world.bots.pop(command.attempt, None)
    world.media.pop(command.attempt, None)


def _tell(world: World, command: Any) -> None:
    if command.attempt not in world.wanted_bots:
        raise Broken(f"a bot that is closed is told {command}")


def _dial(world: World, command: c.DialHuman) -> None:
    world.wanted_humans.add(command.attempt)
    people.human_is_called(world, command)


def _hang_up_human(world: World, command: c.HangUpHuman) -> None:
    if command.attempt not in world.wanted_humans:
        raise Broken("only a human whose phone was dialled is hung up on, once")
    world.wanted_humans.discard(command.attempt)
    if world.humans.pop(command.attempt, None) is not None:
        world.show(e.HumanGone(command.attempt, people.CANCELLED))


def _whisper(world: World, command: c.Whisper) -> None:
    _to_human(world, command.attempt)
    world.whispers.add(command.attempt)

    def ended() -> e.Event | None:
        world.whispers.discard(command.attempt)
        return None if world.deaf else e.WhisperEnded(command.attempt)

    world.later(ended, 0.01 if world.fails() else world.chance.uniform(0, 10))


def _consult(world: World, command: c.Consult) -> None:
    _to_human(world, command.attempt)
    _join_or_lose(world, command.attempt, e.ConsultBegun(command.attempt), world.consulted)


def _join_human(world: World, command: c.JoinHuman) -> None:
    _to_human(world, command.attempt)
    _join_or_lose(world, command.attempt, e.HumanJoined(command.attempt), world.joined)


def _join_or_lose(world: World, attempt: int, event: e.Event, where: set[int]) -> None:
    asked_by = world.controllers

    def done() -> e.Event | None:
        if world.controllers != asked_by:
            return None
        if world.fails() or attempt not in world.humans:
            world.humans.pop(attempt, None)
            return e.HumanGone(attempt, people.FAILED)
        where.add(attempt)
        return event

    world.later(done)


def _to_human(world: World, attempt: int) -> None:
    if attempt not in world.wanted_humans:
        raise Broken("a human who has been given up is left alone")


def _release(world: World, _: c.Release) -> None:
    if not world.fails():
        world.say(e.Released())


def _save(world: World, command: c.Save) -> None:
    world.say(e.Stored(command.item.attempt, command.item.id))


def _open_record(world: World, _: c.OpenRecord) -> None:
    world.opened += 1


def _close_record(world: World, _: c.CloseRecord) -> None:
    world.closed += 1


ORDERS: Final[dict[type[Any], Callable[[World, Any], None]]] = {
    c.OpenBridge: _fail_or,
    c.AnswerCaller: _answer,
    c.PlaceCall: _place,
    c.StartMusic: _start_music,
    c.StopMusic: _stop_music,
    c.PlaySound: _play,
    c.StopSound: _stop_sound,
    c.RecordCaller: _record_caller,
    c.RecordCall: _record_call,
    c.SendAway: _send_away,
    c.AskDocument: _ask_document,
    c.TakeBack: _take_back,
    c.HangUpCaller: _end_caller,
    c.HandToDialplan: _end_caller,
    c.JoinLine: _join_line,
    c.LeaveLine: _leave_line,
    c.OpenBot: _open_bot,
    c.OpenMedia: _open_media,
    c.PlayBot: _play_bot,
    c.CloseBot: _close_bot,
    c.TellDigit: _tell,
    c.TellTransfer: _tell,
    c.TellNotNow: _tell,
    c.TellStored: _tell,
    c.TellMetadata: _tell,
    c.TellRecording: _tell,
    c.DialHuman: _dial,
    c.HangUpHuman: _hang_up_human,
    c.Whisper: _whisper,
    c.Consult: _consult,
    c.JoinHuman: _join_human,
    c.Release: _release,
    c.Save: _save,
    c.OpenRecord: _open_record,
    c.CloseRecord: _close_record,
}
"""The others ask for nothing that comes back."""
