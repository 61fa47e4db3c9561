"""Routes for the tests: short times, so that a test is short."""

from tests.integration.stack.asterisks import HUMAN_NUMBER
from tests.integration.stack.stack import Stack

BOT_THEN_DESK = '{bot = "reception"}, {human = "desk"}'
DESK = f"PJSIP/{HUMAN_NUMBER}@trunk"


def routes(stack: Stack, ladder: str, *, bot: str = "", desk: str = "", more: str = "") -> str:
    """A routes.toml with one bot (`reception`), one human (`desk`) and this ladder."""
    return f"""
[defaults]
country = "DE"
time_zone = "Europe/Berlin"
human = "desk"
escape = "0"

[bots.reception]
url = "ws://127.0.0.1:{stack.bot_port}/"
accept_seconds = 1
reconnect_seconds = 0
{bot}

[humans.desk]
dial = "{DESK}"
ring_seconds = 3
{desk}

[[routes]]
name = "default"
ladder = [{ladder}]

{more}
"""
