"""Files that a bot wants played: fetched beside the call, and what the bot says meanwhile waits behind them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol
from urllib.parse import urlsplit

import aiohttp

from controller.bot.conversation import Message
from controller.bot.protocol import AudioFormat, Play, PlayFinished, ToBot
from controller.media.audio import file
from controller.media.control_messages import Disconnected
from controller.media.playout import PLAYOUT_MS_MAX, SAMPLES_PER_MS

FETCH_SECONDS: Final = 5.0
"""For a whole file: the caller waits for it."""

FILE_BYTES_MAX: Final = 12_000_000
"""60 s of 48 kHz stereo in 16 bits: more than the playout holds of any format."""

BEHIND_MAX: Final = 3_000
"""What may wait behind a file: the playout's 60 s in pieces of 20 ms."""

BEHIND_BYTES_MAX: Final = PLAYOUT_MS_MAX * SAMPLES_PER_MS * 6
"""As much as the playout would hold of the widest format."""

Fetch = Callable[[str], Awaitable[bytes]]

Waiting = bytes | Message | Disconnected


class FileFailed(Exception):
    """No file. The text goes to the bot."""


class Player(Protocol):
    """Takes what has waited (`media.session.Session`)."""

    def on_audio(self, audio: memoryview) -> None: ...

    def on_message(self, message: Message) -> None: ...

    def play_finished(self, finished: PlayFinished) -> None:
        """To be told once the audio before it has been played."""

    def lose(self, lost: Disconnected) -> None: ...

    def tell_bot(self, message: ToBot) -> None: ...


async def fetch(url: str) -> bytes:
    """The file at the URL, bounded in time and size. Raises FileFailed."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FileFailed("it needs a URL of http or https")
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            if response.status != 200:
                raise FileFailed(f"{parts.hostname} answered {response.status}")
            content = bytearray()
            async for piece in response.content.iter_any():
                content += piece
                if len(content) > FILE_BYTES_MAX:
                    raise FileFailed(f"a file may have {FILE_BYTES_MAX} bytes")
            return bytes(content)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise FileFailed(f"{parts.hostname} does not answer ({str(error) or 'not in time'})") from error


class Files:
    """Of one call. One file at a time is on its way."""

    def __init__(self, audio: AudioFormat, player: Player, fetch: Fetch = fetch) -> None:
        self.busy = False
        """A file is on its way: all that has its place in the line waits (`postpone`)."""
        self._audio = audio
        self._player = player
        self._fetch = fetch
        self._behind: deque[Waiting] = deque()
        self._behind_bytes = 0
        self._current: Play | None = None
        self._task: asyncio.Task[None] | None = None

    def play(self, message: Play) -> None:
        self.busy, self._current = True, message
        self._task = asyncio.get_running_loop().create_task(self._bring(message))

    def postpone(self, what: Waiting) -> bool:
        """Keep it behind the file; False, and nothing done, where too much waits already."""
        size = len(what) if isinstance(what, bytes) else 0
        full = len(self._behind) >= BEHIND_MAX or self._behind_bytes + size > BEHIND_BYTES_MAX
        # The end of the connection has its place always: nothing comes behind it.
        if full and not isinstance(what, Disconnected):
            return False
        self._behind.append(what)
        self._behind_bytes += size
        return True

    def clear(self) -> list[Message]:
        """Forget the file and all audio behind it; returns the messages that waited."""
        if not self.busy:
            return []
        self.cancel()
        waited, self._behind, self._behind_bytes = self._behind, deque(), 0
        plays = [self._current, *(item for item in waited if isinstance(item, Play))]
        self.busy, self._current = False, None
        for play in plays:
            self._finish(play, "cleared")
        for item in waited:
            if isinstance(item, Disconnected):
                self._player.lose(item)
        return [item for item in waited if not isinstance(item, bytes | Play | Disconnected)]

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _bring(self, play: Play) -> None:
        try:
            content = await self._fetch(play.url)
            # Beside the clock of all calls: a long file takes longer than a tick.
            sound = await asyncio.to_thread(file.read, content, self._audio.encoding, self._audio.sample_rate)
        except (FileFailed, ValueError) as error:
            self._go_on(play, None, str(error))
        else:
            self._go_on(play, sound)

    def _go_on(self, play: Play, sound: bytes | None, detail: str = "") -> None:
        self.busy, self._current = False, None
        if sound is None:
            self._finish(play, "failed", detail)
        else:
            self._player.on_audio(memoryview(sound))
            if play.id:
                self._player.play_finished(PlayFinished(id=play.id, outcome="played"))
        while self._behind and not self.busy:
            self._pass_on(self._behind.popleft())

    def _pass_on(self, item: Waiting) -> None:
        if isinstance(item, bytes):
            self._behind_bytes -= len(item)
            self._player.on_audio(memoryview(item))
        elif isinstance(item, Disconnected):
            self._player.lose(item)
        else:
            self._player.on_message(item)

    def _finish(self, play: Play | None, outcome: str, detail: str = "") -> None:
        if play is not None and play.id:
            self._player.tell_bot(PlayFinished.model_validate({"id": play.id, "outcome": outcome, "detail": detail}))
