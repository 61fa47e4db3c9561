"""The table of causes, row by row."""

import pytest

from controller.call.causes import REFUSAL_CAUSES, transfer_outcome
from controller.call.vocabulary import TransferOutcome
from controller.routing.trigger import Trigger


@pytest.mark.parametrize(
    ("cause", "tech_cause", "outcome"),
    [  # as seen on Asterisk 22.10.1
        (17, 486, "busy"),
        (17, 600, "busy"),
        (21, 603, "declined"),
        (19, 480, "no_answer"),
        (1, 404, "unreachable"),
        (34, 503, "unreachable"),
        (58, 488, "unreachable"),
        (16, None, "cancelled"),
        (19, None, "no_answer"),
        (20, None, "unreachable"),
        (0, None, "failed"),
        (127, 999, "failed"),
    ],
)
def test_what_became_of_a_human(cause: int, tech_cause: int | None, outcome: str) -> None:
    assert transfer_outcome(cause, tech_cause) == TransferOutcome(outcome)


def test_every_trigger_has_a_cause_for_the_refused_caller() -> None:
    assert set(REFUSAL_CAUSES) == set(Trigger)
