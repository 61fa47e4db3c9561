"""A company's system that takes webhooks: says its port, and after a line with a number, when it has had so many."""

import asyncio
import json
import sys
from collections import defaultdict

import uvloop
from aiohttp import web


class Receiver:
    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.positions: dict[str, list[int]] = defaultdict(list)
        self.awaited = 0
        self.there = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        message = await request.json()
        if message["id"] not in self.ids:
            self.ids.add(message["id"])
            if message["type"] == "transcript":
                self.positions[message["call_id"]].append(int(message["data"]["id"]))
        if self.awaited and len(self.ids) >= self.awaited:
            self.there.set()
        return web.Response(status=204)

    def in_order(self) -> bool:
        return all(positions == sorted(positions) for positions in self.positions.values())


async def main() -> None:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    say({"port": runner.addresses[0][1]})
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        receiver.awaited = int(line)
        if len(receiver.ids) < receiver.awaited:
            await receiver.there.wait()
        say({"messages": len(receiver.ids), "in_order": receiver.in_order()})
    await runner.cleanup()


def say(line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main())
