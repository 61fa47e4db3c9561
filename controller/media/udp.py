"""The one UDP socket of a worker."""

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator
from typing import Final

from controller.config import Address
from controller.errors import SettingError

RECEIVE_BUFFER_BYTES: Final = 4 << 20
"""About 5,000 packets with the kernel's own overhead: 100 ms of 1,000 calls, should the loop be late."""

DATAGRAM_BYTES_MAX: Final = 2_048
"""Longer than any Ethernet frame; what is longer is cut, and then is no RTP packet of ours."""

DRAIN_PACKETS_MAX: Final = 4_096
"""Taken out in one go: a flood of strangers must not keep the tick waiting."""

_SO_RCVBUFFORCE: Final = 33
"""socket(7); Python's socket module has no name for it."""

PeerAddress = tuple[str, int]


class UdpSocket:
    """Non-blocking; `receive` and `send` take many packets at a time and never raise for a single one."""

    def __init__(self, listen: Address, setting: str) -> None:
        """Bind. Raises SettingError, in the name of `setting`."""
        family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.bind((listen.host, listen.port))
        except OSError as error:
            self._socket.close()
            raise cannot_listen(setting, listen, error) from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        # The forced size passes the system's limit (net.core.rmem_max), but only root may ask for it.
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self.failed = 0
        """Packets that the kernel did not take."""

    @property
    def address(self) -> Address:
        host, port = self._socket.getsockname()[:2]
        return Address(host=host, port=port)

    def receive(self) -> Iterator[tuple[bytes, PeerAddress]]:
        """All datagrams that wait, with where they came from, up to DRAIN_PACKETS_MAX."""
        for _ in range(DRAIN_PACKETS_MAX):
            try:
                data, peer = self._socket.recvfrom(DATAGRAM_BYTES_MAX)
            except BlockingIOError:
                return
            except OSError:
                # An ICMP error of an earlier packet: it says nothing about the next one.
                continue
            yield data, (peer[0], peer[1])

    def send(self, packets: Iterable[tuple[bytes, PeerAddress]]) -> None:
        for data, peer in packets:
            try:
                self._socket.sendto(data, peer)
            except OSError:
                self.failed += 1

    def close(self) -> None:
        self._socket.close()


def cannot_listen(setting: str, listen: Address, error: OSError) -> SettingError:
    """The same sentence for every port that cannot be had."""
    return SettingError(
        setting,
        f"cannot listen on {listen} ({os.strerror(error.errno or 0)})",
        "Free that port or set another address and port",
    )
