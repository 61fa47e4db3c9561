"""Routes that differ in all that a call can meet, by chance."""

from dataclasses import replace
from random import Random

from controller.routing.route import (
    AnnouncementRung,
    AnyRung,
    Arrival,
    BotRung,
    BusyRung,
    CallbackRung,
    Decision,
    Destination,
    DocumentRung,
    HumanRung,
    Placed,
    QueueRung,
    Recording,
    ReferRung,
    Route,
    Sound,
    VoicemailRung,
    WaitingLine,
)
from controller.routing.trigger import Trigger

SOUND = Sound(text="hello")
BOT = BotRung("ws://bot/", reconnect_seconds=0)
FAITHFUL = BotRung("ws://faithful/", reconnect_seconds=20)
PATIENT = BotRung("ws://patient/", waiting=WaitingLine(seconds_max=30, announce_seconds=10), first_audio_seconds=3)
SECOND = BotRung("ws://second/", on=frozenset({Trigger.BUSY, Trigger.DROPPED, Trigger.ESCAPE}))
CHOSEN = BotRung("ws://usual/", choose_url="https://chooser/")
HUMAN = HumanRung("PJSIP/human")
DESK = HumanRung("PJSIP/a", others=("PJSIP/b",), whisper=SOUND, accept_digit="1", otherwise="next")
EVERYBODY = HumanRung("PJSIP/a", others=("PJSIP/b", "PJSIP/c"), order="at_once")
REFERRED, QUEUED = ReferRung("sip:a@b"), QueueRung("sales")
RUNGS: tuple[AnyRung, ...] = (
    BOT, BOT, FAITHFUL, PATIENT, PATIENT, SECOND, CHOSEN, HUMAN, DESK, EVERYBODY, REFERRED, QUEUED,
    VoicemailRung(SOUND), CallbackRung(SOUND), AnnouncementRung(SOUND), BusyRung(486),
    HumanRung("PJSIP/c", on=frozenset({Trigger.CLOSED})),
)  # fmt: skip
PLACED_TO: tuple[AnyRung, ...] = (BOT, FAITHFUL, SECOND, CHOSEN)
"""Nobody is called in order to wait in line, or to be told something (`session.placing`)."""
STEERED: tuple[tuple[AnyRung, ...], ...] = (
    (BOT,), (HUMAN, BOT), (AnnouncementRung(SOUND), DocumentRung("https://a/", host="a")), (DESK, REFERRED),
)  # fmt: skip
HUMANS: dict[str, Destination] = {"desk": DESK, "away": REFERRED, "queue": QUEUED, "all": EVERYBODY}
RECORDINGS = (Recording(), Recording("always"), Recording("always", SOUND), Recording("on_demand", SOUND))


def decision(chance: Random, arrival: Arrival) -> Decision:
    rungs = PLACED_TO if arrival.placed else RUNGS
    ladder = tuple(chance.choice(rungs) for _ in range(chance.choice((0, 1, 2, 2, 3, 4))))
    human = chance.choice((None, HUMAN, DESK, EVERYBODY, REFERRED))
    route = Route("r", ladder, human, HUMANS, escape="0", recording=chance.choice(RECORDINGS))
    closed = {index: "closed" for index in range(len(ladder)) if chance.random() < 0.1}
    return Decision(route, "by chance", closed)


def completed(bot: BotRung) -> BotRung:
    """With the secrets that are not kept."""
    return replace(bot, choose_url=CHOSEN.choose_url) if bot.url == CHOSEN.url else bot


def arrival(chance: Random) -> Arrival:
    number = chance.choice(("+493023125200", ""))
    placed = Placed("PJSIP/x", 30.0, "somebody") if chance.random() < 0.2 else None
    return Arrival("api" if placed else "trunk", number, "", "+493023125000", placed=placed)
