"""A TwiML document as a ladder of rungs: each verb is one, taken when the one before is over."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from controller.api.control import NotAllowed, NotSupported
from controller.bot import twiml
from controller.bot.twiml import Action
from controller.call.call import Call
from controller.errors import RefusedDestination
from controller.routing import fence
from controller.routing.route import AnnouncementRung, AnyRung, BotRung, DocumentRung, HumanRung, Sound
from controller.session.voices import Voices

LOOPS_MAX: Final = 100
"""Of one text or file; also what loop="0", for ever, becomes: a caller who has heard it so often has gone."""
PAUSE_SECONDS_MAX: Final = 60
"""Of one piece of silence; a longer pause is several."""


async def to_ladder(actions: Sequence[Action], call: Call, voices: Voices) -> tuple[AnyRung, ...]:
    """All that is played is ready when this returns. Below the ladder the call ends, so a Hangup is no rung.

    Raises NotAllowed, NotSupported, SoundError.
    """
    ladder: list[AnyRung] = []
    for action in actions:
        ladder += await _rungs(action, call, voices)
        if isinstance(action, twiml.Dial | twiml.ConnectStream) and action.then:
            # As at Twilio: what stands behind is for nobody.
            return (*ladder, _document(action.then))
    return tuple(ladder)


def _document(then: twiml.Redirect) -> DocumentRung:
    host = urlsplit(then.url).hostname
    if not host:
        raise NotSupported("action needs a whole URL in a document that has none of its own")
    return DocumentRung(then.url, then.method, host)


async def _rungs(action: Action, call: Call, voices: Voices) -> Sequence[AnyRung]:
    match action:
        case twiml.Say(text=text, language=language, loop=loop):
            sound = await voices.made(Sound(text, language=language or call.route.language))
            return [AnnouncementRung(sound)] * min(loop, LOOPS_MAX)
        case twiml.PlayFile(url=url, loop=loop):
            return [AnnouncementRung(await voices.fetched(url))] * min(loop, LOOPS_MAX)
        case twiml.Pause(seconds=seconds):
            whole, rest = divmod(seconds, PAUSE_SECONDS_MAX)
            pieces = [*[PAUSE_SECONDS_MAX] * whole, rest]
            return [AnnouncementRung(await voices.silence(piece)) for piece in pieces if piece]
        case twiml.Dial():
            return [_dialled(action, call)]
        case twiml.ConnectStream(url=url, parameters=parameters):
            return [_another_bot(url, dict(parameters), call)]
        case twiml.Hangup():
            return []
        case twiml.PlayDigits():
            raise NotSupported("<Play digits> cannot be done in a document: POST /v1/calls/…/digits can")
        case twiml.Redirect():
            raise NotSupported("<Redirect> has to be the last verb of its document")


def _dialled(dial: twiml.Dial, call: Call) -> AnyRung:
    if dial.queue and dial.targets:
        raise NotSupported("<Dial> with a queue and others cannot be done: name one of them")
    try:
        if dial.queue:
            return fence.resolve(call.route, dial.queue, fence.QUEUE)
        found = [fence.resolve(call.route, target) for target in dial.targets]
    except RefusedDestination as refusal:
        raise NotAllowed(str(refusal)) from refusal
    if len(found) == 1 and not isinstance(found[0], HumanRung):
        return found[0]
    humans = [one for one in found if isinstance(one, HumanRung)]
    if len(humans) < len(found):
        raise NotSupported("<Dial> can ring several phones at once, and of these some are no phones")
    first, *others = [endpoint for human in humans for endpoint in human.endpoints]
    order = "at_once" if len(humans) > 1 else humans[0].order
    return replace(humans[0], endpoint=first, others=tuple(others), order=order, ring_seconds=float(dial.seconds))


def _another_bot(url: str, parameters: dict[str, str], call: Call) -> BotRung:
    """Of the same protocol and account as the bot that the call has or had; its headers are not for others."""
    ladder = [rung for rung in call.route.ladder if isinstance(rung, BotRung)]
    parts = urlsplit(url)
    name = f"{parts.hostname}{parts.path}"  # what else there is may be secret, and this goes into the record
    like = call.bot.rung if call.bot else next(iter(ladder), BotRung(url))
    return replace(
        like, url=url, protocol="twilio", name=name, parameters=parameters, headers={}, on=frozenset(), hours="",
        calls_max=0, waiting=None, multiplex=False, choose_url="",
    )  # fmt: skip
