"""Packets that go by as columns leave exactly what they would have left one by one in `Uplink.receive`."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.bot.adapters.adapter import Handshake
from controller.bot.conversation import Conversation, Stage
from controller.bot.framing import records
from controller.bot.multiplex import SharedSocket, Stream
from controller.media.control_messages import Attach, Play
from controller.media.engine import Engine
from controller.media.outbox import Outbox
from controller.media.rows import Rows
from controller.media.rtp import packet as rtp
from controller.media.rtp import stream
from controller.media.session import Session
from controller.media.udp import DATAGRAM_BYTES_MAX, UdpSocket, peer_key
from tests.unit.media.peers import opening

CALLS = 3
STRANGER = CALLS
HOSTS = [f"127.0.0.{call + 1}" for call in range(CALLS + 1)]
PORT = 4000

What = Literal["next", "ahead", "again", "older", "restart", "ssrc", "type", "marker", "short", "csrc", "noise"]
Said = tuple[int, What, int]
"""Who, what, and how far off."""


class Wire(UdpSocket):
    """A socket of which the test says what came."""

    def __init__(self) -> None:
        super().__init__(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.batch: list[tuple[int, bytes]] = []

    def receive(self) -> int:
        batch, self.batch = self.batch, []
        for number, (_, datagram) in enumerate(batch):
            start = number * DATAGRAM_BYTES_MAX
            self.bytes[start : start + len(datagram)] = datagram
            self.lengths[number] = len(datagram)
        self.keys = [peer_key(HOSTS[call], PORT) for call, _ in batch]
        return len(batch)

    def send(self, rows: Rows[Any]) -> None:
        pass


class Socket:
    """A bot's end that keeps what it was sent, or reads nothing."""

    def __init__(self) -> None:
        self.writable = True
        self.messages: list[bytes] = []

    def send_binary(self, message: bytes | bytearray | memoryview) -> bool:
        if self.writable:
            self.messages.append(bytes(message))
        return self.writable

    def send_text(self, _text: str) -> None:
        pass

    def make_room(self, _calls: int) -> None:
        pass

    def close(self) -> None:
        pass


class Bot(Conversation):
    """A conversation that has been accepted, on a socket of its own."""

    def __init__(self, events: Session, wire: Socket) -> None:
        super().__init__(events)
        self._stage = Stage.ACCEPTED
        self._wire = wire

    def send_audio(self, audio: bytes | bytearray | memoryview) -> bool:
        took = self._wire.send_binary(audio)
        self.counters["audio_frames_dropped_to_bot"] += not took
        return took

    async def _connect(self, *_: object) -> None: ...
    def _send(self, _text: str) -> None: ...
    def _leave(self) -> None: ...
    def watch(self, _now: float) -> None: ...
    async def wait_closed(self) -> None: ...


class Caller:
    """Makes datagrams of what is said."""

    def __init__(self, call: int) -> None:
        self._ssrc = call
        self._sequence = 65_530
        self._made = 0

    def says(self, what: What, far: int) -> bytes:
        self._made += 1
        payload = np.random.default_rng(self._made * 10 + self._ssrc).bytes(80 if what == "short" else 160)
        sequence, timestamp = self._sequence, self._sequence * 160 + self._made * 3
        if what == "again":
            sequence -= 1
        elif what == "older":
            sequence -= far
        else:
            self._sequence += {"ahead": far, "restart": 20_000}.get(what, 0) + 1
            sequence = self._sequence - 1
        self._ssrc += CALLS * (what == "ssrc")
        if what == "noise":
            return payload[:far]
        packet = rtp.RtpPacket(
            payload_type=101 if what == "type" else 0,
            sequence=sequence % 65_536,
            timestamp=timestamp % (1 << 32),
            ssrc=self._ssrc,
            payload=payload,
            marker=what == "marker",
            csrcs=(1, 2) if what == "csrc" else (),
        )
        return rtp.build(packet)


class Both:
    """The same calls twice: carried by an engine, and session by session without one."""

    def __init__(self, *, shared: bool, **values: Any) -> None:
        self.now = 1_000.0
        self.wire = Wire()
        self.engine = Engine(self.wire, Outbox(), 60.0, lambda: self.now)
        self.carried = [Session(opening("ws://b/", str(n), **values), Outbox(), lambda: self.now) for n in range(CALLS)]
        self.plain = [Session(opening("ws://b/", str(n), **values), Outbox(), lambda: self.now) for n in range(CALLS)]
        self.plain_wires = [Socket() for _ in range(CALLS)]
        self.wires = [Socket() for _ in range(CALLS)]
        self.shared = SharedSocket(lambda: self.now, self.engine.counters) if shared else None
        for call, session in enumerate(self.plain):
            session.bot = Bot(session, self.plain_wires[call])
            session.play(self.now)
        for call, session in enumerate(self.carried):
            session.bot = self._join(session) if shared else Bot(session, self.wires[call])
            self.engine._sessions[session.id] = session  # noqa: SLF001
            self.engine.obey(Attach(session=session.id, host=HOSTS[call], port=PORT))
            self.engine.obey(Play(session=session.id))

    def _join(self, session: Session) -> Stream:
        assert self.shared
        self.shared._socket = self.wires[0]  # type: ignore[assignment] # noqa: SLF001
        sockets = self.engine._shared_sockets  # noqa: SLF001
        sockets._sockets[Handshake("bot"), "", self.engine._tls] = self.shared  # noqa: SLF001
        bot = sockets.stream(session)
        bot._shared = bot.carrier = self.shared  # noqa: SLF001
        bot._stage = Stage.ACCEPTED  # noqa: SLF001
        bot.number = self.shared.add(bot)
        return bot

    def come(self, batch: list[tuple[int, bytes]]) -> None:
        self.wire.batch = list(batch)
        self.engine.drain(self.now)
        for call, datagram in batch:
            if call != STRANGER:
                self._receive(self.plain[call], memoryview(datagram))
        for session in self.plain:
            session.uplink.look(self.now)
            if session.uplink.waiting and (audio := session.uplink.take_gathered(self.now)):
                session.send_to_bot(audio)

    def _receive(self, session: Session, datagram: memoryview) -> None:
        if len(datagram) > rtp.HEADER_BYTES and datagram[0] == rtp.VERSION << 6:
            _, second, sequence, timestamp, ssrc = rtp.HEADER.unpack_from(datagram)
            session.uplink.receive(second & 0x7F, sequence, timestamp, ssrc, datagram[rtp.HEADER_BYTES :], self.now)
        else:
            session.uplink.receive_unusual(datagram, self.now)

    def heard(self) -> list[list[bytes]]:
        if self.shared is None:
            return [wire.messages for wire in self.wires]
        of_calls: list[list[bytes]] = [[] for _ in range(CALLS)]
        for message in self.wires[0].messages:
            for number, audio in records(memoryview(message)):
                of_calls[number - 1].append(bytes(audio))
        return of_calls

    def reads(self, reads: bool) -> None:
        for wire in self.wires + self.plain_wires:
            wire.writable = reads

    def check(self) -> None:
        for carried, plain in zip(self.carried, self.plain, strict=True):
            assert carried.statistics(0) == plain.statistics(0)
            rows = [session.uplink.row.copy() for session in (carried, plain)]
            took = [row["took"] or session._stall.took for row, session in zip(rows, (carried, plain), strict=True)]  # noqa: SLF001
            assert took[0] == took[1]
            for row in rows:
                row["took"] = False
            for name in stream.STREAM.names or ():
                np.testing.assert_array_equal(rows[0][name], rows[1][name], name)
        assert self.heard() == [wire.messages for wire in self.plain_wires]


@contextmanager
def both(*, shared: bool, **values: Any) -> Iterator[Both]:
    made = Both(shared=shared, **values)
    try:
        yield made
    finally:
        made.wire.close()


WHATS = st.sampled_from(["next"] * 12 + ["ahead", "again", "older", "restart", "ssrc", "type", "marker", "short",
                                         "csrc", "noise"])  # fmt: skip
SAID = st.tuples(st.integers(0, STRANGER), WHATS, st.integers(1, 150))
BATCHES = st.lists(st.tuples(st.lists(SAID, max_size=8), st.sampled_from([0.005, 0.02, 0.17, 0.23]), st.randoms()))


@pytest.mark.parametrize("shared", [False, True], ids=["a socket each", "one socket"])
@pytest.mark.parametrize("values", [{}, {"uplink_ms": 60}, {"voice": "tell"}], ids=str)
@settings(max_examples=60, deadline=None)
@given(batches=BATCHES)
def test_whatever_comes_columns_and_sessions_agree(
    shared: bool, values: dict[str, Any], batches: list[tuple[list[Said], float, Any]]
) -> None:
    with both(shared=shared, **values) as calls:
        callers = [Caller(call) for call in range(CALLS + 1)]
        for batch, seconds, random in batches:
            datagrams = [(call, callers[call].says(what, far)) for call, what, far in batch]
            if seconds > 0.1:
                random.shuffle(datagrams)
            calls.now += seconds
            calls.come(datagrams)
            if seconds > 0.1:
                calls.check()
        calls.check()
        assert calls.engine.counters["broken_sessions"] == 0


@pytest.mark.parametrize("shared", [False, True], ids=["a socket each", "one socket"])
def test_a_clean_stream_does_not_reach_its_session(shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the test above compares the slow way with itself."""
    with both(shared=shared) as calls:
        callers = [Caller(call) for call in range(CALLS)]
        for _ in range(300):
            calls.now += 0.02
            calls.come([(call, caller.says("next", 0)) for call, caller in enumerate(callers)])
            for session in calls.carried:
                monkeypatch.setattr(session.uplink, "receive", None)
        calls.check()
        assert [len(heard) for heard in calls.heard()] == [300] * CALLS


@pytest.mark.parametrize("shared", [False, True], ids=["a socket each", "one socket"])
def test_each_call_knows_that_its_bot_takes_nothing(shared: bool) -> None:
    with both(shared=shared) as calls:
        callers = [Caller(call) for call in range(CALLS)]
        for reads in (True, False):
            calls.reads(reads)
            calls.now += 0.02
            calls.come([(call, caller.says("next", 0)) for call, caller in enumerate(callers)])
            left_out = [session._stall.left_out for session in calls.carried]  # noqa: SLF001
            assert left_out == [not reads] * CALLS


def test_a_call_that_lost_its_bot_sends_nothing_more_and_those_beside_it_go_on() -> None:
    with both(shared=True) as calls:
        callers = [Caller(call) for call in range(CALLS)]
        for number in range(20):
            if number == 10:
                bot = calls.carried[1].bot
                assert isinstance(bot, Stream)
                bot.on_broken()
            calls.now += 0.02
            calls.come([(call, caller.says("next", 0)) for call, caller in enumerate(callers)])
        assert [len(heard) for heard in calls.heard()] == [20, 10, 20]
        calls.engine.close("0", "failed")
        calls.come([(call, caller.says("next", 0)) for call, caller in enumerate(callers)])
        assert [len(heard) for heard in calls.heard()] == [20, 10, 21]
        assert calls.carried[0].statistics(0)["packets_in"] == 20
        assert calls.engine.counters["strangers"] == 1
