"""The REST half of ARI: one typed method per operation, built from the rows of `operations` only."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from controller.ari import arrival, operations
from controller.ari.events import Bridge, Channel, parse_bridge, parse_channel
from controller.ari.operations import Value
from controller.ari.requests import CONNECT_SECONDS, REQUEST_SECONDS, reason
from controller.ari.server import Server
from controller.errors import AsteriskAway, AsteriskError, ProtocolError

EVENT_BYTES_MAX: Final = 1024 * 1024
"""Longest event: some 2 kB each, and 40 bytes more for every channel of a bridge."""

CHUNK_BYTES: Final = 256 * 1024
"""Of a recording: 16 s of sound, so that an hour needs no memory to speak of."""

PING_SECONDS: Final = 3.0
"""Between pings on the event WebSocket; without an answer for half of it, Asterisk counts as away."""

MEDIA_SOCKET_OPTIONS: Final = "f(json)"
"""Of chan_websocket: events and commands as JSON. Asterisk 22.10.1 crashes over a format that it does not know."""

Variables = Mapping[str, str | Mapping[str, str | bool]]
"""Name -> value, or -> {"value": …, "report_events": true} for one that then comes with every event."""


@dataclass(frozen=True, slots=True)
class ExternalMedia:
    """A channel whose audio goes to and comes from a UDP address. `host` and `port` are Asterisk's own end."""

    channel: Channel
    host: str
    port: int


class AriClient(Server):
    """Calls: channels, bridges, what is played and recorded, and the events of it all."""

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
                    raise AsteriskError(request, response.status, reason(response, await response.read()))
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

    # --- sockets --------------------------------------------------------------------------------------------

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
