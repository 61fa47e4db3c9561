"""What a call writes about itself, as far as nobody else's test sees it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from controller.call import commands as c
from controller.call.call import Call
from controller.records.items import Item, VoicemailLeft
from controller.routing.route import Arrival, Decision, HumanRung, Route
from controller.session.journal import Journal

HUMAN = HumanRung("PJSIP/human")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_message_of_a_forgotten_caller_is_removed(tmp_path: Path) -> None:
    def refuse(item: Item, stored: Callable[[], None] | None = None, refused: Callable[[], None] | None = None) -> None:
        del stored
        assert isinstance(item, VoicemailLeft)
        if refused:
            asyncio.get_running_loop().call_soon(refused)

    call = Call("20261122-163012-k3v9qx", Arrival("trunk", "1", "", "2"), Decision(Route("r", (HUMAN,), HUMAN), ""), 0)
    journal = Journal(call, refuse, lambda _: None, tmp_path)
    (tmp_path / "m.wav").touch()
    (tmp_path / "other.wav").touch()
    journal.write(c.SaveVoicemail(1.0, "m", 2.0))
    await asyncio.sleep(0)
    assert names(tmp_path) == ["other.wav"]
