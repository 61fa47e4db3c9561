from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.ari import ids

WHEN = datetime(2026, 11, 22, 16, 30, 12, tzinfo=UTC)


def test_call_id_is_readable_and_known() -> None:
    assert ids.call_id(WHEN, bytes(4)) == "20261122-163012-000000"
    assert ids.call_id(WHEN, b"\x3f\xff\xff\xff") == "20261122-163012-zzzzzz"


@given(st.binary(min_size=4, max_size=4), st.integers(1, 9999))
def test_ids_read_back(entropy: bytes, attempt: int) -> None:
    call = ids.call_id(WHEN, entropy)
    assert ids.parse(ids.media_id(call, attempt)) == ids.OurId(call, "media", attempt)
    assert ids.parse(ids.agent_id(call, attempt)) == ids.OurId(call, "agent", attempt)
    assert ids.parse(ids.said_id(call, attempt)) == ids.OurId(call, "said", attempt)
    for channel in (ids.said_id(call, attempt), ids.heard_id(call, attempt), ids.other_id(call, attempt)):
        part = ids.PartName(ids.parse(channel) or ids.OurId("", "media"), attempt, 1234)
        assert ids.parse_part(ids.part_name(channel, attempt, 1234)) == part
    assert ids.parse(ids.callee_id(call)) == ids.OurId(call, "callee")
    assert ids.parse(ids.bridge_id(call)) == ids.OurId(call, "bridge")


@pytest.mark.parametrize("name", ["", "x", "20261122-163012-k3v9qx-said", "20261122-163012-k3v9qx-media_1_2"])
def test_names_of_others_are_no_recordings_of_calls(name: str) -> None:
    assert ids.parse_part(name) is None


def test_call_ids_sort_by_time() -> None:
    later = ids.call_id(WHEN + timedelta(seconds=1), bytes(4))
    assert ids.call_id(WHEN, b"\xff" * 4) < later


def test_first_attempt_has_no_number() -> None:
    assert ids.media_id("20261122-163012-k3v9qx") == "20261122-163012-k3v9qx-media"
    assert ids.media_id("20261122-163012-k3v9qx", 2) == "20261122-163012-k3v9qx-media-2"


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "1795364963.1",
        "20261122-163012-k3v9qx",
        "20261122-163012-k3v9qx-media-1",
        "20261122-163012-k3v9qx-media-02",
        "20261122-163012-k3v9qx-bridge-2",
        "20261122-163012-k3v9ql-media",
        "20261122-163012-k3v9qx-media\n",
        "x20261122-163012-k3v9qx-agent",
    ],
)
def test_ids_of_others_are_not_ours(foreign: str) -> None:
    assert ids.parse(foreign) is None


def test_only_utc_and_enough_entropy() -> None:
    with pytest.raises(ValueError, match="UTC"):
        ids.call_id(WHEN.astimezone(timezone(timedelta(hours=1))), bytes(4))
    with pytest.raises(ValueError, match="4 bytes"):
        ids.call_id(WHEN, bytes(3))
    with pytest.raises(ValueError, match="from 1"):
        ids.media_id("20261122-163012-k3v9qx", 0)
