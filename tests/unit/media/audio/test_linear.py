import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.media.audio import g711
from controller.media.audio.linear import Law, Line, from_linear, to_linear

FRAME = bytes(range(160))


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_at_8_khz_it_is_the_codes_own_values(law: Law) -> None:
    decode = {"mulaw": g711.decode_mulaw, "alaw": g711.decode_alaw}[law]
    (linear,) = to_linear([(Line(law, 1), FRAME)])
    assert linear == decode(np.frombuffer(FRAME, np.uint8)).astype("<i2").tobytes()
    (back,) = from_linear([(Line(law, 1), linear)])
    assert decode(np.frombuffer(back, np.uint8)).tolist() == decode(np.frombuffer(FRAME, np.uint8)).tolist()


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_lengths(factor: int) -> None:
    (linear,) = to_linear([(Line("mulaw", factor), FRAME)])
    assert len(linear) == 160 * 2 * factor
    (back,) = from_linear([(Line("mulaw", factor), linear)])
    assert len(back) == 160


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_silence_stays_silence(factor: int) -> None:
    assert to_linear([(Line("mulaw", factor), b"\xff" * 160)]) == [bytes(320 * factor)]
    assert from_linear([(Line("mulaw", factor), bytes(320 * factor))]) == [b"\xff" * 160]
    assert from_linear([(Line("alaw", factor), bytes(320 * factor))]) == [b"\xd5" * 160]


@given(
    st.lists(
        st.tuples(st.sampled_from(["mulaw", "alaw"]), st.integers(1, 3), st.binary(max_size=200)),
        min_size=1,
        max_size=8,
    )
)
def test_a_batch_is_what_each_call_would_be_alone(calls: list[tuple[Law, int, bytes]]) -> None:
    together = [(Line(law, factor), codes) for law, factor, codes in calls]
    alone = [(Line(law, factor), codes) for law, factor, codes in calls]
    for _ in range(2):
        expected = [to_linear([call])[0] for call in alone]
        got = to_linear(together)
        assert [len(audio) for audio in got] == [len(audio) for audio in expected]
        for one, other in zip(got, expected, strict=True):
            # The order of a product's additions may depend on its size.
            difference = np.frombuffer(one, "<i2").astype(int) - np.frombuffer(other, "<i2")
            assert np.abs(difference).max(initial=0) <= 1


def test_a_stream_goes_on_from_frame_to_frame() -> None:
    line = Line("mulaw", 2)
    time = np.arange(1_600) / 8_000
    codes = g711.encode_mulaw((10_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)).tobytes()
    pieces = b"".join(to_linear([(line, codes[start : start + 160])])[0] for start in range(0, 1_600, 160))
    (whole,) = to_linear([(Line("mulaw", 2), codes)])
    difference = np.frombuffer(pieces, "<i2").astype(int) - np.frombuffer(whole, "<i2")
    assert np.abs(difference).max() <= 1
