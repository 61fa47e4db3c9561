"""What is said of a bot's URL before the first call."""

import socket
from pathlib import Path

import pytest

from controller.bot.preflight import BotAway, check_bot, reach_bot
from controller.bot.tls import TlsFiles
from controller.errors import SettingError
from tests import certificates
from tests.unit.bot.scripted_bot import serving, silent


async def test_a_bot_that_is_there() -> None:
    async with serving(silent) as bot:
        await reach_bot(bot.url)


async def test_a_bot_without_tls_where_the_url_promises_it() -> None:
    async with serving(silent) as bot:
        with pytest.raises(
            SettingError, match=r"^BOT_URL: wss://.* does not speak TLS .* or ws:// on a private network$"
        ):
            await check_bot(bot.url.replace("ws://", "wss://"))


async def test_a_bot_that_is_away_is_an_error_only_when_asked_for() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(BotAway, match="nothing answers at"):
            await reach_bot(url)
        await check_bot(url)


async def test_a_bot_of_a_private_authority(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    async with serving(silent, made.server()) as bot:
        await reach_bot(bot.url, files=TlsFiles(made.ca))
        with pytest.raises(SettingError, match=r"the certificate of wss://.* is not accepted"):
            await reach_bot(bot.url)


async def test_what_may_be_secret_in_the_url_is_not_said() -> None:
    with pytest.raises(BotAway) as away:
        await reach_bot("ws://us:s3cret@127.0.0.1:1/call?key=s3cret")
    assert "ws://127.0.0.1:1/call" in str(away.value)
    assert "s3cret" not in str(away.value)
