"""Targets from the settings, and what is said of bad ones."""

import pytest

from controller.config import load
from controller.errors import SettingError
from controller.records.events import Event
from controller.routing.webhook import EVENTS_BY_DEFAULT, EventType
from controller.webhooks.targets import audience, targets
from tests.unit.routing.files import routes_of

MINIMUM = '[[routes]]\nname = "all"\nladder = [{busy = 486}]\n'
URL = {"WEBHOOK_URL": "https://crm.example.com/", "WEBHOOK_SECRET": "a secret of some length"}


def test_none_by_default() -> None:
    assert targets(load({})) == ()


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ("", EVENTS_BY_DEFAULT),
        ("all", frozenset(EventType)),
        ("result, call.ended", {EventType.RESULT, EventType.CALL_ENDED}),
    ],
)
def test_the_one_of_the_settings(events: str, wanted: frozenset[EventType]) -> None:
    (target,) = targets(load({**URL, "WEBHOOK_EVENTS": events}))
    assert (target.name, target.url, target.events) == ("default", "https://crm.example.com/", wanted)
    assert "secret" not in repr(target)


def test_those_of_the_routes_beside_it() -> None:
    text = f"""
[webhooks.crm]
url = "https://crm.example.com/sales"
secret = {{env = "CRM"}}
{MINIMUM}webhooks = ["crm"]
[[routes]]
name = "silent"
match = {{to = "17"}}
webhooks = []
ladder = [{{busy = 486}}]
[[routes]]
name = "loud"
match = {{to = "18"}}
ladder = [{{busy = 486}}]
"""
    told = audience(load(URL), routes_of(text, {"CRM": "a secret of some length"}))
    assert [target.name for target in told.targets] == ["default", "crm"]

    def names(route: str) -> list[str]:
        return told.names(Event("evt_1", "c1", route, EventType.RESULT, "{}"))

    assert (names("all"), names("silent"), names("loud")) == (["crm"], [], ["default", "crm"])


@pytest.mark.parametrize(
    ("settings", "setting", "problem"),
    [
        ({"WEBHOOK_SECRET": ""}, "WEBHOOK_SECRET", "nothing is sent unsigned"),
        ({"WEBHOOK_SECRET": "tooshort"}, "WEBHOOK_SECRET", "16 are the least"),
        ({"WEBHOOK_EVENTS": "result,resutl"}, "WEBHOOK_EVENTS", "'resutl' is no type of event"),
    ],
)
def test_bad_ones(settings: dict[str, str], setting: str, problem: str) -> None:
    with pytest.raises(SettingError) as raised:
        targets(load({**URL, **settings}))
    assert raised.value.setting == setting
    assert problem in raised.value.problem
    assert "tooshort" not in str(raised.value)
