"""The media workers that this controller knows, and which one takes the next call."""

import asyncio
from typing import Final, Protocol

import structlog

from controller.errors import MediaLinkError
from controller.media import control_messages as media
from controller.media.link_client import MediaLink
from controller.session.bot_legs import MediaWorker, parse_session_id

GONE_AFTER_SECONDS: Final = 2.0
"""A link that is down longer than this carries its calls no more, as far as we can tell: they take the next rung."""

log = structlog.get_logger()


class MediaListener(Protocol):
    """Who is told what the workers say."""

    def media_report(self, call_id: str, attempt: int, report: media.Report) -> None: ...

    def carries(self, call_id: str, attempt: int) -> bool: ...

    def worker_lost(self, worker: MediaWorker, detail: str) -> None: ...


class MediaWorkers:
    """Keeps a link to every worker."""

    def __init__(self, listener: MediaListener) -> None:
        self._listener = listener
        self._links: list[MediaLink] = []
        self._instances: dict[MediaLink, str] = {}
        self._giving_up: dict[MediaLink, asyncio.TimerHandle] = {}
        self._load: dict[MediaLink, int] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> int:
        return sum(link.hello is not None for link in self._links)

    def add(self, url: str, token: str) -> MediaLink:
        """A worker; run the link that is returned."""
        link = MediaLink(
            url,
            token,
            on_report=self._reported,
            on_up=lambda hello: self._up(link, hello),
            on_down=lambda: self._down(link),
        )
        self._links.append(link)
        self._load[link] = 0
        return link

    def pick(self) -> MediaWorker | None:
        """The next worker in turn that is connected."""
        connected = [link for link in self._links if link.hello is not None]
        if not connected:
            return None
        chosen = min(connected, key=self._load.__getitem__)
        self._load[chosen] += 1
        return chosen

    def _reported(self, report: media.Report) -> None:
        owner = _owner(report.session)
        if owner:
            self._listener.media_report(*owner, report)

    def _up(self, link: MediaLink, hello: media.Hello) -> None:
        timer = self._giving_up.pop(link, None)
        if timer:
            timer.cancel()
        if self._instances.get(link) not in {None, hello.instance}:
            self._listener.worker_lost(link, "the media worker restarted")
        self._instances[link] = hello.instance
        for session in hello.sessions:
            owner = _owner(session)
            if owner is None or not self._listener.carries(*owner):
                self._close(link, session)

    def _close(self, link: MediaLink, session: str) -> None:
        """A session whose call is over, or was another controller's."""
        log.info("orphaned media session closed", session=session)
        task = asyncio.create_task(_close_quietly(link, session))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _down(self, link: MediaLink) -> None:
        loop = asyncio.get_running_loop()
        self._giving_up[link] = loop.call_later(GONE_AFTER_SECONDS, self._give_up, link)

    def _give_up(self, link: MediaLink) -> None:
        self._giving_up.pop(link, None)
        self._listener.worker_lost(link, "the media worker went away")


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
