"""How each kind of rung takes a call."""

from dataclasses import replace
from typing import Final

from controller.call import ear, finish
from controller.call.commands import (
    AskDocument,
    Commands,
    DialHuman,
    JoinLine,
    OpenBot,
    OpenMedia,
    PressKeys,
    SaveCallback,
    SendAway,
    TellTransfer,
)
from controller.call.legs import Away, BotLeg, HumanParty, Line, Request
from controller.call.state import CallState
from controller.call.vocabulary import Ending, State
from controller.routing.route import (
    AnnouncementRung,
    AnyRung,
    BotRung,
    BusyRung,
    CallbackRung,
    Destination,
    DocumentRung,
    HumanRung,
    KeysRung,
    QueueRung,
    ReferRung,
    Sound,
    VoicemailRung,
)

ACCEPT_MARGIN_SECONDS: Final = 2.0
"""The media worker watches the bot's own deadline; ours is for a worker that says nothing at all."""
DIAL_MARGIN_SECONDS: Final = 2.0
"""Asterisk ends the ringing itself; ours is for an Asterisk that says nothing."""
ANNOUNCEMENT_SECONDS: Final = 120.0
"""Longest time for an announcement, should Asterisk never report its end."""
DOCUMENT_SECONDS: Final = 15.0
"""For the next document of whoever steers the call, and for all that is said in it to be made."""
WORKER_SECONDS: Final = 10.0
"""For a media worker that died to be there again, where there is no other: usually a second or two, with music."""
KEY_SECONDS: Final = 0.2
"""Of one key, half of it silence: as Asterisk presses it."""
PAUSE_SECONDS: Final = 0.5
"""Of a `w` among keys."""
KEYS_MARGIN_SECONDS: Final = 0.2
"""For the request, and between the last key and what comes next."""
REFER_SECONDS: Final = 40.0
"""Asterisk gives up after 32 s where nobody replies; some systems say 202 and never what came of it."""
RECORDING_MARGIN_SECONDS: Final = 10.0
"""Asterisk ends the recording itself; ours is for greeting and beep, and for one that says nothing."""

RINGBACK: Final = "ringback"
"""The class of music that is a ringing tone: Asterisk's own indication is not heard in a bridge."""
MUSIC: Final = "music"

REFUSALS: Final = {480: 19, 486: 17, 503: 34, 600: 17, 603: 21}
"""SIP status to the Q.850 cause of which Asterisk makes it (600: Asterisk has none of its own, and says 486)."""


def take(call: CallState, rung: AnyRung) -> Commands:
    """Let this rung have the call."""
    match rung:
        case BotRung():
            yield from ear.music(call, RINGBACK)
            yield from offer(call, rung)
        case HumanRung() | ReferRung() | QueueRung():
            call.set_out(named(rung))
            yield from go_to(call, rung, None)
        case VoicemailRung():
            call.told = True
            yield from ear.play(call, rung.greeting)
            call.enter(State.RECORDING, ANNOUNCEMENT_SECONDS)
        case CallbackRung():
            yield from call_back(call, rung)
        case AnnouncementRung():
            call.told = True
            yield from announce(call, rung.sound, None)
        case KeysRung(keys=keys):
            yield from press(call, keys)
        case DocumentRung():
            yield from ear.quiet(call)
            call.last_words = None
            yield AskDocument(rung, call.reached)
            call.enter(State.ANNOUNCING, DOCUMENT_SECONDS)
        case BusyRung():
            yield from finish.end(call, Ending.REFUSED, REFUSALS[rung.status])


# --- a bot --------------------------------------------------------------------------------------------------


def offer(call: CallState, rung: BotRung, *, resumed: BotLeg | None = None) -> Commands:
    """Ask a bot while the phone rings, and have media ready by the time it accepts.

    A caller who hears music gets the media channel only then: one that joins the bridge and leaves it within
    milliseconds, as where the bot refuses, can leave the caller deaf (Asterisk 22.10.1).
    `resumed`: as it was when the connection was lost, of a bot that talked to the caller already.
    """
    if call.reconnect_until is not None:
        rung = replace(rung, accept_seconds=min(rung.accept_seconds, max(0.1, call.reconnect_until - call.now)))
    token = resumed.resume_token if resumed else ""
    call.bot = BotLeg(call.next_attempt(), rung, media_later=bool(call.music), resume_token=token)
    yield OpenBot(call.bot.attempt, rung, resumed is not None, token)
    if not call.bot.media_later:
        yield OpenMedia(call.bot.attempt, rung)
    choosing = rung.choose_seconds if rung.choose_url else 0.0
    call.enter(State.OFFERING, choosing + rung.accept_seconds + ACCEPT_MARGIN_SECONDS)


def wait_in_line(call: CallState, rung: BotRung) -> Commands:
    """The bot is busy, and callers may wait for it."""
    waiting = rung.waiting
    if waiting is None:
        return
    if call.line is None:
        call.line = Line(rung, call.now + waiting.seconds_max, None)
        yield call.note("waiting", f"for {rung}, at most {waiting.seconds_max:g} s")
        yield JoinLine(rung)
    yield from ear.music(call, waiting.music)
    stay_in_line(call, call.line)


def stay_in_line(call: CallState, line: Line) -> None:
    """Wait until it is time to say the place, or to give up."""
    due = line.until if line.announce_at is None else min(line.until, line.announce_at)
    call.enter(State.WAITING, max(0.0, due - call.now))


# --- a human ------------------------------------------------------------------------------------------------


def go_to(call: CallState, destination: Destination, request: Request | None) -> Commands:
    """Give the caller to humans, in whichever way. A bot that asked for it stays on."""
    if isinstance(destination, HumanRung):
        yield from _dial(call, destination, request)
    else:
        yield from _send_away(call, destination, request)


def named(destination: Destination | None) -> str:
    """As the record names it."""
    return (destination.name or str(destination).partition(" ")[2]) if destination else "human"


def _dial(call: CallState, rung: HumanRung, request: Request | None) -> Commands:
    yield from ear.music(call, MUSIC if request and request.attended else rung.hears)
    if call.bot:
        yield TellTransfer(call.bot.attempt, "dialling")
    call.human = HumanParty(rung, request, list(rung.endpoints))
    yield from dial_next(call, call.human)


def dial_next(call: CallState, party: HumanParty) -> Commands:
    """The next phone, or all of them at once."""
    count = len(party.waiting) if party.rung.order == "at_once" else 1
    for endpoint in party.waiting[:count]:
        attempt = call.next_attempt()
        party.legs[attempt] = endpoint
        if len(party.rung.endpoints) > 1:
            yield call.note("dialling", endpoint)
        yield DialHuman(attempt, endpoint, party.rung, party.request or Request())
    del party.waiting[:count]
    call.enter(State.DIALLING, party.rung.ring_seconds + DIAL_MARGIN_SECONDS)


def _send_away(call: CallState, rung: ReferRung | QueueRung, request: Request | None) -> Commands:
    call.away = Away(rung, request)
    yield from ear.answer(call)
    yield from ear.quiet(call)
    if call.bot:
        yield TellTransfer(call.bot.attempt, "dialling")
    if isinstance(rung, QueueRung):
        # Nobody would tell when a human takes it: the bot's part ends here.
        yield from finish.close_bot(call, "transferred")
    yield call.note("sent_away", str(rung))
    yield SendAway(rung, request or Request())
    call.enter(State.AWAY, REFER_SECONDS if isinstance(rung, ReferRung) else None)


# --- nobody -------------------------------------------------------------------------------------------------


def announce(call: CallState, sound: Sound, ending: Ending | None) -> Commands:
    """Tell the caller something; then the call ends so, or the next rung is taken."""
    call.last_words = ending
    yield from ear.play(call, sound)
    call.enter(State.ANNOUNCING, ANNOUNCEMENT_SECONDS)


def press(call: CallState, keys: str) -> Commands:
    """Nobody says when Asterisk is done with them: the next rung is taken after as long as they take."""
    yield from ear.answer(call)
    yield from ear.quiet(call)
    call.last_words = None
    yield PressKeys(keys)
    pauses = keys.count("w")
    seconds = (len(keys) - pauses) * KEY_SECONDS + pauses * PAUSE_SECONDS
    call.enter(State.ANNOUNCING, seconds + KEYS_MARGIN_SECONDS)


def call_back(call: CallState, rung: CallbackRung) -> Commands:
    """Note the number as a task."""
    number = call.arrival.from_number
    yield call.note("callback", number)
    yield SaveCallback(call.at, number)
    yield from announce(call, rung.confirmation, Ending.CALLBACK)
