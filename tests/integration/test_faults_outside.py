"""What the controller does not have in hand: a full disk. `make chaos` has the clock and the names too."""

import asyncio
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.carrier.carrier import Carrier
from tests.chaos.outside import full_disk
from tests.integration.stack.asterisks import PHONE_NUMBER
from tests.integration.stack.bot import Bot
from tests.integration.stack.parties import bot_has, talking
from tests.integration.stack.stack import API_TOKEN, Stack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


def ask(stack: Stack, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.api_port}{path}",
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


async def test_a_full_disk_costs_no_call_and_no_record(stack: Stack, bot: Bot, carrier: Carrier) -> None:
    phone, call = await talking(carrier, bot)
    with full_disk(stack.controller.pid):
        await call.send("result", id="said", name="Said to a full disk")
        await bot_has(phone, call)
        second, other = await talking(carrier, bot, 2)
        await bot_has(second, other)
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        status, problem = await asyncio.to_thread(ask, stack, "PUT", "/v1/closed", {"until": until})
        assert status == 503, problem
        assert "CLOSED_FILE" in problem["detail"]
        status, health = await asyncio.to_thread(ask, stack, "GET", "/readyz")
        assert (status, health["ready"]) == (200, True)
        assert health["records_waiting"] > 0
        _, said = await asyncio.to_thread(ask, stack, "GET", "/v1/warnings")
        assert "records" in " ".join(warning["what"] for warning in said["warnings"])
        assert not [message for message in call.messages if message["type"] == "ack"]
        await second.hang_up()
    # The longest pause between two attempts, and a machine that stands still.
    async with asyncio.timeout(50):
        while not [message for message in call.messages if message["type"] == "ack"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await phone.hang_up()
    await stack.until_closed(2)
    record = await stack.record_of(call.start["call_id"])
    assert [result.name for result in record.results] == ["Said to a full disk"]
    assert PHONE_NUMBER in {summary.to_number for summary in await stack.records()}
