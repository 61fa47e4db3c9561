"""From Asterisk's packets to the callers' uplinks: one batch at a time, all calls together."""

from collections import Counter
from collections.abc import Callable, Iterable

from controller.media.audio.linear import Line, to_linear
from controller.media.inbound import Inbound, Indices
from controller.media.playout import FRAME_BYTES
from controller.media.rtp import packet as rtp
from controller.media.session import Session
from controller.media.udp import BATCH_PACKETS, DATAGRAM_BYTES_MAX, DRAIN_BATCHES_MAX, UdpSocket


class Hearing:
    """`on_broken` is told of a session in which our code failed; `counters` are the worker's."""

    def __init__(
        self,
        rtp_socket: UdpSocket,
        inbound: Inbound[Session],
        counters: Counter[str],
        on_broken: Callable[[Session], None],
    ) -> None:
        self._rtp = rtp_socket
        self._inbound = inbound
        self._counters = counters
        self._break = on_broken

    def drain(self, now: float) -> None:
        """Pass on everything that has come, and what time alone makes due."""
        for _ in range(DRAIN_BATCHES_MAX):
            count = self._rtp.receive()
            if count:
                self._pass_on(count, now)
            if count < BATCH_PACKETS:
                break
        self._look(now)

    def _pass_on(self, count: int, now: float) -> None:
        """One batch. Of most packets nothing has to be decided: they were counted as columns, and are only heard."""
        batch = self._rtp
        packets, slots, others = self._inbound.pass_by(batch.headers[:count], batch.lengths[:count], batch.keys, now)
        self._hear_frames(packets, slots, now)
        if len(others):
            self._receive(others, now)

    def _hear_frames(self, packets: Indices, slots: Indices, now: float) -> None:
        """Whole frames, in order, each as it stands in its packet. Those for one shared socket go there together."""
        carriers = self._inbound.carriers[slots]
        present = set(carriers.tolist())
        for carrier in present:
            which = carriers == carrier if len(present) > 1 else slice(None)
            if not (carrier and self._send_together(packets[which], slots[which])):
                # One by one: each call has its own account of what its bot did not take.
                self._hear(packets[which], slots[which], now)

    def _send_together(self, packets: Indices, slots: Indices) -> bool:
        """Frames for the same shared socket; False when it takes none, and nothing was done."""
        inbound = self._inbound
        first = inbound.streams[slots[0]]
        carrier = first.bot.carrier if first is not None and first.bot is not None else None
        frames = self._rtp.headers["rest"][packets, :FRAME_BYTES]
        if carrier is None or not carrier.gather_frames(inbound.numbers[slots], frames):
            return False
        inbound.took(slots)
        return True

    def _hear(self, packets: Indices, slots: Indices, now: float) -> None:
        streams, audio = self._inbound.streams, self._rtp.bytes
        starts = packets * DATAGRAM_BYTES_MAX + rtp.HEADER_BYTES
        for start, slot in zip(starts.tolist(), slots.tolist(), strict=True):
            session = streams[slot]
            # None: it has just broken.
            if session is not None:
                try:
                    session.uplink.hear(audio[start : start + FRAME_BYTES], now)
                except Exception:  # noqa: BLE001
                    self._break(session)

    def _receive(self, packets: Indices, now: float) -> None:
        """Packets about which something has to be decided, or that nobody waits for."""
        batch = self._rtp
        lengths = batch.lengths[packets]
        first, second, *numbers = (
            batch.headers[name][packets] for name in ("first", "second", "sequence", "timestamp", "ssrc")
        )
        plain = (first == rtp.VERSION << 6) & (lengths > rtp.HEADER_BYTES)
        columns = (packets, plain, second & rtp.PAYLOAD_TYPE_MASK, *numbers, lengths)
        for packet, is_plain, payload_type, sequence, timestamp, ssrc, length in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            session = self._inbound.find(batch.keys[packet])
            if session is None:
                self._counters["strangers"] += 1
                continue
            start = packet * DATAGRAM_BYTES_MAX
            datagram = batch.bytes[start : start + length]
            try:
                if is_plain:
                    session.uplink.receive(payload_type, sequence, timestamp, ssrc, datagram[rtp.HEADER_BYTES :], now)
                else:
                    session.uplink.receive_unusual(datagram, now)
            except Exception:  # noqa: BLE001
                self._break(session)

    def _look(self, now: float) -> None:
        """What time alone makes due in the callers' streams."""
        for session in self._inbound.due(now):
            try:
                session.uplink.look(now)
            except Exception:  # noqa: BLE001
                self._break(session)

    def send_gathered(self, now: float, sessions: Iterable[Session]) -> None:
        """The callers' audio that was gathered, where it is due; for bots of linear PCM as one batch."""
        converting: list[Session] = []
        linear: list[tuple[Line, bytes]] = []
        for session in sessions:
            audio = session.uplink.take_gathered(now) if session.uplink.waiting else b""
            if not audio:
                continue
            if session.line is None:
                session.send_to_bot(audio)
            else:
                converting.append(session)
                linear.append((session.line, audio))
        for session, audio in zip(converting, to_linear(linear), strict=True):
            session.send_to_bot(audio)
