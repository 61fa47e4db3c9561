"""What calls leave for people to do is there until it is done, once."""

from datetime import timedelta

import pytest

from controller.records import tasks
from controller.records.items import CallbackAsked, HandoffOffered, VoicemailLeft
from controller.records.store import RecordStore
from controller.records.tasks import HandoffRefused, TaskUnknown
from tests.unit.records.examples import START, opened

LATER = START + timedelta(hours=1)


async def test_callbacks_are_open_until_they_are_done(store: RecordStore) -> None:
    asked = [CallbackAsked("c1", str(n), n, "+493012345678", f"note {n}", LATER if n else None) for n in range(3)]
    await store.write([opened(), *asked])
    found = await tasks.callbacks(store.database)
    assert [(task.note, task.wanted_at) for task in found] == [("note 0", None), ("note 1", LATER), ("note 2", LATER)]
    assert (found[0].asked_at, found[0].from_name, found[0].route) == (START, "Ada", "reception")
    await tasks.finish_callback(store.database, found[1].number, LATER, "told her")
    assert [task.note for task in await tasks.callbacks(store.database)] == ["note 0", "note 2"]
    assert [task.done_note for task in await tasks.callbacks(store.database, open_only=False)] == ["", "told her", ""]
    assert await tasks.callbacks(store.database, after=found[2].number) == []
    assert await tasks.callbacks(store.database, phone="+49") == []
    with pytest.raises(TaskUnknown):
        await tasks.finish_callback(store.database, found[1].number, LATER)


async def test_voicemails_are_heard_once(store: RecordStore) -> None:
    await store.write([opened(), VoicemailLeft("c1", "v", 0, "c1-voicemail", 4000, "call me")])
    (left,) = await tasks.voicemails(store.database, unheard_only=True)
    assert (left.recording, left.text, left.from_number) == ("c1-voicemail", "call me", "+493012345678")
    await tasks.hear_voicemail(store.database, left.number, LATER)
    assert await tasks.voicemails(store.database, unheard_only=True) == []
    assert (await tasks.voicemails(store.database))[0].heard_at == LATER
    with pytest.raises(TaskUnknown):
        await tasks.hear_voicemail(store.database, left.number, LATER)


async def test_a_handoff_is_for_whoever_has_its_secret_in_time(store: RecordStore) -> None:
    offered = HandoffOffered("c1", "h1", 0, tasks.hash_secret("s3cret"), "wants a refund", LATER, {"order": 7})
    await store.write([opened(), offered])
    taken = await tasks.take_handoff(store.database, "h1", "s3cret", START)
    assert (taken.summary, taken.data, taken.taken_at) == ("wants a refund", {"order": 7}, START)
    again = await tasks.take_handoff(store.database, "h1", "s3cret", START + timedelta(minutes=1))
    assert again.taken_at == START
    for name, secret, now in (("h1", "wrong", START), ("h2", "s3cret", START), ("h1", "s3cret", LATER)):
        with pytest.raises(HandoffRefused):
            await tasks.take_handoff(store.database, name, secret, now)
