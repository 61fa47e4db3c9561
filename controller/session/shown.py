"""A running call as it is shown outside."""

from datetime import datetime, timedelta

from controller.api.control import LiveCall
from controller.call.call import Call


def shown(call: Call, started_at: datetime) -> LiveCall:
    """`started_at`: as the record has it."""
    answered = call.answered_at
    return LiveCall(
        call.id,
        started_at,
        call.arrival.from_number or None,
        call.arrival.from_name or None,
        call.arrival.to_number or None,
        call.route.name,
        call.state.value,
        None if answered is None else started_at + timedelta(seconds=answered),
        call.bot.rung.key if call.bot else "",
        (call.human.rung.name or call.human.rung.endpoint) if call.human else "",
        dict(call.metadata),
        call.arrival.direction,
        str(call.route.ladder[call.rung]) if 0 <= call.rung < len(call.route.ladder) else "",
        str(call.trigger or ""),
    )
