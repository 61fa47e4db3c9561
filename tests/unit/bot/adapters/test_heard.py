from hypothesis import given
from hypothesis import strategies as st

from controller.bot.adapters.heard import UTTERANCES_MAX, Cut, Heard


def test_what_was_heard_to_its_end_is_not_cut() -> None:
    heard = Heard(8)
    heard.said("a", 0, 800)
    heard.said("a", 0, 800)
    heard.said("b", 0, 1_600)
    heard.said("c", 1, 80)
    assert heard.cleared(250) == [Cut("b", 0, 50), Cut("c", 1, 0)]
    assert heard.cleared(250) == []


def test_each_interruption_counts_from_the_one_before() -> None:
    heard = Heard(48)
    heard.said("a", 0, 48_000)
    assert heard.cleared(100) == [Cut("a", 0, 100)]
    heard.said("b", 0, 48_000)
    assert heard.cleared(130) == [Cut("b", 0, 30)]
    heard.said("c", 0, 48_000)
    assert heard.cleared(1_130) == []


def test_a_long_call_without_an_interruption_keeps_few_utterances_and_counts_on() -> None:
    heard = Heard(8)
    for index in range(3 * UTTERANCES_MAX):
        heard.said(f"item {index}", 0, 800)
    last = 3 * UTTERANCES_MAX - 1
    assert heard.cleared(last * 100 + 40) == [Cut(f"item {last}", 0, 40)]


@given(
    sizes=st.lists(st.integers(1, 5_000), max_size=20),
    heard_ms=st.integers(0, 20_000),
)
def test_no_cut_is_longer_than_what_was_said(sizes: list[int], heard_ms: int) -> None:
    heard = Heard(8)
    for index, size in enumerate(sizes):
        heard.said(str(index), 0, size)
    cuts = heard.cleared(heard_ms)
    assert all(cut.heard_ms * 8 <= sizes[int(cut.item)] for cut in cuts)
    assert [int(cut.item) for cut in cuts] == list(range(len(sizes) - len(cuts), len(sizes)))
