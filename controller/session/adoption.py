"""Going on with a call that another controller began. Pure: how the call was left and what is there -> what to do.

What happened since is made up as events, in an order that leads the call to where things are; and what was asked for
and perhaps never done is asked for again, where that does no harm.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from controller.ari import ids
from controller.ari.events import Channel
from controller.call import commands as c
from controller.call import events as e
from controller.call import recording
from controller.call.call import Call
from controller.call.causes import NORMAL_CLEARING
from controller.call.finish import DIALPLAN_TAKES
from controller.call.legs import BotLeg, HumanParty
from controller.call.vocabulary import State, TransferOutcome
from controller.routing.route import DocumentRung

UNSEEN = "while no controller was there"

FIRST: Final = e.CallerAnswered | e.MediaJoined | e.BotAccepted
"""Of the news: what a bot has said since rests on these. A call that was kept as ringing would not hear its request."""


@dataclass(slots=True)
class Found:
    """Of one call."""

    caller: Channel | None
    """None: the caller's channel is gone."""
    caller_here: bool = True
    """It is in our application, not with the dialplan."""
    channels: dict[str, Channel] = field(default_factory=dict)
    """Those that we made, by id."""
    bridges: dict[str, frozenset[str]] = field(default_factory=dict)
    """Id -> channels in it."""
    bots: dict[int, bool] = field(default_factory=dict)
    """Attempt -> whether the bot has accepted and is there: sessions in media workers."""
    sounds: frozenset[str] = frozenset()
    """Playbacks under way."""
    asterisk_restarted: bool = False

    @property
    def bridge(self) -> frozenset[str]:
        """Who is in the call's own bridge."""
        return next((inside for name, inside in self.bridges.items() if name.endswith("-bridge")), frozenset())


def wanted_sounds(call: Call) -> list[str]:
    """Ids of the playbacks that the call waits for."""
    wanted = [] if call.sound is None else [f"{call.id}-sound-{call.sound}"]
    picked = call.human.picked if call.human else None
    return wanted if picked is None else [*wanted, f"{call.id}-whisper-{picked}"]


def unwanted_channels(call: Call, found: Found) -> list[str]:
    """Of legs that the call has given up, and of its recording, which begins anew."""
    bot = {ids.media_id(call.id, call.bot.attempt)} if call.bot else set()
    humans = {ids.agent_id(call.id, attempt) for attempt in call.human.legs} if call.human else set()
    return sorted(found.channels.keys() - bot - humans - {ids.callee_id(call.id)})


def unjoined_media(call: Call, found: Found) -> int | None:
    """The attempt whose media channel is there and not in the bridge."""
    bot = call.bot
    if bot is None or bot.joined or bot.attempt not in found.bots or call.state is State.CONSULTING:
        return None
    media = ids.media_id(call.id, bot.attempt)
    return bot.attempt if media in found.channels and media not in found.bridge else None


def news(call: Call, found: Found) -> Iterator[e.Event]:
    """What has happened since."""
    if call.state is State.ENDING:
        return
    if found.caller is None:
        yield e.AsteriskLost() if found.asterisk_restarted else e.CallerGone()
        return
    if not call.answered and found.caller.state == "Up":
        yield e.CallerAnswered()
    if call.bot:
        yield from _of_the_bot(call, call.bot, found)
    if call.human:
        yield from _of_the_human(call, call.human, found)
    if call.sound is not None and f"{call.id}-sound-{call.sound}" not in found.sounds:
        yield e.SoundEnded(call.sound)


def parted(news: Iterable[e.Event]) -> tuple[list[e.Event], list[e.Event]]:
    """What comes before all that media workers have told meanwhile, and what after it: before an end."""
    news = list(news)
    first = [event for event in news if isinstance(event, FIRST)]
    return first, [event for event in news if not isinstance(event, FIRST)]


def _of_the_bot(call: Call, bot: BotLeg, found: Found) -> Iterator[e.Event]:
    media = ids.media_id(call.id, bot.attempt)
    if bot.attempt not in found.bots:
        yield e.WorkerLost(bot.attempt, f"its session ended {UNSEEN}")
    elif bot.joined and media not in found.channels:
        yield e.MediaGone(bot.attempt, f"ended {UNSEEN}")
    elif found.bots[bot.attempt]:
        if media in found.bridge:
            yield e.MediaJoined(bot.attempt)
        yield e.BotAccepted(bot.attempt)
    elif bot.accepted:
        yield e.WorkerLost(bot.attempt, f"the bot went away {UNSEEN}")


def _of_the_human(call: Call, party: HumanParty, found: Found) -> Iterator[e.Event]:
    for attempt in party.legs:
        agent = ids.agent_id(call.id, attempt)
        channel = found.channels.get(agent)
        if channel is None:
            yield e.HumanGone(attempt, TransferOutcome.FAILED, f"ended {UNSEEN}")
        elif party.picked is None and channel.state == "Up":
            yield e.HumanAnswered(attempt)
        elif party.picked == attempt and call.state is State.WHISPERING:
            if f"{call.id}-whisper-{attempt}" not in found.sounds:
                yield e.WhisperEnded(attempt)
        elif party.picked == attempt and agent in found.bridges.get(ids.consult_id(call.id, attempt), ()):
            if call.deadline is not None:
                yield e.ConsultBegun(attempt)
        elif party.accepted and agent in found.bridge:
            yield e.HumanJoined(attempt)


def again(call: Call, found: Found) -> Iterator[c.Command]:
    """What was asked for and is not so."""
    if call.state is State.ENDING:
        if found.caller and found.caller_here:
            gives_away = call.ending in DIALPLAN_TAKES and (call.answered or not call.arrival.placed)
            yield c.HandToDialplan() if gives_away else c.HangUpCaller(NORMAL_CLEARING)
        yield c.Release()
        return
    if found.caller is None:
        return
    if not found.bridges and not call.arrival.placed:
        yield c.OpenBridge()
    elif found.caller_here and found.caller.id not in found.bridge and not (call.recording or call.away):
        yield c.TakeBack()
    if call.answering and found.caller.state != "Up":
        yield c.AnswerCaller()
    yield from _legs_again(call, found)
    if call.line:
        yield c.JoinLine(call.line.rung)
    rung = call.route.ladder[call.rung] if 0 <= call.rung < len(call.route.ladder) else None
    if call.state is State.ANNOUNCING and isinstance(rung, DocumentRung):
        yield c.AskDocument(rung, call.reached)
    yield from _recording_again(call)


def _legs_again(call: Call, found: Found) -> Iterator[c.Command]:
    if call.bot and call.bot.attempt in found.bots:
        bot = call.bot
        made = ids.media_id(call.id, bot.attempt) in found.channels
        if not made and not bot.joined and (bot.accepted or not bot.media_later):
            yield c.OpenMedia(bot.attempt, bot.rung)
        if call.state is State.TALKING:
            yield c.PlayBot(bot.attempt)
    party = call.human
    if party and party.accepted and party.picked is not None and call.state is State.DIALLING:
        agent = ids.agent_id(call.id, party.picked)
        if agent in found.channels and agent not in found.bridge:
            yield c.JoinHuman(party.picked)


def _recording_again(call: Call) -> Iterator[c.Command]:
    """What there was is kept, and another recording begins: a new one cannot be paused in time."""
    if not call.tape.running:
        return
    call.tape.running = False
    if call.tape.paused:
        yield call.note("recording_lost", "it was paused, and is not begun again by itself")
    else:
        yield call.note("recording_interrupted", "another controller goes on with it")
        yield from recording.start(call)
