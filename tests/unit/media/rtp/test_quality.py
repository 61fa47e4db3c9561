import pytest

from controller.media.rtp.quality import mos, rating


@pytest.mark.parametrize(
    ("r", "score"),
    # ITU-T G.107, annex B: the bounds of the categories of G.109.
    [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1.0), (-5, 1.0)],
)
def test_ratings_and_scores_of_the_standard(r: float, score: float) -> None:
    assert mos(r) == pytest.approx(score, abs=0.01)


def test_a_clean_call_has_the_full_rating() -> None:
    assert rating(0.0, 0.0) == 93.2


def test_loss_and_delay_cost() -> None:
    assert rating(0.01, 0.0) == pytest.approx(93.2 - 95 / 5.3)
    assert rating(0.0, 100.0) == pytest.approx(93.2 - 2.4)
    assert rating(0.0, 277.3) == pytest.approx(93.2 - 0.024 * 277.3 - 11)
    assert rating(1.0, 1_000.0) == 0.0
