"""The smallest bot: takes every call, and the caller hears himself. Try it: python examples/echo_bot.py"""

from aiohttp import WSMsgType, web


async def call(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=["ari-controller.v1"])
    await socket.prepare(request)
    async for frame in socket:
        if frame.type is WSMsgType.BINARY:  # what the caller says
            await socket.send_bytes(frame.data)  # what the caller hears
        elif frame.type is WSMsgType.TEXT and frame.json()["type"] == "start":
            await socket.send_json({"type": "accept"})
    return socket


bot = web.Application()
bot.router.add_get("/", call)

if __name__ == "__main__":
    web.run_app(bot, port=8765)
