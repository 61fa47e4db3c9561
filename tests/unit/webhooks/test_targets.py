"""Targets from the settings, and what is said of bad ones."""

import pytest

from controller.config import load
from controller.errors import SettingError
from controller.records.events import EventType
from controller.records.targets import EVENTS_BY_DEFAULT
from controller.webhooks.targets import targets

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
