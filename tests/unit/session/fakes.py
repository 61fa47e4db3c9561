"""An Asterisk and a media worker that do as they are told: for faults that the real ones cannot be made to have."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from controller.ari.client import AriClient, ExternalMedia
from controller.ari.events import CallerID, Channel, DialplanCEP, LiveRecording, RecordingFinished
from controller.bot.chooser import BotChooser, Chosen, Question, Webhook
from controller.call.call import Call
from controller.carrier.sounds import tone, write_wav
from controller.context.context import CallContext, Context
from controller.errors import AsteriskError, MediaLinkError
from controller.media import control_messages as media
from controller.records.items import CallClosed, Item, StepTaken
from controller.routing.fence import RateLimit
from controller.routing.route import Arrival, BotRung, Decision, HumanRung, Route
from controller.session.call_session import CallSession
from controller.session.limits import OwnLimits
from controller.session.lines import Lines
from controller.session.recordings import Recordings
from controller.session.services import Services
from controller.session.voices import Voices
from controller.sounds.sounds import Sounds

CALL = "20261122-163012-k3v9qx"
CALLER = "1795.1"
NOWHERE = Path("/nonexistent")
NOBODY = CallerID("", "")
BOT = BotRung("ws://bot/", reconnect_seconds=0)


def channel(channel_id: str, state: str = "Up") -> Channel:
    return Channel(channel_id, "PJSIP/x", state, NOBODY, NOBODY, DialplanCEP("", "", ""), "2026")


class FakeAri(AriClient):
    """Keeps channels and bridges as sets. `hold` lists methods that wait for `let_go`, `refuse` those that fail."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", "u", "p", "app")
        self.there: set[str] = {CALLER}
        self.asked: list[str] = []
        self.hold: set[str] = set()
        self.refuse: set[str] = set()
        self.let_go = asyncio.Event()
        self.recording: dict[str, str] = {}
        """Name -> channel."""
        self.stored: dict[str, bytes] = {}
        self.silent: set[str] = set()
        """Recordings with nothing in them."""
        self.codecs = "(ulaw)"
        self.entered: Callable[[str], None] = lambda _: None
        self.recorded: Callable[[str, str], None] = lambda _channel, _name: None

    async def _done(self, method: str) -> None:
        self.asked.append(method)
        if method in self.hold:
            await self.let_go.wait()
        await asyncio.sleep(0)
        if method in self.refuse:
            raise AsteriskError(method, 500, "no")

    async def ring(self, _channel_id: str) -> None:
        await self._done("ring")

    async def start_moh(self, _channel_id: str, moh_class: str | None = None) -> None:
        await self._done(f"moh {moh_class}")

    async def stop_moh(self, _channel_id: str) -> None:
        await self._done("stop_moh")

    async def answer(self, _channel_id: str) -> None:
        await self._done("answer")

    async def create_bridge(self, bridge_id: str, _type: str = "") -> Any:
        await self._done("create_bridge")
        self.there.add(bridge_id)

    async def destroy_bridge(self, bridge_id: str) -> None:
        await self._done("destroy_bridge")
        self.there.discard(bridge_id)

    async def add_channel(self, _bridge_id: str, channel_id: str, *, mute: bool | None = None) -> None:
        del mute
        await self._done("add_caller" if channel_id == CALLER else "add_leg")

    async def remove_channel(self, _bridge_id: str, _channel_id: str) -> None:
        await self._done("remove_leg")

    async def external_media(
        self, channel_id: str, _host: str, _format: str, *, variables: Any = None
    ) -> ExternalMedia:
        del variables
        await self._done("external_media")
        self._appear(channel_id)
        return ExternalMedia(channel(channel_id), "127.0.0.1", 20000)

    async def media_socket(self, channel_id: str, _format: str) -> str:
        """Its StasisStart is left to the test: it comes when the worker has connected."""
        await self._done("media_socket")
        self.there.add(channel_id)
        return f"ws://asterisk/media/{channel_id}"

    async def create_channel(self, endpoint: str, channel_id: str, **_: Any) -> Channel:
        del endpoint
        await self._done("create_channel")
        self._appear(channel_id)
        return channel(channel_id, "Down")

    async def dial(self, _channel_id: str, _seconds: int, *, caller: str | None = None) -> None:
        del caller
        await self._done("dial")

    async def hangup(self, channel_id: str, *, reason: str | None = None, reason_code: int | None = None) -> None:
        del reason, reason_code
        await self._done("hangup")
        self.there.discard(channel_id)

    async def continue_in_dialplan(
        self, channel_id: str, context: str, _extension: str = "", *, variables: object = None
    ) -> None:
        del variables
        await self._done(f"continue_in_{context}")
        self.there.discard(channel_id)

    async def play(self, _channel_id: str, _playback_id: str, media: str) -> None:
        await self._done(f"play {media}")

    async def send_dtmf(
        self, _channel_id: str, digits: str, *, duration_ms: int | None = None, between_ms: int | None = None
    ) -> None:
        del duration_ms, between_ms
        await self._done(f"dtmf {digits}")

    async def snoop(self, _channel_id: str, snoop_id: str, *, spy: str = "none", whisper: str = "none") -> Channel:
        del whisper
        await self._done(f"snoop {spy}")
        self._appear(snoop_id)
        return channel(snoop_id)

    async def variables(self, _channel_id: str, names: Sequence[str]) -> dict[str, str]:
        await self._done("variables")
        return dict.fromkeys(names, self.codecs)

    async def record_channel(self, channel_id: str, name: str, *, file_format: str = "wav", **_: Any) -> None:
        await self._done("record" if file_format == "wav" else f"record {file_format}")
        self.recording[name] = channel_id

    async def mute_recording(self, name: str) -> None:
        del name
        await self._done("mute")

    async def unmute_recording(self, name: str) -> None:
        del name
        await self._done("unmute")

    async def stop_recording(self, name: str) -> None:
        await self._done("stop")
        if name in self.recording:
            self.recorded(self.recording.pop(name), name)
            self.stored[name] = write_wav(tone(440, 1.0) * (name not in self.silent))

    async def stored_recordings(self) -> list[str]:
        return list(self.stored)

    async def recording_chunks(self, name: str) -> AsyncIterator[bytes]:
        await self._done("fetch")
        if name not in self.stored:
            raise AsteriskError(name, 404, "no")
        yield self.stored[name]

    async def delete_recording(self, name: str) -> None:
        await self._done("delete")
        self.stored.pop(name, None)

    def _appear(self, channel_id: str) -> None:
        self.there.add(channel_id)
        self.entered(channel_id)


class FakeWorker:
    """A media worker whose bot does nothing by itself."""

    def __init__(self) -> None:
        self.hello: media.Hello | None = media.Hello(instance="i", rtp_host="127.0.0.1", rtp_port=4000, sessions=[])
        self.told: list[media.ToWorker] = []
        self.report: Callable[[media.Report], None] = lambda _: None

    async def send(self, message: media.ToWorker) -> None:
        self.told.append(message)
        if isinstance(message, media.Close):
            self.report(media.Closed(session=message.session, statistics={"packets_in": 7}))

    def kinds(self) -> list[str]:
        return [message.type for message in self.told]


class FakeContext(Context):
    """Knows nobody."""

    def __init__(self, missing: tuple[str, ...] = ()) -> None:
        self.missing = missing

    async def gather(self, _call_id: str, _arrival: Arrival, _route: str) -> CallContext:
        return CallContext(missing=self.missing)


class FakeChooser(BotChooser):
    """Chooses this bot, when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[Webhook, Question]] = []
        self.answer = asyncio.Event()
        self.chosen: Chosen | None = None

    async def choose(self, webhook: Webhook, question: Question) -> Chosen:
        self.asked.append((webhook, question))
        await self.answer.wait()
        return self.chosen or Chosen(question.usual, "no answer within 1 s")


class Stage:
    """One call session between the two."""

    def __init__(self, bot: BotRung = BOT, folder: Path = NOWHERE, missing: tuple[str, ...] = (), **route: Any) -> None:
        self.ari = FakeAri()
        self.worker = FakeWorker()
        self.chooser = FakeChooser()
        self.limits = OwnLimits()
        self.items: list[Item] = []
        human = HumanRung("PJSIP/human")
        made = Route("test", (bot, human), human, **route)
        call = Call(CALL, Arrival("trunk", "1", "", "2"), Decision(made, ""), asyncio.get_running_loop().time())
        self.connected, self.workers = True, 1
        services = Services(
            self.ari,
            self._pick,
            self._keep,
            Voices(Sounds(folder)),
            self.limits,
            Lines(),
            voicemail=folder,
            context=FakeContext(missing),
            recordings=Recordings(self.ari, folder, self._keep),
            transfers=RateLimit(0, 60.0),
            chooser=self.chooser,
            workers=lambda: self.workers,
        )
        self.session = CallSession(call, CALLER, services)
        self.ari.entered = self._enter
        self.ari.recorded = self._recorded
        self.worker.report = lambda report: self.session.media_report(report, 1)
        self.running = asyncio.create_task(self.session.run())

    def _pick(self) -> FakeWorker:
        if not self.connected:
            raise MediaLinkError("no media worker is connected")
        return self.worker

    def _keep(
        self, item: Item, stored: Callable[[], None] | None = None, refused: Callable[[], None] | None = None
    ) -> None:
        del refused
        self.items.append(item)
        if stored:
            stored()

    def _enter(self, channel_id: str) -> None:
        from controller.ari.events import StasisStart  # noqa: PLC0415

        self.session.asterisk_event(StasisStart(channel(channel_id), ()))

    def _recorded(self, channel_id: str, name: str) -> None:
        self.session.asterisk_event(RecordingFinished(LiveRecording(name, f"channel:{channel_id}", "done")))

    async def settle(self, until: Callable[[], bool]) -> None:
        """Let everything run until something is so."""
        async with asyncio.timeout(5):
            while not until():  # noqa: ASYNC110 - the condition is anything, and nobody sets an event for it
                await asyncio.sleep(0.001)

    async def talk(self) -> None:
        """To the point where caller and bot hear each other."""
        self.worker.report(media.Accepted(session=f"{CALL}/1"))
        await self.settle(lambda: "play" in self.worker.kinds())

    async def ended(self) -> CallClosed:
        """The record's end; nothing may be left in Asterisk."""
        await asyncio.wait_for(self.running, 5)
        closed = [item for item in self.items if isinstance(item, CallClosed)]
        assert len(closed) == 1
        return closed[0]

    def steps(self) -> list[str]:
        return [item.kind for item in self.items if isinstance(item, StepTaken)]
