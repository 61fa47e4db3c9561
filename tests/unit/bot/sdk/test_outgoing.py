from hypothesis import given
from hypothesis import strategies as st

from controller.bot.sdk import outgoing as module
from controller.bot.sdk.outgoing import Outgoing

FRAMES = st.lists(st.one_of(st.text("m", min_size=1, max_size=3), st.binary(min_size=1, max_size=9)), max_size=30)


def taken(outgoing: Outgoing) -> list[str | bytes]:
    frames = []
    while (frame := outgoing.take()) is not None:
        frames.append(frame)
    return frames


def flat(frames: list[str | bytes]) -> list[str | int]:
    """Messages and single bytes, so that it does not matter how audio is cut."""
    return [part for frame in frames for part in ([frame] if isinstance(frame, str) else list(frame))]


@given(frames=FRAMES, data=st.data())
def test_whatever_has_arrived_the_rest_comes_again_and_nothing_twice(
    frames: list[str | bytes], data: st.DataObject
) -> None:
    outgoing = Outgoing()
    for frame in frames:
        outgoing.add(frame)
    assert taken(outgoing) == frames
    arrived = data.draw(st.integers(0, len(frames)))
    messages = sum(isinstance(frame, str) for frame in frames[:arrived])
    audio_bytes = sum(len(frame) for frame in frames[:arrived] if isinstance(frame, bytes))
    outgoing.resume(messages, audio_bytes)
    assert flat(taken(outgoing)) == flat(frames[arrived:])
    outgoing.resume(messages, audio_bytes)
    assert flat(taken(outgoing)) == flat(frames[arrived:])


def test_audio_that_arrived_in_part_goes_on_in_the_middle() -> None:
    outgoing = Outgoing()
    outgoing.add(b"0123456789")
    outgoing.add("mark")
    taken(outgoing)
    outgoing.resume(0, 4)
    assert taken(outgoing) == [b"456789", "mark"]
    outgoing.resume(0, 7)
    assert taken(outgoing) == [b"789", "mark"]
    outgoing.resume(1, 10)
    assert taken(outgoing) == []


def test_what_is_not_known_counts_as_arrived_but_what_was_never_sent_does_not() -> None:
    outgoing = Outgoing()
    outgoing.add("sent")
    taken(outgoing)
    outgoing.add("not sent")
    outgoing.resume(None, None)
    assert taken(outgoing) == ["not sent"]


def test_a_long_call_keeps_little() -> None:
    outgoing = Outgoing()
    for index in range(3 * module.KEPT_FRAMES_MAX):
        outgoing.add(str(index))
        outgoing.take()
    outgoing.resume(3 * module.KEPT_FRAMES_MAX - 2, 0)
    assert taken(outgoing) == [str(3 * module.KEPT_FRAMES_MAX - 2), str(3 * module.KEPT_FRAMES_MAX - 1)]


def test_waiting_audio_can_be_dropped_and_messages_stay() -> None:
    outgoing = Outgoing()
    outgoing.add(b"sent")
    taken(outgoing)
    outgoing.add(b"waiting")
    outgoing.add("message")
    outgoing.drop_waiting_audio()
    assert outgoing.waiting_bytes == len("message")
    assert taken(outgoing) == ["message"]
    outgoing.resume(0, 0)
    assert taken(outgoing) == [b"sent", "message"]
