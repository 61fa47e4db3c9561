"""The cells of the transition table: what one event means in one state. The large moves are in `ladder` and `rungs`."""

from controller.call import events
from controller.call.commands import Commands
from controller.call.state import CallState


def ignore(_call: CallState, _event: events.Event) -> Commands:
    """Nothing to do: it is late, or a consequence of what we did ourselves."""
    yield from ()
