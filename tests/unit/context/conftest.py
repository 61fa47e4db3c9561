from tests.unit.records.conftest import kind, sqlite_url, url
from tests.unit.webhooks.conftest import receiver

__all__ = ["kind", "receiver", "sqlite_url", "url"]
