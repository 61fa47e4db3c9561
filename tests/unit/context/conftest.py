from tests.unit.records.conftest import cluster, kind, migrated, sqlite_url, url
from tests.unit.webhooks.conftest import receiver

__all__ = ["cluster", "kind", "migrated", "receiver", "sqlite_url", "url"]
