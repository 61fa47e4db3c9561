"""`ari-controller check`: every setting tried, before the first call needs it."""

from collections.abc import Callable

from controller.ari.client import AriClient
from controller.ari.requests import refuse_bad_credentials
from controller.bot.preflight import reach_bot
from controller.bot.tls import TlsFiles
from controller.bot.websocket import where
from controller.config import Settings
from controller.errors import AsteriskAway, AsteriskError, SettingError
from controller.records.store import RecordStore
from controller.routes_file import load_routes, tls_of
from controller.trunks.trunks_file import load_trunks


async def check(settings: Settings, say: Callable[[str], None]) -> None:
    """Say what works, a line each. Raises SettingError at the first that does not."""
    say(f"Asterisk   {settings.ari_url}: version {await _asterisk_version(settings)}")
    routes = load_routes(settings)
    say(f"routes     {routes.source}: {len(routes.routes)} read")
    trunks = load_trunks(settings)
    if trunks.source:
        say(f"trunks     {trunks.source}: {len(trunks.by_name)} read")
    for setting, bot in routes.bots().items():
        await reach_bot(bot.url, setting, tls_of(bot))
        say(f"bot        {where(bot.url)}: reached")
        if bot.choose_url:
            trusted = TlsFiles(bot.ca_file, machines_too=True)
            await reach_bot(bot.choose_url, setting.replace(".url", ".choose_url"), trusted)
            say(f"webhook    {where(bot.choose_url)}: reached")
    store = await RecordStore.open(settings.database_url)
    await store.close()
    say(f"records    {settings.database_url}: open")


async def _asterisk_version(settings: Settings) -> str:
    try:
        async with AriClient.of(settings) as ari:
            return await ari.version()
    except AsteriskAway as error:
        mend = "Start Asterisk, or correct ARI_URL"
        raise SettingError("ARI_URL", f"no answer at {settings.ari_url} ({error.reason})", mend) from error
    except AsteriskError as error:
        refuse_bad_credentials(settings.ari_url, error.status)
        raise
