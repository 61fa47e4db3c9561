"""The targets of webhooks, from the settings and the routes."""

from controller.config import Settings
from controller.errors import SettingError
from controller.records.targets import Audience
from controller.routing.routes import Routes
from controller.routing.webhook import DEFAULT_TARGET, EVENTS_BY_DEFAULT, EventType, Target, key_of


def audience(settings: Settings, routes: Routes) -> Audience:
    """Who is told of what. Raises SettingError."""
    chosen = {route.name: route.webhooks for route in routes.routes if route.webhooks is not None}
    return Audience((*targets(settings), *routes.webhooks), chosen)


def targets(settings: Settings) -> tuple[Target, ...]:
    """That of the settings: none or one. Raises SettingError."""
    if not settings.webhook_url:
        return ()
    secret = settings.webhook_secret.get_secret_value()
    check_secret("WEBHOOK_SECRET", secret)
    return (
        Target(DEFAULT_TARGET, settings.webhook_url, secret, event_types("WEBHOOK_EVENTS", settings.webhook_events)),
    )


def check_secret(setting: str, secret: str) -> None:
    """Whether it can sign. Raises SettingError, without the secret."""
    mend = "Make one, and give it to whoever receives: echo whsec_$(openssl rand -base64 32)"
    if not secret:
        raise SettingError(setting, "is empty, and nothing is sent unsigned", mend)
    try:
        key_of(secret)
    except ValueError as error:
        raise SettingError(setting, f"cannot be used: {error}", mend) from error


def event_types(setting: str, names: str) -> frozenset[EventType]:
    """The types in a comma separated list; `all`; empty: what came of calls. Raises SettingError."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if wanted == ["all"]:
        return frozenset(EventType)
    known = {str(kind) for kind in EventType}
    for name in wanted:
        if name not in known:
            mend = f"There are {', '.join(EventType)}; or write all"
            raise SettingError(setting, f"{name!r} is no type of event", mend)
    return frozenset(EventType(name) for name in wanted) or EVENTS_BY_DEFAULT
