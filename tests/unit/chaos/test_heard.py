"""The judge's ear: gaps that are made up must be found, each for what it is."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.heard import ROOM, Heard, Loss

FRAME_NS = 20_000_000
DELAY_NS = 30_000_000


def played(said: int, back: Iterable[int]) -> Heard:
    """A call in which these of so many frames came back, each 30 ms after it was said."""
    heard = Heard()
    for number in range(said):
        heard.say(number * FRAME_NS)
    for number in back:
        heard.came_back(number, number * FRAME_NS + DELAY_NS)
    return heard


def test_all_back_is_nothing_lost() -> None:
    heard = played(2 * ROOM, range(2 * ROOM))
    assert heard.whole
    assert heard.loss() == Loss(0, 0, 0, 0)


def test_a_gap_is_lost_and_silent() -> None:
    assert played(100, [*range(40), *range(45, 100)]).loss() == Loss(100, 100, 0, 0)


def test_what_comes_late_is_silent_and_not_lost() -> None:
    heard = played(100, range(40))
    for number in range(40, 100):
        heard.came_back(number, 100 * FRAME_NS + DELAY_NS + number)
    assert heard.loss() == Loss(0, 1_200, 0, 0)


def test_whoever_hears_nothing_any_more_has_lost_all_of_it() -> None:
    heard = played(100, range(40))
    assert not heard.whole
    assert not heard.back_since(60 * FRAME_NS)
    assert heard.loss() == Loss(1_200, 1_170 - 20, 0, 0)


def test_before_the_first_word_nothing_is_lost() -> None:
    assert played(100, range(3, 100)).loss().lost_ms == 0


def test_never_up_is_all_lost() -> None:
    heard = played(50, [])
    assert not heard.up
    assert heard.loss().lost_ms == 1_000


def test_another_calls_words_and_words_said_twice() -> None:
    heard = played(10, [*range(10), 4, 4, 5, 99])
    assert (heard.loss().repeated, heard.loss().foreign) == (2, 1)


@given(st.integers(1, 300), st.data())
def test_every_missing_frame_counts(said: int, data: st.DataObject) -> None:
    missing = data.draw(st.sets(st.integers(1, said)))
    heard = played(said, [number for number in range(said) if number == 0 or number not in missing])
    assert heard.loss().lost_ms == 20 * len([number for number in missing if number < said])
