"""Recordings of calls that have been made: fetched from Asterisk, put together, written down, and gone from there.

Asterisk has its files until the record of the recording is stored. Whatever interrupts us, a controller that died
included: the next connection to Asterisk finds them by their names, and goes on.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from controller.ari import ids
from controller.ari.client import AriClient
from controller.background import Background
from controller.errors import AsteriskError, ControllerError
from controller.records.items import RecordingMade
from controller.session.channels import attempt
from controller.session.journal import Submit
from controller.sounds import stereo

FINISH_SECONDS: Final = 3.0
"""For Asterisk to say that a recording has ended: it does within milliseconds. After a restart, for it to have."""

AT_ONCE_MAX: Final = 2
"""Put together at a time: the rest of the machine is for calls in progress."""

CLOSE_SECONDS: Final = 2.0
"""For what is under way when we stop; what is not done then is done after the next start."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Part:
    """One file of Asterisk's. `at_ms`: where in the call it begins."""

    channel: str
    name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Parts:
    """One recording of a call, while Asterisk has it. `at_ms`: where in the call it began.

    `others`: what humans said who had the caller.
    """

    call_id: str
    number: int
    at_ms: int
    others: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        """Of both together, without the ending."""
        return f"{self.call_id}-recording-{self.number}"

    @property
    def both(self) -> tuple[Part, Part]:
        """What the caller said, and what the caller heard."""
        channels = ids.said_id(self.call_id, self.number), ids.heard_id(self.call_id, self.number)
        names = (ids.part_name(channel, self.number, self.at_ms) for channel in channels)
        said, heard = (Part(channel, name, self.at_ms) for channel, name in zip(channels, names, strict=True))
        return said, heard

    @property
    def all(self) -> tuple[Part, ...]:
        """The caller's first."""
        return (*self.both, *self.others)


def group(names: Iterable[str]) -> tuple[list[Parts], list[str]]:
    """Recordings of calls among the names of files; and files that are left over of such as are ours already."""
    found = [(name, part) for name in names if (part := ids.parse_part(name))]
    whole = {
        (part.ours.call_id, part.number): Parts(part.ours.call_id, part.number, part.at_ms)
        for _, part in found
        if part.ours.role == "said"
    }
    left_over = []
    for name, part in sorted(found):
        key = (part.ours.call_id, part.number)
        if key not in whole:
            left_over.append(name)
        elif part.ours.role == "other":
            other = Part(ids.other_id(part.ours.call_id, part.ours.attempt), name, part.at_ms)
            whole[key] = replace(whole[key], others=(*whole[key].others, other))
    return list(whole.values()), left_over


class Recordings:
    """Of all calls. `folder` is where they are kept."""

    def __init__(self, ari: AriClient, folder: Path, submit: Submit) -> None:
        self._ari = ari
        self._folder = folder
        self._submit = submit
        self._in_hand: set[str] = set()
        """Names of those that are being made, or put together."""
        self._at_once = asyncio.Semaphore(AT_ONCE_MAX)
        self._background = Background("a recording was not kept")
        self._rescuing: asyncio.Task[None] | None = None

    def begun(self, parts: Parts) -> None:
        """Asterisk makes it; `keep` will follow."""
        self._in_hand.add(parts.name)

    def keep(self, parts: Parts) -> None:
        """Asterisk has made it, if there was anything to make. Returns at once."""
        self._in_hand.add(parts.name)
        self._background.start(self._keep(parts))

    def rescue(self) -> None:
        """Keep, in a moment, what Asterisk has and nobody has in hand. Returns at once."""
        if self._rescuing:
            self._rescuing.cancel()
        self._rescuing = asyncio.create_task(self._rescue())

    async def _rescue(self) -> None:
        await asyncio.sleep(FINISH_SECONDS)
        try:
            names = await self._ari.stored_recordings()
        except ControllerError as error:
            log.warning("could not look for recordings", reason=str(error))
            return
        whole, left_over = group(names)
        for parts in whole:
            if parts.name not in self._in_hand:
                log.info("recording of an earlier controller found", recording=parts.name)
                self.keep(parts)
        for name in left_over:
            await attempt(self._ari.delete_recording(name))

    async def close(self) -> None:
        if self._rescuing:
            self._rescuing.cancel()
            await asyncio.gather(self._rescuing, return_exceptions=True)
        await self._background.drain(CLOSE_SECONDS)

    async def _keep(self, parts: Parts) -> None:
        async with self._at_once:
            try:
                made = await self._put_together(parts)
            except (ControllerError, OSError) as error:
                log.warning("recording not kept, trying again later", recording=parts.name, reason=str(error))
                self._in_hand.discard(parts.name)
                return
        if made:
            start = self._background.start
            self._submit(made, lambda: start(self._remove(parts)), lambda: start(self._discard(parts)))
        else:
            await self._remove(parts)

    async def _put_together(self, parts: Parts) -> RecordingMade | None:
        """None: nothing was recorded."""
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._file(parts)
        fetched: list[tuple[Part, Path | None]] = []
        try:
            for part in parts.all:
                fetched += [(part, await self._fetch(part.name))]
            (_, said), (_, heard), *humans = fetched
            if not (said or heard):
                return None
            others = [stereo.Other(path, part.at_ms - parts.at_ms) for part, path in humans if path]
            file = await asyncio.to_thread(stereo.join, said, heard, target, others)
        finally:
            for _, path in fetched:
                if path:
                    path.unlink(missing_ok=True)
        if not file.duration_ms:
            target.unlink()
            return None
        log.info("call recorded", call=parts.call_id, recording=parts.name, seconds=file.duration_ms / 1000)
        return RecordingMade(
            parts.call_id, f"recording-{parts.number}", parts.at_ms, parts.name, "wav",
            file.duration_ms, file.size_bytes, file.sha256,
        )  # fmt: skip

    async def _fetch(self, name: str) -> Path | None:
        """None: Asterisk has no such file."""
        path = self._folder / f"{name}.fetched"
        try:
            with path.open("wb") as file:
                async for chunk in self._ari.recording_chunks(name):
                    await asyncio.to_thread(file.write, chunk)
        except (ControllerError, OSError) as error:
            path.unlink(missing_ok=True)
            if isinstance(error, AsteriskError) and error.status == 404:
                return None
            raise
        return path

    async def _remove(self, parts: Parts) -> None:
        """From Asterisk: it is ours now. What the caller said last: by that a later controller knows a recording."""
        for part in reversed(parts.all):
            await attempt(self._ari.delete_recording(part.name))
        self._in_hand.discard(parts.name)

    async def _discard(self, parts: Parts) -> None:
        """There is no such call in the records: what is known of the caller was removed while the call lasted."""
        log.info("recording of a forgotten call removed", recording=parts.name)
        await asyncio.to_thread(self._file(parts).unlink, missing_ok=True)
        await self._remove(parts)

    def _file(self, parts: Parts) -> Path:
        return self._folder / f"{parts.name}.wav"
