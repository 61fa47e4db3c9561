from controller.bot.protocol import AudioFormat
from controller.bot.sdk.pace import Pace, bytes_per_second


def test_audio_runs_ahead_and_is_heard_as_time_goes_by() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    pace.sent(3.0)
    now[0] = 150.0
    assert pace.ahead == 3.0, "nothing is heard before the answer"
    pace.answered()
    now[0] = 151.0
    assert pace.ahead == 2.0
    pace.sent(1.0)
    assert pace.ahead == 3.0
    pace.cleared()
    assert pace.ahead == 0.0
    now[0] = 200.0
    pace.answered()
    pace.sent(0.5)
    assert pace.ahead == 0.5


def test_bytes_of_a_second() -> None:
    assert bytes_per_second(AudioFormat()) == 8_000
    assert bytes_per_second(AudioFormat(encoding="pcm16", sample_rate=24000)) == 48_000
