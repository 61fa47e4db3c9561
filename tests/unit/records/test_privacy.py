"""Everything about a number goes, and nothing of anybody else's."""

from controller.records.items import CallbackAsked, CallClosed, CallOpened, Item, RecordingMade, TranscriptSaid
from controller.records.privacy import Known, forget, known
from controller.records.search import CallQuery, search
from controller.records.store import RecordStore
from tests.unit.records.examples import START

ADA, BOB, OURS = "+493012345678", "+493099999999", "+493023125000"


def call(name: str, caller: str, called: str = OURS, direction: str = "inbound") -> list[Item]:
    return [
        CallOpened(name, START, caller, None, called, "r", direction=direction),
        TranscriptSaid(name, "t", 0, "caller", f"this is {name}"),
        RecordingMade(name, "r", 0, f"{name}-recording", "wav", 1),
        CallClosed(name, START, "bot_hung_up"),
    ]


async def test_all_of_theirs_and_nothing_else(store: RecordStore) -> None:
    await store.write([*call("in", ADA), *call("national", "00493012345678"), *call("out", OURS, ADA, "outbound")])
    await store.write([*call("bobs", BOB), CallbackAsked("bobs", "b", 0, ADA), CallbackAsked("bobs", "c", 0, BOB)])
    expected = Known(3, 1, ("in-recording", "national-recording", "out-recording"))
    assert await known(store.database, ADA) == expected
    removed: list[str] = []

    async def remove(name: str) -> None:
        removed.append(name)

    assert await forget(store.database, "+49 30 1234-5678", remove) == expected
    assert removed == list(expected.recordings)
    assert await known(store.database, ADA) == Known(0, 0, ())
    assert [listed.id for listed in await store.list_calls()] == ["bobs"]
    assert [task.phone for task in (await store.show_call("bobs")).callbacks] == [BOB]
    assert len((await search(store.database, CallQuery(text="this"))).calls) == 1


async def test_our_own_number_is_not_everybody(store: RecordStore) -> None:
    await store.write(call("in", ADA))
    assert await forget(store.database, OURS) == Known(0, 0, ())
    assert len(await store.list_calls()) == 1
