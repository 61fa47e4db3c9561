import os
from dataclasses import replace

import pytest

from tests.chaos.leaks import Holding, holding, leaks, per_hour

BEFORE = Holding(descriptors=40, threads=10, resident_mb=130.0, tasks=20)


def test_what_goes_back_is_no_leak() -> None:
    assert leaks("controller", BEFORE, replace(BEFORE, descriptors=43, resident_mb=140.0)) == []


@pytest.mark.parametrize("what", ["descriptors", "threads", "resident_mb", "tasks"])
def test_what_stays_is_found(what: str) -> None:
    (found,) = leaks("controller", BEFORE, replace(BEFORE, **{what: getattr(BEFORE, what) + 50}))
    assert found.startswith("controller: ")
    assert what in found


def test_memory_that_grows_shows_after_the_caches_have_filled() -> None:
    filling = [(60.0 * minute, 100.0 + min(minute, 20)) for minute in range(60)]
    assert per_hour(filling) == pytest.approx(0.0, abs=0.1)
    growing = [(second, value + second / 60) for second, value in filling]
    assert per_hour(growing) == pytest.approx(60.0, abs=0.1)
    assert per_hour(growing[:2]) == pytest.approx(120.0)
    assert per_hour([]) == 0.0


def test_our_own_process_holds_something() -> None:
    held = holding(os.getpid(), tasks=3)
    assert held.descriptors >= 3
    assert held.threads >= 1
    assert held.resident_mb > 1
    assert held.tasks == 3
