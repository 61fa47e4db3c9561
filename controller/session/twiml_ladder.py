"""A TwiML document as a ladder of rungs: each verb is one, taken when the one before is over."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from controller.api.control import NotAllowed, NotSupported
from controller.bot import twiml
from controller.bot.adapters.twilio import ACCOUNT, CALLBACK, CALLBACK_METHOD, PROTOCOL, STREAM_NAME
from controller.bot.twiml import Action, Callback
from controller.call.call import Call
from controller.errors import RefusedDestination
from controller.routing import fence
from controller.routing.route import AnnouncementRung, AnyRung, BotRung, DocumentRung, HumanRung, KeysRung, Sound
from controller.session.voices import Voices

LOOPS_MAX: Final = 100
"""Of one text or file; also what loop="0", for ever, becomes: a caller who has heard it so often has gone."""
PAUSE_SECONDS_MAX: Final = 60
"""Of one piece of silence; a longer pause is several."""


Other = twiml.Say | twiml.PlayFile | twiml.PlayDigits | twiml.Pause | twiml.Dial | twiml.Redirect | twiml.Hangup
"""What is no bot."""


async def to_ladder(
    actions: Sequence[Action], call: Call, voices: Voices, latest_bot: BotRung | None = None
) -> tuple[AnyRung, ...]:
    """All that is played is ready when this returns. Below the ladder the call ends, so a Hangup is no rung.

    `latest_bot`: the one that the call has or had; another one is of the same account.

    Raises NotAllowed, NotSupported, SoundError.
    """
    ladder: list[AnyRung] = []
    for action in actions:
        if isinstance(action, twiml.ConnectStream):
            ladder.append(_another_bot(action, latest_bot))
        else:
            ladder += await _rungs(action, call, voices)
        if isinstance(action, twiml.Dial | twiml.ConnectStream) and action.then:
            # As at Twilio: what stands behind is for nobody.
            return (*ladder, _document(action.then, "action"))
    return tuple(ladder)


def callbacks(actions: Sequence[Action], call: Call) -> dict[str, tuple[str, Callback]]:
    """Who wants to hear of which endpoint, and as what the document names it. The ladder could be made."""
    wanted: dict[str, tuple[str, Callback]] = {}
    for action in actions:
        for target, callback in action.callbacks if isinstance(action, twiml.Dial) else ():
            destination = fence.resolve(call.route, target)
            if isinstance(destination, HumanRung):
                wanted |= dict.fromkeys(destination.endpoints, (target, callback))
    return wanted


def _document(named: twiml.Redirect, where: str) -> DocumentRung:
    host = urlsplit(named.url).hostname
    if not host:
        raise NotSupported(f"{where} needs a whole URL in a document that has none of its own")
    return DocumentRung(named.url, named.method, host)


async def _rungs(action: Other, call: Call, voices: Voices) -> Sequence[AnyRung]:
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
        case twiml.PlayDigits(digits=digits, loop=loop):
            return [KeysRung(digits)] * min(loop, LOOPS_MAX)
        case twiml.Redirect():
            return [_document(action, "<Redirect>")]
        case twiml.Hangup():
            return []


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


def _another_bot(stream: twiml.ConnectStream, latest: BotRung | None) -> BotRung:
    """With the token and the account of the latest one, whose headers are not for others."""
    parts = urlsplit(stream.url)
    name = f"{parts.hostname}{parts.path}"  # what else there is may be secret, and this goes into the record
    like = latest or BotRung(stream.url)
    kept = {ACCOUNT: like.parameters[ACCOUNT]} if ACCOUNT in like.parameters else {}
    told = {CALLBACK: stream.callback.url, CALLBACK_METHOD: stream.callback.method} if stream.callback else {}
    named = {STREAM_NAME: stream.name} if stream.name else {}
    return replace(
        like, url=stream.url, protocol=PROTOCOL, name=name, parameters=dict(stream.parameters) | kept | told | named,
        headers={}, on=frozenset(), hours="", calls_max=0, waiting=None, multiplex=False, choose_url="",
    )  # fmt: skip
