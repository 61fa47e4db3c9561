from typing import Any

import pytest

from controller.api.control import NotAllowed, NotNow, NotSupported, Placement, Playable, Recording, Way
from controller.errors import SoundError
from controller.records.items import RecordingMade
from tests.unit.api.conftest import Api
from tests.unit.api.fakes import LIVE
from tests.unit.records.examples import opened, whole_call

CALL = f"/v1/calls/{LIVE.id}"


async def test_live_calls(api: Api) -> None:
    (call,) = (await api.json("GET", "/v1/calls?live=true", "read"))["calls"]
    assert call["id"] == LIVE.id
    assert call["started_at"] == "2026-11-22T16:30:12Z"
    said = {"state": "talking", "bot": "ws://bot/", "human": "", "rung": "", "trigger": "", "speaking": "caller"}
    assert call["live"] == {**said, "metadata": {"customer": 7}}


async def test_calls_of_the_records(api: Api) -> None:
    await api.store.write([*whole_call(), opened("c2", 60)])
    calls = (await api.json("GET", "/v1/calls", "read"))["calls"]
    assert [(call["id"], call["ending"], call["result_names"]) for call in calls] == [
        ("c2", None, []),
        ("c1", "bot_hung_up", ["Appointment confirmed"]),
    ]


async def test_searching_and_paging(api: Api) -> None:
    await api.store.write([*whole_call(), *(opened(f"c{number}", 60 * number) for number in range(2, 6))])
    first = await api.json("GET", "/v1/calls?limit=3", "read")
    second = await api.json("GET", f"/v1/calls?limit=3&after={first['next']}", "read")
    assert [call["id"] for call in first["calls"] + second["calls"]] == ["c5", "c4", "c3", "c2", "c1"]
    assert second["next"] is None
    for query in ("text=Gott", "result=Appointment+confirmed", "ending=bot_hung_up", "until=2026-11-22T14:16:00Z"):
        found = await api.json("GET", f"/v1/calls?{query}", "read")
        assert [call["id"] for call in found["calls"]] == ["c1"], query
    assert len((await api.json("GET", "/v1/calls?number=%2B493012345678", "read"))["calls"]) == 5


@pytest.mark.parametrize(
    "query", ["live=true&text=a", "number=12", "text=!!", "since=2026-11-22", "until=now", "after=x", "limit=501"]
)
async def test_a_search_that_cannot_be_answered(api: Api, query: str) -> None:
    said = await api.json("GET", f"/v1/calls?{query}", "read", 422)
    assert said["detail"]


async def test_a_recording(api: Api) -> None:
    made = RecordingMade("c1", "recording-1", 120.0, "c1-recording-1", "wav", 4200, 14, "abc")
    await api.store.write([opened(), made])
    (shown,) = (await api.json("GET", "/v1/calls/c1", "read"))["recordings"]
    assert shown == {
        "number": 1, "at_ms": 120.0, "format": "wav", "duration_ms": 4200, "size_bytes": 14, "sha256": "abc",
    }  # fmt: skip
    path = "/v1/calls/c1/recording"
    assert "not there" in (await api.json("GET", path, "read", 404))["detail"]
    api.parts.recordings_folder.mkdir()
    (api.parts.recordings_folder / "c1-recording-1.wav").write_bytes(b"RIFF-and-so-on")
    for asked in (path, f"{path}?number=1"):
        async with api.ask("GET", asked, "read") as answer:
            assert (answer.status, answer.content_type, await answer.read()) == (200, "audio/wav", b"RIFF-and-so-on")
    async with api.ask("GET", path, "read", headers={"Range": "bytes=5-7"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"and")
        assert answer.headers["Content-Range"] == "bytes 5-7/14"
    await api.json("GET", f"{path}?number=2", "read", 404)
    await api.json("GET", path, "", 401)


async def test_one_call(api: Api) -> None:
    await api.store.write([*whole_call(), opened(LIVE.id)])
    call = await api.json("GET", "/v1/calls/c1", "read")
    said, answered = call["transcripts"][:2]
    assert said == {
        "at_ms": 250.25,
        "id": "t1",
        "role": "bot",
        "text": "Grüß Gott 👋",
        "start_ms": None,
        "end_ms": None,
    }
    assert (answered["start_ms"], answered["end_ms"]) == (3100.0, 3900.5)
    assert call["results"][0]["data"] == {"date": "2026-12-01", "seats": [1, 2.5, None]}
    assert [step["kind"] for step in call["steps"]] == ["arrived", "bot_accepted"]
    assert (call["live"], call["cause"]) == (None, 16)
    assert (await api.json("GET", CALL, "read"))["live"]["state"] == "talking"
    await api.json("GET", "/v1/calls/c9", "read", 404)


@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        ("hangup", None, ("hang_up",)),
        ("transfer", {}, ("transfer", "", Way.BRIDGE, "")),
        (
            "transfer",
            {"to": "sales", "way": "refer", "summary": "wants to buy"},
            ("transfer", "sales", Way.REFER, "wants to buy"),
        ),
        ("takeover", {"to": "PJSIP/boss"}, ("take_over", "PJSIP/boss")),
        ("play", {"text": "Moment", "language": "de"}, ("play", Playable(text="Moment", language="de"))),
        ("play", {"url": "https://example.com/a.wav"}, ("play", Playable(url="https://example.com/a.wav"))),
        ("play", {"sound": "beep"}, ("play", Playable(sound="beep"))),
        ("digits", {"digits": "12#"}, ("press", "12#")),
        ("recording", {"action": "pause"}, ("record", Recording.PAUSE)),
        ("metadata", {"metadata": {"vip": True}}, ("add_metadata", {"vip": True})),
    ],
)
async def test_what_is_done_to_a_call(api: Api, path: str, body: Any, asked: tuple[Any, ...]) -> None:
    await api.json("POST", f"{CALL}/{path}", "operate", 202, json=body)
    name, *rest = asked
    assert api.calls.asked == [(name, LIVE.id, *rest, "operate-person")]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("transfer", {"way": "teleport"}),
        ("play", {}),
        ("play", {"text": "a", "sound": "beep"}),
        ("play", {"url": "file:///etc/passwd"}),
        ("play", {"sound": "../../etc/passwd"}),
        ("digits", {"digits": "12x"}),
        ("recording", {"action": "rewind"}),
        ("metadata", {"metadata": []}),
    ],
)
async def test_what_cannot_be_asked(api: Api, path: str, body: Any) -> None:
    await api.json("POST", f"{CALL}/{path}", "operate", 422, json=body)
    assert not api.calls.asked


async def test_what_a_call_refuses(api: Api) -> None:
    await api.json("POST", "/v1/calls/20261122-163012-nobody/hangup", "operate", 404)
    refusals = (NotNow("it rings"), 409), (NotAllowed("fence"), 403), (NotSupported("no"), 501), (SoundError("no"), 422)
    for refusal, status in refusals:
        api.calls.refusal = refusal
        said = await api.json("POST", f"{CALL}/transfer", "operate", status, json={})
        assert said["detail"] == str(refusal)


async def test_placing_a_call(api: Api) -> None:
    said = await api.json("POST", "/v1/calls", "operate", 201, json={"to": "+493023125100", "metadata": {"order": 1}})
    assert said == {"id": "20261122-163013-abcdef"}
    assert api.calls.asked == [("place", Placement("+493023125100", metadata={"order": 1}), "operate-person")]
    for wrong in ({"to": "PJSIP/anybody"}, {"to": "+493023125100", "ring_seconds": "30"}, {}):
        await api.json("POST", "/v1/calls", "operate", 422, json=wrong)
