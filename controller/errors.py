"""Every error that we raise on purpose.

ControllerError
|- SettingError        a setting is missing or wrong: names it and its mend; ends the command with status 2
|- AsteriskError       Asterisk refused or failed one request
|  `- AsteriskAway     no answer at all: the connection is down
|- MediaLinkError      no media worker could take the request
|- MediaOverload       all of them have enough to do
|- SoundError          a sound cannot be made: says which, why, and the mend


|- LimitReached        a bot, a route or this controller has as many calls as it may
|- RefusedDestination  a transfer to where its route does not allow one
`- ProtocolError       a peer sent what its protocol does not allow (the peer's fault, never fatal to us)
"""

from typing import Final

SETTING_STATUS: Final = 2
"""Exit status of every command for what a change of settings mends."""


class ControllerError(Exception):
    """Base of all our errors; its text is one readable sentence."""


class SettingError(ControllerError):
    """A setting that cannot work. `setting` is its name in the environment, `mend` what to do about it."""

    def __init__(self, setting: str, problem: str, mend: str) -> None:
        self.setting = setting
        self.problem = problem
        self.mend = mend
        super().__init__(f"{setting}: {problem}. {mend}")


class AsteriskError(ControllerError):
    """Asterisk answered a request with an error. `status` is the HTTP status, 0 where there was none."""

    def __init__(self, request: str, status: int, reason: str) -> None:
        self.request = request
        self.status = status
        self.reason = reason
        super().__init__(f"{request}: {status} {reason}")


class AsteriskAway(AsteriskError):
    """Asterisk could not be reached or did not answer in time."""

    def __init__(self, request: str, reason: str) -> None:
        super().__init__(request, 0, reason)


class MediaLinkError(ControllerError):
    """No media worker is connected, or the one that carries the session is gone."""


class MediaOverload(ControllerError):
    """Every media worker is at its limit: the call takes the ladder's `busy`."""


class SoundError(ControllerError):
    """A text that cannot be spoken, or a file that cannot be played."""


class LimitReached(ControllerError):
    """As many calls as there may be: the ladder's `busy`."""


class ProtocolError(ControllerError):
    """A message that its protocol does not allow. `field` is the dotted path of the culprit, if one is known."""

    def __init__(self, message: str, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)


class RefusedDestination(ControllerError):
    """A transfer asked for goes where its route does not allow it; says why, for the bot and the record."""
