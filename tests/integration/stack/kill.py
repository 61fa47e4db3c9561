"""Kills controller and media worker at random points under calls, and weighs what is left: for test and benchmark."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from controller.carrier.carrier import Carrier
from controller.carrier.phone import CallOver, Phone
from controller.errors import ControllerError
from controller.records.calls import CallDetail
from controller.records.store import RecordStore
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot, BotCall
from tests.integration.stack.stack import Stack
from tests.unit.webhooks.receiver import Receiver

REPORTS_PER_SECOND = 500
"""Of all bots together: less than is stored in a second, so that all of them are told so."""
ALIVE_SECONDS = (0.3, 2.5)
"""How long the calls of a round go on before the kill."""
DELIVERED_SECONDS = 90.0
"""For the outbox to be empty: longer than the lease that a killed sender leaves behind."""


@dataclass
class Kept:
    """What was promised and what came of it. Every list names what is wrong: all are empty where nothing is."""

    kills: int = 0
    calls: int = 0
    acknowledged: int = 0
    delivered: int = 0
    repeated: int = 0
    """Deliveries beyond the first: allowed."""
    not_stored: list[str] = field(default_factory=list)
    not_delivered: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    not_closed: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [*self.not_stored, *self.not_delivered, *self.altered, *self.out_of_order, *self.not_closed]


async def kill_under_calls(
    stack: Stack,
    bot: Bot,
    carrier: Carrier,
    receiver: Receiver,
    *,
    calls: int,
    kills: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Kept:
    """So many kills, each under so many calls whose bots report all the time; then all that was stored is compared.

    Every third is the media worker's, the others are the controller's. `progress` is told of each.
    """
    spoken: list[BotCall] = []
    for kill in range(kills):
        phones = await _dial(carrier, calls)
        talkers = [
            asyncio.create_task(_report(call, 2 * calls / REPORTS_PER_SECOND)) for call in bot.calls[len(spoken) :]
        ]
        spoken = list(bot.calls)
        await asyncio.sleep(random.uniform(*ALIVE_SECONDS))  # noqa: S311
        victim = stack.media if kill % 3 == 1 else stack.controller
        victim.kill()
        stored = sum(_acknowledged(call).total() for call in bot.calls)
        progress(f"kill {kill + 1} of {kills}: {victim.command}, under {len(phones)} calls; {stored} reports stored")
        for talker in talkers:
            talker.cancel()
        await asyncio.gather(*talkers, return_exceptions=True)
        await asyncio.gather(*(phone.hang_up() for phone in phones), return_exceptions=True)
        stack.as_usual(stack.custom)
        await stack.until_nothing_left()
    return await _weigh(stack, spoken, receiver, kills)


async def _dial(carrier: Carrier, calls: int) -> list[Phone]:
    phones: list[Phone] = []
    for _ in range(calls):
        try:
            phones.append(await carrier.dial(PHONE_NUMBER))
        except (ControllerError, CallOver, TimeoutError):
            continue
    await asyncio.gather(*(phone.until_answered() for phone in phones), return_exceptions=True)
    return phones


async def _report(call: BotCall, pause_seconds: float) -> None:
    """What the bot says until its call or its controller is gone."""
    number = 0
    while not call.closed.is_set():
        await call.send("transcript", id=f"t{number}", role="bot", text=f"word {number} {'ä' * (number % 50)}")
        await call.send("result", id=f"r{number}", name=f"Result {number}", data={"number": number})
        number += 1
        await asyncio.sleep(pause_seconds)


# --- afterwards ---------------------------------------------------------------------------------------------


async def _weigh(stack: Stack, spoken: Sequence[BotCall], receiver: Receiver, kills: int) -> Kept:
    await stack.until_closed(len(await stack.records()))
    store = await RecordStore.open(stack.settings["DATABASE_URL"])
    records = {record.id: await store.show_call(record.id) for record in await stack.records()}
    await store.close()
    wanted: Counter[tuple[str, str]] = Counter()
    for call_id, record in records.items():
        wanted[call_id, "transcript"], wanted[call_id, "result"] = len(record.transcripts), len(record.results)
        wanted[call_id, "call.started"] = wanted[call_id, "call.ended"] = 1
    kept = Kept(kills=kills, calls=len(records))
    with suppress(TimeoutError):  # what is missing then is named below
        await receiver.until(lambda: wanted <= _kinds(receiver.taken), DELIVERED_SECONDS)
    told = _firsts(receiver.taken)
    kept.delivered, kept.repeated = len(told), len(receiver.taken) - len(told)
    kept.not_closed = [record.summary.id for record in records.values() if record.summary.ending is None]
    for call in spoken:
        _compare_promises(kept, call, records)
    for record in records.values():
        _compare_deliveries(kept, record, told)
    return kept


def _kinds(taken: Sequence[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """How many different messages of each kind were taken for each call; some calls have others than those here."""
    return Counter({message["id"]: (message["call_id"], message["type"]) for message in taken}.values())


def _firsts(taken: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each message once, where it came first."""
    return list({message["id"]: message for message in reversed(taken)}.values())[::-1]


def _acknowledged(call: BotCall) -> Counter[str]:
    """How often the bot was told that a report of its is stored, by the report's id."""
    return Counter(message["id"] for message in call.messages if message["type"] == "ack")


def _compare_promises(kept: Kept, call: BotCall, records: dict[str, CallDetail]) -> None:
    """What a bot was told is stored is stored, as it said it."""
    acknowledged = _acknowledged(call)
    kept.acknowledged += acknowledged.total()
    record = records.get(call.start["call_id"])
    if record is None:
        kept.not_stored += [f"{call.start['call_id']} as a whole"] if acknowledged else []
        return
    words = {said.id.rpartition("/")[2]: said.text for said in record.transcripts}
    names = {result.id.rpartition("/")[2]: result.name for result in record.results}
    for name in acknowledged:
        number = int(name[1:])
        expected = f"word {number} {'ä' * (number % 50)}" if name[0] == "t" else f"Result {number}"
        stored = (words if name[0] == "t" else names).get(name)
        if stored is None:
            kept.not_stored.append(f"{record.summary.id} {name}")
        elif stored != expected:
            kept.altered.append(f"{record.summary.id} {name}: {stored!r}")


def _compare_deliveries(kept: Kept, record: CallDetail, told: Sequence[dict[str, Any]]) -> None:
    """What is stored was delivered, as it is stored, in its order."""
    call_id = record.summary.id
    mine = [message for message in told if message["call_id"] == call_id]
    texts = [message["data"]["text"] for message in mine if message["type"] == "transcript"]
    results = [message["data"]["data"] for message in mine if message["type"] == "result"]
    for what, came, stored in (
        ("transcripts", texts, [said.text for said in record.transcripts]),
        ("results", results, [dict(result.data) for result in record.results]),
    ):
        if len(came) < len(stored):
            kept.not_delivered.append(f"{call_id}: {len(stored) - len(came)} {what}")
        elif came != stored:
            kept.out_of_order.append(f"{call_id}: {what} {came[:5]} … instead of {stored[:5]} …")
    kinds = [message["type"] for message in mine]
    begun, ended = kinds.count("call.started"), kinds.count("call.ended")
    if (begun, ended) != (1, 1) or kinds[0] != "call.started" or kinds[-1] != "call.ended":
        kept.out_of_order.append(f"{call_id}: {begun} begun, {ended} ended, {kinds[:2]} … {kinds[-2:]}")
