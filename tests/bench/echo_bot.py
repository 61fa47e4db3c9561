"""The bot of a measurement, a process of its own: echoes every frame and notes how long it was on the way.

    python -m tests.bench.echo_bot

Prints `{"port": …}`; then answers each line `FROM_NS TO_NS` on its input with the delays of the frames that the
callers sent in that time. Ends with its input. Speaks both subprotocols, a socket for each call or one for all;
where none is asked for, the path says whose bots it speaks like (`echo_protocols`).
"""

import asyncio
import json
import sys
import time
from typing import Final

import numpy as np
import uvloop
from picows import (
    WSFrame,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from controller.bot.framing import RECORD_HEADER, SUBPROTOCOL_MUX
from controller.bot.protocol import SUBPROTOCOL
from tests.bench.echo_protocols import ECHOES, Echo
from tests.bench.process import pin
from tests.bench.stamp import DELAYS, SENT, stamp

LOOK_SECONDS: Final = 0.001
"""What every delay to the bot may be too long by."""


class EchoMany(Echo):
    """All calls on one socket: what comes in one message goes back in one."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.BINARY:
            message = memoryview(bytearray(frame.get_payload_as_memoryview()))
            start = 0
            while start < len(message):
                _, size = RECORD_HEADER.unpack_from(message, start)
                start += RECORD_HEADER.size
                stamp(message[start : start + size])
                start += size
            transport.send(WSMsgType.BINARY, message)
        elif frame.msg_type is WSMsgType.TEXT:
            told = json.loads(frame.get_payload_as_bytes())
            if told["type"] == "start":
                transport.send(WSMsgType.TEXT, json.dumps({"type": "accept", "call": told["call"]}).encode())
        else:
            super().on_ws_frame(transport, frame)


def listen(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
    asked = request.headers.get("Sec-WebSocket-Protocol")
    if asked is None:
        echo_of = ECHOES[request.path.decode().partition("?")[0].strip("/")]
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(), echo_of())
    chosen, echo = (SUBPROTOCOL_MUX, EchoMany()) if asked == SUBPROTOCOL_MUX else (SUBPROTOCOL, Echo())
    response = WSUpgradeResponse.create_101_response({"Sec-WebSocket-Protocol": chosen})
    return WSUpgradeResponseWithListener(response, echo)


async def look() -> None:
    """See to the sockets once a millisecond, and not whenever something has come.

    Bot and callers share a core: a bot that is woken by every frame fills it, and is itself what is measured then.
    """
    while True:
        time.sleep(LOOK_SECONDS)  # noqa: ASYNC251
        await asyncio.sleep(0)


async def main() -> None:
    looking = asyncio.create_task(look())
    server = await ws_create_server(listen, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        start, end = map(int, line.split())
        sent = np.array(SENT, np.int64)
        delays = np.array(DELAYS, np.int64)[(sent >= start) & (sent < end)] / 1e6
        p50, p99 = (float(value) for value in np.percentile(delays, [50, 99])) if len(delays) else (-1.0, -1.0)
        sys.stdout.write(json.dumps({"frames": len(delays), "p50": round(p50, 2), "p99": round(p99, 2)}) + "\n")
        sys.stdout.flush()
    looking.cancel()


if __name__ == "__main__":
    pin("load")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
