import os
import socket
from collections.abc import Iterator

import pytest

from controller.config import Address
from controller.errors import SettingError
from controller.media.rows import PeerAddress, Rows
from controller.media.udp import (
    BATCH_PACKETS,
    DATAGRAM_BYTES_MAX,
    BatchSocket,
    PlainSocket,
    UdpSocket,
    open_socket,
    peer_key,
)

LOOPBACK = Address(host="127.0.0.1", port=0)


class Stream:
    row = -1
    encoding = "mulaw"


@pytest.fixture(params=[True, False], ids=["batches", "plain"])
def ours(request: pytest.FixtureRequest) -> Iterator[UdpSocket]:
    opened = open_socket(LOOPBACK, "X", batches=request.param)
    assert isinstance(opened, BatchSocket if request.param else PlainSocket)
    yield opened
    opened.close()


@pytest.fixture
def theirs() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        yield peer


def heard(ours: UdpSocket, count: int) -> list[bytes]:
    return [
        bytes(ours.bytes[n * DATAGRAM_BYTES_MAX : n * DATAGRAM_BYTES_MAX + int(ours.lengths[n])]) for n in range(count)
    ]


def rows(*peers: PeerAddress) -> Rows[Stream]:
    filled: Rows[Stream] = Rows(len(peers))
    for number, peer in enumerate(peers):
        filled.add(Stream(), peer, 0, 0xFF, (number, 2, 3))
    return filled


def test_packets_come_in_order_with_their_sender(ours: UdpSocket, theirs: socket.socket) -> None:
    packets = [os.urandom(size) for size in (0, 1, 172, 1500)]
    for packet in packets:
        theirs.sendto(packet, ("127.0.0.1", ours.address.port))
    assert ours.receive() == 4
    assert heard(ours, 4) == packets
    assert ours.keys == [peer_key(*theirs.getsockname())] * 4
    assert ours.receive() == 0


def test_header_fields_are_columns(ours: UdpSocket, theirs: socket.socket) -> None:
    theirs.sendto(bytes.fromhex("80 80 1234 000000a0 deadbeef ff"), ("127.0.0.1", ours.address.port))
    assert ours.receive() == 1
    header = ours.headers[0]
    assert [int(header[name]) for name in ("first", "second", "sequence", "timestamp", "ssrc")] == [
        0x80,
        0x80,
        0x1234,
        160,
        0xDEADBEEF,
    ]


def test_a_datagram_that_is_too_long_is_cut(ours: UdpSocket, theirs: socket.socket) -> None:
    theirs.sendto(bytes(60_000), ("127.0.0.1", ours.address.port))
    theirs.sendto(b"next", ("127.0.0.1", ours.address.port))
    assert ours.receive() == 2
    assert heard(ours, 2) == [bytes(DATAGRAM_BYTES_MAX), b"next"]


def test_a_batch_is_bounded_and_the_rest_comes_next(ours: UdpSocket, theirs: socket.socket) -> None:
    for number in range(BATCH_PACKETS + 3):
        theirs.sendto(number.to_bytes(2, "big"), ("127.0.0.1", ours.address.port))
    assert ours.receive() == BATCH_PACKETS
    assert ours.receive() == 3
    assert heard(ours, 3)[-1] == (BATCH_PACKETS + 2).to_bytes(2, "big")


def test_every_row_goes_to_its_own_peer(ours: UdpSocket) -> None:
    peers = []
    for _ in range(5):
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        peers.append(peer)
    outgoing = rows(*(peer.getsockname() for peer in peers))
    outgoing.silence()
    ours.send(outgoing)
    outgoing.advance()
    ours.send(outgoing)
    for number, peer in enumerate(peers):
        first, second = peer.recv(2048), peer.recv(2048)
        assert first == bytes([0x80, 0, 0, number]) + bytes.fromhex("00000002 00000003") + b"\xff" * 160
        assert second == bytes([0x80, 0, 0, number + 1]) + bytes.fromhex("000000a2 00000003") + b"\xff" * 160
        peer.close()


def test_more_rows_than_one_batch_all_go(ours: UdpSocket, theirs: socket.socket) -> None:
    outgoing = rows(*[theirs.getsockname()] * (2 * BATCH_PACKETS + 7))
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    ours.send(outgoing)
    numbers = [int.from_bytes(theirs.recv(2048)[2:4], "big") for _ in range(2 * BATCH_PACKETS + 7)]
    assert numbers == list(range(2 * BATCH_PACKETS + 7))


def test_one_that_cannot_be_sent_does_not_keep_the_others(ours: UdpSocket, theirs: socket.socket) -> None:
    there = theirs.getsockname()
    ours.send(rows(("127.0.0.1", 0), there, ("255.255.255.255", 9), there))
    assert [theirs.recv(2048)[3] for _ in range(2)] == [1, 3]
    assert ours.failed == 2


def test_ipv6_goes_one_by_one() -> None:
    try:
        ours = open_socket(Address(host="::1", port=0), "X")
    except SettingError:
        pytest.skip("no IPv6 on this machine")
    assert isinstance(ours, PlainSocket)
    myself = ("::1", ours.address.port)
    ours.send(rows(myself))
    assert ours.receive() == 1
    assert ours.keys == [peer_key(*myself)]
    ours.close()


def test_a_taken_port_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        taken = Address(host="127.0.0.1", port=holder.getsockname()[1])
        with pytest.raises(SettingError) as refused:
            open_socket(taken, "MEDIA_RTP_LISTEN")
    assert str(refused.value) == (
        f"MEDIA_RTP_LISTEN: cannot listen on {taken} (Address already in use). "
        "Free that port or set another address and port"
    )
