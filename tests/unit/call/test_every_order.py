"""What holds on every path of a call: it ends once, with one record, and holds nothing."""

from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.call.vocabulary import State, TransferOutcome
from controller.routing.route import (
    AnnouncementRung,
    AnyRung,
    BotRung,
    BusyRung,
    CallbackRung,
    Decision,
    Destination,
    DocumentRung,
    HumanRung,
    KeysRung,
    QueueRung,
    Recording,
    ReferRung,
    Route,
    Sound,
    VoicemailRung,
    WaitingLine,
)
from controller.routing.trigger import Trigger
from tests.unit.call.calls import ARRIVAL, BOT, HUMAN

attempts = st.integers(1, 4)
ACTIONS = st.sampled_from(["start", "pause", "resume", "stop"])
EVENTS: dict[type[e.Event], st.SearchStrategy[Any]] = {
    e.CallerGone: st.just(e.CallerGone(16)),
    e.CallerPressed: st.builds(e.CallerPressed, st.sampled_from("01")),
    e.CallerReturned: st.builds(e.CallerReturned, st.one_of(st.none(), st.sampled_from(TransferOutcome))),
    e.SoundEnded: st.builds(e.SoundEnded, attempts),
    e.RecordingEnded: st.builds(e.RecordingEnded, st.just("name"), st.sampled_from([0.0, 3.0])),
    e.LineMoved: st.builds(e.LineMoved, st.integers(1, 3)),
    e.TransferRequested: st.builds(
        e.TransferRequested,
        attempts,
        st.sampled_from(["", "please"]),
        st.sampled_from(["", "desk", "away", "nobody"]),
        st.sampled_from(["bridge", "attended"]),
    ),
    e.MetadataAdded: st.builds(e.MetadataAdded, attempts, st.just("m")),
    e.RecordingRequested: st.builds(e.RecordingRequested, attempts, ACTIONS),
    e.OperatorRecorded: st.builds(e.OperatorRecorded, st.just("somebody"), ACTIONS),
    e.RecordingChanged: st.builds(
        e.RecordingChanged, st.integers(1, 3), st.sampled_from(["recording", "paused", "stopped", "failed", "lost"])
    ),
    e.HoldRequested: st.builds(e.HoldRequested, attempts, st.booleans()),
    e.DigitsRequested: st.builds(e.DigitsRequested, attempts, st.just("1")),
    e.HumanPressed: st.builds(e.HumanPressed, attempts, st.sampled_from("19")),
    e.OperatorHungUp: st.just(e.OperatorHungUp("somebody")),
    e.OperatorTransferred: st.builds(
        e.OperatorTransferred,
        st.just("somebody"),
        st.sampled_from(["", "away"]),
        st.sampled_from(["bridge", "attended"]),
        st.just(""),
        st.booleans(),
    ),
    e.OperatorPlayed: st.just(e.OperatorPlayed("somebody", Sound(text="hello"))),
    e.OperatorPressed: st.just(e.OperatorPressed("somebody", "1")),
    e.OperatorSteered: st.builds(e.OperatorSteered, st.just("somebody"), st.sampled_from([(), (BOT,), (HUMAN, BOT)])),
    e.OperatorKnows: st.just(e.OperatorKnows("somebody", "api-1", {"a": 1})),
    e.CallerHeld: st.builds(e.CallerHeld, st.booleans()),
    e.MediaGone: st.builds(e.MediaGone, attempts, st.just("gone")),
    e.MediaSilent: st.builds(e.MediaSilent, attempts, st.just(60.0)),
    e.FirstAudio: st.builds(e.FirstAudio, attempts, st.sampled_from(["bot", "caller"])),
    e.BotLost: st.builds(e.BotLost, attempts, st.sampled_from(Trigger), st.just(""), st.sampled_from([0.0, 2.0, 9.0])),
    e.BotChosen: st.builds(e.BotChosen, attempts, st.just(BotRung("ws://chosen/")), st.just("x"), st.booleans()),
    e.HumanGone: st.builds(e.HumanGone, attempts, st.sampled_from(TransferOutcome)),
    e.TranscriptSaid: st.builds(e.TranscriptSaid, attempts, st.just("t"), st.just("bot"), st.just("hello")),
    e.ResultReported: st.builds(e.ResultReported, attempts, st.just("r"), st.just("done")),
    e.LogWritten: st.builds(e.LogWritten, attempts, st.just("l"), st.just("info"), st.just("hello")),
    e.Stored: st.builds(e.Stored, attempts, st.just("t")),
    e.CommandFailed: st.just(e.CommandFailed("AnswerCaller", "no")),
    e.Released: st.just(e.Released()),
}
for _kind in get_args(e.Event):
    if _kind not in EVENTS:
        EVENTS[_kind] = st.builds(_kind, attempts) if "attempt" in _kind.__slots__ else st.just(_kind())

SOUND = Sound(text="hello")
PATIENT = BotRung("ws://patient/", waiting=WaitingLine(seconds_max=5, announce_seconds=2), first_audio_seconds=3)
DESK = HumanRung("PJSIP/a", others=("PJSIP/b",), whisper=SOUND, accept_digit="1", otherwise="next")
EVERYBODY = HumanRung("PJSIP/a", others=("PJSIP/b",), order="at_once")
RUNGS: list[AnyRung] = [
    BOT, HUMAN, PATIENT, DESK, EVERYBODY, ReferRung("sip:a@b"), QueueRung("sales"), VoicemailRung(SOUND),
    CallbackRung(SOUND), AnnouncementRung(SOUND), BusyRung(486), HumanRung("PJSIP/c", on=frozenset({Trigger.CLOSED})),
    DocumentRung("https://a/", host="a"), KeysRung("1w#"),
]  # fmt: skip
RECORDINGS = [Recording(), Recording("always"), Recording("always", SOUND), Recording("on_demand", SOUND)]
ladders = st.lists(st.sampled_from(RUNGS), max_size=4).map(tuple)
WAITS_FOR_OTHERS = {State.TALKING, State.CONSULTING, State.WITH_HUMAN, State.AWAY, State.ENDED}
"""May last as long as people talk."""


def only_waits(call: Call) -> bool:
    """For keys to be pressed, or to hear how it goes on; the deadline of that is checked as any other."""
    return call.rung < len(call.route.ladder) and isinstance(call.route.ladder[call.rung], DocumentRung | KeysRung)


class World:
    """What the commands of one call hold in Asterisk and in the media worker."""

    def __init__(self) -> None:
        self.bots: set[int] = set()
        self.humans: set[int] = set()
        self.records = [0, 0]
        self.caller_ended = 0
        self.answers = 0
        self.in_line = False
        self.music = False
        self.recorded: set[int] = set()

    def obey(self, command: c.Command) -> None:
        self._hear(command)
        match command:
            case c.OpenBot(attempt=attempt):
                self.bots.add(attempt)
            case c.CloseBot(attempt=attempt):
                self.bots.discard(attempt)
            case c.DialHuman(attempt=attempt):
                self.humans.add(attempt)
            case c.HangUpHuman(attempt=attempt):
                self.humans.discard(attempt)
            case c.RecordCall(number=number, action="start"):
                assert not self.recorded, "one recording at a time"
                self.recorded.add(number)
            case c.RecordCall(number=number, action="stop"):
                self.recorded.discard(number)
            case c.RecordCall(number=number):
                assert number in self.recorded, "only what is recorded can be paused"
            case c.HangUpCaller() | c.HandToDialplan():
                self.caller_ended += 1
            case c.OpenRecord():
                self.records[0] += 1
            case c.CloseRecord():
                self.records[1] += 1
            case _:
                pass

    def _hear(self, command: c.Command) -> None:
        match command:
            case c.AnswerCaller():
                self.answers += 1
            case c.JoinLine():
                self.in_line = True
            case c.LeaveLine():
                self.in_line = False
            case c.StartMusic():
                assert not self.music, "one thing at a time"
                self.music = True
            case c.StopMusic():
                self.music = False
            case _:
                pass


@given(
    ladders,
    st.lists(st.one_of(*EVENTS.values()), max_size=80),
    st.booleans(),
    st.sets(st.integers(0, 3), max_size=2),
    st.sampled_from(RECORDINGS),
)
@settings(max_examples=1000, deadline=None)
def test_every_order_of_events_ends_once(
    ladder: tuple[AnyRung, ...], events: list[e.Event], with_human: bool, closed: set[int], recording: Recording
) -> None:
    humans: dict[str, Destination] = {"desk": DESK, "away": ReferRung("sip:a@b")}
    route = Route("r", ladder, HUMAN if with_human else None, humans, escape="0", recording=recording)
    call = Call("id", ARRIVAL, Decision(route, "", dict.fromkeys(closed, "closed")), now=0.0)
    world = World()
    caller_left = False
    commands = call.begin()
    for now, event in enumerate([*events, e.CallerGone(), e.Released()], start=1):
        for command in commands:
            world.obey(command)
        before = world.caller_ended
        commands = call.receive(event, float(now))
        if isinstance(event, e.RecordingChanged) and event.state == "failed":
            world.recorded.discard(event.number)
        if isinstance(event, e.HumanGone):
            world.humans.discard(event.attempt)
        caller_left = caller_left or isinstance(event, e.CallerGone | e.AsteriskLost)
        if caller_left:
            assert not any(isinstance(x, c.HangUpCaller | c.HandToDialplan) for x in commands) or before
        assert call.deadline is not None or call.state in WAITS_FOR_OTHERS, "a state that waits for us has a deadline"
        assert call.state is not State.ENDED or call.deadline is None, "no timer is left"
        assert (
            call.ending
            or call.bot
            or call.human
            or call.away
            or call.line
            or call.sound
            or call.recording
            or only_waits(call)
        ), "no rung"
    for command in commands:
        world.obey(command)
    assert call.state is State.ENDED
    assert world.records == [1, 1]
    assert world.caller_ended <= 1
    assert world.answers <= 1
    assert not world.in_line
    assert world.bots == set()
    assert world.humans == set()
    assert world.recorded == set()
    assert call.bot is None
    assert call.human is None
    assert call.receive(e.CallerGone(), 1000.0) == []
