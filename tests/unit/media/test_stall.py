"""A bot that does not listen is told of once, and again only after it has listened."""

from controller.media.stall import Stall


def look(stall: Stall, seconds: range, *, took: bool, left_out: bool) -> list[float]:
    told = []
    for second in seconds:
        stall.took, stall.left_out = took, left_out
        if (silent := stall.look(float(second))) is not None:
            told.append(silent)
    return told


def test_told_once_after_the_time_and_anew_after_a_recovery() -> None:
    stall = Stall(5.0, 0.0)
    assert look(stall, range(1, 4), took=True, left_out=False) == []
    assert look(stall, range(4, 20), took=False, left_out=True) == [5.0]
    assert look(stall, range(20, 21), took=True, left_out=True) == []
    assert look(stall, range(21, 40), took=False, left_out=True) == [5.0]


def test_where_there_was_nothing_to_take_nobody_stalls() -> None:
    assert look(Stall(5.0, 0.0), range(1, 100), took=False, left_out=False) == []
