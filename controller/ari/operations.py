"""Every request that we make to Asterisk, as a table.

The client builds requests from these rows only, so a test can hold all that we ask for against the API description
that the running Asterisk serves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

Value = str | int | bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: HTTP method, path below `/ari` with its {parameters}, and the parameters of query and body."""

    method: str
    path: str
    query: tuple[str, ...] = ()
    body: str | None = None
    """Name of the one parameter that travels as JSON."""

    def path_with(self, parameters: Mapping[str, str]) -> str:
        """The path, its parameters filled in and quoted (a `/` in a recording's name becomes %2F)."""
        return self.path.format_map({name: quote(value, safe="") for name, value in parameters.items()})

    def query_with(self, parameters: Mapping[str, Value | None]) -> dict[str, str]:
        """The query as texts; a parameter that is None is left out. Raises ValueError for one not in the table."""
        unknown = parameters.keys() - set(self.query)
        if unknown:
            raise ValueError(f"{self.method} {self.path} has no parameter {', '.join(sorted(unknown))}")
        return {name: _text(value) for name, value in parameters.items() if value is not None}


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


LIST_CHANNELS: Final = Operation("GET", "/channels")
GET_CHANNEL: Final = Operation("GET", "/channels/{channelId}")
CREATE_CHANNEL: Final = Operation(
    "POST", "/channels/create", ("endpoint", "app", "appArgs", "channelId", "originator", "formats"), "variables"
)
_MEDIA: Final = (
    "channelId", "app", "external_host", "format", "encapsulation", "transport", "connection_type", "transport_data"
)  # fmt: skip
EXTERNAL_MEDIA: Final = Operation("POST", "/channels/externalMedia", _MEDIA, "variables")
HANG_UP: Final = Operation("DELETE", "/channels/{channelId}", ("reason_code", "reason"))
RING: Final = Operation("POST", "/channels/{channelId}/ring")
ANSWER: Final = Operation("POST", "/channels/{channelId}/answer")
DIAL: Final = Operation("POST", "/channels/{channelId}/dial", ("caller", "timeout"))
CONTINUE: Final = Operation("POST", "/channels/{channelId}/continue", ("context", "extension", "priority"))
SEND_DTMF: Final = Operation("POST", "/channels/{channelId}/dtmf", ("dtmf", "between", "duration"))
START_MOH: Final = Operation("POST", "/channels/{channelId}/moh", ("mohClass",))
STOP_MOH: Final = Operation("DELETE", "/channels/{channelId}/moh")
GET_VARIABLE: Final = Operation("GET", "/channels/{channelId}/variable", ("variable",))
GET_VARIABLES: Final = Operation("GET", "/channels/{channelId}/variables", ("variables",))
SET_VARIABLE: Final = Operation("POST", "/channels/{channelId}/variable", ("variable", "value", "report_events"))
SET_VARIABLES: Final = Operation("POST", "/channels/{channelId}/variables", (), "variables")
PLAY_ON_CHANNEL: Final = Operation("POST", "/channels/{channelId}/play/{playbackId}", ("media",))
SNOOP: Final = Operation("POST", "/channels/{channelId}/snoop/{snoopId}", ("spy", "whisper", "app", "appArgs"))

_RECORD: Final = ("name", "format", "maxDurationSeconds", "maxSilenceSeconds", "ifExists", "beep", "terminateOn")
RECORD_CHANNEL: Final = Operation("POST", "/channels/{channelId}/record", _RECORD)

LIST_BRIDGES: Final = Operation("GET", "/bridges")
CREATE_BRIDGE: Final = Operation("POST", "/bridges/{bridgeId}", ("type",))
DESTROY_BRIDGE: Final = Operation("DELETE", "/bridges/{bridgeId}")
ADD_CHANNEL: Final = Operation("POST", "/bridges/{bridgeId}/addChannel", ("channel", "mute"))
REMOVE_CHANNEL: Final = Operation("POST", "/bridges/{bridgeId}/removeChannel", ("channel",))

GET_PLAYBACK: Final = Operation("GET", "/playbacks/{playbackId}")
STOP_PLAYBACK: Final = Operation("DELETE", "/playbacks/{playbackId}")
LIVE_RECORDING: Final = Operation("GET", "/recordings/live/{recordingName}")
STOP_RECORDING: Final = Operation("POST", "/recordings/live/{recordingName}/stop")
MUTE_RECORDING: Final = Operation("POST", "/recordings/live/{recordingName}/mute")
UNMUTE_RECORDING: Final = Operation("DELETE", "/recordings/live/{recordingName}/mute")
LIST_RECORDINGS: Final = Operation("GET", "/recordings/stored")
STORED_RECORDING: Final = Operation("GET", "/recordings/stored/{recordingName}/file")
DELETE_RECORDING: Final = Operation("DELETE", "/recordings/stored/{recordingName}")

GET_APPLICATION: Final = Operation("GET", "/applications/{applicationName}")
SUBSCRIBE: Final = Operation("POST", "/applications/{applicationName}/subscription", ("eventSource",))
EVENTS: Final = Operation("GET", "/events", ("app", "subscribeAll"))
INFO: Final = Operation("GET", "/asterisk/info")
LIST_MODULES: Final = Operation("GET", "/asterisk/modules")
_MODULE: Final = "/asterisk/modules/{moduleName}"
LOAD_MODULE: Final = Operation("POST", _MODULE)
UNLOAD_MODULE: Final = Operation("DELETE", _MODULE)
LIST_ENDPOINTS: Final = Operation("GET", "/endpoints/{tech}")
RELOAD_MODULE: Final = Operation("PUT", "/asterisk/modules/{moduleName}")
ROTATE_LOG: Final = Operation("PUT", "/asterisk/logging/{logChannelName}/rotate")
GET_ENDPOINT: Final = Operation("GET", "/endpoints/{tech}/{resource}")
_OBJECT: Final = "/asterisk/config/dynamic/{configClass}/{objectType}/{id}"
PUT_OBJECT: Final = Operation("PUT", _OBJECT, (), "fields")
GET_OBJECT: Final = Operation("GET", _OBJECT)
DELETE_OBJECT: Final = Operation("DELETE", _OBJECT)

OPERATIONS: Final = tuple(row for row in tuple(globals().values()) if isinstance(row, Operation))
