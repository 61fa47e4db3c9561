"""What a bot is told of earlier calls."""

from datetime import timedelta

from controller.records import tasks
from controller.records.items import CallbackAsked, CallClosed, CallOpened, Item, ResultReported, TransferChanged
from controller.records.previous import previous
from controller.records.store import RecordStore
from tests.unit.records.examples import START

ADA = "+493012345678"


def call(number: int, phone: str | None = ADA, *, over: bool = True) -> list[Item]:
    began = START + timedelta(days=number)
    end = [CallClosed(f"c{number}", began + timedelta(seconds=9), "bot_hung_up")] if over else []
    return [CallOpened(f"c{number}", began, phone, None, None, "reception"), *end]


async def test_the_latest_calls_of_this_number_that_are_over(store: RecordStore) -> None:
    await store.write([*call(0), *call(1), *call(2, "+4930999"), *call(3, None), *call(4), *call(5, over=False)])
    found = await previous(store.database, ADA, 2)
    assert [(call.id, call.ending) for call in found.calls] == [("c4", "bot_hung_up"), ("c1", "bot_hung_up")]
    assert (await previous(store.database, "")).calls == ()


async def test_results_and_the_last_summary(store: RecordStore) -> None:
    transfer = TransferChanged("c0", "1", 0, 1, "sales", "connected", summary="wants to buy")
    results = [
        ResultReported("c1", "r1", 0, "Booked", {"summary": "came to book", "seats": 2}),
        ResultReported("c1", "r2", 1, "Paid", {"summary": 7}),
    ]
    await store.write([*call(0), *call(1), *call(2), transfer, *results])
    latest, middle, oldest = (await previous(store.database, ADA)).calls
    assert (latest.summary, latest.results) == ("", ())
    assert (middle.summary, [name for name, _ in middle.results]) == ("came to book", ["Booked", "Paid"])
    assert middle.results[0][1] == {"summary": "came to book", "seats": 2}
    assert oldest.summary == "wants to buy"


async def test_callbacks_that_nobody_has_done(store: RecordStore) -> None:
    asked = [CallbackAsked("c0", str(n), 0, ADA, f"note {n}") for n in range(2)]
    await store.write([*call(0), *asked, CallbackAsked("c0", "x", 0, "+4930999", "not hers")])
    done, _ = await tasks.callbacks(store.database, phone=ADA)
    await tasks.finish_callback(store.database, done.number, START)
    assert [task.note for task in (await previous(store.database, ADA)).callbacks] == ["note 1"]
