"""The media workers that this controller knows, and which one takes the next call."""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog

from controller.background import Background
from controller.errors import MediaLinkError, MediaOverload
from controller.media import control_messages as media
from controller.media.link_client import MediaLink
from controller.session.bot_legs import MediaWorker, parse_session_id

GONE_AFTER_SECONDS: Final = 1.0
"""A link that is down longer than this carries its calls no more, as far as we can tell: another worker does, and is
to be heard within two seconds of the first one's end."""

RESOLVE_SECONDS: Final = 1.0
"""Between two look-ups of a worker's name: a worker that is added takes calls this soon."""

CALL_CPU_SHARE: Final = 0.002
"""What a call that has just been placed will cost, of a core, until the worker's own word includes it."""

log = structlog.get_logger()


class MediaListener(Protocol):
    """Who is told what the workers say."""

    def media_report(self, call_id: str, attempt: int, report: media.Report) -> None: ...

    def found(self, call_id: str, attempt: int, worker: MediaWorker, *, with_bot: bool) -> bool:
        """A worker that has been (re)connected carries this session. Whether it has an owner."""

    def worker_lost(self, worker: MediaWorker, detail: str) -> None: ...


class SpeakingListener(Protocol):
    """Who is told who speaks (`session.speaking.WhoSpeaks`)."""

    def heard(self, worker: MediaWorker, sessions: Mapping[str, media.Speaking | None]) -> None: ...

    def lost(self, worker: MediaWorker) -> None: ...


class Worker:
    """One worker and our link to it."""

    def __init__(self, link: MediaLink) -> None:
        self.link = link
        self.instance = ""
        self.giving_up: asyncio.TimerHandle | None = None
        self._placed = 0
        self._placed_at = 0

    @property
    def load(self) -> float:
        """Of one core: its own word, and what was placed there since."""
        placed = self._placed if self._placed_at == self.link.load_told else 0
        return self.link.cpu_share + placed * CALL_CPU_SHARE

    def place(self) -> None:
        """A call goes here."""
        if self._placed_at != self.link.load_told:
            self._placed, self._placed_at = 0, self.link.load_told
        self._placed += 1


class MediaWorkers:
    """Keeps a link to every worker. `load_max`: of one core; a worker above it takes no further calls."""

    def __init__(self, listener: MediaListener, load_max: float, speaking: SpeakingListener) -> None:
        self._listener = listener
        self._speaking = speaking
        self._load_max = load_max
        self._workers: dict[str, Worker] = {}
        self._closing = Background("a media session was not closed")

    @property
    def connected(self) -> int:
        return sum(worker.link.hello is not None for worker in self._workers.values())

    @property
    def loads(self) -> list[float]:
        """Of the connected workers, each of one core."""
        return [round(worker.load, 3) for worker in self._workers.values() if worker.link.hello is not None]

    async def follow(self, url: str, token: str) -> None:
        """Keep a link to every worker behind `url`, for ever: its host may be the name of several."""
        running: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                addresses = await _resolve(url)
                for address in addresses:
                    if address not in running:
                        running[address] = asyncio.create_task(self._link(address, token).run())
                if addresses:
                    self._forget(running, keep=addresses)
                elif not running:
                    log.warning("media worker's name not found", url=url, mend="start it, or correct MEDIA_URL")
                await asyncio.sleep(RESOLVE_SECONDS)
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)

    def pick(self) -> MediaWorker:
        """The least loaded worker. Raises MediaLinkError without any, MediaOverload when all have enough to do."""
        connected = [worker for worker in self._workers.values() if worker.link.hello is not None]
        if not connected:
            raise MediaLinkError("no media worker is connected")
        chosen = min(connected, key=lambda worker: worker.load)
        if chosen.load >= self._load_max:
            raise MediaOverload(f"every media worker is at {self._load_max:.0%} of a core or more")
        chosen.place()
        return chosen.link

    def stop_hearing(self) -> None:
        """What the workers report from now on is another controller's to hear; they are still told what we want."""
        for worker in self._workers.values():
            worker.link.deaf = True

    # --- links ----------------------------------------------------------------------------------------------

    def _link(self, url: str, token: str) -> MediaLink:
        link = MediaLink(
            url,
            token,
            on_report=self._reported,
            on_up=lambda hello: self._up(worker, hello),
            on_down=lambda: self._down(worker),
            on_refused=lambda: self._refused(worker),
        )
        link.on_speaking = lambda now: self._speaking.heard(link, now.sessions)
        worker = self._workers[url] = Worker(link)
        return link

    def _forget(self, running: dict[str, "asyncio.Task[None]"], keep: Iterable[str]) -> None:
        """Addresses that the name no longer has and where nobody answers."""
        for url in set(running) - set(keep):
            if self._workers[url].link.hello is None:
                running.pop(url).cancel()
                del self._workers[url]

    def _reported(self, report: media.Report) -> None:
        owner = _owner(report.session)
        if owner:
            self._listener.media_report(*owner, report)

    def _up(self, worker: Worker, hello: media.Hello) -> None:
        self._stop_waiting(worker)
        if worker.instance not in {"", hello.instance}:
            self._listener.worker_lost(worker.link, "the media worker restarted")
        worker.instance = hello.instance
        with_bot = set(hello.with_bot)
        for session in hello.sessions:
            owner = _owner(session)
            if owner is None or not self._listener.found(*owner, worker.link, with_bot=session in with_bot):
                self._close(worker.link, session)

    def _down(self, worker: Worker) -> None:
        self._speaking.lost(worker.link)
        worker.giving_up = asyncio.get_running_loop().call_later(GONE_AFTER_SECONDS, self._give_up, worker)

    def _refused(self, worker: Worker) -> None:
        """Nobody listens there any more: waiting longer would only be dead air."""
        if worker.giving_up:
            self._give_up(worker)

    def _give_up(self, worker: Worker) -> None:
        self._stop_waiting(worker)
        self._listener.worker_lost(worker.link, "the media worker went away")

    def _stop_waiting(self, worker: Worker) -> None:
        if worker.giving_up:
            worker.giving_up.cancel()
            worker.giving_up = None

    def _close(self, link: MediaLink, session: str) -> None:
        """A session whose call is over, or was another controller's."""
        log.info("orphaned media session closed", session=session)
        self._closing.start(_close_quietly(link, session))


async def _resolve(url: str) -> list[str]:
    """One URL for every address of the host; none while its name cannot be resolved."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(parts.hostname, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    port = f":{parts.port}" if parts.port else ""
    return sorted({parts._replace(netloc=f"{address[4][0]}{port}").geturl() for address in found})


def _owner(session: str) -> tuple[str, int] | None:
    """(call id, attempt); None for a session that no controller of ours has named."""
    try:
        return parse_session_id(session)
    except ValueError:
        return None


async def _close_quietly(link: MediaLink, session: str) -> None:
    try:
        await link.send(media.Close(session=session, reason="failed"))
    except MediaLinkError as error:
        log.info("orphaned media session not closed", session=session, reason=str(error))
