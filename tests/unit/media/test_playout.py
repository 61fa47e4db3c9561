from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from controller.media.playout import FRAME_BYTES, MARKS_MAX, Playout


def test_audio_comes_out_as_it_went_in() -> None:
    playout: Playout[str] = Playout()
    playout.write(bytes(range(200)))
    playout.write(memoryview(bytes(range(200, 256))))
    assert playout.take(160) + playout.take(160) == bytes(range(256))
    assert playout.take(160) == b""


def test_a_full_queue_takes_what_there_is_room_for() -> None:
    playout: Playout[str] = Playout(capacity_ms=20)
    assert playout.write(b"\x01" * 100) == 0
    assert playout.write(b"\x02" * 100) == 40
    assert playout.write(b"\x03") == 1
    assert playout.take() == b"\x01" * 100 + b"\x02" * 60


def test_a_mark_waits_for_the_last_byte_before_it() -> None:
    playout: Playout[str] = Playout()
    playout.mark("nothing before")
    assert list(playout.reached()) == ["nothing before"]
    playout.write(b"\x01" * 161)
    playout.mark("one byte into the second frame")
    playout.write(b"\x02" * 1000)
    playout.take()
    assert list(playout.reached()) == []
    playout.take()
    assert list(playout.reached()) == ["one byte into the second frame"]


def test_clear_tells_what_it_threw_away() -> None:
    playout: Playout[str] = Playout()
    playout.write(b"\x01" * 800)
    playout.mark("a")
    playout.mark("b")
    playout.take()
    discarded = playout.clear()
    assert (discarded.ms, discarded.marks) == (80, ["a", "b"])
    assert playout.take() == b""
    assert list(playout.reached()) == []


def test_marks_are_bounded() -> None:
    playout: Playout[int] = Playout()
    playout.write(b"\x01")
    assert all(playout.mark(number) for number in range(MARKS_MAX))
    assert not playout.mark(MARKS_MAX)


@given(st.lists(st.binary(max_size=500)))
def test_chunks_of_any_size_are_one_stream(chunks: list[bytes]) -> None:
    playout: Playout[str] = Playout()
    for chunk in chunks:
        playout.write(chunk)
    frames = list(iter(playout.take, b""))
    assert b"".join(frames) == b"".join(chunks)
    assert all(len(frame) == FRAME_BYTES for frame in frames[:-1])


@given(st.lists(st.binary(min_size=1, max_size=30)), st.lists(st.integers(0, 6)), st.sampled_from([2, 4, 6]))
def test_chunks_that_end_within_a_sample_never_shift_what_follows(
    chunks: list[bytes], takes: list[int], unit_bytes: int
) -> None:
    """Every byte carries its place in its unit; a queue of 1 ms overruns often, and some chunks are cleared away."""
    playout: Playout[str] = Playout(unit_bytes, capacity_ms=1)
    place = 0
    for number, chunk in enumerate(chunks):
        places = bytes((place + n) % unit_bytes for n in range(len(chunk)))
        place = (place + len(chunk)) % unit_bytes
        playout.write(places)
        if number % 5 == 4:
            playout.clear()
        taken = playout.take(takes[number % len(takes)] if takes else 1)
        assert taken == bytes(range(unit_bytes)) * (len(taken) // unit_bytes)


def test_a_mark_behind_half_a_sample_does_not_wait_for_the_rest() -> None:
    playout: Playout[str] = Playout(unit_bytes=2)
    playout.write(bytes(7))
    playout.mark("m")
    assert len(playout.take()) == 6
    assert list(playout.reached()) == ["m"]


class AgainstAPlainList(RuleBasedStateMachine):
    """The queue beside the simplest model of it: a list of bytes and marks."""

    CAPACITY_BYTES = 800

    def __init__(self) -> None:
        super().__init__()
        self.playout: Playout[int] = Playout(capacity_ms=self.CAPACITY_BYTES // 8)
        self.model: list[bytes | int] = []
        self.marks = 0

    def _bytes(self) -> int:
        return sum(isinstance(item, bytes) for item in self.model)

    @rule(audio=st.binary(max_size=1000))
    def write(self, audio: bytes) -> None:
        taken = min(len(audio), self.CAPACITY_BYTES - self._bytes())
        assert self.playout.write(audio) == len(audio) - taken
        self.model += [audio[n : n + 1] for n in range(taken)]

    @rule()
    def mark(self) -> None:
        self.marks += 1
        if self.playout.mark(self.marks):
            self.model.append(self.marks)

    @rule(size=st.integers(0, 400))
    def take(self, size: int) -> None:
        expected = b""
        reached = []
        while self.model and (isinstance(self.model[0], int) or len(expected) < size):
            item = self.model.pop(0)
            if isinstance(item, bytes):
                expected += item
            else:
                reached.append(item)
        assert self.playout.take(size) == expected
        assert list(self.playout.reached()) == reached

    @rule()
    def clear(self) -> None:
        discarded = self.playout.clear()
        assert discarded.ms == self._bytes() // 8
        assert discarded.marks == [item for item in self.model if isinstance(item, int)]
        self.model = []

    @invariant()
    def counts(self) -> None:
        assert self.playout.waiting_ms == self._bytes() // 8 <= self.CAPACITY_BYTES // 8


TestAgainstAPlainList = AgainstAPlainList.TestCase
