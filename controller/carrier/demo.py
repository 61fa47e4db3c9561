"""`make demo`: one call that meets everything, heard from the caller's and the human's side, and its record."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from controller.ari.client import AriClient
from controller.carrier import listening, sounds
from controller.carrier.carrier import CALLER, Carrier
from controller.carrier.phone import CallOver, Phone
from controller.carrier.placed_call import milliseconds, save
from controller.carrier.sounds import Samples
from controller.config import Settings
from controller.errors import ControllerError
from controller.records.store import CallDetail, RecordStore
from controller.records.text import render_call

CALLER_WORDS: Final = "Hello, this is the caller speaking. Can you hear me?"
HUMAN_WORDS: Final = "Good day, here is a colleague. How can I help you?"

BEEP_HERTZ: Final = 1000.0
"""The demo bot's tone, after which it listens."""

GREETING_MS: Final = 700.0
"""A bot that was heard for this long has been heard."""

STEP_SECONDS: Final = 15.0
"""Longest wait for any one step; the longest, a sentence of the bot, takes some five."""

INTERRUPTED_MS: Final = 400.0
"""A bot that is quiet for this long has stopped speaking, and is not between two words."""

RECORD_SECONDS: Final = 3.0
"""Longest wait for the record of a call that is over."""

LEFT_BEHIND_SECONDS: Final = 2.0
"""What Asterisk still has of the call after this long is left behind."""

LOOK_SECONDS: Final = 0.1
"""Between two looks while waiting for one of these."""

EXPECTED_RESULT: Final = "Appointment confirmed"
CALLER_HUNG_UP: Final = "caller_hung_up"
"""How the demo's record has to end."""
HEARD_FILE: Final = "caller-heard.wav"

Say = Callable[[str], None]


@dataclass(slots=True)
class DemoReport:
    """The demo's last line: the names are those of its JSON."""

    answered: bool = False
    caller_heard_bot: bool = False
    bot_heard_caller: bool = False
    result: str | None = None
    human_heard_caller: bool = False
    caller_heard_human: bool = False
    invite_to_ringing_ms: float | None = None
    invite_to_answer_ms: float | None = None
    answer_to_first_audio_ms: float | None = None
    left_behind: int | None = None
    ending: str | None = None
    """Of the record; it is shown there and not in the line."""

    @property
    def ok(self) -> bool:
        """Everything happened, and nothing was left behind."""
        heard = (self.caller_heard_bot, self.bot_heard_caller, self.human_heard_caller, self.caller_heard_human)
        times = (self.invite_to_ringing_ms, self.invite_to_answer_ms, self.answer_to_first_audio_ms)
        return (
            self.answered
            and all(heard)
            and None not in times
            and self.result == EXPECTED_RESULT
            and self.ending == CALLER_HUNG_UP
            and self.left_behind == 0
        )

    def line(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__dataclass_fields__ if name != "ending"})


@dataclass(slots=True)
class Demo:
    """The scenario while it runs."""

    settings: Settings
    carrier: Carrier
    say: Say
    report: DemoReport = field(default_factory=DemoReport)
    caller: Phone | None = None
    started: float = field(default_factory=time.monotonic)
    caller_voice: Samples = field(default_factory=sounds.utterance)
    human_voice: Samples = field(default_factory=sounds.another_utterance)

    def note(self, what: str) -> None:
        self.say(f"{time.monotonic() - self.started:8.3f} s  {what}")

    async def run(self) -> None:
        """All steps of the call. Raises CallOver or TimeoutError at the first that does not come true."""
        self.started = time.monotonic()
        self.caller = caller = await self.carrier.dial(self.settings.phone_number, caller=CALLER)
        self.note(f"{CALLER} dials {self.settings.phone_number}")
        await self._be_answered(caller)
        await self._be_greeted(caller)
        await self._interrupt(caller)
        await self._hear_oneself(caller)
        await self._book(caller)
        human = await self._reach_human(caller)
        await self._talk_to_human(caller, human)
        await caller.hang_up()
        self.note("the caller hangs up")
        await human.until_ended(STEP_SECONDS)
        self.note("the human's phone is free again")

    async def _be_answered(self, caller: Phone) -> None:
        await caller.until_ringing(STEP_SECONDS)
        self.report.invite_to_ringing_ms = milliseconds(caller.moments.invited, caller.moments.ringing)
        await caller.until_answered(STEP_SECONDS)
        self.report.answered = True
        self.report.invite_to_answer_ms = milliseconds(caller.moments.invited, caller.moments.answered)
        self.note(
            f"answered: ringing after {self.report.invite_to_ringing_ms} ms, "
            f"answer after {self.report.invite_to_answer_ms} ms"
        )

    async def _be_greeted(self, caller: Phone) -> None:
        await caller.until_sound(GREETING_MS, STEP_SECONDS)
        self.report.caller_heard_bot = True
        if (first := caller.first_sound_ms) is not None:
            self.report.answer_to_first_audio_ms = round(first, 1)
        self.note(f"the caller hears the bot, from {self.report.answer_to_first_audio_ms} ms after the answer on")

    async def _interrupt(self, caller: Phone) -> None:
        begun = time.monotonic()
        caller.play(self.caller_voice)
        await caller.until_quiet(INTERRUPTED_MS, STEP_SECONDS, since=begun)
        spoken = listening.sounds(caller.heard_since(begun), pauses_ms=INTERRUPTED_MS)
        self.note(f"interrupted: the bot stops {spoken[-1].end / 8 if spoken else 0:.0f} ms after the caller began")
        await caller.say(self.caller_voice[:0])

    async def _hear_oneself(self, caller: Phone) -> None:
        begun = time.monotonic()
        await caller.press("2")
        await caller.until_tone(BEEP_HERTZ, STEP_SECONDS, since=begun)
        await caller.until_quiet(100, STEP_SECONDS, since=begun)
        self.note("presses 2; the bot listens")
        begun = time.monotonic()
        await caller.say(self.caller_voice)
        match = await caller.until_found(self.caller_voice, STEP_SECONDS, since=begun)
        self.report.bot_heard_caller = True
        self.note(f"the bot repeats what the caller said ({100 * match.score:.0f} % alike)")
        await caller.until_quiet(300, STEP_SECONDS, since=begun)

    async def _book(self, caller: Phone) -> None:
        begun = time.monotonic()
        await caller.press("1")
        await caller.until_sound(GREETING_MS, STEP_SECONDS, since=begun)
        await caller.until_quiet(800, STEP_SECONDS, since=begun)
        self.note("presses 1; the bot says that the appointment is confirmed")

    async def _reach_human(self, caller: Phone) -> Phone:
        await caller.press("0")
        human = await self.carrier.incoming(STEP_SECONDS)
        self.note(f"presses 0; the human's phone {human.number} rings")
        await asyncio.sleep(0.5)
        await human.answer()
        await human.until_answered(STEP_SECONDS)
        self.note("the human answers")
        return human

    async def _talk_to_human(self, caller: Phone, human: Phone) -> None:
        begun = time.monotonic()
        await human.say(self.human_voice)
        await caller.until_found(self.human_voice, STEP_SECONDS, since=begun)
        self.report.caller_heard_human = True
        self.note("the caller hears the human")
        begun = time.monotonic()
        await caller.say(self.caller_voice)
        await human.until_found(self.caller_voice, STEP_SECONDS, since=begun)
        self.report.human_heard_caller = True
        self.note("the human hears the caller")


async def run_demo(settings: Settings, folder: Path, say: Say) -> DemoReport:
    """Run it, show the record, save what was heard in `folder`, and say the JSON line last."""
    began = datetime.now(UTC)
    password = settings.carrier_ari_password.get_secret_value()
    async with _bundled(settings) as ari, Carrier(settings.carrier_ari_url, password) as carrier:
        before = await _what_asterisk_has(ari)
        voices = await asyncio.gather(_speak(CALLER_WORDS, "en-gb"), _speak(HUMAN_WORDS, "en-us"))
        demo = Demo(settings, carrier, say)
        demo.caller_voice, demo.human_voice = (
            voice if voice is not None else stand_in
            for voice, stand_in in zip(voices, (demo.caller_voice, demo.human_voice), strict=True)
        )
        try:
            await demo.run()
        except (CallOver, TimeoutError) as error:
            demo.note(f"FAILED: {error}")
        if demo.caller and demo.caller.moments.ended is None:
            await demo.caller.hang_up()
        left = await _left_behind(ari, before)
        demo.report.left_behind = len(left)
        if left:
            demo.note(f"FAILED: left behind in Asterisk: {', '.join(sorted(left))}")
    await _show_record(settings, demo, began)
    if demo.caller:
        save(folder / HEARD_FILE, demo.caller.heard)
        say(f"What the caller heard: {folder / HEARD_FILE}")
    say(demo.report.line())
    return demo.report


# --- the bundled Asterisk and the record --------------------------------------------------------------------


@asynccontextmanager
async def _bundled(settings: Settings) -> AsyncIterator[AriClient]:
    """Only to look: no event stream, so the controller's own is not disturbed."""
    async with AriClient.of(settings) as ari:
        yield ari


async def _what_asterisk_has(ari: AriClient) -> set[str]:
    channels, bridges = await asyncio.gather(ari.channels(), ari.bridges())
    return {channel.id for channel in channels} | {bridge.id for bridge in bridges}


async def _left_behind(ari: AriClient, before: set[str]) -> set[str]:
    """What is there that was not before the call, once it had the time to go."""
    latest = time.monotonic() + LEFT_BEHIND_SECONDS
    while True:
        left = await _what_asterisk_has(ari) - before
        if not left or time.monotonic() > latest:
            return left
        await asyncio.sleep(LOOK_SECONDS)


async def _show_record(settings: Settings, demo: Demo, began: datetime) -> None:
    try:
        record = await _read_record(settings.database_url, began)
    except ControllerError as error:
        demo.note(f"FAILED: {error}")
        return
    if record is None:
        demo.note("FAILED: there is no record of the call")
        return
    demo.report.ending = record.summary.ending
    demo.report.result = record.results[-1].name if record.results else None
    console = Console(width=100)
    with console.capture() as shown:
        console.print(render_call(record))
    demo.say("\n" + shown.get())


async def _read_record(database_url: str, began: datetime) -> CallDetail | None:
    """The record of our call, once it is closed; None when it does not come."""
    store = await RecordStore.open(database_url)
    try:
        latest = time.monotonic() + RECORD_SECONDS
        while True:
            ours = [
                call for call in await store.list_calls(10) if call.from_number == CALLER and call.started_at >= began
            ]
            if ours and (ours[0].ended_at or time.monotonic() > latest):
                return await store.show_call(ours[0].id)
            if time.monotonic() > latest:
                return None
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await store.close()


async def _speak(words: str, voice: str) -> Samples | None:
    """These words as espeak-ng says them; None where it is not installed."""
    program = shutil.which("espeak-ng")
    if program is None:
        return None
    process = await asyncio.create_subprocess_exec(
        program, "-v", voice, "--stdout", words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return listening.trim(sounds.read_wav(output)) if process.returncode == 0 else None
