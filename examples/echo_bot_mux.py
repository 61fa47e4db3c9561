"""All calls on one WebSocket (BOT_MULTIPLEX=true), each caller hears himself: python examples/echo_bot_mux.py"""

import struct
from collections.abc import Iterator

from aiohttp import WSMsgType, web

HEADER = struct.Struct(">IH")  # number of the call, length of the audio behind it


def records(message: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(message):
        call, size = HEADER.unpack_from(message, start)
        start += HEADER.size + size
        yield call, message[start - size : start]


async def calls(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=["ari-controller.v1.mux"])
    await socket.prepare(request)
    async for frame in socket:
        if frame.type is WSMsgType.BINARY:  # what the callers say
            echo = b"".join(HEADER.pack(call, len(audio)) + audio for call, audio in records(frame.data))
            await socket.send_bytes(echo)  # what the callers hear
        elif frame.type is WSMsgType.TEXT and (message := frame.json())["type"] == "start":
            await socket.send_json({"type": "accept", "call": message["call"]})
    return socket


bot = web.Application()
bot.router.add_get("/", calls)

if __name__ == "__main__":
    web.run_app(bot, port=8765)
