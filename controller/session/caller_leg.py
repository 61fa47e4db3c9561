"""The caller's leg: answered, told, recorded, sent on errands, and ended."""

import asyncio
import io
import math
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from controller.ari import headers
from controller.ari.client import AriClient
from controller.call import events as e
from controller.call.causes import transfer_outcome
from controller.call.commands import PlaceCall
from controller.call.vocabulary import TransferOutcome
from controller.errors import ControllerError
from controller.routing.route import QueueRung, ReferRung, Sound, VoicemailRung
from controller.session.channels import ENTER_SECONDS, Channels, attempt, refuse_full
from controller.session.voices import Voices
from controller.trunks.book import TrunkBook

HANGUP_GRACE_SECONDS: Final = 0.3
"""When Asterisk refuses something because the caller has just gone, the news of it is this close behind."""

MOH_STOP_AGAIN_SECONDS: Final = 0.03
"""A packet and a half: two would meet Asterisk at the same point of the next packet but one, as deaf as before."""

RECORDING_SECONDS: Final = 3.0
"""For Asterisk to say that a recording has ended, once its caller has gone: it does within milliseconds."""

REFER_SECONDS: Final = 35
"""The dialplan's own limit (extensions.conf): some systems take a REFER and never say what came of it."""

NO_CIRCUIT: Final = 34
"""Q.850: what we could not even dial."""

DIALPLAN_CONTEXT: Final = "human"
"""Where the dialplan sends a caller to the human without us (asterisk-conf/extensions.conf)."""

log = structlog.get_logger()


class CallerLeg:
    """Results are posted as events of the call. `folder` is where messages are kept."""

    def __init__(
        self,
        channels: Channels,
        ari: AriClient,
        voices: Voices,
        trunks: TrunkBook,
        folder: Path,
        post: Callable[[e.Event], None],
    ) -> None:
        self.away = False
        """With the dialplan, and to come back."""
        self._channels = channels
        self._id = channels.caller
        self._ari = ari
        self._voices = voices
        self._trunks = trunks
        self._folder = folder
        self._post = post
        self._left = asyncio.Event()
        self._recorded: asyncio.Future[None] | None = None
        """Done once the recording under way has ended."""
        self._keeping = False

    # --- news from Asterisk ---------------------------------------------------------------------------------

    def left(self) -> None:
        self._left.set()

    def recording_ended(self) -> None:
        if self._recorded and not self._recorded.done():
            self._recorded.set_result(None)

    def returned(self, arguments: tuple[str, ...]) -> None:
        """The dialplan gives the caller back: errand, result, and what else it knows (extensions.conf)."""
        self.away = False
        errand, result, code = (*arguments, "", "", "")[:3]
        detail = " ".join(part for part in (result, code) if part and part != "0")
        match errand, result:
            case ("refer", "SUCCESS") | ("queue", "CONTINUE") | ("context", "RETURNED"):
                outcome = None
            case "refer", "FAILURE":
                outcome = transfer_outcome(0, int(code) if code.isdecimal() else None)
            case (("refer" | "queue"), "TIMEOUT"):
                outcome = TransferOutcome.NO_ANSWER
            case "queue", ("FULL" | "JOINUNAVAIL" | "LEAVEUNAVAIL" | "JOINEMPTY" | "LEAVEEMPTY"):
                outcome = TransferOutcome.BUSY
            case _:
                outcome = TransferOutcome.FAILED
        self._post(e.CallerReturned(outcome, detail))

    def adopt(self, *, away: bool, recording: bool) -> None:
        """As another controller left it: with the dialplan, or leaving a message."""
        self.away = away
        if recording:
            self._recorded = asyncio.get_running_loop().create_future()

    # --- commands -------------------------------------------------------------------------------------------

    async def ring(self) -> None:
        await attempt(self._ari.ring(self._id))

    async def place(self, command: PlaceCall, trunk: str) -> None:
        """Ring somebody, who is in the bridge already, by the route's `trunk`. CallerAnswered or CallerGone follows."""
        dialled = self._trunks.outgoing(command.placed.endpoint, command.from_number, trunk)
        try:
            await refuse_full(self._ari, dialled.limited)
            variables = headers.outgoing({"X-Call-Id": self._channels.call_id})
            entered = self._channels.expect(self._id)
            await self._ari.create_channel(dialled.endpoint, self._id, variables=variables | dialled.marks)
            await asyncio.wait_for(entered, ENTER_SECONDS)
            await self._channels.open_bridge(self._channels.bridge)
            await self._ari.add_channel(self._channels.bridge, self._id)
            # After the bridge, whose other party's number, none, would take its place: it becomes From.
            await self._ari.set_variables(self._id, headers.outgoing({}, caller_number=dialled.caller_number))
            await self._ari.dial(self._id, math.ceil(command.placed.ring_seconds))
        except (ControllerError, TimeoutError, ValueError) as error:
            log.warning("call not placed", endpoint=command.placed.endpoint, reason=str(error))
            await self._channels.end(self._id)
            self._post(e.CallerGone(NO_CIRCUIT))
        # From here on it is ended, or given away, as any caller's is.
        self._channels.held.discard(self._id)

    async def open_bridge(self) -> None:
        try:
            await self._channels.open_bridge(self._channels.bridge)
            await self._ari.add_channel(self._channels.bridge, self._id)
        except ControllerError as error:
            await self._fail("OpenBridge", error)

    async def answer(self) -> None:
        try:
            await self._ari.answer(self._id)
        except ControllerError as error:
            await self._fail("AnswerCaller", error)
        else:
            self._post(e.CallerAnswered())

    async def start_music(self, name: str) -> None:
        await attempt(self._ari.start_moh(self._id, name))

    async def stop_music(self) -> None:
        """Stop twice: Asterisk 22.10.1 passes a stop over that comes while it makes the next 20 ms.

        `ast_deactivate_generator` finds no data at that moment, and the caller would hear the tone for ever.
        """
        await attempt(self._ari.stop_moh(self._id))
        await asyncio.sleep(MOH_STOP_AGAIN_SECONDS)
        await attempt(self._ari.stop_moh(self._id))

    async def play(self, number: int, sound: Sound) -> None:
        """`SoundEnded` follows: from Asterisk, or from here where it cannot be played."""
        try:
            await self._ari.play(self._id, self._playback(number), await self._voices.ready(sound))
        except ControllerError as error:
            log.warning("sound not played", sound=str(sound), reason=str(error))
            self._post(e.SoundEnded(number))

    async def stop_sound(self, number: int) -> None:
        await attempt(self._ari.stop_playback(self._playback(number)))

    async def record(self, rung: VoicemailRung) -> None:
        """`RecordingEnded` follows, once the message is in our own folder."""
        name = f"{self._channels.call_id}-voicemail"
        self._recorded = asyncio.get_running_loop().create_future()
        try:
            # Asterisk does not record a channel that is in a bridge.
            await self._ari.remove_channel(self._channels.bridge, self._id)
            await self._ari.record_channel(
                self._id,
                name,
                seconds=round(rung.seconds_max),
                silence_seconds=round(rung.silence_seconds) or None,
                terminate_on=rung.finish_digit or None,
            )
        except ControllerError as error:
            self._recorded = None
            self._post(e.RecordingEnded(name, 0.0, str(error)))

    async def keep_recording(self, name: str) -> None:
        """Fetch the message that has ended, or will in a moment because its caller has gone."""
        if self._recorded is None or self._keeping:
            return
        self._keeping = True
        try:
            await asyncio.wait_for(self._recorded, RECORDING_SECONDS)
            content = await self._ari.stored_recording(name)
            seconds = _seconds(content)
            if content and seconds:
                await asyncio.to_thread(_keep, self._folder / f"{name}.wav", content)
                await self._ari.delete_recording(name)
        except (ControllerError, TimeoutError, OSError) as error:
            log.warning("message not kept", name=name, reason=str(error))
            self._post(e.RecordingEnded(name, 0.0, f"not kept: {error}"))
        else:
            self._post(e.RecordingEnded(name, seconds))

    @property
    def recording(self) -> str:
        """The name of the recording that is under way; empty without one."""
        return f"{self._channels.call_id}-voicemail" if self._recorded and not self._keeping else ""

    async def press(self, digits: str) -> None:
        await attempt(self._ari.send_dtmf(self._id, digits))

    async def send_away(self, rung: ReferRung | QueueRung, marks: dict[str, str]) -> None:
        """Let the dialplan do what ARI has no word for; it gives the caller back. `marks`: headers for the REFER."""
        try:
            context, variables = _errand(rung, marks)
            # What is not in Stasis is not reported, unless asked for.
            await self._ari.subscribe(f"channel:{self._id}")
            self.away = True
            await self._ari.continue_in_dialplan(self._id, context, variables=variables)
        except (ControllerError, ValueError) as error:
            self.away = False
            self._post(e.CallerReturned(TransferOutcome.FAILED, str(error)))

    async def take_back(self) -> None:
        try:
            await self._ari.add_channel(self._channels.bridge, self._id)
        except ControllerError as error:
            await self._fail("TakeBack", error)

    async def rejoin(self) -> None:
        try:
            await self._ari.remove_channel(self._channels.bridge, self._id)
            await self._ari.add_channel(self._channels.bridge, self._id)
        except ControllerError as error:
            await self._fail("RejoinCaller", error)

    async def hang_up(self, cause: int) -> None:
        await attempt(self._ari.hangup(self._id, reason_code=cause))

    async def hand_to_dialplan(self) -> None:
        await attempt(self._ari.continue_in_dialplan(self._id, DIALPLAN_CONTEXT))

    def _playback(self, number: int) -> str:
        return f"{self._channels.call_id}-sound-{number}"

    async def _fail(self, command: str, error: ControllerError) -> None:
        """The call cannot go on; unless it was the caller's hangup that made Asterisk refuse."""
        try:
            await asyncio.wait_for(self._left.wait(), HANGUP_GRACE_SECONDS)
        except TimeoutError:
            self._post(e.CommandFailed(command, str(error)))


def _errand(rung: ReferRung | QueueRung, marks: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The context of the dialplan, and the variables that it reads. Raises ValueError for a bad address."""
    if isinstance(rung, ReferRung):
        return "refer", {"REFER_TARGET": headers.refer_target(rung.to, marks), "REFER_SECONDS": str(REFER_SECONDS)}
    if rung.queue:
        return "queue", {"QUEUE_NAME": rung.queue, "QUEUE_SECONDS": str(round(rung.seconds_max))}
    return "context", {"CONTEXT_NAME": rung.context, "CONTEXT_EXTENSION": "s"}


def _seconds(content: bytes | None) -> float:
    """Of a WAV file; Asterisk itself counts whole seconds only. 0 for one that is none, or empty."""
    try:
        with wave.open(io.BytesIO(content or b"")) as file:
            seconds: float = file.getnframes() / file.getframerate()
            return seconds
    except (wave.Error, EOFError):
        return 0.0


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
