from controller.media.pace import AHEAD_FRAMES_MAX, FRAME_SECONDS, QUIET_FRAMES, Pace


def ticks(pace: Pace, seconds: float, *, speech: bool, start: float = 0.0, period: float = FRAME_SECONDS) -> int:
    """What is sent in this time by a clock that ticks every `period`."""
    count = round(seconds / period)
    sent = 0
    for number in range(count):
        now = start + number * period
        if pace.room(now, speech=speech):
            pace.sent(now)
            sent += 1
    return sent


def test_in_step_nothing_is_held_back() -> None:
    pace = Pace(0.0)
    pace.sent(0.0)  # the frame that is sent ahead
    assert ticks(pace, 10.0, speech=True) == 500
    assert ticks(pace, 10.0, speech=False, start=10.0) == 500
    assert 0.9 < pace.ahead(20.0) < 1.1


def test_a_burst_never_gets_further_ahead_than_the_limit() -> None:
    pace = Pace(0.0)
    burst = 0
    while pace.room(0.0, speech=True):
        pace.sent(0.0)
        burst += 1
    assert AHEAD_FRAMES_MAX <= burst < AHEAD_FRAMES_MAX + 1


def test_what_is_ahead_of_a_burst_goes_with_the_next_silence() -> None:
    pace = Pace(0.0)
    pace.told(4, 0.0)
    ticks(pace, 1.0, speech=False)
    assert pace.ahead(1.0) < QUIET_FRAMES


def test_asterisk_s_own_count_corrects_ours() -> None:
    """As when its clock stood still while ours went on: its queue is longer than we think."""
    pace = Pace(0.0)
    pace.told(30, 0.0)
    assert not pace.room(0.2, speech=True)
    assert pace.room(0.2 + 26 * FRAME_SECONDS, speech=True)
    pace.told(0, 1.0)
    assert pace.ahead(1.0) == 0


def test_a_clock_that_is_faster_than_asterisk_s_is_slowed_down() -> None:
    pace = Pace(0.0)
    sent = ticks(pace, 60.0, speech=True, period=FRAME_SECONDS * 0.99)
    assert sent <= 60.0 / FRAME_SECONDS + AHEAD_FRAMES_MAX + 1
