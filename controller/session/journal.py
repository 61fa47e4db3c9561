"""The call's record as it is written: one item for every fact, in the order in which they became known."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import structlog

from controller.call import commands as c
from controller.call import events as e
from controller.call.call import Call
from controller.records import items
from controller.records.items import Item
from controller.records.tasks import hash_secret
from controller.session import translation

HANDOFF_HOURS: Final = 24
"""How long a human may read what the bot has found out: a working day, and the one who takes it over."""


class Submit(Protocol):
    """Hands an item to the store. `stored` comes once it is kept, `refused` if its call is not in the records."""

    def __call__(
        self, item: Item, stored: Callable[[], None] | None = None, refused: Callable[[], None] | None = None
    ) -> None: ...


class Journal:
    """Of one call."""

    def __init__(
        self,
        call: Call,
        submit: Submit,
        post: Callable[[e.Event], None],
        voicemail: Path,
        started_at: datetime | None = None,
        steps: int = 0,
    ) -> None:
        """`started_at`, `steps`: of a record that is gone on with."""
        self._call = call
        self._voicemail = voicemail
        self._submit = submit
        self._post = post
        self.started_at = started_at or datetime.now(UTC)
        self.opened = asyncio.Event()
        """The call is in the store: whatever happens now, it is known that there was one."""
        if started_at:
            self.opened.set()
        self._position = steps
        """Of the next step."""
        self._log = structlog.get_logger().bind(call=call.id)

    def write(self, command: c.Recorded, stored: Callable[[], None] | None = None) -> None:
        """`stored` is called once it is in the store, and with it all that was written before."""
        kept = translation.to_be_kept(command, self._call.route.keep)
        if kept is None:
            self._pass_over(command)
            return
        command = kept
        if isinstance(command, c.OpenRecord):
            stored = self.opened.set
        elif isinstance(command, c.Note):
            detail = {"detail": command.detail} if command.detail else {}
            self._log.info(command.kind, at=f"{command.at:.3f}", **detail)
        elif isinstance(command, c.Save):
            self._log.info("bot reported", at=f"{command.at:.3f}", what=type(command.item).__name__)
            saved = e.Stored(command.item.attempt, command.item.id)
            stored = lambda: self._post(saved)  # noqa: E731
        for item in translation.to_items(command, self._call.id, self.started_at, self._position):
            forgotten = partial(self._remove, item.recording) if isinstance(item, items.VoicemailLeft) else None
            self._submit(item, stored, forgotten)
        if isinstance(command, c.Note):
            self._position += 1

    def _remove(self, name: str) -> None:
        """The message of a caller who was forgotten meanwhile."""
        self._log.info("message of a forgotten call removed", name=name)
        (self._voicemail / name).unlink(missing_ok=True)

    def _pass_over(self, command: c.Recorded) -> None:
        """Nothing of it is written; the bot need not send it again."""
        if isinstance(command, c.Save):
            self._post(e.Stored(command.item.attempt, command.item.id))

    def hand_off(self, summary: str) -> str:
        """Offer what is known of the call to whoever takes it; the key to ask with, which is nowhere kept."""
        handoff, secret = f"{self._call.id}-{self._call.attempts}", secrets.token_urlsafe(18)
        offered = items.HandoffOffered(
            self._call.id,
            handoff,
            self._call.at * 1000,
            hash_secret(secret),
            summary,
            datetime.now(UTC) + timedelta(hours=HANDOFF_HOURS),
        )
        self._submit(offered, None)
        return f"{handoff}.{secret}"
