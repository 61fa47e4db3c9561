"""What the API is given, as far as settings decide it."""

from typing import cast

import pytest

from controller.config import load
from controller.errors import SettingError
from controller.reporting import twilio_account, twilio_routes
from controller.session.control import LiveCalls

ACCOUNT = "AC" + "1" * 32
NOBODY = cast("LiveCalls", None)
"""The routes are only made here, and not asked."""


@pytest.mark.parametrize(
    ("environment", "methods"),
    [({}, []), ({"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "t0ken"}, ["GET", "POST"])],
)
async def test_twilios_surface_is_there_where_an_account_is(environment: dict[str, str], methods: list[str]) -> None:
    async with twilio_account(load(environment)) as account:
        assert [route.method for route in twilio_routes(account, NOBODY)] == methods


@pytest.mark.parametrize(
    ("given", "missing"), [("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"), ("TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID")]
)
async def test_half_an_account_is_a_mistake(given: str, missing: str) -> None:
    with pytest.raises(SettingError, match=f"^{missing}: is empty"):
        async with twilio_account(load({given: ACCOUNT})):
            pass
