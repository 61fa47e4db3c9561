"""Audio for other people's calls: RTP to every port at which a call may be, from an address that is in none."""

import asyncio
import secrets
import socket
import struct
from collections.abc import Sequence
from contextlib import closing

import numpy as np

from controller.carrier.sounds import tone
from controller.media.audio import g711

FRAME = 160
PORTS_A_BREATH = 50
"""Sent at once: so that the test itself does not hold its calls up."""


async def inject(source: str, ports: Sequence[int], hertz: float, seconds: float) -> int:
    """A tone, packet by packet and well-formed, to all these ports of 127.0.0.1. Returns how many packets."""
    codes = g711.encode_mulaw(tone(hertz, seconds))
    frames = np.split(codes[: len(codes) // FRAME * FRAME], len(codes) // FRAME)
    synchronisation = secrets.randbits(32)
    sent = 0
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as out:
        out.bind((source, 0))
        out.setblocking(False)
        for number, frame in enumerate(frames):
            packet = struct.pack("!BBHII", 0x80, 0, number, number * FRAME, synchronisation) + frame.tobytes()
            for place, port in enumerate(ports):
                sent += _send(out, packet, port)
                if place % PORTS_A_BREATH == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(0.02)
    return sent


def _send(out: socket.socket, packet: bytes, port: int) -> bool:
    try:
        out.sendto(packet, ("127.0.0.1", port))
    except (BlockingIOError, ConnectionRefusedError):
        return False
    return True
