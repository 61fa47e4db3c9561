"""How it went with a human, for the record and for the bot that asked."""

from controller.call.commands import Commands, Note, TellTransfer
from controller.call.state import CallState
from controller.call.vocabulary import TransferOutcome


def note(call: CallState, outcome: TransferOutcome, detail: str) -> Note:
    return call.note("human_gone", f"{outcome}: {detail}" if detail else outcome)


def tell(call: CallState, outcome: TransferOutcome, detail: str) -> Commands:
    """The bot protocol has no word for what was given up."""
    if call.bot:
        state = TransferOutcome.FAILED if outcome is TransferOutcome.CANCELLED else outcome
        yield TellTransfer(call.bot.attempt, state, detail)
