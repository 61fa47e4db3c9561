"""Which bot takes a call, where a route lets the company's own system have a say in it."""

from dataclasses import replace

from controller.bot.chooser import BotChoice, BotChooser, Question, Webhook
from controller.bot.websocket import where
from controller.call import events as e
from controller.call.call import Call
from controller.routing.route import BotRung


async def choose(chooser: BotChooser, attempt: int, rung: BotRung, call: Call) -> e.BotChosen:
    """Ask the rung's webhook, within its time. Never fails: where nothing else is said the rung stays as it is."""
    webhook = Webhook(rung.choose_url, rung.choose_secret, rung.choose_seconds, rung.ca_file)
    chosen = await chooser.choose(webhook, _question(call, rung))
    bot = chosen.bot
    # Nobody is asked a second time in this call: a bot that is tried again is the same one.
    taken = replace(
        rung, url=bot.url, protocol=bot.protocol, parameters=bot.parameters, token=bot.token, headers=bot.headers,
        username=bot.username, choose_url="", choose_secret="",
    )  # fmt: skip
    return e.BotChosen(attempt, taken, chosen.problem or f"{where(bot.url)}, {bot.protocol}", bool(chosen.problem))


def _question(call: Call, rung: BotRung) -> Question:
    arrival = call.arrival
    usual = BotChoice(rung.url, rung.protocol, rung.parameters, rung.token, rung.headers, rung.username)
    more = {
        "forwarded_from": {"number": arrival.forwarded_from} if arrival.forwarded_from else None,
        "trunk": arrival.trunk,
        "sip_headers": dict(arrival.headers),
        "metadata": dict(call.metadata),
    }
    return Question(
        call.id,
        arrival.from_number or None,
        arrival.to_number or None,
        call.route.name,
        usual,
        rung.audio,
        {name: value for name, value in more.items() if value},
    )
