import os
import socket

import pytest

from controller.config import Address
from controller.errors import SettingError
from controller.media.udp import DRAIN_PACKETS_MAX, UdpSocket

LOOPBACK = Address(host="127.0.0.1", port=0)


def test_packets_come_in_order_with_their_sender() -> None:
    ours, theirs = UdpSocket(LOOPBACK, "X"), UdpSocket(LOOPBACK, "X")
    packets = [os.urandom(size) for size in (0, 1, 172, 1500)]
    theirs.send((packet, ("127.0.0.1", ours.address.port)) for packet in packets)
    assert list(ours.receive()) == [(packet, ("127.0.0.1", theirs.address.port)) for packet in packets]
    assert list(ours.receive()) == []
    ours.close()
    theirs.close()


def test_one_that_cannot_be_sent_does_not_keep_the_others() -> None:
    ours, theirs = UdpSocket(LOOPBACK, "X"), UdpSocket(LOOPBACK, "X")
    there = ("127.0.0.1", ours.address.port)
    theirs.send([(b"1", there), (b"2", ("127.0.0.1", 0)), (bytes(70_000), there), (b"3", there)])
    assert [data for data, _ in ours.receive()] == [b"1", b"3"]
    assert theirs.failed == 2
    ours.close()
    theirs.close()


def test_a_drain_is_bounded() -> None:
    ours, theirs = UdpSocket(LOOPBACK, "X"), UdpSocket(LOOPBACK, "X")
    for _ in range(DRAIN_PACKETS_MAX + 10):
        theirs.send([(b"x", ("127.0.0.1", ours.address.port))])
    assert len(list(ours.receive())) <= DRAIN_PACKETS_MAX
    ours.close()
    theirs.close()


def test_ipv6_is_spoken_where_it_is_asked_for() -> None:
    try:
        ours = UdpSocket(Address(host="::1", port=0), "X")
    except SettingError:
        pytest.skip("no IPv6 on this machine")
    ours.send([(b"to myself", ("::1", ours.address.port))])
    assert [data for data, _ in ours.receive()] == [b"to myself"]
    ours.close()


def test_a_taken_port_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        taken = Address(host="127.0.0.1", port=holder.getsockname()[1])
        with pytest.raises(SettingError) as refused:
            UdpSocket(taken, "MEDIA_RTP_LISTEN")
    assert str(refused.value) == (
        f"MEDIA_RTP_LISTEN: cannot listen on {taken} (Address already in use). "
        "Free that port or set another address and port"
    )
