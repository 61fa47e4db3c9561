"""The REST half of ARI: one typed method per operation, built from the rows of `operations` only."""

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import structlog
from yarl import URL

from controller.ari import arrival, operations
from controller.ari.events import Bridge, Channel, parse_bridge, parse_channel
from controller.ari.operations import Operation, Value
from controller.errors import AsteriskAway, AsteriskError, ProtocolError, SettingError

REQUEST_SECONDS: Final = 5.0
"""Longest wait for an answer. Asterisk answers in milliseconds; only addChannel waits, for a running playback."""

CONNECT_SECONDS: Final = 2.0
"""Longest wait for a TCP and TLS connection to Asterisk, which is next to us."""

CONNECTIONS_MAX: Final = 32
"""At once: enough for a burst of calls, and well below the 100 sessions of Asterisk's HTTP server (http.conf)."""

KEEP_ALIVE_SECONDS: Final = 10.0
"""Below Asterisk's own 15 s (http.conf, session_keep_alive), so that it never closes a connection that we reuse."""

EVENT_BYTES_MAX: Final = 1024 * 1024
"""Longest event: some 2 kB each, and 40 bytes more for every channel of a bridge."""

CHUNK_BYTES: Final = 256 * 1024
"""Of a recording: 16 s of sound, so that an hour needs no memory to speak of."""

PING_SECONDS: Final = 5.0
"""Between pings on the event WebSocket; without an answer for half of it, Asterisk counts as away."""

MEDIA_SOCKET_OPTIONS: Final = "f(json)"
"""Of chan_websocket: events and commands as JSON. Asterisk 22.10.1 crashes over a format that it does not know."""

log = structlog.get_logger()

SHUT_OUT: Final = ("shut-out-a", "shut-out-b")
"""Access lists with those who are shut out (sorcery.conf), in turn: the new one is there before the old one goes."""

Network = IPv4Network | IPv6Network

Variables = Mapping[str, str | Mapping[str, str | bool]]
"""Name -> value, or -> {"value": …, "report_events": true} for one that then comes with every event."""


@dataclass(frozen=True, slots=True)
class ExternalMedia:
    """A channel whose audio goes to and comes from a UDP address. `host` and `port` are Asterisk's own end."""

    channel: Channel
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Application:
    """Our Stasis application as Asterisk sees it: the ids of what it is subscribed to."""

    name: str
    channel_ids: tuple[str, ...]
    bridge_ids: tuple[str, ...]


class AriClient:
    """Requests to one Asterisk for one Stasis application. Use it as an async context manager.

    Every method raises AsteriskAway without an answer and AsteriskError for an answer that says no; what ends
    something counts its being gone already as success.
    """

    def __init__(self, url: str, username: str, password: str, app: str, media_url: str = "") -> None:
        """`media_url`: as `url`, but as a media worker reaches it; empty: the same."""
        self.url = url
        self.app = app
        self._media_url = (media_url or url).rstrip("/")
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._base = url.rstrip("/") + "/ari"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS, connect=CONNECT_SECONDS),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections; every later request raises AsteriskAway."""
        if self._session is not None:
            await self._session.close()

    # --- channels -------------------------------------------------------------------------------------------

    async def channels(self) -> list[Channel]:
        """All channels of this Asterisk, also those of others."""
        return [parse_channel(item) for item in await self._json(operations.LIST_CHANNELS)]

    async def channel(self, channel_id: str) -> Channel | None:
        """One channel; None when there is none."""
        found = await self._json(operations.GET_CHANNEL, {"channelId": channel_id}, gone=(404,))
        return None if found is None else parse_channel(found)

    async def create_channel(
        self,
        endpoint: str,
        channel_id: str,
        *,
        app_args: str | None = None,
        originator: str | None = None,
        variables: Variables | None = None,
    ) -> Channel:
        """An outgoing channel, not yet dialled. Wait for its StasisStart before `dial`.

        `endpoint` is a dial string; `originator` the channel whose caller id and codecs it takes. The caller id
        that the called party sees is set by the variable CONNECTEDLINE(num).
        """
        query: dict[str, Value | None] = {
            "endpoint": endpoint, "app": self.app, "appArgs": app_args, "channelId": channel_id,
            "originator": originator,
        }  # fmt: skip
        body = {"variables": variables} if variables else None
        return parse_channel(await self._json(operations.CREATE_CHANNEL, {}, query, body))

    async def external_media(
        self, channel_id: str, external_host: str, audio_format: str, *, variables: Variables | None = None
    ) -> ExternalMedia:
        """A channel whose audio is RTP to and from `external_host` (host:port). Bridge it after its StasisStart.

        `audio_format` is Asterisk's name: ulaw, alaw, slin16, … Raises AsteriskError for a bad one (status 500).
        """
        query: dict[str, Value | None] = {
            "channelId": channel_id, "app": self.app, "external_host": external_host, "format": audio_format,
        }  # fmt: skip
        body = {"variables": variables} if variables else None
        channel = parse_channel(await self._json(operations.EXTERNAL_MEDIA, {}, query, body))
        given = channel.channelvars or {}
        try:
            return ExternalMedia(
                channel, given["UNICASTRTP_LOCAL_ADDRESS"], int(given["UNICASTRTP_LOCAL_PORT"])
            )  # fmt: skip
        except (KeyError, ValueError) as error:
            raise ProtocolError("externalMedia came without its own address", "channelvars") from error

    async def media_socket(self, channel_id: str, audio_format: str) -> str:
        """A channel whose audio is a WebSocket (chan_websocket): the URL to which somebody has to connect.

        The channel enters Stasis when somebody has; nobody within 30 s ends it. The id in the URL is all that
        Asterisk asks for, so it is a secret of this call.
        """
        query: dict[str, Value | None] = {
            "channelId": channel_id, "app": self.app, "format": audio_format, "encapsulation": "none",
            "transport": "websocket", "connection_type": "server", "transport_data": MEDIA_SOCKET_OPTIONS,
        }  # fmt: skip
        channel = parse_channel(await self._json(operations.EXTERNAL_MEDIA, {}, query))
        connection = (channel.channelvars or {}).get("MEDIA_WEBSOCKET_CONNECTION_ID")
        if not connection:
            raise ProtocolError("externalMedia came without its connection", "channelvars")
        return f"ws{self._media_url.removeprefix('http')}/media/{connection}"

    async def dial(self, channel_id: str, seconds: int, *, caller: str | None = None) -> None:
        """Dials a created channel; the answer comes at once, how it went as events. `seconds`: at most this long.

        `caller` is the channel whose caller id and variables it takes.
        """
        query: dict[str, Value | None] = {"timeout": seconds, "caller": caller}
        await self._do(operations.DIAL, {"channelId": channel_id}, query)

    async def ring(self, channel_id: str) -> None:
        """The caller hears ringing (180)."""
        await self._do(operations.RING, {"channelId": channel_id})

    async def answer(self, channel_id: str) -> None:
        await self._do(operations.ANSWER, {"channelId": channel_id})

    async def hangup(self, channel_id: str, *, reason: str | None = None, reason_code: int | None = None) -> None:
        """Ends a channel; for an unanswered one either argument sets the SIP status. `reason_code` is Q.850."""
        query: dict[str, Value | None] = {"reason": reason, "reason_code": reason_code}
        await self._do(operations.HANG_UP, {"channelId": channel_id}, query, gone=(404,))

    async def continue_in_dialplan(
        self, channel_id: str, context: str, extension: str = "s", *, variables: Variables | None = None
    ) -> None:
        """Gives a channel back to the dialplan, which finds `variables` set."""
        if variables:
            await self.set_variables(channel_id, variables)
        query: dict[str, Value | None] = {"context": context, "extension": extension, "priority": 1}
        await self._do(operations.CONTINUE, {"channelId": channel_id}, query)

    async def send_dtmf(
        self, channel_id: str, digits: str, *, duration_ms: int | None = None, between_ms: int | None = None
    ) -> None:
        """Presses keys towards the party of this channel."""
        query: dict[str, Value | None] = {"dtmf": digits, "duration": duration_ms, "between": between_ms}
        await self._do(operations.SEND_DTMF, {"channelId": channel_id}, query)

    async def start_moh(self, channel_id: str, moh_class: str | None = None) -> None:
        """This party hears music on hold until `stop_moh`; the others go on hearing it."""
        await self._do(operations.START_MOH, {"channelId": channel_id}, {"mohClass": moh_class})

    async def stop_moh(self, channel_id: str) -> None:
        await self._do(operations.STOP_MOH, {"channelId": channel_id}, gone=(404, 409))

    async def variable(self, channel_id: str, name: str) -> str | None:
        """One variable or dialplan function; None where it is not set or cannot be read (a missing SIP header)."""
        path = {"channelId": channel_id}
        found = await self._json(operations.GET_VARIABLE, path, {"variable": name}, gone=(404, 500))
        return None if found is None else str(found["value"])

    async def set_variable(self, channel_id: str, name: str, value: str, *, report_events: bool | None = None) -> None:
        """Sets a variable or dialplan function; `report_events`: it comes in `channelvars` with every event."""
        query: dict[str, Value | None] = {"variable": name, "value": value, "report_events": report_events}
        await self._do(operations.SET_VARIABLE, {"channelId": channel_id}, query)

    async def variables(self, channel_id: str, names: Sequence[str]) -> dict[str, str]:
        """Several variables in one request. One that is not set fails all of them: AsteriskError with status 404."""
        query: dict[str, Value | None] = {"variables": ",".join(names)}
        found = await self._json(operations.GET_VARIABLES, {"channelId": channel_id}, query)
        return {name: str(value) for name, value in found["variables"].items() if value is not None}

    async def arrival(self, channel_id: str, headers: Sequence[str] = ()) -> dict[str, str]:
        """What came with a call, in one request; what did not come is not in it.

        Names of SIP headers, those always read (`arrival.HEADERS`, History-Info) and `headers` of one's own, and
        caller_name, rdnis (who forwarded the call), endpoint (the trunk or phone), language, call_id (SIP's).
        """
        asked = arrival.expressions(headers)
        return arrival.read(asked, await self.variables(channel_id, list(asked.values())))

    async def set_variables(self, channel_id: str, variables: Variables) -> None:
        await self._do(operations.SET_VARIABLES, {"channelId": channel_id}, {}, {"variables": variables})

    async def snoop(self, channel_id: str, snoop_id: str, *, spy: str = "none", whisper: str = "none") -> Channel:
        """A channel that listens to (`spy`) or speaks into (`whisper`) another: none, in, out or both."""
        query: dict[str, Value | None] = {"spy": spy, "whisper": whisper, "app": self.app}
        path = {"channelId": channel_id, "snoopId": snoop_id}
        return parse_channel(await self._json(operations.SNOOP, path, query))

    # --- bridges --------------------------------------------------------------------------------------------

    async def bridges(self) -> list[Bridge]:
        """All bridges of this Asterisk, also those of others."""
        return [parse_bridge(item) for item in await self._json(operations.LIST_BRIDGES)]

    async def create_bridge(self, bridge_id: str, bridge_type: str = "mixing") -> Bridge:
        """`bridge_type`: comma separated, mixing or holding, dtmf_events, proxy_media."""
        return parse_bridge(await self._json(operations.CREATE_BRIDGE, {"bridgeId": bridge_id}, {"type": bridge_type}))

    async def destroy_bridge(self, bridge_id: str) -> None:
        """Its channels stay."""
        await self._do(operations.DESTROY_BRIDGE, {"bridgeId": bridge_id}, gone=(404,))

    async def add_channel(self, bridge_id: str, channel_id: str, *, mute: bool | None = None) -> None:
        """Raises AsteriskError with status 422 for a channel that has not entered Stasis yet."""
        await self._do(operations.ADD_CHANNEL, {"bridgeId": bridge_id}, {"channel": channel_id, "mute": mute})

    async def remove_channel(self, bridge_id: str, channel_id: str) -> None:
        # 400: no such channel; 404: no such bridge; 409 and 422: it is not in Stasis, or not in this bridge.
        query: dict[str, Value | None] = {"channel": channel_id}
        await self._do(operations.REMOVE_CHANNEL, {"bridgeId": bridge_id}, query, gone=(400, 404, 409, 422))

    # --- sounds and recordings ------------------------------------------------------------------------------

    async def play(self, channel_id: str, playback_id: str, media: str) -> None:
        """This party hears `media` (such as sound:beep) and, in a bridge, nothing else; nobody hears it meanwhile."""
        await self._do(
            operations.PLAY_ON_CHANNEL, {"channelId": channel_id, "playbackId": playback_id}, {"media": media}
        )

    async def plays(self, playback_id: str) -> bool:
        """Whether it is under way."""
        status, _ = await self._request(operations.GET_PLAYBACK, {"playbackId": playback_id}, {}, None, (404,))
        return status != 404

    async def stop_playback(self, playback_id: str) -> None:
        await self._do(operations.STOP_PLAYBACK, {"playbackId": playback_id}, gone=(404,))

    async def record_channel(  # noqa: PLR0913 - Asterisk's own
        self,
        channel_id: str,
        name: str,
        *,
        file_format: str = "wav",
        seconds: int | None = None,
        silence_seconds: int | None = None,
        terminate_on: str | None = None,
        beep: bool = True,
    ) -> None:
        """Records a party that is in no bridge: at most `seconds`, until silence or a key (none, any, *, #).

        `file_format`: wav, or wav16 for 16 kHz.

        It begins with the beep, after what is being played. How it goes comes as events: RecordingStarted, then
        RecordingFinished (also when the party hangs up) or RecordingFailed. A name that exists is an error.
        """
        query: dict[str, Value | None] = {
            "name": name, "format": file_format, "maxDurationSeconds": seconds, "maxSilenceSeconds": silence_seconds,
            "ifExists": "fail", "beep": beep, "terminateOn": terminate_on,
        }  # fmt: skip
        await self._do(operations.RECORD_CHANNEL, {"channelId": channel_id}, query)

    async def records(self, name: str) -> bool:
        """Whether this recording is under way."""
        status, _ = await self._request(operations.LIVE_RECORDING, {"recordingName": name}, {}, None, (404,))
        return status != 404

    async def stop_recording(self, name: str) -> None:
        """Ends a recording and keeps it."""
        await self._do(operations.STOP_RECORDING, {"recordingName": name}, gone=(404,))

    async def mute_recording(self, name: str) -> None:
        """From now on it gets silence, and goes on in time."""
        await self._do(operations.MUTE_RECORDING, {"recordingName": name})

    async def unmute_recording(self, name: str) -> None:
        await self._do(operations.UNMUTE_RECORDING, {"recordingName": name})

    async def stored_recordings(self) -> list[str]:
        """Names of all recordings that Asterisk keeps, also of those that are being made."""
        return [str(one["name"]) for one in await self._json(operations.LIST_RECORDINGS)]

    async def recording_chunks(self, name: str) -> AsyncIterator[bytes]:
        """The file, a piece at a time, however long it is. Raises AsteriskError with status 404 where there is none."""
        target = operations.STORED_RECORDING.path_with({"recordingName": name})
        request = f"GET {target}"
        patient = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=REQUEST_SECONDS)
        try:
            async with self._open_session().get(URL(self._base + target, encoded=True), timeout=patient) as response:
                if response.status >= 300:
                    raise AsteriskError(request, response.status, _reason(response, await response.read()))
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    yield chunk
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise AsteriskAway(request, str(error) or type(error).__name__) from error

    async def stored_recording(self, name: str) -> bytes | None:
        """The file; None when there is none."""
        status, content = await self._request(operations.STORED_RECORDING, {"recordingName": name}, {}, None, (404,))
        return None if status == 404 else content

    async def delete_recording(self, name: str) -> None:
        await self._do(operations.DELETE_RECORDING, {"recordingName": name}, gone=(404,))

    # --- application and server -----------------------------------------------------------------------------

    async def application(self) -> Application | None:
        """Our application; None while it is not registered, that is, without an event stream."""
        found = await self._json(operations.GET_APPLICATION, {"applicationName": self.app}, gone=(404,))
        if found is None:
            return None
        return Application(found["name"], tuple(found["channel_ids"]), tuple(found["bridge_ids"]))

    async def subscribe(self, event_source: str) -> None:
        """Also events of `event_source`, such as channel:ID, which are not in Stasis (or no longer)."""
        await self._do(operations.SUBSCRIBE, {"applicationName": self.app}, {"eventSource": event_source})

    async def started_at(self) -> str:
        """When this Asterisk was started, as it says it: only good for telling one run from the next."""
        return str((await self._json(operations.INFO))["status"]["startup_time"])

    async def version(self) -> str:
        """Asterisk's version, such as 22.10.1."""
        return str((await self._json(operations.INFO))["system"]["version"])

    async def running_modules(self) -> frozenset[str]:
        """Names without `.so`."""
        found = await self._json(operations.LIST_MODULES)
        return frozenset(str(one["name"]).removesuffix(".so") for one in found if one["status"] == "Running")

    async def load_module(self, name: str) -> None:
        """Without `.so`. One that is loaded already is left as it is."""
        await self._do(operations.LOAD_MODULE, {"moduleName": f"{name}.so"}, gone=(409,))

    async def unload_module(self, name: str) -> None:
        await self._do(operations.UNLOAD_MODULE, {"moduleName": f"{name}.so"}, gone=(404, 409))

    async def sip_endpoints(self) -> dict[str, str]:
        """Name -> online, offline or unknown (nobody asks it)."""
        found = await self._json(operations.LIST_ENDPOINTS, {"tech": "PJSIP"})
        return {str(one["resource"]): str(one.get("state", "unknown")) for one in found}

    async def put_object(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Makes a `kind` of SIP object (endpoint, auth), or gives one other fields, until Asterisk ends."""
        given = [{"attribute": attribute, "value": value} for attribute, value in fields.items()]
        await self._do(operations.PUT_OBJECT, _sip(kind, name), body={"fields": given})

    async def object_fields(self, kind: str, name: str) -> dict[str, str]:
        """Of a `kind` of SIP object; none where there is no such object."""
        found = await self._json(operations.GET_OBJECT, _sip(kind, name), gone=(404,))
        return {str(one["attribute"]): str(one["value"]) for one in found or ()}

    async def delete_object(self, kind: str, name: str) -> None:
        await self._do(operations.DELETE_OBJECT, _sip(kind, name), gone=(404,))

    async def reload_module(self, name: str) -> None:
        """A module reads its configuration again; calls go on meanwhile."""
        await self._do(operations.RELOAD_MODULE, {"moduleName": name})

    async def rotate_log(self, name: str) -> None:
        """A log file begins anew; the old one is kept beside it, with a number."""
        await self._do(operations.ROTATE_LOG, {"logChannelName": name})

    async def endpoint_state(self, name: str) -> str:
        """Of a SIP endpoint: online, offline or unknown; empty where there is none."""
        found = await self._json(operations.GET_ENDPOINT, {"tech": "PJSIP", "resource": name}, gone=(404,))
        return "" if found is None else str(found.get("state", ""))

    async def shut_out(self, addresses: Sequence[str]) -> None:
        """SIP from these addresses, and from no others, is refused (403) from now on, until Asterisk ends."""
        there = [name for name in SHUT_OUT if await self._has_list(name)]
        if len(there) == len(SHUT_OUT):
            await self.delete_object("acl", there.pop())
        if addresses:
            await self._make_list(next(name for name in SHUT_OUT if name not in there), addresses)
        for name in there:
            await self.delete_object("acl", name)

    async def _make_list(self, name: str, addresses: Sequence[str]) -> None:
        """Asterisk 22.10.1 makes it and then answers 500, for it has no words to show one; so none can be changed."""
        denied = {"attribute": "deny", "value": ",".join(addresses)}
        await self._do(operations.PUT_OBJECT, _sip("acl", name), body={"fields": [denied]}, gone=(500,))
        if not await self._has_list(name):
            raise AsteriskError("PUT access list", 500, "Asterisk has not made it")

    async def _has_list(self, name: str) -> bool:
        status, _ = await self._request(operations.GET_OBJECT, _sip("acl", name), {}, None, (404, 500))
        return status != 404

    async def trunk_networks(self) -> list[Network]:
        """From where Asterisk takes calls by the address alone."""
        networks: list[Network] = []
        for endpoint in await self.sip_endpoints():
            matches = (await self.object_fields("identify", endpoint)).get("match", "")
            networks += [ip_network(one.strip(), strict=False) for one in matches.split(",") if one.strip()]
        return networks

    @asynccontextmanager
    async def sip_socket(self) -> "AsyncIterator[aiohttp.ClientWebSocketResponse[bool]]":
        """A WebSocket on which Asterisk speaks SIP (RFC 7118). Raises what aiohttp raises."""
        url = URL(self.url.rstrip("/") + "/ws")
        timeout = aiohttp.ClientWSTimeout(ws_close=CONNECT_SECONDS)
        async with self._open_session().ws_connect(url, protocols=("sip",), timeout=timeout) as socket:
            yield socket

    @asynccontextmanager
    async def event_socket(self) -> "AsyncIterator[aiohttp.ClientWebSocketResponse[bool]]":
        """The WebSocket on which this application's events come. Raises what aiohttp raises."""
        query = operations.EVENTS.query_with({"app": self.app, "subscribeAll": False})
        async with self._open_session().ws_connect(
            URL(self._base + operations.EVENTS.path, encoded=True).with_query(query),
            heartbeat=PING_SECONDS,
            max_msg_size=EVENT_BYTES_MAX,
            timeout=aiohttp.ClientWSTimeout(ws_close=CONNECT_SECONDS),
        ) as socket:
            yield socket

    # --- requests -------------------------------------------------------------------------------------------

    async def _do(
        self,
        operation: Operation,
        path: Mapping[str, str],
        query: Mapping[str, Value | None] | None = None,
        body: Any = None,
        gone: tuple[int, ...] = (),
    ) -> None:
        await self._request(operation, path, query or {}, body, gone)

    async def _json(
        self,
        operation: Operation,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Value | None] | None = None,
        body: Any = None,
        gone: tuple[int, ...] = (),
    ) -> Any:
        """The decoded answer; None for a status in `gone`."""
        status, content = await self._request(operation, path or {}, query or {}, body, gone)
        return None if status in gone else _decode(content)

    async def _request(
        self,
        operation: Operation,
        path: Mapping[str, str],
        query: Mapping[str, Value | None],
        body: Any,
        gone: tuple[int, ...],
    ) -> tuple[int, bytes]:
        """Status and content of the answer. Raises AsteriskAway, or AsteriskError for an error not in `gone`."""
        target = operation.path_with(path)
        request = f"{operation.method} {target}"
        url = URL(self._base + target, encoded=True).with_query(operation.query_with(query))
        started = time.monotonic()
        try:
            async with self._open_session().request(
                operation.method, url, json=body, allow_redirects=False
            ) as response:
                content = await response.read()
        except TimeoutError as error:
            raise AsteriskAway(request, f"no answer within {REQUEST_SECONDS:g} s") from error
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            # aiohttp says RuntimeError for a session that was closed meanwhile.
            raise AsteriskAway(request, str(error) or type(error).__name__) from error
        milliseconds = round(1000 * (time.monotonic() - started), 1)
        log.debug("asterisk request", request=request, status=response.status, ms=milliseconds)
        if response.status >= 300 and response.status not in gone:
            raise AsteriskError(request, response.status, _reason(response, content))
        return response.status, content

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            raise AsteriskAway(self.url, "the client is closed")
        return self._session


def refuse_bad_credentials(url: str, status: int, settings: str = "ARI_") -> None:
    """Raises SettingError where this HTTP status means a wrong user or password.

    `settings` begins the names of the settings that this Asterisk has.
    """
    if status in (401, 403):
        raise SettingError(
            f"{settings}PASSWORD",
            f"{url} refuses this user name and password ({status})",
            f"Give {settings}USERNAME and {settings}PASSWORD the values that Asterisk was started with",
        )


def _sip(kind: str, name: str) -> dict[str, str]:
    return {"configClass": "res_pjsip", "objectType": kind, "id": name}


def _decode(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise ProtocolError(f"Asterisk answered {content[:80]!r}, which is no JSON") from error


def _reason(response: aiohttp.ClientResponse, content: bytes) -> str:
    """Asterisk's own words, `{"message": "Channel not found"}`, else what HTTP says."""
    try:
        said = _decode(content)
    except ProtocolError:
        said = None
    message = said.get("message") if isinstance(said, dict) else None
    return str(message or response.reason or "without a reason")
