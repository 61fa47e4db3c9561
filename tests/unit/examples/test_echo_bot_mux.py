from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from controller.bot import protocol
from controller.bot.framing import SUBPROTOCOL_MUX, append, call_of, tag
from examples.echo_bot_mux import bot


def start(call: int) -> str:
    party = protocol.Party(number="+49301234")
    return tag(call, protocol.serialize(protocol.Start(call_id=f"c{call}", caller=party, callee=party, route="r")))


async def test_it_accepts_many_calls_and_each_caller_hears_himself() -> None:
    message = bytearray()
    for call, audio in ((7, b"seven"), (8, bytes(range(256))), (7, b"more")):
        append(message, call, audio)
    async with (
        TestServer(bot) as server,
        ClientSession() as client,
        client.ws_connect(server.make_url("/"), protocols=[SUBPROTOCOL_MUX]) as socket,
    ):
        assert socket.protocol == SUBPROTOCOL_MUX
        for call in (7, 8):
            await socket.send_str(start(call))
            answer = await socket.receive_str()
            assert call_of(answer.encode()) == call
            assert protocol.parse_from_bot(answer) == protocol.Accept(type="accept")
        await socket.send_str(tag(7, protocol.serialize(protocol.Answered())))
        await socket.send_bytes(bytes(message))
        assert await socket.receive_bytes() == bytes(message)
        await socket.send_str(tag(7, protocol.serialize(protocol.End(reason="caller_hung_up"))))
