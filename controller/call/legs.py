"""The legs of a call that come and go. `attempt` is the number of the leg within its call."""

from dataclasses import dataclass

from controller.routing.route import BotRung, HumanRung


@dataclass(slots=True)
class BotLeg:
    """The bot that is being asked or talks, and its media channel."""

    attempt: int
    rung: BotRung
    accepted: bool = False
    joined: bool = False
    """Its media channel is in the bridge with the caller."""


@dataclass(slots=True)
class HumanLeg:
    """The human who is being dialled or talks."""

    attempt: int
    rung: HumanRung
    answered: bool = False
