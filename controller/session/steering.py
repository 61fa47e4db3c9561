"""How a call goes on that somebody steers by documents: asked when a verb is over that names the next one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from controller.api.control import LiveCall, NotAllowed, NotSupported
from controller.bot.twiml import Action
from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.errors import ControllerError
from controller.session.status_callbacks import OUTCOMES, Author, StatusCallbacks
from controller.session.twiml_ladder import callbacks, to_ladder
from controller.session.voices import Voices

log = structlog.get_logger()


class Documents(Author, Protocol):
    """Where the next document comes from, and who is told what becomes of it (`api.twilio_account.Account`)."""

    async def document(self, call: LiveCall, url: str, method: str, more: Mapping[str, str]) -> Sequence[Action]:
        """Raises ControllerError. `more`: what is told beside the call."""


async def ask(
    documents: Documents | None,
    command: c.AskDocument,
    call: Call,
    seen: LiveCall,
    voices: Voices,
    told: StatusCallbacks,
) -> e.OperatorSteered | e.OperatorHungUp:
    """Never fails: without a document there is nothing more to do for the caller, and the record says why."""
    rung = command.rung
    more = {"DialCallStatus": OUTCOMES[command.reached], **told.dialled()} if command.reached else {}
    try:
        if documents is None:
            raise NotSupported("documents are not asked for here")
        actions = await documents.document(seen, rung.url, rung.method, more)
        ladder = await to_ladder(actions, call, voices, told.latest_bot)
    except ControllerError as error:
        log.warning("no next document", call=call.id, host=rung.host, reason=str(error))
        # What is not allowed names no URL; other errors may.
        why = str(error) if isinstance(error, NotAllowed | NotSupported) else type(error).__name__
        return e.OperatorHungUp(f"{rung}: {why}")
    told.steered(callbacks(actions, call))
    return e.OperatorSteered(str(rung), ladder) if ladder else e.OperatorHungUp(str(rung))
