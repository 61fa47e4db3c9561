"""From hangup causes and SIP statuses to our vocabulary and back, in one place.

Causes are ITU-T Q.850; which SIP status Asterisk makes of each, and the reverse, was seen on Asterisk 22.10.1.
"""

from typing import Final

from controller.call.vocabulary import TransferOutcome
from controller.routing.trigger import Trigger

SIP_OUTCOMES: Final[dict[int, TransferOutcome]] = {
    404: TransferOutcome.UNREACHABLE,  # not found
    408: TransferOutcome.NO_ANSWER,  # request timeout
    410: TransferOutcome.UNREACHABLE,  # gone
    480: TransferOutcome.NO_ANSWER,  # temporarily unavailable; also Asterisk's own dial timeout
    484: TransferOutcome.UNREACHABLE,  # address incomplete
    486: TransferOutcome.BUSY,  # busy here
    487: TransferOutcome.CANCELLED,  # request terminated
    500: TransferOutcome.UNREACHABLE,  # server internal error
    502: TransferOutcome.UNREACHABLE,  # bad gateway
    503: TransferOutcome.UNREACHABLE,  # service unavailable
    504: TransferOutcome.UNREACHABLE,  # server time-out
    600: TransferOutcome.BUSY,  # busy everywhere
    603: TransferOutcome.DECLINED,  # decline
    604: TransferOutcome.UNREACHABLE,  # does not exist anywhere
}

Q850_OUTCOMES: Final[dict[int, TransferOutcome]] = {
    1: TransferOutcome.UNREACHABLE,  # unallocated number
    3: TransferOutcome.UNREACHABLE,  # no route to destination
    16: TransferOutcome.CANCELLED,  # normal clearing: our own DELETE of a leg that was not answered
    17: TransferOutcome.BUSY,  # user busy
    18: TransferOutcome.NO_ANSWER,  # no user responding
    19: TransferOutcome.NO_ANSWER,  # no answer from user
    20: TransferOutcome.UNREACHABLE,  # subscriber absent: a phone that is not registered
    21: TransferOutcome.DECLINED,  # call rejected
    22: TransferOutcome.UNREACHABLE,  # number changed
    27: TransferOutcome.UNREACHABLE,  # destination out of order
    28: TransferOutcome.UNREACHABLE,  # invalid number format
    31: TransferOutcome.FAILED,  # normal, unspecified
    34: TransferOutcome.UNREACHABLE,  # no circuit available
    38: TransferOutcome.UNREACHABLE,  # network out of order
    41: TransferOutcome.UNREACHABLE,  # temporary failure
    42: TransferOutcome.UNREACHABLE,  # switching equipment congestion
    58: TransferOutcome.UNREACHABLE,  # bearer capability not available: no common codec
    102: TransferOutcome.NO_ANSWER,  # recovery on timer expiry
}


def transfer_outcome(cause: int, tech_cause: int | None) -> TransferOutcome:
    """Why a human's leg ended unanswered: the SIP status says it better than the Q.850 cause made of it."""
    if tech_cause in SIP_OUTCOMES:
        return SIP_OUTCOMES[tech_cause]
    return Q850_OUTCOMES.get(cause, TransferOutcome.FAILED)


REFUSAL_CAUSES: Final[dict[Trigger, int]] = {
    Trigger.CLOSED: 19,  # the caller gets SIP 480
    Trigger.BUSY: 17,  # 486
    Trigger.UNREACHABLE: 34,  # 503
    Trigger.NO_ANSWER: 19,  # 480
    Trigger.NO_AUDIO: 34,  # 503
    Trigger.STALLED: 34,  # 503
    Trigger.DROPPED: 34,  # 503
    Trigger.ESCAPE: 19,  # 480
    Trigger.REQUESTED: 19,  # 480
    Trigger.FAILED: 19,  # 480
}
"""The Q.850 cause with which a caller who was never answered is refused, by what left the last rung."""

NORMAL_CLEARING: Final = 16
"""Q.850: the call ended as calls do."""
