"""Our side of the bot protocol, played to the example bots: what they send must be the protocol."""

from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer

from controller.bot import protocol

CALLER = "+49301234"


class Line:
    """The WebSocket to a bot. `start` to `end` by hand; everything that the bot sends is checked as it is read."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, message: protocol.ToBot) -> None:
        await self.socket.send_str(protocol.serialize(message))

    async def start(self, encoding: protocol.Encoding = "mulaw", number: str | None = CALLER) -> None:
        await self.send(
            protocol.Start(
                call_id="c1",
                caller=protocol.Party(number=number),
                callee=protocol.Party(number="+493023125000"),
                route="reception",
                audio=protocol.AudioFormat(encoding=encoding),
            )
        )

    async def receive(self) -> protocol.FromBot | bytes:
        frame = await self.socket.receive()
        if frame.type is WSMsgType.BINARY:
            audio: bytes = frame.data
            return audio
        assert frame.type is WSMsgType.TEXT, f"the bot hung up: {frame}"
        return protocol.parse_from_bot(frame.data)

    async def receive_until(self, kind: type[Any]) -> tuple[Any, list[Any]]:
        """The next frame of this kind, and what came before it."""
        before: list[Any] = []
        while not isinstance(frame := await self.receive(), kind):
            before.append(frame)
        return frame, before


class Bot:
    """A bot's application on a port of its own, for `async with`; gives a Line."""

    def __init__(self, application: web.Application) -> None:
        self._server = TestServer(application)
        self._client = ClientSession()

    async def __aenter__(self) -> Line:
        await self._server.start_server()
        self._socket = await self._client.ws_connect(self._server.make_url("/"), protocols=[protocol.SUBPROTOCOL])
        assert self._socket.protocol == protocol.SUBPROTOCOL
        return Line(self._socket)

    async def __aexit__(self, *_error: object) -> None:
        await self._socket.close()
        await self._client.close()
        await self._server.close()
