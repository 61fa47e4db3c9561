"""Callbacks, voicemails and handoffs over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.records.items import CallbackAsked, HandoffOffered, VoicemailLeft
from controller.records.tasks import hash_secret
from tests.unit.api.conftest import Api
from tests.unit.records.examples import RESULTS, TRANSCRIPTS, opened

SECRET = "only-for-whoever-takes-it"
FIVE_MINUTES = timedelta(minutes=5)


def handoff(expires_in: timedelta = FIVE_MINUTES, name: str = "h1") -> HandoffOffered:
    expires_at = datetime.now(UTC) + expires_in
    return HandoffOffered("c1", name, 5.0, hash_secret(SECRET), "wants to cancel", expires_at, {"contract": 7})


async def test_callbacks(api: Api) -> None:
    asked = [CallbackAsked("c1", f"cb{number}", number, "+493012345678", "after six") for number in (1, 2, 3)]
    await api.store.write([opened(), *asked])
    page = await api.json("GET", "/v1/callbacks?limit=2", "read")
    assert [(one["phone"], one["note"], one["call_id"]) for one in page["callbacks"]] == [
        ("+493012345678", "after six", "c1")
    ] * 2
    rest = await api.json("GET", f"/v1/callbacks?limit=2&after={page['next']}", "read")
    assert (len(rest["callbacks"]), rest["next"]) == (1, None)


async def test_a_callback_that_is_done(api: Api) -> None:
    await api.store.write([opened(), CallbackAsked("c1", "cb", 1.0, "+493012345678")])
    ((number,),) = [[one["number"]] for one in (await api.json("GET", "/v1/callbacks", "read"))["callbacks"]]
    await api.json("POST", f"/v1/callbacks/{number}/done", "read", 403, json={})
    await api.json("POST", f"/v1/callbacks/{number}/done", "operate", 204, json={"note": "sold one"})
    await api.json("POST", f"/v1/callbacks/{number}/done", "operate", 404, json={})
    assert (await api.json("GET", "/v1/callbacks", "read"))["callbacks"] == []
    (done,) = (await api.json("GET", "/v1/callbacks?all=true", "read"))["callbacks"]
    assert done["done_note"] == "sold one (operate-person)"


async def test_voicemails(api: Api) -> None:
    await api.store.write([opened(), VoicemailLeft("c1", "v1", 9.0, "c1-voicemail", 4200, "call me")])
    (left,) = (await api.json("GET", "/v1/voicemails", "read"))["voicemails"]
    assert (left["duration_ms"], left["text"], left["heard_at"]) == (4200, "call me", None)
    audio = f"/v1/voicemails/{left['number']}/audio"
    await api.json("GET", audio, "read", 404)
    (api.parts.voicemail_folder / "c1-voicemail.wav").write_bytes(b"RIFF-and-so-on")
    async with api.ask("GET", audio, "read") as answer:
        assert (answer.content_type, await answer.read()) == ("audio/wav", b"RIFF-and-so-on")
    await api.json("POST", f"/v1/voicemails/{left['number']}/heard", "operate", 204)
    assert (await api.json("GET", "/v1/voicemails?unheard=true", "read"))["voicemails"] == []
    await api.json("GET", f"/v1/voicemails/{left['number'] + 1}/audio", "read", 404)


@pytest.mark.parametrize("recording", ["../secret", "/etc/passwd", "a/b", "..", ""])
async def test_a_recording_outside_of_its_folder(api: Api, recording: str) -> None:
    (api.parts.voicemail_folder.parent / "secret.wav").write_text("secret")
    await api.store.write([opened(), VoicemailLeft("c1", "v1", 9.0, recording, 4200)])
    (left,) = (await api.json("GET", "/v1/voicemails", "read"))["voicemails"]
    await api.json("GET", f"/v1/voicemails/{left['number']}/audio", "read", 404)


@pytest.mark.parametrize("way", ["header", "query", "path"])
async def test_a_handoff_with_its_secret(api: Api, way: str) -> None:
    await api.store.write([opened(), *TRANSCRIPTS, *RESULTS, handoff()])
    added = {"header": "", "query": f"?secret={SECRET}", "path": f".{SECRET}"}[way]
    headers = {"Authorization": f"Bearer {SECRET}"} if way == "header" else {}
    taken = await api.json("GET", f"/v1/handoffs/h1{added}", "", headers=headers)
    assert (taken["summary"], taken["data"], taken["from_name"]) == ("wants to cancel", {"contract": 7}, "Ada")
    assert [said["text"] for said in taken["transcripts"]] == ["Grüß Gott 👋", ""]
    assert [result["name"] for result in taken["results"]] == ["Appointment confirmed"]
    assert SECRET not in str(taken)
    assert "secret" not in str(taken)


async def test_a_handoff_is_for_nobody_else(api: Api) -> None:
    await api.store.write([opened(), handoff(), handoff(-FIVE_MINUTES, "late")])
    await api.json("GET", "/v1/handoffs/h1", "", 401)
    await api.json("GET", "/v1/handoffs/h1?secret=wrong", "", 404)
    await api.json("GET", "/v1/handoffs/h1", "admin", 404)
    await api.json("GET", "/v1/handoffs/h1.wrong", "", 404)
    await api.json("GET", f"/v1/handoffs/h2?secret={SECRET}", "", 404)
    await api.json("GET", f"/v1/handoffs/late?secret={SECRET}", "", 404)


async def test_the_timeline_shows_no_secret(api: Api) -> None:
    await api.store.write([opened(), *RESULTS, handoff()])
    line = await api.json("GET", "/v1/calls/c1/timeline", "read")
    assert [moment["type"] for moment in line["moments"]] == ["handoff", "result"]
    assert "secret" not in str(line)
