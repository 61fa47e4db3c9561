"""The trunks as the running controller tells of them; where none runs, whether their file can be used."""

import asyncio

import aiohttp

from controller.config import Settings
from controller.doctor.checks.trunks import TrunkSeen, TrunksSeen
from controller.doctor.observe.asterisk import get_api, reason
from controller.errors import SettingError
from controller.trunks.status import TrunkState
from controller.trunks.trunks_file import load_trunks


async def trunks(settings: Settings, url: str) -> TrunksSeen:
    """`url`: of the controller's API."""
    try:
        source = (await asyncio.to_thread(load_trunks, settings)).source
        problem = ""
    except SettingError as error:
        source, problem = error.setting, str(error)
    if not source:
        return TrunksSeen()
    try:
        told = await get_api(settings, f"{url}/v1/trunks")
        return TrunksSeen(
            source,
            problem or str(told["problem"]),
            trunks=[
                TrunkSeen(
                    str(one["name"]),
                    TrunkState(one["state"]),
                    str(one["reason"]),
                    str(one["mend"]),
                    str((one["odd_number"] or {}).get("text", "")),
                )
                for one in told["trunks"]
            ],
        )
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
        return TrunksSeen(source, problem, unseen=reason(error))
