"""What an answer means, and what follows."""

import pytest

from controller.webhooks.retry import REFUSED_TRIES, RETRY_SECONDS, Decision, Verdict, decide, judge


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((200, 201, 202, 204, 299), Verdict.DELIVERED),
        ((400, 413, 415, 422), Verdict.REFUSED),
        ((100, 301, 302, 307, 401, 403, 404, 405, 408, 425, 429, 500, 502, 503, 504), Verdict.AWAY),
        ((410,), Verdict.GONE),
    ],
)
def test_statuses(statuses: tuple[int, ...], verdict: Verdict) -> None:
    assert {judge(status) for status in statuses} == {verdict}


def test_a_target_that_is_away_is_tried_for_a_day_and_then_given_up_with_all() -> None:
    pauses = [decide(Verdict.AWAY, failures, 0.5).seconds for failures in range(1, len(RETRY_SECONDS) + 1)]
    assert pauses == list(RETRY_SECONDS)
    assert 20 * 3600 < sum(RETRY_SECONDS) < 26 * 3600
    assert decide(Verdict.AWAY, len(RETRY_SECONDS) + 1, 0.5) == Decision(None, with_all_after=True)


def test_a_bad_message_is_given_up_alone() -> None:
    assert decide(Verdict.REFUSED, REFUSED_TRIES - 1, 0.5).seconds is not None
    assert decide(Verdict.REFUSED, REFUSED_TRIES, 0.5) == Decision(None)


def test_a_target_that_wants_nothing_more_is_given_up_at_once() -> None:
    assert decide(Verdict.GONE, 1, 0.5) == Decision(None, with_all_after=True)


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 4.0), (1.0, 6.0)])
def test_pauses_are_spread(chance: float, seconds: float) -> None:
    assert decide(Verdict.AWAY, 1, chance).seconds == pytest.approx(seconds)
